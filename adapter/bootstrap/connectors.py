"""The ways of speaking to a backend, by the name a market file gives. A new one is a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from adapter.contract.shape import OperationContract
from adapter.contract.wsdl import load_contract, operation_contracts
from adapter.errors import ConfigError
from adapter.market import Market, RoutedMarket
from adapter.ports import Connector
from adapter.routing import route_contract
from connectors.soap import SoapConnector, UsernameToken


@dataclass(frozen=True, slots=True)
class Way:
    """``contracts`` reads the legacy contract of a market without its endpoint, ``connect`` makes the connector."""

    contracts: Callable[[Market, Path, Path | None], Mapping[str, OperationContract]]
    connect: Callable[[Market, Path, Path | None], Connector]


def _soap_contracts(market: Market, contract: Path, cache: Path | None) -> Mapping[str, OperationContract]:
    return operation_contracts(load_contract(contract, cache, market.port or None))


def _soap(market: Market, contract: Path, cache: Path | None) -> Connector:
    security = market.security
    token = security.username_token
    return SoapConnector(
        load_contract(contract, cache, market.port or None),
        market.endpoint,
        username_token=UsernameToken(token.username, token.password.get_secret_value(), token.digest) if token else None,
        basic=(security.basic.username, security.basic.password.get_secret_value()) if security.basic else None,
        headers={name: value.get_secret_value() for name, value in security.headers.items()},
    )


def _route_contracts(market: Market, _contract: Path, _cache: Path | None) -> Mapping[str, OperationContract]:
    return route_contract(market.routes) if isinstance(market, RoutedMarket) else {}


def _nowhere(market: Market, _contract: Path, _cache: Path | None) -> Connector:
    raise ConfigError(f"config/markets/{market.market}.yaml: connector: route calls nobody; name the markets under 'routes'")


WAYS: Mapping[str, Way] = {"soap": Way(_soap_contracts, _soap), "route": Way(_route_contracts, _nowhere)}


def way_of(market: Market) -> Way:
    """How a market's backend is spoken to. Raises ConfigError."""
    way = WAYS.get(market.connector)
    if way is None:
        raise ConfigError(f"config/markets/{market.market}.yaml: there is no connector '{market.connector}' (known: {', '.join(WAYS)})")
    return way
