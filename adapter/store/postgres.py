"""PostgreSQL's runner: a bounded number of connections, and on each of them one transaction, or a group of brief ones, at a time.

Brief transactions that wait together share a BEGIN and a COMMIT; their results are delivered after the commit. A group is a
guess: where one of it fails, or has to wait for a lock for more than a moment, the group is rolled back and each is run by itself.
A function may so run more than once and touches nothing but its connection. It also runs again where another transaction was
quicker, or the connection was lost before the COMMIT was sent. Where it was lost after that, nobody can know: ``OutcomeUnknown``.

A database that cannot be reached is waited for a few seconds, and then refused at once until a look finds it back.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg

from adapter.errors import StoreUnavailable
from adapter.store.address import PostgresAddress
from adapter.store.connection import Connection
from adapter.store.database_clock import QUERY, DatabaseClock, steady
from adapter.store.job import Ended, Job, Told
from adapter.store.postgres_connection import PostgresConnection, run
from adapter.store.postgres_failures import Kind, explained, is_database_error, kind_of, unknown

T = TypeVar("T")

GROUP = 32
"""At most this many brief transactions share a commit."""

SMALL_GROUP = 8
"""So few are not shared out to several connections: the journeys that they save each other are more than the time they wait."""

FOR_BRIEF = 2
"""So many connections are left to brief transactions, so that none waits for long ones."""

TRIES = 5
BRIEF_SECONDS = 10.0
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 30
IDLE_SECONDS = 10
"""So long a node that stands still within a transaction keeps its locks."""

PATIENCE = 3.0
"""Seconds that a database which cannot be reached is waited for before requests are refused."""

LOOK_AGAIN = 0.5
CLOCK_SECONDS = 5.0

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_BEGIN_GROUP = f"{_BEGIN}; SET LOCAL lock_timeout = 100"
_SESSION = f"""SELECT set_config('statement_timeout', '{STATEMENT_SECONDS}s', false),
 set_config('idle_in_transaction_session_timeout', '{IDLE_SECONDS}s', false),
 CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN set_config('synchronous_commit', 'on', false) END"""


@dataclass(slots=True, eq=False)
class _Lane:
    """A place for one connection."""

    driver: asyncpg.Connection | None = None
    connection: PostgresConnection | None = None

    def drop(self) -> None:
        if self.driver is not None:
            self.driver.terminate()
        self.driver = self.connection = None


@dataclass(slots=True)
class _Outage:
    """Since when the database cannot be reached, why, and when to look again (times of the event loop)."""

    since: float
    reason: str
    again: float
    looking: bool = field(default=False)


class PostgresRunner:
    """Runs transactions side by side. Belongs to the event loop in which it was started."""

    def __init__(self, address: PostgresAddress, node: str) -> None:
        self.address = address
        self.ended: Ended | None = None
        self.clock = DatabaseClock()
        self._name = f"adapter {node}"[:63]
        self._brief: deque[Job] = deque()
        self._other: deque[Job] = deque()
        self._free = [_Lane() for _ in range(address.pool)]
        self._for_other = max(1, address.pool - FOR_BRIEF)  # lanes that long transactions may still take
        self._turn_of_others = False
        self._called = False
        self._closed = False
        self._outage: _Outage | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    async def start(self, prepare: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
        """Connects, and lets ``prepare`` look at the tables. Raises StoreUnavailable."""
        try:
            await self._connect(self._free[-1])
            assert self._free[-1].driver is not None
            await prepare(self._free[-1].driver)
        except BaseException as error:
            self._free[-1].drop()
            self._closed = True
            if is_database_error(error):
                raise explained(error, str(self.address)) from error
            raise

    def submit(self, function: Callable[..., T], *arguments: Any, brief: bool = False, told: Told | None = None) -> asyncio.Future[T]:
        """Queues a transaction. Its result comes after the commit; giving up waiting does not undo it.

        ``brief``: it is a handful of statements that find their rows by key, so that it may share a commit with others.
        """
        return self._put(Job(function, arguments, self._loop.create_future(), brief, told, self.ended))

    async def tx(self, function: Callable[..., T], *arguments: Any, brief: bool = False) -> T:
        """Runs ``function(connection, *arguments)`` in one transaction. Raises StoreUnavailable and what the function raises."""
        return await self.submit(function, *arguments, brief=brief)

    async def alone(self, function: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Runs a coroutine function on a bare connection, outside of a transaction."""
        result: T = await self._put(Job(function, (), self._loop.create_future(), alone=True))
        return result

    async def now(self) -> int:
        """Milliseconds since the epoch by the database's clock, not older than this call. Raises StoreUnavailable."""
        shown: int = await self._put(Job(self._look_at_clock, (), self._loop.create_future(), brief=True, alone=True))
        return shown // 1000

    async def close(self) -> None:
        """Finishes what is queued and closes the connections. May be called again."""
        self._closed = True
        while self._serving or self._brief or self._other:
            self._begin()
            if self._serving:
                await asyncio.wait(self._serving)
        for lane in self._free:
            if lane.driver is not None:
                with contextlib.suppress(Exception):
                    await lane.driver.close(timeout=CONNECT_SECONDS)
            lane.drop()

    # the queue

    def _put(self, job: Job) -> asyncio.Future[Any]:
        if self._closed:
            raise StoreUnavailable(f"the record {self.address} is closed: the service is going down; repeat the request when it is back")
        (self._brief if job.brief else self._other).append(job)
        self._look()
        return job.future

    def _look(self) -> None:
        """Begins once this round of the loop is over: what else is ready in it may join."""
        if not self._called:
            self._called = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._called = False
        while self._free and (jobs := self._take()):
            if jobs[0].brief is False:
                self._for_other -= 1
            task = self._loop.create_task(self._serve(self._free.pop(), jobs))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    def _take(self) -> list[Job]:
        """What is to be run on one connection now; nothing where nothing waits or may begin."""
        if self._outage is None:
            return self._choose()
        jobs = self._choose() if self._may_look(self._outage) else []
        self._outage.looking = self._outage.looking or bool(jobs)
        return jobs

    def _choose(self) -> list[Job]:
        """Brief transactions, shared out to the free connections, and the others in turn with them."""
        waiting = self._brief
        if self._other and self._for_other and (self._turn_of_others or not waiting):
            self._turn_of_others = False
            return [self._other.popleft()]
        if not waiting:
            return []
        self._turn_of_others = True
        jobs = [waiting.popleft()]
        most = 1 if jobs[0].alone else min(GROUP, max(SMALL_GROUP, -(-(len(waiting) + 1) // len(self._free))))
        while waiting and len(jobs) < most and not waiting[0].alone:
            jobs.append(waiting.popleft())
        return jobs

    async def _serve(self, lane: _Lane, jobs: list[Job]) -> None:
        brief = jobs[0].brief
        try:
            for job in await self._together(lane, jobs) if len(jobs) > 1 else jobs:
                await (self._bare(lane, job) if job.alone else self._single(lane, job))
                job.deliver()
        except BaseException as error:
            for job in jobs:
                job.error = job.error or error
            raise
        finally:
            self._free.append(lane)
            self._for_other += not brief
            if self._outage is not None:
                self._outage.looking = False
            for job in jobs:
                job.deliver()
            self._look()

    # transactions

    async def _together(self, lane: _Lane, jobs: list[Job]) -> list[Job]:
        """Runs a group in one transaction. Returns those that are to be run by themselves: none, or all."""
        committing = False
        try:
            driver = await self._connected(lane)
            async with asyncio.timeout(BRIEF_SECONDS):
                await driver.execute(_BEGIN_GROUP)
                assert lane.connection is not None
                await run(_execute, lane.connection, (jobs,))
                committing = True
                await _commit(driver)
        except Exception as error:  # noqa: BLE001 - those whose failure it is will meet it again
            if isinstance(error, StoreUnavailable) and lane.driver is None:
                return _fail(jobs, error)
            if await self._undo(lane, error) is Kind.LOST and committing:
                return _fail(jobs, unknown(error, str(self.address)))
            return jobs
        return []

    async def _single(self, lane: _Lane, job: Job) -> None:
        """Runs one transaction, again where that helps; puts its result or its error into the job."""
        for left in reversed(range(TRIES)):
            committing = False
            try:
                driver = await self._connected(lane)
                async with asyncio.timeout(BRIEF_SECONDS if job.brief else None):
                    await driver.execute(_BEGIN)
                    assert lane.connection is not None
                    job.result = await run(job.function, lane.connection, job.arguments)
                    committing = True
                    await _commit(driver)
            except Exception as error:  # noqa: BLE001 - it is delivered to who waits for it
                job.error = error
                if lane.driver is None:
                    return
                kind = await self._undo(lane, error)
                if not is_database_error(error):
                    return
                if kind is Kind.LOST and committing:
                    job.error = unknown(error, str(self.address))
                    return
                if kind is Kind.FAILED or isinstance(error, TimeoutError) or not left:
                    job.error = explained(error, str(self.address))
                    job.error.__cause__ = error
                    return
                if kind is Kind.CONFLICT:
                    await asyncio.sleep(random.uniform(0, 0.02) * (TRIES - left))  # noqa: S311 - no secret
            else:
                job.error = None
                return

    async def _bare(self, lane: _Lane, job: Job) -> None:
        try:
            job.result = await job.function(await self._connected(lane))
        except Exception as error:  # noqa: BLE001 - it is delivered to who waits for it
            job.error = error
            if is_database_error(error):
                job.error = explained(error, str(self.address))
                lane.drop()

    async def _undo(self, lane: _Lane, error: BaseException) -> Kind:
        """Brings the connection back to where no transaction is open, or lets go of it."""
        driver = lane.driver
        assert driver is not None
        kind = kind_of(error, driver)
        if kind is not Kind.LOST:
            try:
                await driver.execute("ROLLBACK", timeout=CONNECT_SECONDS)
            except Exception:  # noqa: BLE001 - the server rolls back what it loses
                lane.drop()
        else:
            lane.drop()
        return kind

    # the connections

    async def _connected(self, lane: _Lane) -> asyncpg.Connection:
        """The lane's connection; a new one where it is gone. Raises StoreUnavailable where the database stays away."""
        if lane.driver is not None and not lane.driver.is_closed():
            if self.clock.age() > CLOCK_SECONDS:
                await self._look_at_clock(lane.driver)
            return lane.driver
        lane.drop()
        while True:
            try:
                await self._connect(lane)
            except Exception as error:
                lane.drop()
                if not is_database_error(error) or not self._away(explained(error, str(self.address))):
                    raise explained(error, str(self.address)) from error
                await asyncio.sleep(LOOK_AGAIN / 4)
            else:
                self._outage = None
                assert lane.driver is not None
                return lane.driver

    async def _connect(self, lane: _Lane) -> None:
        lane.driver = await asyncpg.connect(
            self.address.dsn,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS + CONNECT_SECONDS,
            statement_cache_size=512,
            server_settings={"application_name": self._name},
        )
        lane.connection = PostgresConnection(lane.driver)
        await lane.driver.execute(_SESSION)
        await self._look_at_clock(lane.driver)

    async def _look_at_clock(self, driver: asyncpg.Connection) -> int:
        before = steady()
        shown: int = await driver.fetchval(QUERY)
        self.clock.take(before, shown, steady())
        return shown

    def _away(self, error: Exception) -> bool:
        """The database was not reached: whether it is to be tried again at once. If not, all that wait are refused."""
        now = self._loop.time()
        if self._outage is None:
            self._outage = _Outage(now, str(error), now, looking=True)
        if now - self._outage.since < PATIENCE and not self._closed:
            return True
        self._outage.again, self._outage.looking = now + LOOK_AGAIN, False
        self._refuse(str(error))
        return False

    def _may_look(self, outage: _Outage) -> bool:
        """Whether somebody may look now if the database is back: one at a time, and not all the time. Else those that wait are refused."""
        if outage.looking:
            return False
        if self._loop.time() >= outage.again:
            return True
        self._refuse(outage.reason)
        return False

    def _refuse(self, reason: str) -> None:
        for waiting in (self._brief, self._other):
            for job in waiting:
                job.error = StoreUnavailable(reason)
                job.deliver()
            waiting.clear()


def _execute(connection: Connection, jobs: list[Job]) -> None:
    for job in jobs:
        job.result = job.function(connection, *job.arguments)


async def _commit(driver: asyncpg.Connection) -> None:
    if await driver.execute("COMMIT") != "COMMIT":
        raise asyncpg.InvalidTransactionStateError("a statement had failed; nothing was committed")


def _fail(jobs: list[Job], error: StoreUnavailable) -> list[Job]:
    for job in jobs:
        job.error = type(error)(str(error))
    return []
