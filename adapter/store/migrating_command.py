"""What ``adapter migrate`` does, for either engine."""

from __future__ import annotations

from collections.abc import Callable

from adapter.store.address import SqliteAddress, parse
from adapter.store.migrating import migrate
from adapter.store.schema import HEAD
from adapter.store.sqlite import SqliteRunner


async def migrate_record(url: str, progress: Callable[[str], None]) -> None:
    """Brings the tables of the record up to date, telling each step. Raises ConfigError, StoreUnavailable."""
    address = parse(url)
    if isinstance(address, SqliteAddress):
        runner = SqliteRunner(address.file, address.pragmas)
        await runner.start(lambda driver: migrate(driver, address.file, progress))
        await runner.close()
    else:
        from adapter.store.migrating_postgres import migrate_database  # noqa: PLC0415 - loads the driver and the dialect

        await migrate_database(address, progress)
    progress(f"the record {address} has the tables of this release ({HEAD})")
