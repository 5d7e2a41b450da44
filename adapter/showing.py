"""What is on record, and what a backend says of it: the half of the straight line that changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

import structlog

from adapter.aims import named_by
from adapter.backend import Backend
from adapter.conclusion import answer_of
from adapter.contract.path import parse_path
from adapter.deferral import was_answered
from adapter.errors import InvalidMessage, MappingFailed, NotFound, NotOffered, SerialisationFailed
from adapter.exchange import Observer, converse, deadline_of, prepare
from adapter.mapping.runtime import reach
from adapter.market import Market
from adapter.ports import Document, Message, Outcome, OutcomeKind, Result
from adapter.reading import unfit, unwritable
from adapter.recorded import document_of, message_of, scope_about, view_of
from adapter.store import OrderQuery, OrderRow, Store

log = structlog.get_logger("adapter.pipeline")

Page_co = TypeVar("Page_co", covariant=True)


class Collecting(Protocol[Page_co]):
    """Takes results one by one and makes a page of them."""

    def add(self, result: Result) -> None:
        """Takes one result into account."""

    def page(self) -> Page_co:
        """What was asked for."""


class Listing(Protocol[Page_co]):
    """What a list request asks of the record; ``equal`` is the one text an attribute has to have, None where any will do."""

    @property
    def operation(self) -> str:
        """The operation, ``productOrder.list``."""

    @property
    def client(self) -> str:
        """The client that asks."""

    def equal(self, attribute: str) -> str | None:
        """See above."""

    def collector(self) -> Collecting[Page_co]:
        """A new, empty page."""


class Showing:
    """Reads single resources and lists of them."""

    def __init__(self, backends: Mapping[str, Backend], store: Store, observer: Observer, owners: Mapping[tuple[str, str], str]) -> None:
        """``owners``: the client that a party of a market is."""
        self._backends = backends
        self._store = store
        self._observer = observer
        self._owners = owners

    async def find(self, message: Message, market: str) -> OrderRow | None:
        """The resource on record that a message is about, where its client may know of it."""
        kind, identity = named_by(message)
        order = await self._store.order(identity, (market,), kind) if identity else None
        backend = self._backends.get(market)
        return order if order is not None and backend is not None and self._visible(backend.market, order, message.client) else None

    def _visible(self, market: Market, order: OrderRow, client: str) -> bool:
        """Whether the client may know of it. What belongs to nobody yet is for the operator alone, where clients are kept apart."""
        if not market.private or order.client == client:
            return True
        party = reach(document_of(order), parse_path(market.visible_to).steps) if market.visible_to else None
        return isinstance(party, str) and self._owners.get((market.market, party)) == client

    async def market_of(self, message: Message, markets: Sequence[str]) -> str | None:
        """The first of ``markets`` whose record knows what the message is about."""
        for market in markets:
            if await self.find(message, market) is not None:
                return market
        return None

    async def retrieve(self, backend: Backend, message: Message) -> Result:
        """Asks the backend for one resource, where the market has a question for it; else tells what is on record. ``request`` in the
        rules is the recorded order's, where there is one; what rules cannot take of it, or of the backend's answer, is no mistake of the
        caller. Raises NotFound, NotOffered."""
        known = await self.find(message, backend.market.market)
        if message.operation not in backend.market.operations:
            return _on_record(backend, message, known)
        if known is None and backend.market.private and message.path.get("id"):  # what has no id belongs to nobody
            raise _nothing_there(message)
        asked = message
        if known:
            if was_answered(known) and not known.backend_ref:
                return shown(backend, message, known)
            asked = replace(message, body=message_of(known).body, text=b"")
        reference = known.client_reference if known else ""
        try:
            prepared = prepare(backend, message.operation, scope_about(backend, asked, reference, known))
        except (InvalidMessage, MappingFailed, SerialisationFailed) as error:
            return unwritable(backend, message, known, error)
        judged = await converse(backend, prepared, deadline_of(backend), self._observer)
        answer = answer_of(prepared, judged, message.face)
        if (failure := judged.failure or answer.failure) is not None:
            return unfit(backend, message.operation, known, failure, "answer")
        log.info("order.retrieved", outcome=judged.outcome.kind, known=known is not None)
        return Result(
            answer.outcome,
            _as_known(answer.view, known),
            order_id=known.id if known else "",
            created_at=known.created_at if known else 0,
            status=judged.status,
        )

    async def list(self, markets: Sequence[str], query: Listing[Page_co]) -> Page_co:
        """Recorded resources as they have been followed, newest first. What the record has an index for it looks up itself.

        Raises NotOffered where none of the markets knows such resources.
        """
        kind = query.operation.partition(".")[0]
        known = {name: self._backends[name].market for name in markets if name in self._backends}
        offering = {name: market for name, market in known.items() if kind in market.resources}
        if not offering:
            raise NotOffered(f"No market that was asked for has a {kind}: {', '.join(market.title for market in known.values())}")
        page = query.collector()
        if (identity := query.equal("id")) and (order := await self._store.order(identity, tuple(offering), kind)) and order.id == identity:
            if order.answer is not None and self._visible(offering[order.market], order, query.client):
                page.add(_recorded(order))
            return page.page()
        async for order in self._store.stream(_wanted(kind, offering, query)):
            if self._visible(offering[order.market], order, query.client):
                page.add(_recorded(order))
        return page.page()


def _wanted(kind: str, markets: Mapping[str, Market], query: Listing[Page_co]) -> OrderQuery:
    return OrderQuery(
        markets=frozenset(markets),
        resource=kind,
        answered=True,
        external_id=query.equal("externalId"),
        backend_ref=query.equal("id"),
        state=query.equal("state"),
    )


def shown(backend: Backend, message: Message, order: OrderRow) -> Result:
    """A resource as it is on record, as the message's face shows it."""
    try:
        view = view_of(backend, message.face, order, document_of(order))
    except MappingFailed as error:
        return unfit(backend, order.operation, order, error, "record")
    return Result(Outcome(OutcomeKind.ACCEPTED), view, order_id=order.id, created_at=order.created_at)


def _on_record(backend: Backend, message: Message, known: OrderRow | None) -> Result:
    kind = message.operation.partition(".")[0]
    if kind not in backend.market.resources:
        raise NotOffered(f"{backend.market.title} does not offer {message.operation}")
    if known is None or known.answer is None:
        raise _nothing_there(message)
    return shown(backend, message, known)


def _nothing_there(message: Message) -> NotFound:
    kind, identity = named_by(message)
    return NotFound(f"There is no {kind} '{identity}'")


def _as_known(view: Document | None, order: OrderRow | None) -> Document | None:
    """The order under the id it was answered with, whatever number its backend has for it."""
    if view is None or order is None or order.answer is None or str(view.get("id")) != order.backend_ref:
        return view
    mine = document_of(order).get("id")
    return view if mine is None or str(mine) == order.backend_ref else {**view, "id": mine}


def _recorded(order: OrderRow) -> Result:
    """An order as its record knows it, without asking the backend."""
    document = document_of(order) if order.answer else None
    return Result(Outcome(OutcomeKind.ACCEPTED), document, order_id=order.id, created_at=order.created_at)
