"""The record as the rest of the service sees it.

Each method that changes something is one transaction, and returns after it is safely on disk. Raises StoreUnavailable where the
record cannot be written; then nothing of that call was written, unless the error is an ``OutcomeUnknown``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import structlog

from adapter.errors import StoreUnavailable
from adapter.ports import Issue, OutcomeKind
from adapter.store import accepting, codes, reading
from adapter.store.counting import CodeCounts
from adapter.store.failures import OutcomeUnknown
from adapter.store.ids import OrderIds
from adapter.store.job import Ended
from adapter.store.messages import append_messages
from adapter.store.opening import Engine, open_engine, there
from adapter.store.packing import Packer
from adapter.store.restoring import settle_copy
from adapter.store.rows import (
    Acceptance,
    Accepted,
    AttemptRow,
    CodeRow,
    Doubtful,
    Fresh,
    InFlight,
    MessageRow,
    Mismatch,
    OrderQuery,
    OrderRow,
    Response,
    Settlement,
)
from adapter.store.settling import pack_settlement, settle
from adapter.store.waiting import Waiting

log = structlog.get_logger("adapter.store")

T = TypeVar("T")

TAKE_BACK_SECONDS = 0.5
"""Between two tries to record that an acceptance of which nobody knows whether it was written is not acted upon."""

ROOM = 262_144
"""Characters that have to fit into the record after it refused a request: more than one with all its messages takes."""


class Store:
    """The record. Belongs to the event loop in which it was opened.

    ``node`` names this process. Where there are not ``several_nodes``, an open attempt of another one is of a process that died.
    ``clock`` gives milliseconds since the epoch, UTC, as all nodes of this record count them, to within a few milliseconds.
    """

    def __init__(self, engine: Engine, ids: Callable[[], str] | None) -> None:
        self.node = engine.node
        self.several_nodes = engine.several_nodes
        self.clock = engine.clock
        self._engine = engine
        self._runner: Any = engine.runner
        self._ids = ids or OrderIds(engine.clock)
        self._waiting = Waiting(self._is_open, engine.clock)
        self._counts = CodeCounts(lambda *work: self.tx(*work), engine.clock)  # noqa: PLW0108 - looked up when it is used
        self._refused = False  # whether the last request or answer could not be written
        self._taking_back: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Callable[[], int] | None = None,
        ids: Callable[[], str] | None = None,
        node: str = "",
    ) -> Self:
        """Opens the record. The tables of a file are brought up to date; those of a server have to be (``adapter migrate``).

        ``url`` is ``sqlite:///relative/file`` or ``sqlite:////absolute/file`` (``?max_page_count=N`` bounds the file to N pages of
        4096 bytes), or ``postgresql://user:password@host/database`` with libpq's options and ``pool=N`` connections.
        ``clock`` goes before the record's own: this machine's for a file, the database's on a server. Raises ConfigError for any other
        URL, StoreUnavailable where the record cannot be used, another process having the file included.
        """
        engine = await open_engine(url, clock, node)
        store = cls(engine, ids)
        name, version = engine.version
        try:
            waiting = await store.tx(settle_copy, await store.now(), store.node)
            if waiting is not None:
                log.warning(
                    "record.restored", in_doubt=waiting, why="it was copied by 'adapter backup': what waited may have been sent since"
                )
            await store.remember(**{"opened_at": str(store.clock()), "opened_by": store.node, name: version})
        except BaseException:
            await engine.runner.close()
            raise
        return store

    @staticmethod
    def there(url: str) -> bool:
        """Whether the record of this URL has been made; one on a server is taken to be. Raises ConfigError for other URLs."""
        return there(url)

    async def close(self) -> None:
        """Writes what waits to be written, and closes the record. May be called again."""
        for task in self._taking_back:
            task.cancel()
        try:
            await self._counts.write()
        finally:
            await self._runner.close()

    async def tx(self, function: Callable[..., T], *arguments: Any) -> T:
        """Runs ``function(connection, *arguments)`` in one transaction; it may run twice and touches nothing but the connection."""
        result: T = await self._runner.tx(function, *arguments)
        return result

    async def now(self) -> int:
        """Milliseconds since the epoch, UTC, by the record's own clock and not older than this call: what leases go by."""
        return await self._engine.exact()

    def watch(self, ended: Ended) -> None:
        """From here on ``ended`` hears how many seconds each transaction takes."""
        self._runner.ended = ended

    # the way of a request

    async def accept(self, request: Acceptance) -> Accepted:
        """Records the request and the intent to call its backend, or says what became of it before."""
        intent = accepting.intend(request, request.order_id or self._ids(), self._asker(request.at))
        try:
            accepted: Accepted = await self._runner.submit(accepting.accept, intent, brief=True, told=self._accepted)
        except OutcomeUnknown:
            if intent.answered is None:
                self._take_back(intent.order["id"])
            raise
        return accepted

    async def lookup(self, scope: str, key: str, fingerprint: str) -> Accepted | None:
        """What ``accept`` would say of a repeat; None where it would begin an attempt. Writes nothing."""
        return await self.tx(accepting.lookup, accepting.Key(scope, key, fingerprint), self._asker())

    async def keep_answer(self, scope: str, key: str, fingerprint: str, order_id: str, response: Response) -> Response | Mismatch:
        """Has repeats of a request for which nothing had to be done about ``order_id`` get the same answer; what they get."""
        return await self.tx(accepting.keep_answer, accepting.Key(scope, key, fingerprint), order_id, response, self._asker())

    async def settle(self, order_id: str, attempt: int, settlement: Settlement) -> bool:
        """Records what became of an attempt. False if somebody settled it before; then only the messages are kept.

        An attempt in doubt can still be settled; any other outcome is final. It is written even if the caller is cancelled.
        Raises ValueError for ACCEPTED or REJECTED without a response; Overtaken, and nothing is written, where the settlement's subject has
        moved since it was worked out.
        """
        return await self._submit_settlement(order_id, attempt, settlement)

    async def keep(self, order_id: str, attempt: int, *messages: MessageRow) -> None:
        """Adds messages to an order's way."""
        await self.tx(append_messages, Packer().messages(order_id, attempt, messages))

    async def wait_settled(self, flight: InFlight) -> Settlement | None:
        """Waits for the end of an attempt that another request is making.

        None where it had ended before, another process ended it, or its deadline passed: then ``accept`` again tells how things are.
        """
        return await self._waiting.settled(flight)

    async def _is_open(self, order_id: str, attempt: int) -> bool:
        open_still: bool = await self._runner.tx(reading.is_open, order_id, attempt, brief=True)
        return open_still

    def _asker(self, at: int | None = None) -> accepting.Asker:
        return accepting.Asker(self.node, self.clock() if at is None else at, self.several_nodes)

    def _accepted(self, accepted: Accepted, error: BaseException | None, left: bool) -> None:
        """Where nobody waits for an acceptance any more, nobody will make its call: that is certain, and recorded."""
        self._written(error, proven=isinstance(accepted, Fresh))  # a repeat was only read
        if left and error is None and isinstance(accepted, Fresh):
            evidence = "the request was given up before the call"
            settlement = Settlement(OutcomeKind.UNAVAILABLE, self.clock(), evidence=evidence)
            with contextlib.suppress(StoreUnavailable):  # then the attempt stays open, and a probe will tell
                self._submit_settlement(accepted.order_id, accepted.attempt, settlement).cancel()  # nobody waits for this one either

    def _take_back(self, order_id: str) -> None:
        """It is not known whether this acceptance was written, but nobody will make its call: that is recorded when the record is back.

        A further attempt of an order that was there before is left to its deadline: its number is not known here.
        """
        task = asyncio.create_task(self._settle_later(order_id))
        self._taking_back.add(task)
        task.add_done_callback(self._taking_back.discard)

    async def _settle_later(self, order_id: str) -> None:
        while True:
            evidence = "it was not known whether the request had been recorded; it was refused before the call"
            with contextlib.suppress(StoreUnavailable):
                await self._submit_settlement(order_id, 1, Settlement(OutcomeKind.UNAVAILABLE, self.clock(), evidence=evidence))
                return
            await asyncio.sleep(TAKE_BACK_SECONDS)

    def _submit_settlement(self, order_id: str, attempt: int, settlement: Settlement) -> asyncio.Future[bool]:
        told = partial(self._settled, order_id, attempt, settlement)
        future: asyncio.Future[bool] = self._runner.submit(settle, *pack_settlement(order_id, attempt, settlement), brief=True, told=told)
        return future

    def _settled(self, order_id: str, attempt: int, settlement: Settlement, won: bool, error: BaseException | None, _: bool) -> None:
        self._written(error, proven=True)
        if won and error is None:
            self._waiting.tell(order_id, attempt, settlement)

    def _written(self, error: BaseException | None, *, proven: bool) -> None:
        """Remembers whether the record took what the way of a request needs it to take."""
        if error is None:
            self._refused = self._refused and not proven
        elif isinstance(error, StoreUnavailable):
            self._refused = True

    # looking

    async def open_attempts(self, before: int, limit: int = 500, after: Doubtful | None = None) -> list[Doubtful]:
        """Attempts begun before ``before`` whose end is not known and that nobody is working on, oldest first.

        ``after`` is the last one of the page before.
        """
        place = (after.attempt.started_at, after.order.id) if after is not None else (0, "")
        found = await self.tx(lambda c: reading.unsettled(c, before, self.node, self.clock(), limit, place, alone=not self.several_nodes))
        return [Doubtful(order, attempt) for order, attempt in found]

    async def order(self, identifier: str, markets: Collection[str] | None = None, resource: str | None = None) -> OrderRow | None:
        """The order with this id; with ``markets`` only theirs, and else their newest with this reference of the backend. With ``resource``
        only one of that kind."""
        row = await self.tx(reading.find_order, markets, identifier, resource)
        return reading.order_row(row) if row is not None else None

    async def orders(self, query: OrderQuery) -> list[OrderRow]:
        """One page of orders, newest first."""
        return [reading.order_row(row) for row in await self.tx(reading.find_orders, query)]

    async def stream(self, query: OrderQuery, batch: int = 200) -> AsyncIterator[OrderRow]:
        """All orders of a query (its ``limit`` and ``offset`` do not count), newest first, read ``batch`` at a time."""
        query = replace(query, limit=batch, offset=0)
        while True:
            page = await self.orders(query)
            for order in page:
                yield order
            if len(page) < batch:
                return
            query = replace(query, before=page[-1].id)

    async def messages(self, order_id: str) -> list[MessageRow]:
        """The messages of an order, in the order in which they were recorded."""
        return [reading.message_row(row) for row in await self.tx(reading.find_messages, order_id)]

    async def attempts(self, order_id: str) -> list[AttemptRow]:
        """The attempts of an order that are kept, first to last."""
        return await self.tx(reading.find_attempts, order_id)

    async def last_attempt(self, order_id: str) -> AttemptRow | None:
        """The latest attempt of an order, if there is one."""
        return await self.tx(reading.last_attempt, order_id)

    # codes

    def count_codes(self, market: str, issues: Iterable[Issue]) -> None:
        """Counts backend codes; they are written together, at most a second later."""
        self._counts.add(market, issues)

    async def codes(self) -> list[CodeRow]:
        """All codes seen so far, by market, most frequent first."""
        return await self._counts.all()

    # looking after it

    async def remember(self, **values: str) -> None:
        """Writes values of the service itself, by name."""
        await self.tx(codes.remember, values)

    async def recall(self, name: str) -> str | None:
        """A value of the service itself."""
        return await self.tx(reading.recall, name)

    async def ready(self) -> None:
        """Writes to the record. Raises StoreUnavailable where it cannot be written.

        After a request or an answer that could not be written, a small write proves nothing: then one of ``ROOM`` characters
        has to fit before the record counts as writable again, so that a service without traffic recovers too.
        """
        if self._refused:
            await self.remember(room="0" * ROOM)
            await self.remember(room="")
            self._refused = False
        await self.remember(ready_at=str(self.clock()))

    async def backup(self, path: Path) -> None:
        """Writes a complete copy to a new file; requests wait meanwhile. Raises StoreUnavailable; ConfigError if ``path`` exists, or
        where the record is on a server, which has its own ways."""
        await self._engine.backup(path)
