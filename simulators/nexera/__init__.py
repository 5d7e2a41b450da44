"""The simulated Nexera: activations, telediagnostics and trouble tickets over REST, with callbacks to the operator."""

from simulators.nexera.backend import Nexera, nexera
from simulators.nexera.scenario import Response

__all__ = ["Nexera", "Response", "nexera"]
