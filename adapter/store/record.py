"""The record as the rest of the service sees it.

Each method that changes something is one transaction, and returns after it is safely on disk. Raises StoreUnavailable where the
record cannot be written; then nothing of that call was written.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from adapter.clock import now
from adapter.errors import ConfigError, StoreUnavailable
from adapter.ports import Issue, OutcomeKind
from adapter.store import accepting, codes, reading
from adapter.store.ids import OrderIds
from adapter.store.migrating import migrate
from adapter.store.packing import Packer
from adapter.store.private import make_private
from adapter.store.rows import (
    Acceptance,
    Accepted,
    AttemptRow,
    CodeRow,
    Doubtful,
    Fresh,
    InFlight,
    MessageRow,
    OrderQuery,
    OrderRow,
    Settlement,
)
from adapter.store.settling import pack_settlement, settle
from adapter.store.sqlite import SqliteRunner

T = TypeVar("T")

FLUSH_SECONDS = 1.0
"""Counts of codes are written this long after the first of them; a crash loses no more than that, and of nothing else."""

ROOM = 262_144
"""Characters that have to fit into the record after it refused a request: more than one with all its messages takes."""

_PRAGMAS = ("max_page_count",)


class Store:
    """The record. Belongs to the event loop in which it was opened.

    ``node`` names this process; an open attempt of another node is one whose process has died.
    """

    def __init__(self, runner: SqliteRunner, clock: Callable[[], int], ids: Callable[[], str], node: str) -> None:
        self.node = node
        self._runner = runner
        self._clock = clock
        self._ids = ids
        self._waiting: dict[tuple[str, int], list[asyncio.Future[Settlement]]] = {}
        self._counts: codes.Tally = {}
        self._refused = False  # whether the last request or answer could not be written
        self._flush: asyncio.TimerHandle | None = None
        self._flushing: set[asyncio.Future[None]] = set()

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Callable[[], int] = now,
        ids: Callable[[], str] | None = None,
        node: str = "",
    ) -> Self:
        """Opens the record, and brings its tables up to date.

        ``url`` is ``sqlite:///relative/file`` or ``sqlite:////absolute/file``; ``?max_page_count=N`` bounds the file to N pages of
        4096 bytes. Raises ConfigError for any other URL, StoreUnavailable where the file cannot be used, another process
        having it included.
        """
        file, pragmas = _parse(url)
        runner = SqliteRunner(file, pragmas)
        await runner.start(lambda driver: migrate(driver, file))
        store = cls(runner, clock, ids or OrderIds(clock), node or f"{os.getpid()}-{secrets.token_hex(4)}")
        try:
            await store.remember(opened_at=str(clock()), opened_by=store.node, sqlite=sqlite3.sqlite_version)
        except BaseException:
            await runner.close()
            raise
        return store

    @staticmethod
    def there(url: str) -> bool:
        """Whether the record of this URL has been made. Raises ConfigError for a URL that ``open`` does not serve."""
        return _parse(url)[0].is_file()

    async def close(self) -> None:
        """Writes what waits to be written, and closes the file. May be called again."""
        try:
            await self._write_counts()
        finally:
            await self._runner.close()

    async def tx(self, function: Callable[..., T], *arguments: Any) -> T:
        """Runs ``function(connection, *arguments)`` in one transaction; it may run twice and touches nothing but the connection."""
        return await self._runner.tx(function, *arguments)

    # the way of a request

    async def accept(self, request: Acceptance) -> Accepted:
        """Records the request and the intent to call its backend, or says what became of it before."""
        intent = accepting.intend(request, request.order_id or self._ids(), self._asker())
        future = self._runner.submit(accepting.accept, intent, brief=True)
        future.add_done_callback(self._written)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(self._withdraw)
            raise

    async def lookup(self, scope: str, key: str, fingerprint: str) -> Accepted | None:
        """What ``accept`` would say of a repeat; None where it would begin an attempt. Writes nothing."""
        return await self.tx(accepting.lookup, accepting.Key(scope, key, fingerprint), self._asker())

    async def settle(self, order_id: str, attempt: int, settlement: Settlement) -> bool:
        """Records what became of an attempt. False if somebody settled it before; then only the messages are kept.

        An attempt in doubt can still be settled; any other outcome is final. It is written even if the caller is cancelled.
        Raises ValueError for ACCEPTED or REJECTED without a response.
        """
        return await asyncio.shield(self._submit_settlement(order_id, attempt, settlement))

    async def keep(self, order_id: str, attempt: int, *messages: MessageRow) -> None:
        """Adds messages to an order's way."""
        await self.tx(accepting.insert_messages, Packer().messages(order_id, attempt, messages))

    async def wait_settled(self, flight: InFlight) -> Settlement | None:
        """Waits for the end of an attempt that another request of this process is making.

        None where it had ended before, or its deadline passed: then ``accept`` again tells how things are.
        """
        future: asyncio.Future[Settlement] = asyncio.get_running_loop().create_future()
        place = (flight.order_id, flight.attempt)
        waiting = self._waiting.setdefault(place, [])
        waiting.append(future)
        try:
            if not await self.tx(reading.is_open, *place):
                return future.result() if future.done() else None
            async with asyncio.timeout(max(0, flight.until - self._clock()) / 1000):
                return await future
        except TimeoutError:
            return None
        finally:
            waiting.remove(future)
            if not waiting:
                self._waiting.pop(place, None)

    def _asker(self) -> accepting.Asker:
        return accepting.Asker(self.node, self._clock())

    def _withdraw(self, accepted: asyncio.Future[Accepted]) -> None:
        """Nobody waits for this acceptance any more, so nobody will make its call: that is certain, and recorded."""
        if accepted.exception() is not None or not isinstance(fresh := accepted.result(), Fresh):
            return
        evidence = "the request was given up before the call"
        settlement = Settlement(OutcomeKind.UNAVAILABLE, self._clock(), evidence=evidence)
        with contextlib.suppress(StoreUnavailable):  # then the attempt stays open, and a probe will tell
            self._submit_settlement(fresh.order_id, fresh.attempt, settlement)

    def _submit_settlement(self, order_id: str, attempt: int, settlement: Settlement) -> asyncio.Future[bool]:
        future = self._runner.submit(settle, *pack_settlement(order_id, attempt, settlement), brief=True)
        future.add_done_callback(self._written)
        future.add_done_callback(lambda done: self._wake(order_id, attempt, settlement, done))
        return future

    def _written(self, done: asyncio.Future[Any]) -> None:
        """Remembers whether the record took what the way of a request needs it to take."""
        if done.cancelled():
            return
        if isinstance(done.exception(), StoreUnavailable):
            self._refused = True
        elif done.exception() is None and isinstance(done.result(), Fresh | bool):  # a repeat was only read
            self._refused = False

    def _wake(self, order_id: str, attempt: int, settlement: Settlement, done: asyncio.Future[bool]) -> None:
        if done.cancelled() or done.exception() is not None or not done.result():
            return
        for future in self._waiting.get((order_id, attempt), ()):
            if not future.done():
                future.set_result(settlement)

    # looking

    async def open_attempts(self, before: int, limit: int = 500, after: Doubtful | None = None) -> list[Doubtful]:
        """Attempts begun before ``before`` whose end is not known and that nobody is working on, oldest first.

        ``after`` is the last one of the page before.
        """
        place = (after.attempt.started_at, after.order.id) if after is not None else (0, "")
        found = await self.tx(reading.unsettled, before, self.node, self._clock(), limit, place)
        return [Doubtful(order, attempt) for order, attempt in found]

    async def order(self, identifier: str, markets: Collection[str] | None = None) -> OrderRow | None:
        """The order with this id; with ``markets`` only theirs, and else their newest with this reference of the backend."""
        row = await self.tx(reading.find_order, markets, identifier)
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
        """The attempts of an order, first to last."""
        return await self.tx(reading.find_attempts, order_id)

    # codes

    def count_codes(self, market: str, issues: Iterable[Issue]) -> None:
        """Counts backend codes; they are written together, at most a second later."""
        codes.tally(self._counts, market, issues, self._clock())
        if self._counts and self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._start_flush)

    async def codes(self) -> list[CodeRow]:
        """All codes seen so far, by market, most frequent first."""
        await self._write_counts()
        return await self.tx(codes.read_codes)

    def _start_flush(self) -> None:
        future = asyncio.ensure_future(self._write_counts())
        self._flushing.add(future)
        future.add_done_callback(self._end_flush)

    def _end_flush(self, future: asyncio.Future[None]) -> None:
        self._flushing.discard(future)
        if not future.cancelled():
            future.exception()  # a disk that is full is reported by those who need it; the counts are kept for the next time

    async def _write_counts(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            await self.tx(codes.write_counts, counts)
        except StoreUnavailable:
            codes.merge(counts, self._counts)
            self._counts = counts
            raise

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
        await self.remember(ready_at=str(self._clock()))

    async def backup(self, path: Path) -> None:
        """Writes a complete copy to a new file; requests wait meanwhile. Raises StoreUnavailable, ConfigError if ``path`` exists."""
        part = path.with_name(f"{path.name}.part")

        def copy(driver: sqlite3.Connection) -> None:
            if path.exists():
                raise ConfigError(f"{path} exists already; name a new file for the backup")
            part.unlink(missing_ok=True)
            make_private(part)
            driver.execute("VACUUM INTO ?", (str(part),))
            _to_disk(part)
            part.replace(path)
            _to_disk(path.parent)

        await self._runner.alone(copy)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parse(url: str) -> tuple[Path, dict[str, int]]:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(f"store: {url!r} is no database URL; write sqlite:///var/adapter.db") from error
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise ConfigError(f"store: {parsed.render_as_string()} is not served; write sqlite:///var/adapter.db for a file")
    pragmas = {}
    for name, value in parsed.query.items():
        if name not in _PRAGMAS or not isinstance(value, str) or not value.isdecimal():
            raise ConfigError(f"store: {name}={value} in {url} is not known; a number may be given for {', '.join(_PRAGMAS)}")
        pragmas[name] = int(value)
    return Path(parsed.database), pragmas
