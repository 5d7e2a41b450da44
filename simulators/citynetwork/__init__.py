"""A stateful twin of a city network's API server (XML over GET)."""

from simulators.citynetwork.scenario import Behaviour, CityNetworkScenarios
from simulators.citynetwork.server import CityNetwork, citynetwork

__all__ = ["Behaviour", "CityNetwork", "CityNetworkScenarios", "citynetwork"]
