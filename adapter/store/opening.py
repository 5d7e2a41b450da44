"""Opens the engine that a store's URL names."""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from adapter import clock
from adapter.errors import ConfigError
from adapter.store.address import PostgresAddress, SqliteAddress, parse
from adapter.store.copying import copier
from adapter.store.job import Ended, Told
from adapter.store.migrating import migrate
from adapter.store.sqlite import SqliteRunner

T = TypeVar("T")


class Runner(Protocol):
    """Runs transactions on one engine, and tells ``ended`` of each."""

    ended: Ended | None

    def submit(self, function: Callable[..., T], *arguments: Any, brief: bool = False, told: Told | None = None) -> Any:
        """Queues a transaction; the future of its result. ``told`` hears of its end also where nobody waits for it any more."""

    async def tx(self, function: Callable[..., T], *arguments: Any, brief: bool = False) -> T:
        """Runs a transaction."""
        ...

    async def close(self) -> None:
        """Finishes what is queued, and closes."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An open engine. ``clock`` gives milliseconds since the epoch, UTC, and ``exact`` the same, fit for leases.

    ``several_nodes``: other processes may work on the record at the same time, so an open attempt of another node may be alive.
    ``version`` names the database program, ``backup`` writes a copy to a new file.
    """

    runner: Runner
    node: str
    several_nodes: bool
    version: tuple[str, str]
    clock: Callable[[], int]
    exact: Callable[[], Awaitable[int]]
    backup: Callable[[Path], Awaitable[None]]


async def open_engine(url: str, given: Callable[[], int] | None, node: str) -> Engine:
    """Opens what ``url`` names; ``given`` is a clock that goes before the engine's own. Raises ConfigError, StoreUnavailable."""
    address = parse(url)
    own = f"{os.getpid()}-{secrets.token_hex(4)}"
    if isinstance(address, SqliteAddress):
        return await _sqlite(address, given or clock.now, node or own)
    return await _postgres(address, given, node or f"{socket.gethostname()[:32]}-{own}")


def there(url: str) -> bool:
    """Whether the record may be there: its file, or a server that is to be asked. Raises ConfigError."""
    address = parse(url)
    return address.file.is_file() if isinstance(address, SqliteAddress) else True


async def _sqlite(address: SqliteAddress, now: Callable[[], int], node: str) -> Engine:
    runner = SqliteRunner(address.file, address.pragmas)
    await runner.start(lambda driver: migrate(driver, address.file))

    async def exact() -> int:
        return now()

    async def backup(path: Path) -> None:
        await runner.alone(copier(path, now()))

    return Engine(runner, node, several_nodes=False, version=("sqlite", sqlite3.sqlite_version), clock=now, exact=exact, backup=backup)


async def _postgres(address: PostgresAddress, given: Callable[[], int] | None, node: str) -> Engine:
    # Loaded only where it is used: a start on SQLite would wait for the driver and the dialect.
    from adapter.store.migrating_postgres import check_schema  # noqa: PLC0415
    from adapter.store.postgres import PostgresRunner  # noqa: PLC0415

    runner = PostgresRunner(address, node)
    versions: list[str] = []

    async def prepare(driver: Any) -> None:
        await check_schema(driver, address)
        versions.append(await driver.fetchval("SHOW server_version"))

    await runner.start(prepare)

    async def exact() -> int:
        return given() if given is not None else await runner.now()

    async def backup(_: Path) -> None:
        raise ConfigError(
            f"the record is in PostgreSQL ({address}): copy it with pg_dump or with your database's own backup; "
            f"'adapter export' writes a file for a move"
        )

    return Engine(
        runner, node, several_nodes=True, version=("postgresql", versions[0]), clock=given or runner.clock, exact=exact, backup=backup
    )
