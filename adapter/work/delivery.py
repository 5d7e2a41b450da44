"""Events on their way to listeners: who is due is claimed, called once, and moved on or put off by the fence of its claim.

A stream, the events of one order to one listener, has one event in flight at most; streams do not wait for each other. What an answer
means is decided here; the sockets are ``wire.callback``'s, the words a face's, the record ``store.outbox``'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from random import random as chance
from typing import Any, Protocol, TypeVar

import structlog

from adapter import tracing
from adapter.errors import AdapterError, StoreUnavailable
from adapter.settings import Callbacks as Settings
from adapter.store import dead_letters, listening, outbox
from adapter.store.connection import Connection
from adapter.store.outbox import Claimed, DeliveryRow, EventRow, ListenerRow
from adapter.wire.callback import Called
from adapter.work.backoff import Backoff, Random, retry_after
from adapter.work.target import Target, TargetFailed, is_target

log = structlog.get_logger("adapter.delivery")

T = TypeVar("T")

POLL_SECONDS = 0.25
"""How often the record is looked at without a wake-up: for what falls due, and for what other nodes publish."""

_SPARE = 1.0  # seconds between the end of a connection's time and the last moment in which a call may begin
_CREATED, _GONE = 201, 410


class Record(Protocol):
    """What is needed of the store."""

    @property
    def node(self) -> str:
        """The name of this process."""

    async def tx(self, function: Callable[..., T], *arguments: Any) -> T:
        """One transaction. Raises StoreUnavailable."""

    async def now(self) -> int:
        """Milliseconds since the epoch, UTC, the same for all nodes."""


class Writer(Protocol):
    """Writes events in the words of a listener's face."""

    def write(self, event: EventRow, query: str) -> bytes | None:
        """The event, None where the query leaves it out. May raise any AdapterError."""


class Sender(Protocol):
    """Takes an event to where a listener wants it."""

    async def send(
        self, url: str, body: bytes, event_id: str, at: int, keys: Sequence[bytes] = (), begin_by: float | None = None
    ) -> Called:
        """One call, see ``wire.callback``. Raises nothing but cancellation."""


class Observer(Protocol):
    """Counts what becomes of claims: ``outcome`` is delivered, left-out, failed, late, parked, skipped, lost, unrecorded or crashed."""

    def delivery_ended(self, listener: str, outcome: str, took: float) -> None:
        """One claim is over, after so many seconds. Must not raise."""


class Unobserved:
    """Counts nothing."""

    def delivery_ended(self, listener: str, outcome: str, took: float) -> None:
        """Nothing."""


def start_seconds(settings: Settings) -> float:
    """How long after its claim a call may begin. Whoever ends a subscription waits so long at most."""
    return settings.connect_seconds + _SPARE


