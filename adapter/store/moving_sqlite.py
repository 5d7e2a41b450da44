"""A file of SQLite as the source or the target of a move. Nothing else runs in this process, so the driver may hold it up."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import Table

from adapter.errors import ConfigError
from adapter.store.address import SqliteAddress
from adapter.store.failures import unavailable
from adapter.store.migrating import migrate
from adapter.store.private import make_private
from adapter.store.sqlite import open_file

_BATCH = 1000


class _File:
    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    async def rows(self, table: Table) -> AsyncIterator[list[tuple[Any, ...]]]:
        cursor = self._driver.execute(f"SELECT {_columns(table)} FROM {table.name}")  # noqa: S608 - our own names
        while rows := cursor.fetchmany(_BATCH):
            yield rows

    async def is_empty(self, table: Table) -> bool:
        return self._driver.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone() is None  # noqa: S608

    async def clear(self, table: Table) -> None:
        self._driver.execute(f"DELETE FROM {table.name}")  # noqa: S608

    async def insert(self, table: Table, rows: list[tuple[Any, ...]]) -> None:
        places = ", ".join("?" * len(table.c))
        self._driver.executemany(f"INSERT INTO {table.name} ({_columns(table)}) VALUES ({places})", rows)  # noqa: S608


@asynccontextmanager
async def reading(address: SqliteAddress) -> AsyncIterator[_File]:
    """The file, which no other process may have open. Raises ConfigError where there is none, StoreUnavailable."""
    if not address.file.is_file():
        raise ConfigError(f"there is no record {address.file}; name it with ADAPTER_DATA or 'store'")
    with _opened(address) as driver:
        yield _File(driver)


@asynccontextmanager
async def writing(address: SqliteAddress) -> AsyncIterator[_File]:
    """A transaction on the file, which is made where there is none. Raises StoreUnavailable."""
    address.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_private(address.file)
    with _opened(address) as driver:
        driver.execute("BEGIN IMMEDIATE")
        try:
            yield _File(driver)
        except BaseException:
            driver.execute("ROLLBACK")
            raise
        driver.execute("COMMIT")


@contextmanager
def _opened(address: SqliteAddress) -> Iterator[sqlite3.Connection]:
    try:
        driver = open_file(address.file, address.pragmas)
        try:
            migrate(driver, address.file)
            yield driver
        finally:
            driver.close()
    except sqlite3.Error as error:
        raise unavailable(error, str(address.file)) from error


def _columns(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in table.c.keys())  # noqa: SIM118 - a collection of columns yields columns
