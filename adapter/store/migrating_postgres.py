"""Brings the tables of a PostgreSQL database up to date: a command of its own, one process at a time, nodes may be running."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from adapter.errors import StoreUnavailable
from adapter.store.address import PostgresAddress
from adapter.store.migrating import SCRIPTS, is_known
from adapter.store.postgres_connection import key_of
from adapter.store.postgres_failures import explained, is_database_error
from adapter.store.schema import HEAD, metadata

Progress = Callable[[str], None]

_VERSION = "SELECT to_regclass('alembic_version') IS NOT NULL"
_OURS = "SELECT to_regclass('resource_order') IS NULL AND EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema())"
_LOCK = key_of("adapter:migrate")
_TRY_LOCK = "SELECT pg_try_advisory_lock($1)"
_LOOK_SECONDS = 0.1
_OLDEST_SERVER = 140_000

_STORAGE = {
    # Each claim and each acknowledgement leaves a dead row: swept early and without pauses, or claims slow down.
    table: {"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_cost_delay": "0"}
    for table in ("task", "delivery")
}


async def version_of(driver: asyncpg.Connection) -> str:
    """The newest migration of the database; "" where it holds no record."""
    if not await driver.fetchval(_VERSION):
        return ""
    return await driver.fetchval("SELECT version_num FROM alembic_version") or ""


async def check_schema(driver: asyncpg.Connection, address: PostgresAddress) -> None:
    """Raises StoreUnavailable unless the tables are those that this release is written for."""
    _check_server(driver, address)
    version = await version_of(driver)
    if version == HEAD:
        return
    if not version:
        raise StoreUnavailable(f"the database {address} holds no record; make its tables with 'adapter migrate'")
    if not is_known(version):
        raise StoreUnavailable(newer(address, version))
    raise StoreUnavailable(
        f"the record {address} is older than this release (tables {version}, needed {HEAD}); run 'adapter migrate', then start again"
    )


def newer(address: PostgresAddress, version: str) -> str:
    """The text about tables of a later release."""
    return (
        f"the record {address} was migrated by a newer release (tables {version}, this release knows {HEAD}); "
        f"start that release, or restore the backup that was made before"
    )


async def migrate_database(address: PostgresAddress, progress: Progress) -> None:
    """Migrates the database to this release, telling each step. Another process that does the same is waited for.

    Each migration is a transaction of its own, so a run that is killed is continued by the next. Raises StoreUnavailable.
    """
    try:
        driver = await asyncpg.connect(address.dsn, timeout=10, server_settings={"application_name": "adapter migrate"})
    except Exception as error:
        raise explained(error, str(address)) from error
    try:
        await _migrate(driver, address, progress)
    except DBAPIError as error:
        raise explained((error.orig and error.orig.__cause__) or error, str(address)) from error
    except Exception as error:
        if is_database_error(error):
            raise explained(error, str(address)) from error
        raise
    finally:
        driver.terminate() if driver.is_closed() else await driver.close()


async def _migrate(driver: asyncpg.Connection, address: PostgresAddress, progress: Progress) -> None:
    _check_server(driver, address)
    if not await driver.fetchval(_TRY_LOCK, _LOCK):
        progress("another process is migrating this database; waiting for it")
        # Not in one statement: an index that is made online waits for the end of each statement that has begun.
        while not await driver.fetchval(_TRY_LOCK, _LOCK):  # noqa: ASYNC110 - the other one is another process
            await asyncio.sleep(_LOOK_SECONDS)
    version = await version_of(driver)
    if not version and await driver.fetchval(_OURS):
        raise StoreUnavailable(f"{address} is a database of another program; create one for the record, and name it in 'store'")
    if version and version != HEAD and not is_known(version):
        raise StoreUnavailable(newer(address, version))
    if version != HEAD:
        await _upgrade(driver, progress)
    await _set_storage(driver, progress)


async def _upgrade(driver: asyncpg.Connection, progress: Progress) -> None:
    async def given(*_: Any, **__: Any) -> asyncpg.Connection:
        return driver

    engine = create_async_engine("postgresql+asyncpg://", async_creator=given, poolclass=StaticPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run_scripts, progress)


def _run_scripts(connection: Connection, progress: Progress) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["progress"] = progress
    command.upgrade(config, "head")


async def _set_storage(driver: asyncpg.Connection, progress: Progress) -> None:
    """Settings of tables, where they are not set yet."""
    for table, wanted in _STORAGE.items():
        options = await driver.fetchval("SELECT reloptions FROM pg_class WHERE oid = to_regclass($1)", table)
        missing = {name: value for name, value in wanted.items() if f"{name}={value}" not in (options or ())}
        if missing:
            settings = ", ".join(f"{name} = {value}" for name, value in missing.items())
            progress(f"table {table}: {settings}")
            await driver.execute(f"ALTER TABLE {table} SET ({settings})")


def _check_server(driver: asyncpg.Connection, address: PostgresAddress) -> None:
    version = driver.get_server_version()
    if version.major * 10_000 < _OLDEST_SERVER:
        raise StoreUnavailable(f"{address} is PostgreSQL {version.major}; the record needs version {_OLDEST_SERVER // 10_000} or later")


def portable_metadata() -> Any:
    """The tables with their partial indexes as PostgreSQL has them: those of SQLite, which alone are named where the tables are."""
    for table in metadata.tables.values():
        for index in table.indexes:
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
    return metadata
