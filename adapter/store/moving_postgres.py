"""A database of PostgreSQL as the source or the target of a move."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import Table

from adapter.errors import AdapterError, StoreUnavailable
from adapter.store.address import PostgresAddress
from adapter.store.migrating_postgres import check_schema, migrate_database
from adapter.store.postgres_failures import explained, is_database_error
from adapter.store.schema import metadata

_BATCH = 1000
_NODES = """SELECT count(*), string_agg(DISTINCT application_name, ', ') FROM pg_stat_activity
 WHERE datname = current_database() AND application_name LIKE 'adapter %' AND pid <> pg_backend_pid()"""


class _Database:
    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def rows(self, table: Table) -> AsyncIterator[list[tuple[Any, ...]]]:
        cursor = await self._driver.cursor(f"SELECT {', '.join(map(_quoted, table.c.keys()))} FROM {table.name}")  # noqa: S608 - our own names
        while rows := await cursor.fetch(_BATCH):
            yield rows

    async def is_empty(self, table: Table) -> bool:
        return await self._driver.fetchval(f"SELECT 1 FROM {table.name} LIMIT 1") is None  # noqa: S608

    async def clear(self, table: Table) -> None:
        await self._driver.execute(f"DELETE FROM {table.name}")  # noqa: S608

    async def insert(self, table: Table, rows: list[tuple[Any, ...]]) -> None:
        await self._driver.copy_records_to_table(table.name, records=rows, columns=list(table.c.keys()))


@asynccontextmanager
async def reading(address: PostgresAddress) -> AsyncIterator[_Database]:
    """The database as it is at one moment. Raises StoreUnavailable, also where a node has it open."""
    async with _connected(address) as driver, driver.transaction(isolation="repeatable_read", readonly=True):
        yield _Database(driver)


@asynccontextmanager
async def writing(address: PostgresAddress, progress: Callable[[str], None]) -> AsyncIterator[_Database]:
    """A transaction on the database that keeps everybody else out; its tables are made before. Raises StoreUnavailable."""
    await migrate_database(address, progress)
    async with _connected(address) as driver, driver.transaction():
        await driver.execute(f"LOCK TABLE {', '.join(metadata.tables)} IN ACCESS EXCLUSIVE MODE")
        yield _Database(driver)


@asynccontextmanager
async def _connected(address: PostgresAddress) -> AsyncIterator[asyncpg.Connection]:
    try:
        driver = await asyncpg.connect(address.dsn, timeout=10, server_settings={"application_name": "adapter move"})
        try:
            await check_schema(driver, address)
            count, names = await driver.fetchrow(_NODES)
            if count:
                raise StoreUnavailable(f"{count} connections to {address} are open ({names}): stop every node first, then repeat this")
            yield driver
        finally:
            await driver.close()
    except AdapterError:
        raise
    except Exception as error:
        if is_database_error(error):
            raise explained(error, str(address)) from error
        raise


def _quoted(name: str) -> str:
    return f'"{name}"'