class Deliverer:
    """Delivers what is due. ``writers`` by face, ``keys`` by client, ``targets`` by what stands in place of a callback. Belongs to one
    event loop.

    ``run`` is the loop, ``tick`` one round of it that ends when all its calls have.
    """

    def __init__(
        self,
        store: Record,
        sender: Sender,
        writers: Mapping[str, Writer],
        keys: Mapping[str, Sequence[bytes]],
        settings: Settings,
        *,
        targets: Mapping[str, Target] | None = None,
        observer: Observer | None = None,
        random: Random = chance,
    ) -> None:
        self._store, self._sender, self._writers, self._keys, self._settings = store, sender, writers, keys, settings
        self._targets = targets or {}
        self._observer = observer or Unobserved()
        self._random = random
        self._start = start_seconds(settings)
        self._lease = int(2000 * (self._start + settings.seconds + _SPARE)) + 5000
        self._backoff = Backoff(settings.retries.first, settings.retries.most)
        self._running: dict[asyncio.Task[None], str] = {}
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Something may be due now."""
        self._wake.set()

    async def run(self) -> None:
        """Delivers until ``stop``. A record that cannot be reached is waited for."""
        while not self._stopping:
            self._wake.clear()
            try:
                await self._begin()
            except StoreUnavailable as error:
                log.warning("delivery.waits-for-the-record", reason=str(error))
            except Exception:  # a fault of ours; the other listeners, and the next round, shall not suffer by it
                log.exception("delivery.round-crashed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()

    async def stop(self) -> None:
        """Claims nothing more, and waits for the calls under way."""
        self._stopping = True
        self._wake.set()
        while self._running:
            await asyncio.wait(self._running)

    async def close(self) -> None:
        """Leaves the brokers."""
        for target in self._targets.values():
            await target.close()

    async def tick(self) -> int:
        """One round: claims what is due, calls, and records what became of it. How many streams it claimed. Raises StoreUnavailable."""
        claimed = await self._begin()
        if self._running:
            await asyncio.wait(self._running)
        return claimed

    async def _begin(self) -> int:
        count = 0
        for listener in await self._store.tx(outbox.due_listeners, await self._store.now()):
            writer = self._writers.get(listener.face)
            free = self._free(listener)
            # A face or target that this node does not have is another node's, or comes with the next version.
            if writer is None or free <= 0 or (is_target(listener.callback) and listener.callback not in self._targets):
                continue
            since = time.monotonic()
            now = await self._store.now()
            for claimed in await self._store.tx(outbox.claim_cursors, listener.id, free, now, self._lease, self._store.node):
                task = asyncio.create_task(self._work(listener, writer, claimed, since), context=Context())  # it is about nothing else
                self._running[task] = listener.id
                task.add_done_callback(self._ended)
                count += 1
        return count

    def _free(self, listener: ListenerRow) -> int:
        """How many more calls this listener may get: one at a time where it has to show that it is back."""
        most = 1 if listener.failures >= self._settings.pause.streams else self._settings.at_once
        return most - Counter(self._running.values())[listener.id]

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wake.set()  # a place is free, and the stream may have more

    async def _work(self, listener: ListenerRow, writer: Writer, claimed: Claimed, since: float) -> None:
        stream, outcome = claimed.delivery, "crashed"
        names = {"order": stream.order_id, "listener": listener.id, "fence": stream.fence, "taken": stream.attempts}
        if claimed.correlation_id:
            names["correlation_id"] = claimed.correlation_id
        with structlog.contextvars.bound_contextvars(**names), tracing.received("delivery", {}, "PRODUCER") as station:
            station.note("listener", listener.id)
            station.note("order", stream.order_id)
            try:
                outcome = await self._deliver(listener, writer, claimed, since)
            except StoreUnavailable as error:
                outcome = "unrecorded"
                log.warning("delivery.not-recorded", reason=str(error), consequence="it is repeated when its lease ends")
            except Exception:  # a fault of ours must not end the loop; the claim counts, so that a stream that does this is parked
                log.exception("delivery.crashed")
            if outcome == "lost":
                log.warning("delivery.lease-lost", consequence="what came of this call was dropped; another node has the stream")
            station.note("outcome", outcome)
            self._observer.delivery_ended(listener.id, outcome, time.monotonic() - since)

    async def _deliver(self, listener: ListenerRow, writer: Writer, claimed: Claimed, since: float) -> str:
        stream = claimed.delivery
        due = stream.sent_seq + 1
        if stream.attempts > self._settings.retries.attempts:
            return await self._give_up(listener, stream, f"event {due}: claimed {stream.attempts} times, without a result of the last")
        if not claimed.events or claimed.events[0].seq != due:
            return await self._park(
                listener, stream, f"event {due} is not on record any more, or damaged there; leave it out to go on behind it"
            )
        try:
            event, body = _first(writer, claimed.events, listener.query)
        except AdapterError as error:
            return await self._park(listener, stream, f"an event from {due} on cannot be written for face {listener.face}: {error}")
        if body is None:
            log.info("event.not-asked-for", type=event.type, seq=event.seq, query=listener.query)
            return await self._change("left-out", _left_out, stream, event.seq, await self._store.now())
        target = self._targets.get(listener.callback)
        called = await (self._call(listener, event, body, since) if target is None else self._put(target, event, body, since))
        return await self._record(listener, stream, event, called)

    async def _call(self, listener: ListenerRow, event: EventRow, body: bytes, since: float) -> Called:
        keys = self._keys.get(listener.client, ())
        return await self._sender.send(listener.callback, body, event.id, await self._store.now(), keys, since + self._start)

    async def _put(self, target: Target, event: EventRow, body: bytes, since: float) -> Called:
        if time.monotonic() > since + self._start:
            return Called(error="the call could not be begun in time", late=True)
        try:
            async with asyncio.timeout(self._settings.seconds):
                await target.put(event, body)
        except TimeoutError:
            return Called(error=f"the broker did not confirm it within {self._settings.seconds:g} s")
        except TargetFailed as error:
            return Called(error=str(error))
        return Called(_CREATED)

    async def _record(self, listener: ListenerRow, stream: DeliveryRow, event: EventRow, called: Called) -> str:
        now = await self._store.now()
        if called.taken:
            log.info("event.delivered", event_id=event.id, type=event.type, seq=event.seq, status=called.status)
            return await self._change("delivered", outbox.delivered, stream, event.seq, now)
        if called.late:
            return await self._change("late", outbox.release, stream, now + int(self._settings.retries.first * 1000))
        error = f"event {event.seq}: {called.error}"
        if called.status == _GONE:
            until = now + int(self._settings.pause.most * 1000)
            log.warning("listener.gone", reason=error, remedy="DELETE its subscription where it is not to come back", paused_until=until)
            return await self._change("failed", _gone, stream, until, error)
        if stream.attempts >= self._settings.retries.attempts:
            return await self._give_up(listener, stream, f"{error}; the last of {stream.attempts} calls")
        asked = retry_after(called.retry_after, now) or 0.0
        wait = max(self._backoff.seconds(stream.attempts, self._random), min(asked, self._settings.retries.most))
        log.info("event.not-delivered", event_id=event.id, reason=error, again_in=round(wait, 3))
        pause = self._pause(listener, now)
        return await self._change("failed", outbox.failed, stream, now + int(wait * 1000), error, self._settings.pause.streams, pause)

    async def _give_up(self, listener: ListenerRow, stream: DeliveryRow, reason: str) -> str:
        if self._settings.retries.then == "skip":
            log.warning("event.left-out", reason=reason)
            return await self._change("skipped", dead_letters.skip, stream, await self._store.now(), "delivery", reason)
        return await self._park(listener, stream, reason)

    async def _park(self, listener: ListenerRow, stream: DeliveryRow, reason: str) -> str:
        now = await self._store.now()
        log.error("stream.parked", reason=reason, remedy="mend the listener and redrive the stream; its later events wait")
        return await self._change("parked", outbox.park, stream, now, reason, self._settings.pause.streams, self._pause(listener, now))

    async def _change(self, outcome: str, function: Callable[..., bool], stream: DeliveryRow, *arguments: Any) -> str:
        return outcome if await self._store.tx(function, stream, *arguments) else "lost"

    def _pause(self, listener: ListenerRow, now: int) -> int:
        """Until when the listener is left alone if this is one failure too many."""
        pause = self._settings.pause
        doubled = min(max(0, listener.failures + 1 - pause.streams), 40)
        return now + int(min(pause.most, pause.first * 2.0**doubled) * 1000)


def _first(writer: Writer, events: Sequence[EventRow], query: str) -> tuple[EventRow, bytes | None]:
    """The first event that the listener wants, as it gets it; the last one, without a body, where it wants none of them."""
    for event in events:
        body = writer.write(event, query)
        if body is not None:
            return event, body
    return events[-1], None


def _left_out(c: Connection, stream: DeliveryRow, seq: int, now: int) -> bool:
    return outbox.delivered(c, stream, seq, now, called=False)


def _gone(c: Connection, stream: DeliveryRow, until: int, error: str) -> bool:
    """The listener says that it is not there any more: it is left alone as a whole, and keeps its subscription."""
    return outbox.failed(c, stream, until, error, 1, until) and listening.pause(c, stream.listener, until)
