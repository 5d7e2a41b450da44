"""A stateful twin of the lab's order desk."""

from simulators.lab.backend import Lab, LabScenarios, lab

__all__ = ["Lab", "LabScenarios", "lab"]
