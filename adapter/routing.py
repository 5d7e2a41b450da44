"""A market id that stands for several markets: a content-based router between the faces and the straight line.

Its mappings are written onto a contract with one operation, ``Route``: ``market`` is the market that takes the message, ``refusal``
what the caller is told where no rule names one. An order that is on record stays where it went.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import structlog

from adapter import clock
from adapter.contract.shape import Kind, Member, OperationContract, Shape
from adapter.contract.validation import Validator
from adapter.errors import InvalidMessage, NotOffered, Problem
from adapter.mapping.refusal import refusal
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from adapter.market import RoutedMarket
from adapter.ports import Message, Reply, Result

log = structlog.get_logger("adapter.routing")

ROUTE = "Route"
_REFUSED = "It cannot be told from this request which backend is meant"

Query_contra = TypeVar("Query_contra", contravariant=True)
Page_co = TypeVar("Page_co", covariant=True)
Query = TypeVar("Query")
Page = TypeVar("Page")


class Line(Protocol[Query_contra, Page_co]):
    """What faces ask of the straight line; see ``adapter.faces.port``."""

    async def place(self, message: Message) -> Reply:
        """Carries out a message that changes something."""

    async def retrieve(self, message: Message) -> Result:
        """Reads one resource."""

    async def market_of(self, identity: str, markets: Sequence[str]) -> str | None:
        """The first of ``markets`` whose record knows this id."""

    async def list(self, markets: Sequence[str], query: Query_contra) -> Page_co:
        """The recorded resources of ``markets``."""

    def validator(self, face: str, market: str, operation: str) -> Validator:
        """The check of what a caller may send."""

    def refusal(self, message: Message, parameters: Sequence[Problem], members: Sequence[Problem]) -> Sequence[Problem]:
        """All that is wrong with a message that does not fit."""


@dataclass(frozen=True, slots=True)
class Routes:
    """The rules of one routed market, at work. ``translators`` and ``validators`` are by operation."""

    market: RoutedMarket
    translators: Mapping[str, Translator]
    validators: Mapping[str, Validator]

    def choose(self, message: Message) -> str:
        """The market that takes the message. Raises InvalidMessage where no rule names one, NotOffered, MappingFailed."""
        translator = self.translators.get(message.operation)
        if translator is None:
            raise NotOffered(f"{self.market.title} does not offer {message.operation}")
        found = translator.request(self.scope(message)).document
        if "market" not in found:
            raise InvalidMessage(found.get("refusal", _REFUSED))
        return str(found["market"])

    def scope(self, message: Message) -> Scope:
        """What the rules may see of a message."""
        return Scope(
            request=message.body,
            header=message.header,
            query=message.query,
            path=message.path,
            setting=self.market.settings,
            correlation_id=message.correlation_id,
            now=clock.iso(message.received_at),
        )


class Router(Generic[Query, Page]):
    """The straight line as faces see it: messages of routed markets go to the market that takes them, all others as they are.

    ``routes`` are by market and may change while the service runs.
    """

    def __init__(self, line: Line[Query, Page], routes: Mapping[str, Routes]) -> None:
        self._line, self._routes = line, routes

    async def place(self, message: Message) -> Reply:
        """Raises what the line raises, and what ``Routes.choose`` does."""
        return await self._line.place(self._routed(message))

    async def retrieve(self, message: Message) -> Result:
        """From the market whose record knows the id; else from the one that the rules name."""
        routes = self._routes.get(message.market)
        if routes is not None and (known := await self._line.market_of(message.path.get("id", ""), routes.market.routes)) is not None:
            return await self._line.retrieve(replace(message, market=known, asked_of=message.market))
        return await self._line.retrieve(self._routed(message))

    async def market_of(self, identity: str, markets: Sequence[str]) -> str | None:
        """The first of ``markets``, and those they stand for, whose record knows the id."""
        return await self._line.market_of(identity, self._all(markets))

    async def list(self, markets: Sequence[str], query: Query) -> Page:
        """The recorded resources of ``markets`` and those they stand for."""
        return await self._line.list(self._all(markets), query)

    def validator(self, face: str, market: str, operation: str) -> Validator:
        """The check of what a caller may send. Raises NotOffered."""
        routes = self._routes.get(market)
        if routes is None:
            return self._line.validator(face, market, operation)
        found = routes.validators.get(operation)
        if found is None:
            raise NotOffered(f"{routes.market.title} does not offer {operation}")
        return found

    def refusal(self, message: Message, parameters: Sequence[Problem], members: Sequence[Problem]) -> Sequence[Problem]:
        """All that is wrong with a message that does not fit. Of a routed market's, what its own rules require: which of its markets
        would take the message is not to be told from one that is wrong."""
        routes = self._routes.get(message.market)
        if routes is None:
            return self._line.refusal(message, parameters, members)
        translator = routes.translators.get(message.operation)
        if translator is None:
            raise NotOffered(f"{routes.market.title} does not offer {message.operation}")
        return refusal(translator, routes.scope(message), parameters, members)

    def _routed(self, message: Message) -> Message:
        routes = self._routes.get(message.market)
        if routes is None:
            return message
        chosen = routes.choose(message)
        log.info("message.routed", market=message.market, operation=message.operation, to=chosen)
        return replace(message, market=chosen, asked_of=message.market)

    def _all(self, markets: Iterable[str]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for market in markets:
            routes = self._routes.get(market)
            found.update(dict.fromkeys((market,) if routes is None else routes.market.routes))
        return tuple(found)


def route_contract(markets: Sequence[str]) -> dict[str, OperationContract]:
    """The contract of a routed market's mappings. Nobody answers it."""
    written = Shape(
        Kind.OBJECT,
        ROUTE,
        members={
            "market": Member("market", Shape(Kind.TEXT, enum=tuple(markets)), documentation="the market that takes the message"),
            "refusal": Member("refusal", Shape(Kind.TEXT), documentation="what the caller is told where no market is written"),
        },
    )
    return {ROUTE: OperationContract(ROUTE, written, Shape(Kind.OBJECT), one_way=True)}
