"""City networks: the network is asked whether a service can be delivered, and only then told to activate it."""

from connectors.citynetwork.connector import CityNetworkConnector
from connectors.citynetwork.contract import activation_contracts

contracts = activation_contracts
connect = CityNetworkConnector

__all__ = ["CityNetworkConnector", "activation_contracts", "connect", "contracts"]
