"""The tables of a server are made by a command, one process at a time; nodes start on those of their own release only."""

from __future__ import annotations

import asyncio
import shutil

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from adapter.errors import StoreUnavailable
from adapter.store import Store, migrating, migrating_postgres
from adapter.store.address import parse
from adapter.store.migrating_command import migrate_record
from adapter.store.migrating_postgres import portable_metadata
from adapter.store.schema import HEAD, metadata
from tests import postgres_kit

NEXT = f"{int(HEAD) + 1:04}"
SCRIPT = f"""
import sqlalchemy as sa
from alembic import op
from adapter.store.migrations.online import create_index_online

\"\"\"Something more.\"\"\"
revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade():
    create_index_online("ix_message_at", "message", ["at"], where=sa.text("status = 500"))
"""


@pytest.fixture
def empty():
    with postgres_kit.database(migrated=False) as url:
        yield url


@pytest.fixture
def next_release(tmp_path, monkeypatch):
    scripts = tmp_path / "scripts"
    shutil.copytree(migrating.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / f"{NEXT}_next.py").write_text(SCRIPT)

    def install():
        for module in (migrating, migrating_postgres):
            monkeypatch.setattr(module, "SCRIPTS", scripts)
            monkeypatch.setattr(module, "HEAD", NEXT, raising=False)

    return install


def _migrate(url):
    said: list[str] = []
    asyncio.run(migrate_record(url, said.append))
    return said


async def _look(url, query, *values):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *values)
    finally:
        await connection.close()


async def _open(url):
    store = await Store.open(url)
    await store.close()


def test_the_migrations_make_the_tables_that_the_statements_are_written_for(empty):
    _migrate(empty)

    def compare(connection):
        return compare_metadata(MigrationContext.configure(connection), portable_metadata())

    async def main():
        engine = create_async_engine(empty.replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.connect() as connection:
            found = await connection.run_sync(compare)
        await engine.dispose()
        return found

    assert asyncio.run(main()) == []
    where = "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = 'ix_attempt_unsettled'::regclass"
    assert asyncio.run(_look(empty, where)) == "((outcome IS NULL) OR (outcome = 'inDoubt'::text))"
    partial = {
        index.name for table in metadata.tables.values() for index in table.indexes if index.dialect_options["sqlite"]["where"] is not None
    }
    where = (
        "SELECT array_agg(indexrelid::regclass::text) FROM pg_index WHERE indpred IS NOT NULL AND indexrelid::regclass::text LIKE 'ix_%'"
    )
    assert set(asyncio.run(_look(empty, where))) == partial


def test_progress_is_told_and_a_second_run_changes_nothing(empty):
    said = _migrate(empty)
    assert said[0].startswith("tables 0001: The record")
    assert "table task: autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0" in said
    assert said[-1] == f"the record {parse(empty)} has the tables of this release ({HEAD})"
    assert _migrate(empty) == said[-1:]
    options = asyncio.run(_look(empty, "SELECT reloptions FROM pg_class WHERE relname = 'delivery'"))
    assert options == ["autovacuum_vacuum_scale_factor=0.01", "autovacuum_vacuum_cost_delay=0"]


def test_two_that_migrate_at_once_do_it_one_after_the_other(empty):
    said: list[str] = []

    async def main():
        await asyncio.gather(*(migrate_record(empty, said.append) for _ in range(3)))

    asyncio.run(main())
    assert len([text for text in said if text.startswith("tables 0001")]) == 1
    assert "another process is migrating this database; waiting for it" in said


def test_a_node_starts_on_the_tables_of_its_release_only(empty, next_release):
    with pytest.raises(StoreUnavailable, match="holds no record; make its tables with 'adapter migrate'"):
        asyncio.run(_open(empty))
    _migrate(empty)
    asyncio.run(_open(empty))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(migrating_postgres, "HEAD", NEXT)
        with pytest.raises(StoreUnavailable, match=rf"is older than this release \(tables {HEAD}, needed {NEXT}\); run 'adapter migrate'"):
            asyncio.run(_open(empty))
    asyncio.run(_look(empty, "UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (lambda: asyncio.run(_open(empty)), lambda: _migrate(empty)):
        with pytest.raises(StoreUnavailable, match=rf"migrated by a newer release \(tables 9999, this release knows {HEAD}\)"):
            attempt()


def test_an_index_is_added_beside_running_nodes_and_made_anew_where_a_run_was_cut_off(empty, next_release):
    _migrate(empty)
    asyncio.run(_look(empty, "CREATE INDEX ix_message_at ON message (seq)"))  # what an earlier run left
    next_release()

    async def beside_a_transaction():
        store = await Store.open(empty)
        await store.tx(lambda c: None)
        await migrate_record(empty, lambda _: None)
        await store.ready()
        await store.close()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(migrating_postgres, "check_schema", _nothing)
        asyncio.run(beside_a_transaction())
    query = "SELECT pg_get_indexdef(indexrelid) || indisvalid::text FROM pg_index WHERE indexrelid = 'ix_message_at'::regclass"
    assert asyncio.run(_look(empty, query)).endswith("(at) WHERE (status = 500)true")


async def _nothing(*_):
    return None


def test_the_same_migration_makes_a_plain_index_in_a_file(tmp_path, next_release):
    next_release()
    asyncio.run(migrate_record(f"sqlite:///{tmp_path}/record.db", lambda _: None))
    engine = create_engine(f"sqlite:///{tmp_path}/record.db")
    with engine.connect() as connection:
        sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'ix_message_at'").scalar()
    engine.dispose()
    assert sql == "CREATE INDEX ix_message_at ON message (at) WHERE status = 500"


def test_a_database_of_another_program_is_refused_and_left_alone(empty):
    asyncio.run(_look(empty, "CREATE TABLE customers (name text)"))
    with pytest.raises(StoreUnavailable, match="is a database of another program; create one for the record"):
        _migrate(empty)
    assert asyncio.run(_look(empty, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 1


def test_a_server_that_is_too_old_is_refused(empty, monkeypatch):
    monkeypatch.setattr(migrating_postgres, "_OLDEST_SERVER", 990_000)
    for attempt in (lambda: asyncio.run(_open(empty)), lambda: _migrate(empty)):
        with pytest.raises(StoreUnavailable, match=r"is PostgreSQL \d+; the record needs version 99 or later"):
            attempt()


def test_a_server_that_is_not_there_and_a_migration_that_fails_are_told_without_the_password(empty, next_release, monkeypatch):
    with pytest.raises(StoreUnavailable, match=r"postgresql://me:\*\*\*@127\.0\.0\.1:1/record cannot be used"):
        _migrate("postgresql://me:s3cret@127.0.0.1:1/record")
    _migrate(empty)
    next_release()
    asyncio.run(_look(empty, "ALTER TABLE message RENAME TO gone"))
    with pytest.raises(StoreUnavailable, match=r"42P01"):
        _migrate(empty)
    assert asyncio.run(_look(empty, "SELECT version_num FROM alembic_version")) == HEAD
