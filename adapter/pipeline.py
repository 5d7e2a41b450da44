"""The straight line of one exchange: prepare, record, call, judge, map back, record, answer. Nothing leaves before the record knows of
it, and nothing is answered before the record has it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

import structlog

from adapter import clock
from adapter.agenda import SUBMIT, lane_of
from adapter.aims import Aim, aim_of, named_by
from adapter.altering import busy, in_doubt_elsewhere, planned
from adapter.backend import Backend
from adapter.conclusion import Conclusion, Exchange, Renderer, in_doubt
from adapter.contract.validation import Validator
from adapter.deferral import answered
from adapter.doubt import DoubtSettler
from adapter.errors import AdapterError, Conflict, KeyReused, NotFound, NotOffered, Overloaded, Problem, StoreUnavailable
from adapter.exchange import Judged, Observer, Prepared, converse, prepare, technical
from adapter.frozen import frozen
from adapter.intake import RECORDING, Intake, intake_of, scope_of, sent_rows
from adapter.logs import about
from adapter.mapping.refusal import refusal
from adapter.market import Market
from adapter.ports import Message, OutcomeKind, Reply, Result
from adapter.recorded import scope_about
from adapter.revising import ended, record
from adapter.showing import Listing, Showing
from adapter.store import Accepted, Deleted, Doubtful, Fresh, InFlight, Mismatch, NoPermit, OrderIds, OrderRow, Response, Seen, Store
from adapter.store.advancing import Overtaken
from adapter.tracing import station

log = structlog.get_logger("adapter.pipeline")

_MOST_WORDS = 500  # of a reason in the log; the record has all of it
_NEW = Aim.NEW  # to look at an enumeration's member takes long
_UNCLEAR = (OutcomeKind.IN_DOUBT, OutcomeKind.UNAVAILABLE)

Page = TypeVar("Page")


@frozen
class _Work:
    """One request on its way to its backend. ``subject`` is what it is about, as it was when the request was made ready."""

    backend: Backend
    message: Message
    intake: Intake
    prepared: Prepared
    subject: OrderRow | None = None


_LEAST_WAIT = 0.01  # seconds
_NO_PERMIT = "The backend takes no more orders at the moment; nothing was done. Repeat the request later"
_DELETED = (
    "This request was carried out before, and what it made has been deleted since; nothing was done. "
    "To have it made anew, send it with another key and another externalId"
)
_CLOSED = "The backend is closed at the moment; nothing was done. Repeat the request when it is open again"
_PATIENCE = 4.0  # seconds beyond one call that a request waits for others of the same order, before it is told to come back


class Pipeline:
    """The way of every exchange. ``backends`` by market, ``renderers`` by face (how a result becomes its bytes), ``owners`` the client
    that a party of a market is."""

    def __init__(
        self,
        backends: Mapping[str, Backend],
        store: Store,
        renderers: Mapping[str, Renderer],
        observer: Observer,
        now: Callable[[], int] = clock.now,
        owners: Mapping[tuple[str, str], str] = MappingProxyType({}),
    ) -> None:
        self.backends = backends
        self.store = store
        self.renderers = renderers
        self.observer = observer
        self.now = now
        self._new_id = OrderIds(now)  # by the clock of the record, so that lists of all nodes together sort by time
        self.doubt = DoubtSettler(backends, store, renderers, observer, now, self._opens)
        self.closed_until: Callable[[Market], int | None] = lambda _: None  # without windows, always open
        self.wake: Callable[[str], None] = lambda _: None  # nobody works in this process
        self._showing = Showing(backends, store, observer, owners)
        self._under_way, self._one_less = 0, asyncio.Event()
        self._calling: set[tuple[str, int]] = set()  # orders with their attempts

    def _closed(self, backend: Backend, prepared: Prepared) -> int | None:
        """When the backend takes calls again, where there is one to be made and it takes none now."""
        return self.closed_until(backend.market) if prepared.calls else None

    def _opens(self, market: Market) -> int | None:
        return self.closed_until(market)  # as it is set when it is asked

    async def place(self, message: Message) -> Reply:
        """Carries out one request that changes something, at most once. Raises CallerError, StoreUnavailable. A caller that leaves does not
        stop it: the server cancels nothing. Cut off all the same, it is on record as after a crash, and a probe will tell."""
        self._under_way += 1
        try:
            return await self._place(message)
        finally:
            self._under_way -= 1
            self._one_less.set()

    async def drain(self) -> None:
        """Waits until every exchange under way has been recorded; probes that nobody waits for are given up."""
        await self._until(lambda: not self._under_way)
        await self.doubt.stop()

    async def _until(self, over: Callable[[], bool]) -> None:
        """Waits for what only the end of an exchange brings about."""
        while not over():
            self._one_less.clear()
            await self._one_less.wait()

    async def _place(self, message: Message) -> Reply:
        backend = self._backend(message.market)
        if aim_of(message.operation) is not _NEW:
            return await self._alter(backend, message)
        intake = intake_of(message, self._new_id())
        try:
            prepared = prepare(backend, message.operation, scope_of(backend, message, intake.client_reference))
        except AdapterError:
            known = await self.store.lookup(intake.scope, intake.key, intake.fingerprint)
            reply = await self._outcome(backend, message, intake, known)
            if reply is not None:  # the rules have changed since; what became of the order has not
                return reply
            raise
        if backend.market.delivery == "deferred":
            return await self._take_on(backend, message, intake, prepared)
        return await self._place_now(backend, message, intake, prepared)

    async def _place_now(self, backend: Backend, message: Message, intake: Intake, prepared: Prepared) -> Reply:
        limits = backend.market.limits
        patience = time.monotonic() + limits.total + _PATIENCE
        while time.monotonic() < patience:
            if (opens := self._closed(backend, prepared)) is not None:
                return await self._refuse_closed(backend, message, intake, opens)
            acceptance = intake.acceptance(backend, prepared, self.now())
            with station("record", message.market, message.operation):
                accepted = await self.store.accept(acceptance)
            _about(accepted)
            match accepted:
                case Fresh():
                    return await self._submit(_Work(backend, message, intake, prepared), accepted, self._left(backend, acceptance.deadline))
                case Seen():
                    return _reply(accepted.response)
                case Mismatch() | Deleted():
                    raise _spent(intake, accepted)
                case NoPermit(wait=wait):
                    await _wait_for_permit(wait, patience)
                case InFlight():
                    settled = await self.store.wait_settled(accepted)
                    if settled is not None and settled.response is not None and not accepted.other:
                        return _reply(settled.response)  # what the first one got, also where it may be tried again
                case Doubtful(order=order) if not await self._settled(accepted):
                    return self._in_doubt(backend, message, order.id, order.created_at)
        raise Conflict("The same order is being placed by other requests; repeat this one in a moment", headers={"Retry-After": "1"})

    async def _alter(self, backend: Backend, message: Message) -> Reply:
        """A change of something on record, or a task about it: one at a time for each subject, worked out from what that is by then."""
        backend.operation(message.operation)
        intake, render = intake_of(message, self._new_id()), self.renderers[message.face]
        patience = time.monotonic() + backend.market.limits.total + _PATIENCE
        while time.monotonic() < patience:
            if (known := await self._answered(backend, message, intake)) is not None:
                return known
            subject = await self._subject(message)
            plan = planned(backend, message, subject, render)
            if isinstance(plan, Reply):
                return await self._nothing_to_do(message, intake, subject, plan)
            prepared = prepare(backend, message.operation, scope_about(backend, plan, intake.client_reference, subject))
            if (opens := self._closed(backend, prepared)) is not None:
                return await self._refuse_closed(backend, message, intake, opens)
            acceptance = replace(intake, message=plan).acceptance(backend, prepared, self.now(), subject)
            with station("record", message.market, message.operation):
                accepted = await self.store.accept(acceptance)
            _about(accepted)
            match accepted:
                case Fresh():
                    work = _Work(backend, plan, intake, prepared, subject)
                    return await self._submit(work, accepted, self._left(backend, acceptance.deadline))
                case Seen():
                    return _reply(accepted.response)
                case Mismatch() | Deleted():
                    raise _spent(intake, accepted)
                case NoPermit(wait=wait):
                    await _wait_for_permit(wait, patience)
                case InFlight():
                    await self.store.wait_settled(accepted)
                case Doubtful(other=True) if not await self._settled(accepted):
                    raise in_doubt_elsewhere()
        raise busy()  # after each round, also one in which the subject moved, what is known by then says how to go on

    async def _answered(self, backend: Backend, message: Message, intake: Intake) -> Reply | None:
        """What a repeat is answered, whatever its subject has come to since. Raises KeyReused, Conflict."""
        known = await self.store.lookup(intake.scope, intake.key, intake.fingerprint)
        if isinstance(known, Mismatch | Deleted):
            raise _spent(intake, known)
        return await self._outcome(backend, message, intake, known)

    async def _subject(self, message: Message) -> OrderRow:
        found = await self._showing.find(message, message.market)
        if found is None:
            kind, identity = named_by(message)
            raise NotFound(f"There is no {kind} '{identity}'")
        about(subject=found.id)
        return found

    async def _nothing_to_do(self, message: Message, intake: Intake, subject: OrderRow, reply: Reply) -> Reply:
        """The answer stays the answer, so that a late repeat does not change what others have changed meanwhile."""
        if not message.key:
            return reply
        response = Response(reply.status, reply.body, reply.headers)
        kept = await self.store.keep_answer(intake.scope, intake.key, intake.fingerprint, subject.id, response)
        if isinstance(kept, Mismatch):
            raise _spent(intake, kept)
        return _reply(kept)

    def _left(self, backend: Backend, deadline: int) -> float:
        """When a call has to be over, in ``time.monotonic()``. Counted from the record's own deadline: what others take to be over is never
        sent, however long recording took."""
        return time.monotonic() + min((deadline - RECORDING - self.now()) / 1000, backend.market.limits.total)

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
            case Mismatch() | Deleted():
                raise _spent(intake, accepted)
        raise Conflict("The same order is being placed by other requests; repeat this one in a moment", headers={"Retry-After": "1"})

    async def _refuse_closed(self, backend: Backend, message: Message, intake: Intake, opens: int) -> Reply:
        """Nothing is sent into a closed window; what was answered before is answered again, and what is in doubt stays so."""
        known = await self.store.lookup(intake.scope, intake.key, intake.fingerprint)
        if isinstance(known, Seen):
            return _reply(known.response)
        if isinstance(known, Doubtful):
            return self._in_doubt(backend, message, known.order.id, known.order.created_at)
        pause = max(1, -(-(opens - self.now()) // 1000))
        raise Overloaded(_CLOSED, headers={"Retry-After": str(pause)})

    async def _outcome(self, backend: Backend, message: Message, intake: Intake, known: Accepted | None) -> Reply | None:
        """The answer to what the record knows of a key, waited for or settled where there is none yet; None where there is none."""
        if isinstance(known, InFlight):
            await self.store.wait_settled(known)
        elif isinstance(known, Doubtful) and not await self._settled(known):
            return self._in_doubt(backend, message, known.order.id, known.order.created_at)
        if isinstance(known, InFlight | Doubtful):
            known = await self.store.lookup(intake.scope, intake.key, intake.fingerprint)
        return _reply(known.response) if isinstance(known, Seen) else None

    def _in_doubt(self, backend: Backend, message: Message, order_id: str, created_at: int) -> Reply:
        """What is answered about an order whose fate is not known yet."""
        return self.renderers[message.face](message, in_doubt(backend, message.operation, order_id, created_at))

    async def _settled(self, doubtful: Doubtful) -> bool:
        """Whether an attempt is settled now. One that this process is still at is waited for, whatever the clock says of it."""
        place = (doubtful.order.id, doubtful.attempt.number)
        if place in self._calling:
            await self._until(lambda: place not in self._calling)
            return True
        return await self.doubt.settle(doubtful.order, doubtful.attempt)

    async def _submit(self, work: _Work, fresh: Fresh, deadline: float) -> Reply:
        place = (fresh.order_id, fresh.attempt)
        self._calling.add(place)
        try:
            return await self._call_and_record(work, fresh, deadline)
        finally:
            self._calling.discard(place)

    async def _call_and_record(self, work: _Work, fresh: Fresh, deadline: float) -> Reply:
        backend, message, intake = work.backend, work.message, work.intake
        if fresh.client_reference != intake.client_reference:  # a further attempt of an order that is on record
            scope = scope_about(backend, message, fresh.client_reference, work.subject)
            work = replace(work, prepared=prepare(backend, message.operation, scope))
            await self.store.keep(fresh.order_id, fresh.attempt, *sent_rows(backend, work.prepared, self.now()))
        for notice in work.prepared.notices:
            log.info("mapping.notice", text=notice)
        judged = await self._call(work, deadline)
        try:
            conclusion, won = await record(
                self.store, fresh.order_id, fresh.attempt, work.subject, lambda subject: self._conclude(work, judged, fresh, subject)
            )
            if not won:
                log.warning("attempt.settled-by-another", outcome=conclusion.settlement.outcome)
                seen = await self.store.lookup(intake.scope, intake.key, intake.fingerprint)
                if isinstance(seen, Seen):  # every caller gets the one answer that is on record
                    return _reply(seen.response)
            if (found := conclusion.settlement).outcome in _UNCLEAR:  # why, can be read without the record
                why = found.evidence[:_MOST_WORDS]
                log.warning("attempt.unclear", order=fresh.order_id, attempt=fresh.attempt, outcome=found.outcome, why=why)
        except (StoreUnavailable, Overtaken) as error:  # the call was made: what became of it is not to be promised, nor to be denied
            log.error("attempt.not-recorded", outcome=judged.outcome.kind, reason=str(error))
            return self._in_doubt(backend, message, fresh.order_id, fresh.created_at)
        return conclusion.reply

    async def _call(self, work: _Work, deadline: float) -> Judged:
        try:
            return await converse(work.backend, work.prepared, deadline, self.observer)
        except Exception as error:  # noqa: BLE001 - a fault of ours, but the call may have left: a probe has to tell
            return self._crashed(work, error)

    def _conclude(self, work: _Work, judged: Judged, fresh: Fresh, subject: OrderRow | None) -> Conclusion:
        backend, message, render = work.backend, work.message, self.renderers[work.message.face]
        try:
            return ended(Exchange(backend, work.prepared, judged, message, fresh, render, self.now()), subject)
        except Exception as error:  # noqa: BLE001 - likewise: it is logged, and a probe has to tell
            return ended(Exchange(backend, work.prepared, self._crashed(work, error), message, fresh, render, self.now()), subject)

    def _crashed(self, work: _Work, error: Exception) -> Judged:
        log.exception("attempt.crashed")
        return Judged(technical(work.backend, work.message.operation, OutcomeKind.IN_DOUBT, f"internal error: {type(error).__name__}"))

    async def retrieve(self, message: Message) -> Result:
        """Reads one resource: from its backend where the market has a question for it, else from the record."""
        return await self._showing.retrieve(self._backend(message.market), message)

    async def market_of(self, message: Message, markets: Sequence[str]) -> str | None:
        """The first of ``markets`` whose record knows what the message is about."""
        return await self._showing.market_of(message, markets)

    async def list(self, markets: Sequence[str], query: Listing[Page]) -> Page:
        """Recorded resources as they have been followed, newest first."""
        return await self._showing.list(markets, query)

    def offers(self, market: str, operation: str) -> bool:
        """Whether a market carries out an operation."""
        backend = self.backends.get(market)
        return backend is not None and operation in backend.market.operations

    def serves(self, operation: str) -> bool:
        """Whether any market carries out an operation. What is on record of a resource is read without one."""
        kind, _, verb = operation.partition(".")
        kept = verb in ("retrieve", "list")
        return any(operation in each.market.operations or (kept and kind in each.market.resources) for each in self.backends.values())

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


def _spent(intake: Intake, known: Mismatch | Deleted) -> KeyReused | Conflict:
    """Nothing can be done under this key any more."""
    if isinstance(known, Deleted):
        name = "externalId" if known.other else intake.key_name
        return Conflict(_DELETED, [Problem(name, "stands for what was deleted")])
    return KeyReused(problems=[Problem(intake.key_name, "repeat the first request unchanged, or use a new key")])


def _about(accepted: Accepted) -> None:
    """From here on the log knows which order the request is about."""
    match accepted:
        case Fresh() | InFlight():
            about(order=accepted.order_id, attempt=accepted.attempt)
        case Doubtful():
            about(order=accepted.order.id, attempt=accepted.attempt.number)
        case Seen() | Mismatch() | Deleted():
            about(order=accepted.order_id)


def _reply(response: Response) -> Reply:
    return Reply(response.status, response.body, response.headers)
