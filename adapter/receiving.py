"""A message that a backend sends of its own accord: read, mapped, matched to its resource, recorded, answered.

Nothing is answered before the record has it, and what is answered once is answered again to the same message. A message that cannot
be understood is never guessed at: its order stays as it is, and a person is told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from adapter.arriving import Arrived, Said, arrive, clash, reported
from adapter.backend import Backend
from adapter.changing import attention_to, moved
from adapter.contract.json_bytes import write_json
from adapter.errors import Overloaded
from adapter.logs import about
from adapter.making import Owners, made_of, related_to
from adapter.ports import Deviation, Document, InboundRequest, WireReply
from adapter.recorded import advanced, document_of
from adapter.resource import Unexpected
from adapter.store import Direction, MessageRow, OrderIds, OrderRow, Response, Store
from adapter.store.advancing import Change
from adapter.store.receiving import Looked, Wanted, find, look, make, receive
from adapter.tracing import station

log = structlog.get_logger("adapter.receiving")

_LOOK_SECONDS = 0.05
_MOST_TRIES = 20  # as many messages about one order, each on a node of its own, can be in each other's way


class Observer(Protocol):
    """Hears of every message that was answered; must return at once and not raise."""

    def received(self, market: str, operation: str, deviations: Sequence[Deviation]) -> None:
        """Where it broke its contract."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was answered. ``outcome``: accepted, attention (accepted, and a person has to look), refused, unknown, repeated (as
    it was answered before); ``order_id`` "" where none was touched."""

    reply: WireReply
    operation: str
    outcome: str
    order_id: str = ""


class Receiving:
    """Takes messages. ``owners`` finds the client that a party of a market stands for; ``now`` gives milliseconds since the epoch."""

    def __init__(
        self, backends: Mapping[str, Backend], store: Store, observer: Observer, now: Callable[[], int], owners: Owners | None = None
    ) -> None:
        self.backends = backends
        self.store = store
        self.observer = observer
        self.now = now
        self._new_id = OrderIds(now)  # by the clock of the record, so that lists of all nodes together sort by time
        self.owners = owners or {}
        self._turns: dict[Wanted, _Turn] = {}

    async def take(self, market: str, request: InboundRequest, correlation_id: str) -> Taken:
        """Answers a message. Raises CallerError for what cannot be read, and StoreUnavailable, Overloaded, MappingFailed or
        SerialisationFailed where it could not be taken: then nothing was recorded, and it has to come again."""
        arrived = arrive(self.backends[market], request, correlation_id, self.now())
        about(operation=arrived.operation)
        async with self._turn(arrived.wanted):
            taken = await self._take(arrived)
        self.observer.received(market, taken.operation, arrived.received.deviations)
        return taken

    async def _take(self, arrived: Arrived) -> Taken:
        patience = asyncio.get_running_loop().time() + arrived.inbound.limits.wait
        for _ in range(_MOST_TRIES):
            looked = await self._look(arrived, patience)
            taken: Taken | None
            if looked.seen is not None:
                taken = Taken(_wire(looked.seen), arrived.operation, "repeated")
            elif looked.other:
                taken = await self._clash(clash(arrived), looked.other)
            elif looked.order is not None:
                taken = await self._move(arrived, looked.order)
            elif arrived.declared.creates:
                taken = await self._make(arrived)
            else:
                text = f"there is no {_named(arrived)} here"
                log.warning("message.unknown", reason=text)
                taken = Taken(self._answer(arrived, "unknown", text), arrived.operation, "unknown")
            if taken is not None:
                return taken
        raise Overloaded("Other messages about the same resource are being worked on; send this one again", headers={"Retry-After": "1"})

    async def _look(self, arrived: Arrived, patience: float) -> Looked:
        """What is known of the message. A backend may tell of an order before it has answered the call that made it: then the message waits
        for the end of that call. It waits as well for a call that asks for something to be done about its order, so that what comes of it
        is not told before it. Raises Overloaded where nobody knows what became of a call that may have made the order: a message about
        what may be there is not turned away as unknown."""
        while True:
            looked = await self.store.tx(look, arrived.key, arrived.wanted, arrived.at, self.now())
            if looked.waiting and asyncio.get_running_loop().time() < patience:
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            if looked.order is None and (looked.waiting or looked.doubtful):
                raise Overloaded(
                    f"{_named(arrived)} may be one whose call is not over; send this message again later", headers={"Retry-After": "5"}
                )
            return looked

    async def _clash(self, arrived: Arrived, first: str) -> Taken | None:
        """A message whose identity came before, with other content, about the resource ``first``."""
        known = await self.store.tx(look, arrived.key, arrived.wanted, arrived.at, self.now())
        if known.seen is not None:
            return Taken(_wire(known.seen), arrived.operation, "repeated")
        text = "a message with this identity came before, with other content; that one counts"
        order = await self.store.order(first)
        if order is None:  # purged since
            return Taken(self._answer(arrived, "refused", text), arrived.operation, "refused")
        return await self._refuse(arrived, order, text)

    async def _move(self, arrived: Arrived, order: OrderRow) -> Taken | None:
        """What a message says of an order on record; None where the order has changed meanwhile."""
        said = reported(arrived.backend, arrived.translator, replace(arrived.scope, known=document_of(order)))
        if said.failure is not None:
            return await self._attend(arrived, order, said)
        market, now = arrived.backend.market, self.now()
        taken = advanced(market, order, said.document, now, said.reference)
        if isinstance(taken, Unexpected):
            if market.life(arrived.wanted.resource).ended(order.state):
                return await self._refuse(arrived, order, taken.text)
            return await self._attend(arrived, order, replace(said, why=taken.text))
        for note in taken.notes:
            log.warning("message.note", note=note)
        reply = self._answer(arrived, "accepted", "", order, said.document)
        theirs = said.reference not in (order.id, order.client_reference)  # else they call it by a number of ours
        change = moved(
            market,
            order,
            taken,
            now,
            said.word,
            self._way(arrived, reply),
            backend_ref=said.reference if theirs and not order.backend_ref else "",
        )
        return await self._record(arrived, change, reply, "accepted")

    async def _attend(self, arrived: Arrived, order: OrderRow, said: Said) -> Taken | None:
        """The message is kept and counts as received; its order stays as it is, until a person has looked."""
        log.error("message.not-understood", reason=said.why, legacy_state=said.word)
        reply = self._answer(arrived, "accepted", "", order)
        change = attention_to(order, said.why, self.now(), said.word, self._way(arrived, reply))
        return await self._record(arrived, change, reply, "attention")

    async def _refuse(self, arrived: Arrived, order: OrderRow, text: str) -> Taken | None:
        """The backend is told that nothing was done; the message is kept with its order."""
        log.warning("message.refused", reason=text)
        reply = self._answer(arrived, "refused", text, order)
        stays = attention_to(order, order.attention, self.now(), order.legacy_state, self._way(arrived, reply))
        return await self._record(arrived, stays, reply, "refused")

    async def _record(self, arrived: Arrived, change: Change, reply: WireReply, outcome: str) -> Taken | None:
        about(order=change.order_id)
        with station("record", arrived.market, arrived.operation):
            written = await self.store.tx(receive, arrived.key, change, _kept(reply))
        return Taken(reply, arrived.operation, outcome, change.order_id) if written else None

    async def _make(self, arrived: Arrived) -> Taken | None:
        """A resource that the backend tells us of first. Raises MappingFailed where the report is not one of a whole resource."""
        said = reported(arrived.backend, arrived.translator, arrived.scope)
        if said.failure is not None:
            raise said.failure
        reply = self._answer(arrived, "accepted", "", report=said.document)
        related = [order for wanted in related_to(arrived, said) if (order := await self.store.tx(find, wanted)) is not None]
        made = made_of(arrived, said, self.owners, related, self._way(arrived, reply), self._new_id())
        about(order=made.values["id"])
        with station("record", arrived.market, arrived.operation):
            listeners = await self.store.tx(make, arrived.key, made, _kept(reply))
        if listeners is None:
            return None
        if made.events and not listeners:
            names = {"market": arrived.market, "reference": arrived.wanted.reference, "client": made.values["client"]}
            log.warning("event.nobody-listens", type=made.events[0].type, **names, remedy="the client registers a listener at /hub")
        return Taken(reply, arrived.operation, "accepted", made.values["id"])

    # answering

    def _answer(self, arrived: Arrived, kind: str, text: str, order: OrderRow | None = None, report: Document | None = None) -> WireReply:
        """Written before anything is recorded: a message that cannot be answered is not taken. ``report`` is what was taken over."""
        with station("answer message", arrived.market, arrived.operation):
            known = document_of(order) if order is not None else None
            scope = replace(arrived.scope, known=known, report=report, outcome={"kind": kind, "text": text})
            return arrived.receiver.answer(arrived.request, arrived.received, arrived.translator.answer(scope).document)

    def _way(self, arrived: Arrived, reply: WireReply) -> tuple[MessageRow, MessageRow]:
        redaction, request, operation = arrived.backend.redaction, arrived.request, arrived.received.operation
        body, content = request.body, request.headers.get("content-type", "")
        if not body.strip():  # what it says stands in its address
            body, content = write_json(arrived.received.document), "application/json"
        answer = reply.headers.get("content-type", "")
        return (
            MessageRow(Direction.BACKEND_MESSAGE, operation, redaction.body(body), arrived.at, content),
            MessageRow(Direction.BACKEND_MESSAGE_REPLY, operation, redaction.body(reply.body), self.now(), answer, reply.status),
        )

    # one after another

    @contextlib.asynccontextmanager
    async def _turn(self, wanted: Wanted) -> AsyncIterator[None]:
        """Messages about one resource are worked on in the order in which they came."""
        turn = self._turns.setdefault(wanted, _Turn())
        turn.waiting += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(wanted, None)


class _Turn:
    """Who works on a resource, and how many want to."""

    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock, self.waiting = asyncio.Lock(), 0


def _named(arrived: Arrived) -> str:
    """What a message is about, by the number that it has for it."""
    return f"{arrived.wanted.resource} '{arrived.wanted.reference or arrived.wanted.external_id}'"


def _wire(response: Response) -> WireReply:
    return WireReply(response.status, response.headers, response.body)


def _kept(reply: WireReply) -> Response:
    return Response(reply.status, reply.body, dict(reply.headers))
