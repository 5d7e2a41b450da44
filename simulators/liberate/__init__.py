"""A stateful twin of the Liberate service order desk, for every business unit it serves."""

from simulators.liberate.backend import Liberate, LiberateScenarios, liberate

__all__ = ["Liberate", "LiberateScenarios", "liberate"]
