"""The tables are created and brought up to date at start, never half."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import StaticPool, create_engine

from adapter.errors import StoreUnavailable
from adapter.store import Store, migrating
from adapter.store.schema import HEAD, metadata

ENGINES = ("sqlite",)

NEXT = f"{int(HEAD) + 1:04}"
SCRIPT = """
import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{head}"


def upgrade():
    op.add_column("resource_order", sa.Column("priority", sa.Integer(), nullable=False, server_default="5"))
    with op.batch_alter_table("message") as table:
        table.alter_column("content_type", nullable=True)
    {then}
"""

FIRST = {"alembic_version", "attempt", "code_seen", "idempotency", "message", "meta", "resource_order"}
"""The tables of the first release."""


@pytest.fixture
def file(url) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def next_release(tmp_path, monkeypatch):
    """A release with one more migration."""

    def install(then: str = "") -> None:
        scripts = tmp_path / "scripts"
        shutil.copytree(migrating.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
        (scripts / "versions" / f"{NEXT}_next.py").write_text(SCRIPT.format(next=NEXT, head=HEAD, then=then))
        monkeypatch.setattr(migrating, "SCRIPTS", scripts)
        monkeypatch.setattr(migrating, "HEAD", NEXT)

    return install


def _look(file, query):
    driver = sqlite3.connect(file)
    try:
        return driver.execute(query).fetchall()
    finally:
        driver.close()


def test_the_migrations_make_the_tables_that_the_statements_are_written_for(with_store, file):
    async def nothing(_):
        return None

    with_store(nothing)
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_known_head_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(migrating.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_file_with_orders_is_copied_and_then_migrated(with_store, acceptance, settlement, file, next_release):
    async def first(store):
        fresh = await store.accept(acceptance())
        await store.settle(fresh.order_id, 1, settlement())

    async def second(store):
        return await store._runner.alone(lambda driver: driver.execute("SELECT priority FROM resource_order").fetchall())

    with_store(first)
    next_release()
    assert with_store(second) == [(5,)]
    copy = file.with_name(f"record.db.before-{NEXT}")
    assert _look(copy, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert _look(copy, "SELECT count(*) FROM message") == _look(file, "SELECT count(*) FROM message") == [(4,)]
    assert with_store(second) == [(5,)], "and it opens again"


def test_the_tables_can_be_taken_back_and_made_again(file):
    file.parent.mkdir()
    driver = sqlite3.connect(file, isolation_level=None)
    engine = create_engine("sqlite://", creator=lambda: driver, poolclass=StaticPool)
    config = Config()
    config.set_main_option("script_location", str(migrating.SCRIPTS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name").fetchall()
        command.downgrade(config, "0001")
        assert {name for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")} == FIRST
        command.upgrade(config, HEAD)
        again = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name").fetchall()
    assert len(again) == len(made) > len(FIRST)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    driver.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(with_store, acceptance, file, next_release, monkeypatch):
    async def accept(store):
        return await store.accept(acceptance())

    with_store(accept)
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "SCRIPTS", migrating.SCRIPTS)
        patched.setattr(migrating, "HEAD", HEAD)
        next_release('op.execute("INSERT INTO nowhere VALUES (1)")')
        with pytest.raises(StoreUnavailable, match="no such table: nowhere"):
            with_store(accept)
        assert _look(file, "SELECT version_num FROM alembic_version") == [(HEAD,)]
        assert not [row for row in _look(file, "PRAGMA table_info(resource_order)") if row[1] == "priority"]
        shutil.rmtree(migrating.SCRIPTS)
    monkeypatch.undo()
    next_release()
    with_store(accept)
    assert _look(file, "SELECT version_num FROM alembic_version") == [(NEXT,)]


def test_a_file_of_a_newer_release_is_refused(with_store, file, next_release, monkeypatch):
    async def nothing(_):
        return None

    next_release()
    with_store(nothing)
    monkeypatch.undo()
    with pytest.raises(StoreUnavailable, match=rf"written by a newer release \(tables {NEXT}, this release knows {HEAD}\)"):
        with_store(nothing)


def test_a_database_of_another_program_is_refused_and_left_alone(url, file):
    file.parent.mkdir()
    driver = sqlite3.connect(file)
    driver.execute("CREATE TABLE customers (name)")
    driver.close()
    with pytest.raises(StoreUnavailable, match=r"record\.db is a database of another program \(1 tables\); name another file"):
        asyncio.run(Store.open(url))
    assert _look(file, "SELECT name FROM sqlite_master") == [("customers",)]


def test_a_file_that_is_no_database_is_refused(url, file):
    file.parent.mkdir()
    file.write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    with pytest.raises(
        StoreUnavailable, match=r"file is not a database \(SQLITE_NOTADB\); the path names a file that is no SQLite database"
    ):
        asyncio.run(Store.open(url))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(StoreUnavailable, match=r"var/record\.db cannot be used: .* make its folder writable"):
        asyncio.run(Store.open(f"sqlite:///{tmp_path}/var/record.db"))
