"""Orders whose fate is not known: asked for by the market's probe, then adopted, freed for another attempt, or left alone.

Nothing is ever sent again here. A probe that finds nothing settles an attempt only where the market calls the probe
authoritative, and only after the call can no longer take effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import orjson
import structlog

from adapter.backend import Backend
from adapter.conclusion import Renderer, conclude
from adapter.errors import AdapterError
from adapter.exchange import Judged, Observer, Prepared, converse, deadline_of, prepare
from adapter.intake import scope_of
from adapter.ports import Message, OutcomeKind
from adapter.store import AttemptRow, Fresh, OrderRow, Settlement, Store

log = structlog.get_logger("adapter.doubt")


_WORTH_WAITING = 5_000  # milliseconds a repeat is held back for a proof, rather than sent away to come again


class DoubtSettler:
    """Settles attempts by probe. One probe at a time for one order, however many repeats ask."""

    def __init__(
        self, backends: Mapping[str, Backend], store: Store, renderers: Mapping[str, Renderer], observer: Observer, now: Callable[[], int]
    ) -> None:
        self.observer = observer
        self.backends = backends
        self.store = store
        self.renderers = renderers
        self.now = now
        self._under_way: dict[str, asyncio.Task[bool]] = {}

    async def settle(self, order: OrderRow, attempt: AttemptRow) -> bool:
        """True when the attempt is settled now, by this probe or by somebody else. Never raises for the backend."""
        task = self._under_way.get(order.id)
        if task is None:
            task = asyncio.create_task(self._settle(order, attempt))
            self._under_way[order.id] = task
            task.add_done_callback(lambda _: self._under_way.pop(order.id, None))
        return await asyncio.shield(task)

    async def _settle(self, order: OrderRow, attempt: AttemptRow) -> bool:
        backend = self.backends.get(order.market)
        operation = backend.market.operations.get(order.operation) if backend else None
        if backend is None or operation is None or not operation.probe:
            log.warning("doubt.no-probe", order=order.id, market=order.market, operation=order.operation)
            return False
        message = message_of(order)
        try:
            prepared = prepare(backend, operation.probe, scope_of(backend, message, order.client_reference))
        except AdapterError as error:
            log.error("doubt.probe-not-possible", order=order.id, why=str(error))
            return False
        # A call can take effect for a while after our side of it ended; a crash leaves only the deadline to count from.
        safe = (attempt.settled_at or attempt.deadline) + int(operation.settle * 1000)
        while True:
            asked = self.now()
            judged = await converse(backend, prepared, deadline_of(backend), self.observer)
            kind = judged.outcome.kind
            log.info("doubt.probed", order=order.id, attempt=attempt.number, found=kind, evidence=judged.outcome.evidence)
            if kind is OutcomeKind.ACCEPTED:
                return await self._adopt(backend, prepared, judged, message, order, attempt)
            if kind is not OutcomeKind.ABSENT or not operation.authoritative:
                return False
            if asked >= safe:
                await self.store.settle(order.id, attempt.number, _absent(self.now()))
                return True
            if safe - asked > _WORTH_WAITING:
                return False
            await asyncio.sleep((safe - asked) / 1000)
            prepared = prepare(backend, operation.probe, scope_of(backend, message, order.client_reference))

    async def _adopt(
        self, backend: Backend, prepared: Prepared, judged: Judged, message: Message, order: OrderRow, attempt: AttemptRow
    ) -> bool:
        fresh = Fresh(order.id, attempt.number, order.client_reference)
        conclusion = conclude(backend, prepared, judged, message, fresh, self.renderers[order.face], self.now(), order.created_at)
        if conclusion.settlement.outcome is not OutcomeKind.ACCEPTED:
            log.error("doubt.answer-not-mapped", order=order.id, why=conclusion.settlement.evidence)
            return False
        await self.store.settle(order.id, attempt.number, conclusion.settlement)
        return True

    async def settle_all(self) -> int:
        """At start: every attempt that a crash left open is asked for. Returns how many are settled."""
        settled = 0
        for doubtful in await self.store.open_attempts(self.now()):
            settled += await self.settle(doubtful.order, doubtful.attempt)
        return settled


def _absent(now: int) -> Settlement:
    evidence = "the probe found no such order when the call could no longer take effect"
    return Settlement(outcome=OutcomeKind.ABSENT, at=now, state="acknowledged", evidence=evidence)


def message_of(order: OrderRow) -> Message:
    """The message an order came by, as far as rules and faces look at it."""
    context = orjson.loads(order.request)
    return Message(
        face=order.face,
        client=order.client,
        market=order.market,
        operation=order.operation,
        correlation_id=order.correlation_id,
        body=context["request"],
        raw=b"",
        header=context["header"],
        query=context["query"],
        path=context["path"],
        received_at=order.created_at,
        key=order.key,
    )
