"""Orders whose fate is not known: asked for by the market's probe, then adopted, freed for another attempt, or left alone.

Nothing is ever sent again here. A probe that finds nothing settles an attempt only where the market calls the probe
authoritative, and only after the call can no longer take effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog

from adapter.agenda import timers_left
from adapter.backend import Backend
from adapter.conclusion import Conclusion, Exchange, Renderer, taken_on
from adapter.deferral import Deferral, reconciling, was_answered
from adapter.errors import AdapterError, NotFound
from adapter.exchange import Judged, Observer, Prepared, converse, deadline_of, prepare
from adapter.intake import received_rows, sent_rows
from adapter.market import Market, Operation
from adapter.ports import Message, OutcomeKind
from adapter.recorded import message_of, scope_about
from adapter.revising import ended, record
from adapter.store import AttemptRow, Fresh, MessageRow, OrderRow, Settlement, Store
from adapter.store.advancing import Overtaken

log = structlog.get_logger("adapter.doubt")

_WORTH_WAITING = 5_000  # milliseconds a repeat is held back for a proof, rather than sent away to come again
_RULES = 12  # characters of a version of rules, as they are shown elsewhere
_PROVED = "the probe found no such order when the call could no longer take effect"


class Proof(StrEnum):
    """What a probe has shown."""

    SETTLED = "settled"  # it is known now what became of the attempt, by this probe or by somebody else's
    EARLY = "early"  # nothing is there, and the call may still take effect; later the same answer is a proof
    UNPROVEN = "unproven"  # nothing is there, which of this probe proves nothing
    SEVERAL = "several"  # what is there does not tell which one is ours
    UNANSWERED = "unanswered"  # the backend could not be asked, or its answer could not be read
    IMPOSSIBLE = "impossible"  # the market declares no probe
    CLOSED = "closed"  # the backend takes no calls now, or the call would reach into the time in which it takes none


@dataclass(frozen=True, slots=True)
class Probed:
    """``why`` is for people; ``again`` is when the call can no longer take effect, or the backend takes calls again, milliseconds since
    the epoch."""

    proof: Proof
    why: str = ""
    again: int = 0


class DoubtSettler:
    """Settles attempts by probe. One probe at a time for one order, however many ask."""

    def __init__(
        self,
        backends: Mapping[str, Backend],
        store: Store,
        renderers: Mapping[str, Renderer],
        observer: Observer,
        now: Callable[[], int],
        closed_until: Callable[[Market], int | None] = lambda _: None,
    ) -> None:
        self.observer = observer
        self.backends = backends
        self.store = store
        self.renderers = renderers
        self.now = now
        self._closed_until = closed_until
        self.deferral = Deferral(store)
        self._under_way: dict[str, asyncio.Task[Probed]] = {}

    async def settle(self, order: OrderRow, attempt: AttemptRow) -> bool:
        """True when the attempt is settled now, by this probe or by somebody else. A proof that is near is waited for. Never raises
        for the backend."""
        while True:
            probed = await self.probe(order, attempt)
            wait = probed.again - self.now()
            if probed.proof is not Proof.EARLY or wait > _WORTH_WAITING:
                return probed.proof is Proof.SETTLED
            await asyncio.sleep(max(0, wait) / 1000)

    async def probe(self, order: OrderRow, attempt: AttemptRow) -> Probed:
        """Asks once, together with whoever asks at this moment. Never raises for the backend."""
        task = self._under_way.get(order.id)
        if task is None:
            with structlog.contextvars.bound_contextvars(correlation_id=order.correlation_id):  # also where no request asks
                task = asyncio.create_task(self._probe(order, attempt))
            self._under_way[order.id] = task
            task.add_done_callback(lambda done: self._ended(order.id, done))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Gives up the probes under way; they change nothing at the backend and are asked again when somebody wants to know."""
        under_way = list(self._under_way.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _ended(self, order_id: str, task: asyncio.Task[Probed]) -> None:
        self._under_way.pop(order_id, None)
        if not task.cancelled():
            task.exception()  # those who wait get it; where nobody waits any more, nobody has to hear of it

    async def _probe(self, order: OrderRow, attempt: AttemptRow) -> Probed:
        backend = self.backends.get(order.market)
        operation = backend.market.operations.get(order.operation) if backend else None
        if backend is None or operation is None or not operation.probe:
            log.warning("doubt.no-probe", order=order.id, market=order.market, operation=order.operation)
            return Probed(Proof.IMPOSSIBLE, f"the market {order.market} declares no probe for {order.operation}")
        message = message_of(order)
        try:
            subject = await self._subject(order)
            prepared = prepare(backend, operation.probe, scope_about(backend, message, order.client_reference, subject))
        except AdapterError as error:
            log.error("doubt.probe-not-possible", order=order.id, why=str(error))
            return Probed(Proof.UNANSWERED, f"the probe cannot be written: {error}")
        asked = self.now()
        if (closed := self._closed(backend)) is not None:
            return closed
        await self.store.keep(order.id, attempt.number, *sent_rows(backend, prepared, asked))
        if (closed := self._closed(backend)) is not None:  # a record that was away for a while has used up the time
            return closed
        judged = await converse(backend, prepared, deadline_of(backend), self.observer)
        log.info("doubt.probed", order=order.id, attempt=attempt.number, found=judged.outcome.kind, evidence=judged.outcome.evidence)
        if judged.outcome.kind is OutcomeKind.ACCEPTED:
            return await self._adopt(backend, prepared, judged, message, order, attempt, subject)
        received = received_rows(backend, prepared, judged, self.now())
        probed = _read(operation, judged, asked, _safe(operation, attempt))
        if probed.proof is Proof.SETTLED:
            await self._free(backend, order, attempt, received)
        else:
            await self.store.keep(order.id, attempt.number, *received)
        return probed

    async def _subject(self, order: OrderRow) -> OrderRow | None:
        """What a request is about, as it is now. Raises NotFound."""
        found = await self.store.order(order.subject) if order.subject else None
        if order.subject and found is None:
            raise NotFound(f"what it is about, {order.subject}, is not on record any more")
        return found

    def _closed(self, backend: Backend) -> Probed | None:
        opens = self._closed_until(backend.market)
        return None if opens is None else Probed(Proof.CLOSED, "the backend is closed at the moment", opens)

    async def _free(self, backend: Backend, order: OrderRow, attempt: AttemptRow, received: tuple[MessageRow, ...]) -> None:
        """Certainly nothing was done: another attempt is made, by us where the caller has its answer, else by the caller's repeat."""
        if was_answered(order):
            await self.deferral.undone(backend, order, attempt.number, _PROVED, self.now(), received)
        else:
            state = backend.market.life(order.operation).initial if order.resource else ""
            withdraws = _over(backend.market, order, state)
            settlement = Settlement(OutcomeKind.ABSENT, self.now(), state, evidence=_PROVED, messages=received, withdraws=withdraws)
            await self.store.settle(order.id, attempt.number, settlement)

    async def _adopt(
        self,
        backend: Backend,
        prepared: Prepared,
        judged: Judged,
        message: Message,
        order: OrderRow,
        attempt: AttemptRow,
        subject: OrderRow | None,
    ) -> Probed:
        found_by = f"a probe by the rules {prepared.translator.version[:_RULES]} found it, {judged.outcome.evidence}"
        judged = replace(judged, outcome=replace(judged.outcome, evidence=found_by))  # the attempt keeps the version of its own rules
        answer = taken_on(prepared, judged, order.face) if subject is None else None
        if answer is not None and answer.outcome.kind is not OutcomeKind.ACCEPTED:
            log.error("doubt.answer-not-mapped", order=order.id, why=answer.outcome.evidence)
            return Probed(Proof.UNANSWERED, answer.outcome.evidence)
        if was_answered(order):
            await self.deferral.conclude(backend, order, attempt.number, prepared, judged, self.now(), reconciling(order.id))
            return Probed(Proof.SETTLED)
        renderer = self.renderers.get(order.face)
        if renderer is None:
            log.error("doubt.no-face", order=order.id, face=order.face, remedy="declare the face again until its orders are settled")
            return Probed(Proof.UNANSWERED, f"the face {order.face} is not declared any more; declare it until its orders are settled")
        fresh = Fresh(order.id, attempt.number, order.client_reference, order.created_at)

        def concluding(subject: OrderRow | None) -> Conclusion:
            found = ended(Exchange(backend, prepared, judged, message, fresh, renderer, self.now()), subject)
            withdraws = _over(backend.market, order, found.settlement.state)
            return replace(found, settlement=replace(found.settlement, withdraws=withdraws))

        try:
            conclusion, _ = await record(self.store, order.id, attempt.number, subject, concluding)
        except Overtaken as error:
            return Probed(Proof.UNANSWERED, str(error))
        kind = conclusion.settlement.outcome
        return Probed(Proof.SETTLED if kind is OutcomeKind.ACCEPTED else Proof.UNANSWERED, conclusion.settlement.evidence)


def _over(market: Market, order: OrderRow, state: str) -> tuple[str, ...]:
    """The tasks of an order that have no reason any more once it is not in doubt, but in ``state`` ("": it has none of its own)."""
    return (*reconciling(order.id), *(timers_left(market, order.id, order.state, state) if state else ()))


def _read(operation: Operation, judged: Judged, asked: int, safe: int) -> Probed:
    """What an answer that found nothing, or not one, means for the attempt."""
    kind, why = judged.outcome.kind, judged.outcome.evidence
    if kind is OutcomeKind.ABSENT and not operation.authoritative:
        return Probed(Proof.UNPROVEN, "the probe found no such order, and the market does not call it authoritative", safe)
    if kind is OutcomeKind.ABSENT:
        return Probed(Proof.SETTLED) if asked >= safe else Probed(Proof.EARLY, "the call may still take effect", safe)
    if kind is OutcomeKind.IN_DOUBT and judged.reply is not None:
        return Probed(Proof.SEVERAL, f"the probe found what is not clearly this order alone ({why})")
    return Probed(Proof.UNANSWERED, why)


def _safe(operation: Operation, attempt: AttemptRow) -> int:
    """When the attempt's call can no longer take effect, milliseconds since the epoch: it can for a while after our side of it ended;
    a crash leaves only the deadline to count from."""
    return (attempt.settled_at or attempt.deadline) + int(operation.settle * 1000)
