"""Orders whose fate is not known: asked for by the market's probe, then adopted, freed for another attempt, or left alone.

Nothing is ever sent again here. A probe that finds nothing settles an attempt only where the market calls the probe
authoritative, and only after the call can no longer take effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from adapter.backend import Backend
from adapter.conclusion import Renderer, conclude
from adapter.contract.json_text import parse_json
from adapter.errors import AdapterError, StoreUnavailable
from adapter.exchange import Judged, Observer, Prepared, converse, deadline_of, prepare
from adapter.intake import received_row, scope_of, sent_row
from adapter.market import Operation
from adapter.ports import Message, OutcomeKind
from adapter.store import AttemptRow, Doubtful, Fresh, MessageRow, OrderRow, Settlement, Store

log = structlog.get_logger("adapter.doubt")

_WORTH_WAITING = 5_000  # milliseconds a repeat is held back for a proof, rather than sent away to come again
_AT_ONCE = 8  # probes at a time when the service starts; requests that come in meanwhile need the backend too
_PAGE = 500
STORED_DEPTH = 1_000  # a stored document was checked when it came; the limit is there for the reader's stack only


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
            with structlog.contextvars.bound_contextvars(correlation_id=order.correlation_id):  # also at start, where no request asks
                task = asyncio.create_task(self._settle(order, attempt))
            self._under_way[order.id] = task
            task.add_done_callback(lambda done: self._ended(order.id, done))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Gives up the probes under way; they change nothing at the backend and are asked again when somebody wants to know."""
        under_way = list(self._under_way.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _ended(self, order_id: str, task: asyncio.Task[bool]) -> None:
        self._under_way.pop(order_id, None)
        if not task.cancelled():
            task.exception()  # those who wait get it; where nobody waits any more, nobody has to hear of it

    async def _settle(self, order: OrderRow, attempt: AttemptRow) -> bool:
        backend = self.backends.get(order.market)
        operation = backend.market.operations.get(order.operation) if backend else None
        if backend is None or operation is None or not operation.probe:
            log.warning("doubt.no-probe", order=order.id, market=order.market, operation=order.operation)
            return False
        message = message_of(order)
        safe = _safe(operation, attempt)
        while True:
            try:
                prepared = prepare(backend, operation.probe, scope_of(backend, message, order.client_reference))
            except AdapterError as error:
                log.error("doubt.probe-not-possible", order=order.id, why=str(error))
                return False
            asked = self.now()
            await self.store.keep(order.id, attempt.number, sent_row(backend, prepared, asked))
            judged = await converse(backend, prepared, deadline_of(backend), self.observer)
            kind = judged.outcome.kind
            log.info("doubt.probed", order=order.id, attempt=attempt.number, found=kind, evidence=judged.outcome.evidence)
            if kind is OutcomeKind.ACCEPTED:
                return await self._adopt(backend, prepared, judged, message, order, attempt)
            received = () if judged.raw is None else (received_row(backend, prepared, judged.raw, self.now()),)
            if kind is OutcomeKind.ABSENT and operation.authoritative and asked >= safe:
                await self.store.settle(order.id, attempt.number, _absent(self.now(), received))
                return True
            await self.store.keep(order.id, attempt.number, *received)
            if kind is not OutcomeKind.ABSENT or not operation.authoritative or safe - asked > _WORTH_WAITING:
                return False
            await asyncio.sleep((safe - asked) / 1000)

    async def _adopt(
        self, backend: Backend, prepared: Prepared, judged: Judged, message: Message, order: OrderRow, attempt: AttemptRow
    ) -> bool:
        renderer = self.renderers.get(order.face)
        if renderer is None:
            log.error("doubt.no-face", order=order.id, face=order.face, remedy="declare the face again until its orders are settled")
            return False
        fresh = Fresh(order.id, attempt.number, order.client_reference, order.created_at)
        conclusion = conclude(backend, prepared, judged, message, fresh, renderer, self.now())
        if conclusion.settlement.outcome is not OutcomeKind.ACCEPTED:
            log.error("doubt.answer-not-mapped", order=order.id, why=conclusion.settlement.evidence)
            return False
        await self.store.settle(order.id, attempt.number, conclusion.settlement)
        return True

    async def settle_all(self) -> int:
        """At start: every attempt that a crash left open is asked for, again when its call can no longer take effect.

        Returns how many are settled. Raises StoreUnavailable.
        """
        few, settled, began = asyncio.Semaphore(_AT_ONCE), 0, self.now()
        last: Doubtful | None = None
        while True:
            found = await self.store.open_attempts(began, _PAGE, last)
            settled += sum(await asyncio.gather(*(self._settle_later(doubtful, few) for doubtful in found)))
            if len(found) < _PAGE:
                return settled
            last = found[-1]

    async def _settle_later(self, doubtful: Doubtful, few: asyncio.Semaphore) -> bool:
        async with few:
            if await self._settle_quietly(doubtful):
                return True
        backend = self.backends.get(doubtful.order.market)
        operation = backend.market.operations.get(doubtful.order.operation) if backend else None
        pause = _safe(operation, doubtful.attempt) - self.now() if operation else 0
        if pause <= 0:
            return False
        await asyncio.sleep(pause / 1000)
        async with few:
            return await self._settle_quietly(doubtful)

    async def _settle_quietly(self, doubtful: Doubtful) -> bool:
        """One order that cannot be settled must not keep the others from it."""
        try:
            return await self.settle(doubtful.order, doubtful.attempt)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("doubt.crashed", order=doubtful.order.id)
            return False


def _safe(operation: Operation, attempt: AttemptRow) -> int:
    """When the attempt's call can no longer take effect, milliseconds since the epoch: it can for a while after our side of it ended;
    a crash leaves only the deadline to count from."""
    return (attempt.settled_at or attempt.deadline) + int(operation.settle * 1000)


def _absent(now: int, received: tuple[MessageRow, ...]) -> Settlement:
    evidence = "the probe found no such order when the call could no longer take effect"
    return Settlement(outcome=OutcomeKind.ABSENT, at=now, state="acknowledged", evidence=evidence, messages=received)


def message_of(order: OrderRow) -> Message:
    """The message an order came by, as far as rules and faces look at it."""
    context = parse_json(order.request, max_depth=STORED_DEPTH)
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
