"""Brings the tables of a SQLite file up to date at start, under the file's exclusive lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from adapter.errors import StoreUnavailable
from adapter.store.private import make_private
from adapter.store.schema import HEAD

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(driver: sqlite3.Connection, file: Path, progress: Callable[[str], None] = lambda _: None) -> None:
    """Creates or migrates the tables in one transaction, telling each step. A file that holds data is copied beside itself first.

    Raises StoreUnavailable where the file is no record, or belongs to a newer release.
    """
    tables = {name for (name,) in driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        _upgrade(driver, progress)
        return
    if "alembic_version" not in tables:
        raise StoreUnavailable(f"{file} is a database of another program ({len(tables)} tables); name another file in 'store'")
    (version,) = driver.execute("SELECT version_num FROM alembic_version").fetchone()
    if version == HEAD:
        return
    if not is_known(version):
        raise StoreUnavailable(
            f"the record {file} was written by a newer release (tables {version}, this release knows {HEAD}); "
            f"start that release, or restore the copy that it made beside the file before it changed the tables"
        )
    copy = file.with_name(f"{file.name}.before-{HEAD}")
    copy.unlink(missing_ok=True)
    make_private(copy)
    progress(f"copying {file} to {copy}")
    driver.execute("VACUUM INTO ?", (str(copy),))
    _upgrade(driver, progress)


def is_known(version: str) -> bool:
    """Whether this release has the migration of that name."""
    return bool(list(SCRIPTS.glob(f"versions/{version}_*.py")))


def _upgrade(driver: sqlite3.Connection, progress: Callable[[str], None]) -> None:
    # Loaded only where there is something to migrate: it would double the time of every other start.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import StaticPool, create_engine, event  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    engine = create_engine("sqlite://", creator=lambda: driver, poolclass=StaticPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    try:
        with engine.connect() as connection, connection.begin():
            config.attributes["connection"] = connection
            config.attributes["progress"] = progress
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise error.orig or error from error
