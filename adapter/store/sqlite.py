"""SQLite's runner: one file, one connection, one thread that flushes it.

All transactions that wait when the file is free run inside one BEGIN … COMMIT, so they share one flush to the disk; their
results are delivered after the commit. Where one of them fails, the group is rolled back and run again with a savepoint each,
so that the failure stays its own. A transaction's function may therefore run more than once and touches nothing but the
connection.

The driver lets go of the interpreter for each statement. Statements in a thread would so wait for a busy event loop a dozen
times per transaction, and the loop for them; that costs more than they do. Brief transactions are therefore executed by the
loop itself, and only the COMMIT, which waits for the disk, is left to the thread. Everything else runs in the thread. At any
time the connection belongs to one of the two: the loop touches it only while the thread has nothing to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from adapter.errors import StoreUnavailable
from adapter.store.connection import Connection, SqliteConnection
from adapter.store.failures import unavailable
from adapter.store.job import Ended, Job, Told
from adapter.store.private import make_private

T = TypeVar("T")

GROUP = 256
"""At most this many transactions share a commit, so that no caller waits for an endless group."""

BRIEF_GROUP = 64
"""At most this many brief ones, so that the loop is back at its other work after a few milliseconds."""

BUSY_SECONDS = 3.0
"""How long a start waits for a predecessor that is just closing the file."""

_PRAGMAS = (
    "PRAGMA synchronous=FULL",  # an acknowledged commit survives a power cut
    "PRAGMA cache_size=-32768",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA journal_size_limit=67108864",
)


@dataclass(slots=True, eq=False)
class _Group:
    """What the thread gets. ``begun``: the transaction is open, and all was executed unless there is an ``error``."""

    jobs: list[Job]
    begun: bool = False
    error: Exception | None = None


def open_file(file: Path, pragmas: Mapping[str, int]) -> sqlite3.Connection:
    """Opens the file and takes it for this process alone. Raises sqlite3.Error.

    With the exclusive lock a second process is refused, and no second connection can meet a checkpoint half way.
    """
    driver = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=256, check_same_thread=False)
    try:
        driver.execute("PRAGMA locking_mode=EXCLUSIVE")
        mode = driver.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise sqlite3.OperationalError(f"the file system does not allow a write-ahead log (journal mode {mode})")
        driver.execute("BEGIN EXCLUSIVE")
        driver.execute("COMMIT")
        for pragma in _PRAGMAS:
            driver.execute(pragma)
        for name, value in pragmas.items():
            driver.execute(f"PRAGMA {name}={value:d}")
    except BaseException:
        driver.close()
        raise
    return driver


class SqliteRunner:
    """Runs transactions one group after the other. Belongs to the event loop in which it was started."""

    def __init__(self, file: Path, pragmas: Mapping[str, int]) -> None:
        self.file = file
        self.ended: Ended | None = None
        self._pragmas = pragmas
        self._waiting: deque[Job] = deque()
        self._busy = True  # whether the thread has the connection
        self._called = False  # whether the loop is about to look at what waits
        self._queue: SimpleQueue[_Group | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._closed = False

    async def start(self, prepare: Callable[[sqlite3.Connection], None]) -> None:
        """Opens the file and lets ``prepare`` bring its tables up to date. Raises StoreUnavailable."""
        self._prepare = prepare
        self._thread.start()
        try:
            await asyncio.shield(self._opened)
        except BaseException:
            self._stop()
            raise
        self._busy = False

    def submit(self, function: Callable[..., T], *arguments: Any, brief: bool = False, told: Told | None = None) -> asyncio.Future[T]:
        """Queues a transaction. Its result comes after the commit; giving up waiting does not undo it.

        ``brief``: it is a handful of statements that find their rows by key, so that the event loop may execute it.
        """
        return self._put(Job(function, arguments, self._loop.create_future(), brief, told, self.ended))

    async def tx(self, function: Callable[..., T], *arguments: Any, brief: bool = False) -> T:
        """Runs ``function(connection, *arguments)`` in one transaction. Raises StoreUnavailable and what the function raises."""
        return await self.submit(function, *arguments, brief=brief)

    async def alone(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Runs ``function`` on the bare connection, between two groups, outside of a transaction."""
        result: T = await self._put(Job(function, (), self._loop.create_future(), alone=True))
        return result

    async def close(self) -> None:
        """Finishes what is queued, closes the file and ends the thread. May be called again."""
        self._stop()
        await asyncio.shield(self._ended)

    def _stop(self) -> None:
        if not self._closed:
            self._closed = True
            while self._waiting:
                self._queue.put(self._take())
            self._queue.put(None)

    def _put(self, job: Job) -> asyncio.Future[Any]:
        if self._closed:
            raise StoreUnavailable(f"the record {self.file} is closed: the service is going down; repeat the request when it is back")
        self._waiting.append(job)
        self._look()
        return job.future

    def _look(self) -> None:
        """Begins the next group once this round of the loop is over: what else is ready in it may join."""
        if not self._called and not self._busy:
            self._called = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._called = False
        if self._busy or not self._waiting:
            return
        self._busy = True
        group = self._take()
        if all(job.brief for job in group.jobs):
            group.begun = True
            try:
                self._execute(group.jobs)
            except Exception as error:  # noqa: BLE001 - the thread will find out whose it is
                group.error = error
        self._queue.put(group)

    def _take(self) -> _Group:
        """The transactions that wait, or one piece of work of its own."""
        jobs = [self._waiting.popleft()]
        most = 1 if jobs[0].alone else BRIEF_GROUP if jobs[0].brief else GROUP
        while self._waiting and len(jobs) < most and not self._waiting[0].alone:
            jobs.append(self._waiting.popleft())
        return _Group(jobs)

    def _execute(self, jobs: list[Job]) -> None:
        self._driver.execute("BEGIN IMMEDIATE")
        for job in jobs:
            job.result = job.function(self._connection, *job.arguments)

    def _done(self, jobs: list[Job]) -> None:
        """The thread is through with a group."""
        self._busy = False
        for job in jobs:
            job.deliver()
        if self._waiting:
            self._look()

    # what follows runs in the thread

    def _run(self) -> None:
        try:
            self._driver = driver = self._open()
            self._connection = SqliteConnection(driver)
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits for the start
            self._tell(_fail, self._opened, error)
        else:
            self._tell(_succeed, self._opened)
            while (group := self._queue.get()) is not None:
                if group.jobs[0].alone:
                    self._attempt(group.jobs[0], driver)
                else:
                    self._commit(driver, group)
                self._tell(self._done, group.jobs)
            self._connection.close()
            with contextlib.suppress(sqlite3.Error):  # a disk that is full cannot take the last checkpoint; the log keeps it
                driver.close()
        self._tell(_succeed, self._ended)

    def _open(self) -> sqlite3.Connection:
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(self.file)
            driver = open_file(self.file, self._pragmas)
            try:
                self._prepare(driver)
            except BaseException:
                driver.close()
                raise
        except sqlite3.Error as error:
            raise unavailable(error, str(self.file)) from error
        except OSError as error:
            raise StoreUnavailable(f"the record {self.file} cannot be used: {error}; make its folder writable") from error
        return driver

    def _commit(self, driver: sqlite3.Connection, group: _Group) -> None:
        jobs = group.jobs
        try:
            if group.error is not None:
                raise group.error
            if not group.begun:
                self._execute(jobs)
            driver.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - a job's failure is delivered to who waits for it
            _roll_back(driver)
            if len(jobs) == 1:
                jobs[0].error = self._explain(error)
            elif not self._commit_with_savepoints(driver, self._connection, jobs):
                for job in jobs:
                    job.error = None
                    self._commit(driver, _Group([job]))

    def _commit_with_savepoints(self, driver: sqlite3.Connection, connection: Connection, group: list[Job]) -> bool:
        """The group again, each transaction with its own failure. False if the whole could not be committed."""
        try:
            driver.execute("BEGIN IMMEDIATE")
            for job in group:
                driver.execute("SAVEPOINT job")
                self._attempt(job, connection)
                if job.error is not None:
                    driver.execute("ROLLBACK TO job")  # fails where SQLite has given up the whole transaction
                driver.execute("RELEASE job")
            driver.execute("COMMIT")
        except sqlite3.Error:
            _roll_back(driver)
            return False
        return True

    def _attempt(self, job: Job, subject: Connection | sqlite3.Connection) -> None:
        try:
            job.result = job.function(subject, *job.arguments)
        except Exception as error:  # noqa: BLE001 - a job's failure is delivered to who waits for it
            job.error = self._explain(error)

    def _explain(self, error: Exception) -> Exception:
        if not isinstance(error, sqlite3.Error):
            return error
        explained = unavailable(error, str(self.file))
        explained.__cause__ = error
        return explained

    def _tell(self, function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it everyone who waited
            self._loop.call_soon_threadsafe(function, *arguments)


def _roll_back(driver: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
        driver.rollback()


def _succeed(future: asyncio.Future[None]) -> None:
    future.set_result(None)


def _fail(future: asyncio.Future[None], error: BaseException) -> None:
    future.set_exception(error)
