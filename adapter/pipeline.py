"""The straight line of one exchange: prepare, record, call, judge, map back, record, answer.

Nothing leaves before the record knows of it, and nothing is answered before the record has it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

import structlog

from adapter import clock
from adapter.agenda import SUBMIT, lane_of
from adapter.backend import Backend
from adapter.conclusion import Conclusion, Renderer, answer_of, conclude, in_doubt
from adapter.contract.validation import Validator
from adapter.deferral import answered, was_answered
from adapter.doubt import DoubtSettler
from adapter.errors import (
    AdapterError,
    Conflict,
    InvalidMessage,
    KeyReused,
    MappingFailed,
    NotFound,
    NotOffered,
    Overloaded,
    Problem,
    SerialisationFailed,
    StoreUnavailable,
)
from adapter.exchange import Judged, Observer, Prepared, converse, deadline_of, prepare, technical
from adapter.intake import RECORDING, Intake, intake_of, scope_of, sent_rows
from adapter.logs import about
from adapter.mapping.refusal import refusal
from adapter.market import Market
from adapter.ports import Document, Message, Outcome, OutcomeKind, Reply, Result
from adapter.reading import unfit, unwritable
from adapter.recorded import document_of, message_of
from adapter.store import Accepted, Doubtful, Fresh, InFlight, Mismatch, NoPermit, OrderQuery, OrderRow, Response, Seen, Store
from adapter.tracing import station

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
    def face(self) -> str:
        """The face that asks."""

    def equal(self, attribute: str) -> str | None:
        """See above."""

    def collector(self) -> Collecting[Page_co]:
        """A new, empty page."""


_LEAST_WAIT = 0.01  # seconds
_NO_PERMIT = "The backend takes no more orders at the moment; nothing was done. Repeat the request later"
_CLOSED = "The backend is closed at the moment; nothing was done. Repeat the request when it is open again"
_PATIENCE = 4.0  # seconds beyond one call that a request waits for others of the same order, before it is told to come back


class Pipeline:
    """The way of every exchange. ``backends`` by market, ``renderers`` by face (how a result becomes its bytes)."""

    def __init__(
        self,
        backends: Mapping[str, Backend],
        store: Store,
        renderers: Mapping[str, Renderer],
        observer: Observer,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self.backends = backends
        self.store = store
        self.renderers = renderers
        self.observer = observer
        self.now = now
        self.doubt = DoubtSettler(backends, store, renderers, observer, now, self._opens)
        self.closed_until: Callable[[Market], int | None] = lambda _: None  # without windows, always open
        self.wake: Callable[[str], None] = lambda _: None  # nobody works in this process
        self._running: set[asyncio.Task[Reply]] = set()
        self._calling: dict[tuple[str, int], asyncio.Future[None]] = {}

    def _opens(self, market: Market) -> int | None:
        return self.closed_until(market)  # as it is set when it is asked

    async def place(self, message: Message) -> Reply:
        """Places one order, at most once. Raises CallerError, StoreUnavailable. A caller that leaves does not stop it."""
        task = asyncio.create_task(self._place(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Waits until every exchange under way has been recorded; probes that nobody waits for are given up."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)
        await self.doubt.stop()

    async def _place(self, message: Message) -> Reply:
        backend = self._backend(message.market)
        intake = intake_of(message)
        try:
            prepared = prepare(backend, message.operation, scope_of(backend, message, intake.client_reference))
        except AdapterError:
            known = await self._known(backend, message, intake)
            if known is not None:  # the rules have changed since; what became of the order has not
                return known
            raise
        if backend.market.delivery == "deferred":
            return await self._take_on(backend, message, intake, prepared)
        return await self._place_now(backend, message, intake, prepared)

    async def _place_now(self, backend: Backend, message: Message, intake: Intake, prepared: Prepared) -> Reply:
        limits = backend.market.limits
        patience = time.monotonic() + limits.total + _PATIENCE
        while time.monotonic() < patience:
            if (opens := self.closed_until(backend.market)) is not None:
                return await self._refuse_closed(backend, message, intake, opens)
            acceptance = intake.acceptance(backend, prepared, self.now())
            with station("record", message.market, message.operation):
                accepted = await self.store.accept(acceptance)
            _about(accepted)
            match accepted:
                case Fresh():
                    # Counted from the record's own deadline: what others take to be over is never sent, however long recording took.
                    left = (acceptance.deadline - RECORDING - self.now()) / 1000
                    return await self._submit(backend, message, intake, prepared, accepted, time.monotonic() + min(left, limits.total))
                case Seen():
                    return _reply(accepted.response)
                case Mismatch():
                    raise _reused(intake)
                case NoPermit(wait=wait):
                    await _wait_for_permit(wait, patience)
                case InFlight():
                    settled = await self.store.wait_settled(accepted)
                    if settled is not None and settled.response is not None and not accepted.other:
                        return _reply(settled.response)  # what the first one got, also where it may be tried again
                case Doubtful() if not await self._settled(accepted):
                    order = accepted.order
                    return self.renderers[message.face](message, in_doubt(backend, message.operation, order.id, order.created_at))
        raise Conflict("The same order is being placed by other requests; repeat this one in a moment", headers={"Retry-After": "1"})

    async def _take_on(self, backend: Backend, message: Message, intake: Intake, prepared: Prepared) -> Reply:
        """Answers at once; a worker submits the order."""
        acceptance = answered(backend, message, intake, prepared, self.renderers[message.face], self.now())
        with station("record", message.market, message.operation):
            accepted = await self.store.accept(acceptance)
        _about(accepted)
        match accepted:
            case Seen(response=response):
                self.wake(lane_of(SUBMIT, message.market))
                return _reply(response)
            case Mismatch():
                raise _reused(intake)
        raise Conflict("The same order is being placed by other requests; repeat this one in a moment", headers={"Retry-After": "1"})

    async def _refuse_closed(self, backend: Backend, message: Message, intake: Intake, opens: int) -> Reply:
        """Nothing is sent into a closed window; what was answered before is answered again, and what is in doubt stays so."""
        known = await self.store.lookup(intake.scope, intake.key, intake.fingerprint)
        if isinstance(known, Seen):
            return _reply(known.response)
        if isinstance(known, Doubtful):
            return self.renderers[message.face](message, in_doubt(backend, message.operation, known.order.id, known.order.created_at))
        pause = max(1, -(-(opens - self.now()) // 1000))
        raise Overloaded(_CLOSED, headers={"Retry-After": str(pause)})

    async def _known(self, backend: Backend, message: Message, intake: Intake) -> Reply | None:
        """What a repeat is answered that the rules refuse by now; None for a request that nothing was done for."""
        known = await self.store.lookup(intake.scope, intake.key, intake.fingerprint)
        if isinstance(known, InFlight):
            await self.store.wait_settled(known)
        elif isinstance(known, Doubtful) and not await self._settled(known):
            return self.renderers[message.face](message, in_doubt(backend, message.operation, known.order.id, known.order.created_at))
        if isinstance(known, InFlight | Doubtful):
            known = await self.store.lookup(intake.scope, intake.key, intake.fingerprint)
        return _reply(known.response) if isinstance(known, Seen) else None

    async def _settled(self, doubtful: Doubtful) -> bool:
        """Whether an attempt is settled now. One that this process is still at is waited for, whatever the clock says of it."""
        calling = self._calling.get((doubtful.order.id, doubtful.attempt.number))
        if calling is not None:
            await asyncio.wait({calling})
            return True
        return await self.doubt.settle(doubtful.order, doubtful.attempt)

    async def _submit(self, backend: Backend, message: Message, intake: Intake, prepared: Prepared, fresh: Fresh, deadline: float) -> Reply:
        place, ended = (fresh.order_id, fresh.attempt), asyncio.get_running_loop().create_future()
        self._calling[place] = ended
        try:
            return await self._call_and_record(backend, message, intake, prepared, fresh, deadline)
        finally:
            del self._calling[place]
            ended.set_result(None)

    async def _call_and_record(
        self, backend: Backend, message: Message, intake: Intake, prepared: Prepared, fresh: Fresh, deadline: float
    ) -> Reply:
        render = self.renderers[message.face]
        if fresh.client_reference != intake.client_reference:  # a further attempt of an order that is on record
            prepared = prepare(backend, message.operation, scope_of(backend, message, fresh.client_reference))
            await self.store.keep(fresh.order_id, fresh.attempt, *sent_rows(backend, prepared, self.now()))
        for notice in prepared.notices:
            log.info("mapping.notice", text=notice)
        conclusion = await self._call(backend, message, prepared, fresh, render, deadline)
        try:
            with station("record", message.market, message.operation):
                won = await self.store.settle(fresh.order_id, fresh.attempt, conclusion.settlement)
            if not won:
                log.warning("attempt.settled-by-another", outcome=conclusion.settlement.outcome)
                seen = await self.store.lookup(intake.scope, intake.key, intake.fingerprint)
                if isinstance(seen, Seen):  # every caller gets the one answer that is on record
                    return _reply(seen.response)
        except StoreUnavailable as error:  # the call was made: what became of it is not to be promised, nor to be denied
            log.error("attempt.not-recorded", outcome=conclusion.settlement.outcome, reason=str(error))
            return render(message, in_doubt(backend, message.operation, fresh.order_id, fresh.created_at))
        return conclusion.reply

    async def _call(
        self, backend: Backend, message: Message, prepared: Prepared, fresh: Fresh, render: Renderer, deadline: float
    ) -> Conclusion:
        try:
            judged = await converse(backend, prepared, deadline, self.observer)
            return conclude(backend, prepared, judged, message, fresh, render, self.now())
        except Exception as error:  # a fault of ours, but the call may have left: a probe has to tell, as after any other silence
            log.exception("attempt.crashed")
            unknown = technical(backend, message.operation, OutcomeKind.IN_DOUBT, f"internal error: {type(error).__name__}")
            return conclude(backend, prepared, Judged(unknown), message, fresh, render, self.now())

    async def retrieve(self, message: Message) -> Result:
        """Asks the backend for one order. ``request`` in the rules is the recorded order's, where there is one; what rules cannot take
        of it, or of the backend's answer, is no mistake of the caller."""
        backend = self._backend(message.market)
        known = await self.store.order(message.path.get("id", ""), (message.market,))
        asked = message
        if known:
            if was_answered(known) and not known.backend_ref:
                return _queued(backend, message, known)
            path = {**message.path, "id": known.backend_ref} if known.backend_ref else message.path
            asked = replace(message, body=message_of(known).body, path=path)
        try:
            prepared = prepare(backend, message.operation, scope_of(backend, asked, known.client_reference if known else ""))
        except (InvalidMessage, MappingFailed, SerialisationFailed) as error:
            return unwritable(backend, message, known, error)
        judged = await converse(backend, prepared, deadline_of(backend), self.observer)
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

    async def market_of(self, identity: str, markets: Sequence[str]) -> str | None:
        """The first of ``markets`` whose record knows an order by this id."""
        for market in markets:
            if await self.store.order(identity, (market,)) is not None:
                return market
        return None

    async def list(self, markets: Sequence[str], query: Listing[Page_co]) -> Page_co:
        """Recorded orders as they have been followed, newest first. What the record has an index for it looks up itself."""
        if (identity := query.equal("id")) and (order := await self.store.order(identity, markets)) and order.id == identity:
            found = query.collector()
            if order.answer is not None:
                found.add(_recorded(order))
            return found.page()
        wanted = OrderQuery(
            markets=frozenset(markets),
            answered=True,
            external_id=query.equal("externalId"),
            backend_ref=query.equal("id"),
            state=query.equal("state"),
        )
        page = query.collector()
        async for order in self.store.stream(wanted):
            page.add(_recorded(order))
        return page.page()

    def validator(self, face: str, market: str, operation: str) -> Validator:  # noqa: ARG002 - all faces take the canonical model
        """The check of what a caller may send. Raises NotOffered."""
        backend = self._backend(market)
        backend.operation(operation)
        found = backend.validators.get(operation)
        if found is None:
            raise NotOffered(f"{operation} takes no body")
        return found

    def refusal(self, message: Message, parameters: Sequence[Problem], members: Sequence[Problem]) -> Sequence[Problem]:
        """All that is wrong with a message that does not fit: what was found, and what its mapping requires beyond that."""
        backend = self._backend(message.market)
        backend.operation(message.operation)
        return refusal(backend.translators[message.operation], scope_of(backend, message, ""), parameters, members)

    def _backend(self, market: str) -> Backend:
        backend = self.backends.get(market)
        if backend is None:
            raise NotFound(f"There is no market '{market}'")
        return backend


