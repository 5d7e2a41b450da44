"""A stateful twin of the Cerillion work order desk."""

from simulators.cerillion.backend import Cerillion, CerillionScenarios, cerillion

__all__ = ["Cerillion", "CerillionScenarios", "cerillion"]
