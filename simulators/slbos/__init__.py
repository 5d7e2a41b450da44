"""A stateful twin of the SLBOS order service."""

from simulators.slbos.backend import Slbos, SlbosScenarios, slbos

__all__ = ["Slbos", "SlbosScenarios", "slbos"]