async def _wait_for_permit(wait: float, patience: float) -> None:
    if time.monotonic() + wait >= patience:
        raise Overloaded(_NO_PERMIT, headers={"Retry-After": "1"})
    await asyncio.sleep(max(_LEAST_WAIT, wait))


def _reused(intake: Intake) -> KeyReused:
    return KeyReused(problems=[Problem(intake.key_name, "repeat the first request unchanged, or use a new key")])


def _queued(backend: Backend, message: Message, order: OrderRow) -> Result:
    """An order that waits for its backend, as its face shows it."""
    scope = scope_of(backend, message_of(order), order.client_reference)
    try:
        view = backend.translators[order.operation].view(message.face, scope, document_of(order))
    except MappingFailed as error:
        return unfit(backend, message.operation, order, error, "record")
    return Result(Outcome(OutcomeKind.ACCEPTED), view, order_id=order.id, created_at=order.created_at)


def _as_known(view: Document | None, order: OrderRow | None) -> Document | None:
    """The order under the id it was answered with, whatever number its backend has for it."""
    if view is None or order is None or order.answer is None or str(view.get("id")) != order.backend_ref:
        return view
    mine = document_of(order).get("id")
    return view if mine is None or str(mine) == order.backend_ref else {**view, "id": mine}


def _about(accepted: Accepted) -> None:
    """From here on the log knows which order the request is about."""
    match accepted:
        case Fresh() | InFlight():
            about(order=accepted.order_id, attempt=accepted.attempt)
        case Doubtful():
            about(order=accepted.order.id, attempt=accepted.attempt.number)
        case Seen() | Mismatch():
            about(order=accepted.order_id)


def _reply(response: Response) -> Reply:
    return Reply(response.status, response.body, response.headers)


def _recorded(order: OrderRow) -> Result:
    """An order as its record knows it, without asking the backend."""
    document = document_of(order) if order.answer else None
    return Result(Outcome(OutcomeKind.ACCEPTED), document, order_id=order.id, created_at=order.created_at)
