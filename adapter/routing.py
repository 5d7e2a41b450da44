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
from adapter.aims import Aim, aim_of, named_by
from adapter.contract.shape import Kind, Member, OperationContract, Shape
from adapter.contract.validation import Validator
from adapter.errors import InvalidMessage, NotFound, NotOffered, Problem
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

    async def market_of(self, message: Message, markets: Sequence[str]) -> str | None:
        """The first of ``markets`` whose record knows what the message is about."""

    def offers(self, market: str, operation: str) -> bool:
        """Whether a market carries out an operation."""

    def serves(self, operation: str) -> bool:
        """Whether any market carries out an operation."""

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
        """What is about something on record goes to the market that has it. Raises what the line raises, and what ``Routes.choose``
        does."""
        routes = self._routes.get(message.market)
        if routes is None or aim_of(message.operation) is Aim.NEW:
            return await self._line.place(self._routed(message))
        self._one_that_offers(routes, message.operation)
        known = await self._line.market_of(message, routes.market.routes)
        if known is None:
            kind, identity = named_by(message)
            raise NotFound(f"There is no {kind} '{identity}'")
        return await self._line.place(replace(message, market=known, asked_of=message.market))

    async def retrieve(self, message: Message) -> Result:
        """From the market whose record knows the id; else from the one that the rules name."""
        routes = self._routes.get(message.market)
        if routes is not None and (known := await self._line.market_of(message, routes.market.routes)) is not None:
            return await self._line.retrieve(replace(message, market=known, asked_of=message.market))
        return await self._line.retrieve(self._routed(message))

    async def market_of(self, message: Message, markets: Sequence[str]) -> str | None:
        """The first of ``markets``, and those they stand for, whose record knows what the message is about."""
        return await self._line.market_of(message, self._all(markets))

    async def list(self, markets: Sequence[str], query: Query) -> Page:
        """The recorded resources of ``markets`` and those they stand for."""
        return await self._line.list(self._all(markets), query)

    def serves(self, operation: str) -> bool:
        """Whether any market carries out an operation: a routed one has none but those of its markets."""
        return self._line.serves(operation)

    def validator(self, face: str, market: str, operation: str) -> Validator:
        """The check of what a caller may send. Raises NotOffered."""
        routes = self._routes.get(market)
        if routes is None:
            return self._line.validator(face, market, operation)
        if aim_of(operation) is not Aim.NEW:
            return self._line.validator(face, self._one_that_offers(routes, operation), operation)
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
        if aim_of(message.operation) is not Aim.NEW:
            taker = self._one_that_offers(routes, message.operation)
            return self._line.refusal(replace(message, market=taker), parameters, members)
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

    def _one_that_offers(self, routes: Routes, operation: str) -> str:
        """The first of a routed market's markets that carries out an operation. Raises NotOffered."""
        found = next((market for market in routes.market.routes if self._line.offers(market, operation)), None)
        if found is None:
            raise NotOffered(f"{routes.market.title} does not offer {operation}")
        return found

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
