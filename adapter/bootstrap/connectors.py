"""The ways of speaking to a backend, by the name a market file gives. A new one is a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from adapter.bootstrap.conversations import Conversation, conversation_of
from adapter.contract.openapi import files_read, load_openapi
from adapter.contract.shape import OperationContract
from adapter.contract.wsdl import load_contract, operation_contracts
from adapter.contract.wsdl_model import SoapContract
from adapter.contract.wsdl_sources import read_sources
from adapter.errors import ConfigError
from adapter.finding import suggest
from adapter.inbound import Inbound
from adapter.market import Market, RoutedMarket
from adapter.ports import Connector, Receiver
from adapter.recording import Recording, with_record
from adapter.routing import route_contract
from adapter.settings import Home
from connectors.rest import RestConnector, RestReceiver
from connectors.soap import SoapConnector, SoapPorts, SoapReceiver, UsernameToken
from connectors.xml import XmlLimits


@dataclass(frozen=True, slots=True)
class Way:
    """``contracts`` reads the legacy contract of a market without its endpoint, ``connect`` makes the connector. ``inbound_contracts``
    reads that of the messages which the backend sends of its own accord, ``receive`` makes what takes them (None: nothing can).
    ``elsewhere`` are operations of the contract that this market does not call as it is declared, each with what has them.
    ``files`` are those of a contract, ``elements`` says whether messages are XML by it. ``fault_codes``
    are those that the protocol itself knows."""

    contracts: Callable[[Market, Path, Path | None], Mapping[str, OperationContract]]
    connect: Callable[[Market, Path, Path | None], Connector]
    inbound_contracts: Callable[[Market, Path, Path | None], Mapping[str, OperationContract]]
    receive: Callable[[Inbound, Path, Path | None], Receiver] | None = None
    files: Callable[[Path], Iterable[Path]] = lambda _contract: ()
    elements: Callable[[Path], bool] = lambda _contract: True
    fault_codes: tuple[str, ...] = ()
    elsewhere: Callable[[Market, Path, Path | None], Mapping[str, str]] = lambda _market, _contract, _cache: {}


def _soap_contracts(market: Market, contract: Path, cache: Path | None) -> Mapping[str, OperationContract]:
    return {name: one for port in _soap_ports(market, contract, cache) for name, one in operation_contracts(port).items()}


def _soap_ports(market: Market, contract: Path, cache: Path | None) -> list[SoapContract]:
    """The ports that are called. Raises ConfigError: one is not there, or two have an operation of one name."""
    ports = [load_contract(contract, cache, name) for name in market.ports or (market.port or None,)]
    owners: dict[str, str] = {}
    for port in ports:
        for name in port.operations:
            if (other := owners.setdefault(name, port.port)) != port.port:
                raise ConfigError(
                    f"{contract}: the ports {other} and {port.port} both have an operation '{name}'; name one of them in 'ports'"
                )
    return ports


def _soap_elsewhere(market: Market, contract: Path, cache: Path | None) -> Mapping[str, str]:
    called = _soap_ports(market, contract, cache)
    names = {name for port in called for name in port.operations}
    return {name: f"the port {other}" for port in called for name, other in port.elsewhere.items() if name not in names}


def _soap_messages(market: Market, contract: Path, cache: Path | None) -> Mapping[str, OperationContract]:
    port = market.inbound.port if market.inbound is not None else ""
    return operation_contracts(load_contract(contract, cache, port or None))


def _soap(market: Market, contract: Path, cache: Path | None) -> Connector:
    security = market.security
    token = security.username_token
    ports = [
        SoapConnector(
            port,
            market.addresses.get(port.port, market.endpoint),
            username_token=UsernameToken(token.username, token.password.get_secret_value(), token.digest) if token else None,
            basic=(security.basic.username, security.basic.password.get_secret_value()) if security.basic else None,
            headers={name: value.get_secret_value() for name, value in security.headers.items()},
        )
        for port in _soap_ports(market, contract, cache)
    ]
    return ports[0] if len(ports) == 1 else SoapPorts(ports)


def _soap_receiver(inbound: Inbound, contract: Path, cache: Path | None) -> Receiver:
    limits = XmlLimits(inbound.limits.body_bytes, inbound.limits.depth)
    return SoapReceiver(load_contract(contract, cache, inbound.port or None), limits)


def _rest_contracts(_market: Market, contract: Path, _cache: Path | None) -> Mapping[str, OperationContract]:
    return {name: operation.contract for name, operation in load_openapi(contract).operations.items()}


def _rest_messages(_market: Market, contract: Path, _cache: Path | None) -> Mapping[str, OperationContract]:
    return {name: operation.contract for name, operation in load_openapi(contract).webhooks.items()}


def _rest(market: Market, contract: Path, _cache: Path | None) -> Connector:
    security = market.security
    return RestConnector(
        load_openapi(contract),
        market.endpoint,
        basic=(security.basic.username, security.basic.password.get_secret_value()) if security.basic else None,
        headers={name: value.get_secret_value() for name, value in security.headers.items()},
    )


def _rest_elements(contract: Path) -> bool:
    document = load_openapi(contract)
    operations = (*document.operations.values(), *document.webhooks.values())
    return any(
        content.form == "xml" for each in operations for model in (each.request, *each.replies.values()) for content in model.contents
    )


def _rest_receiver(inbound: Inbound, contract: Path, _cache: Path | None) -> Receiver:
    return RestReceiver(load_openapi(contract), XmlLimits(inbound.limits.body_bytes, inbound.limits.depth))


def _route_contracts(market: Market, _contract: Path, _cache: Path | None) -> Mapping[str, OperationContract]:
    return route_contract(market.routes) if isinstance(market, RoutedMarket) else {}


def _no_messages(_market: Market, _contract: Path, _cache: Path | None) -> Mapping[str, OperationContract]:
    return {}


def _nowhere(market: Market, _contract: Path, _cache: Path | None) -> Connector:
    raise ConfigError(f"config/markets/{market.market}.yaml: connector: route calls nobody; name the markets under 'routes'")


_SOAP_CODES = ("Client", "Server", "Sender", "Receiver", "VersionMismatch", "MustUnderstand", "DataEncodingUnknown")

WAYS: Mapping[str, Way] = {
    "soap": Way(
        _soap_contracts,
        _soap,
        _soap_messages,
        _soap_receiver,
        lambda contract: read_sources(contract).texts,
        fault_codes=_SOAP_CODES,
        elsewhere=_soap_elsewhere,
    ),
    "rest": Way(_rest_contracts, _rest, _rest_messages, _rest_receiver, files_read, _rest_elements),
    "route": Way(_route_contracts, _nowhere, _no_messages),
}


def way_of(market: Market) -> Way:
    """How a market's backend is spoken to. Raises ConfigError."""
    way = WAYS.get(market.connector)
    if way is None:
        hint = suggest(market.connector, WAYS, "there are")
        raise ConfigError(f"config/markets/{market.market}.yaml: there is no connector '{market.connector}'; {hint}")
    if isinstance(market, RoutedMarket):
        return way
    conversation = conversation_of(market)
    return _recording(way if conversation is None else _conversing(way, conversation))


def _conversing(way: Way, conversation: Conversation) -> Way:
    """The same with the operations that the conversation makes of the backend's own."""
    return replace(
        way,
        contracts=lambda market, contract, cache: conversation.contracts(way.contracts(market, contract, cache)),
        connect=lambda market, contract, cache: conversation.connect(way.connect(market, contract, cache)),
    )


def _recording(way: Way) -> Way:
    """The same with the operation that calls nobody."""
    return replace(
        way,
        contracts=lambda market, contract, cache: with_record(way.contracts(market, contract, cache)),
        connect=lambda market, contract, cache: Recording(way.connect(market, contract, cache)),
    )


def files_of(home: Home, market: Market) -> set[Path]:
    """Every file that a market's contracts and its extension consist of. Raises ConfigError."""
    contracts = [] if isinstance(market, RoutedMarket) else [market.contract]
    if market.inbound is not None and market.inbound.contract:
        contracts.append(market.inbound.contract)
    files = {path for contract in contracts for path in way_of(market).files(home.path(contract))}
    return files if market.extension is None else files | {home.path(market.extension)}
