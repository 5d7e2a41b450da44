"""F32: killed in the middle of a migration; the second run completes it, and no row is gone."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path

import alembic.command
import asyncpg
import pytest

from adapter.store.address import parse
from adapter.store.migrating import migrate
from adapter.store.migrating_postgres import migrate_database
from adapter.store.schema import HEAD
from adapter.store.sqlite import open_file
from tests import postgres_kit
from tests.faults.forking import Forks

FIRST = ("0001",)
ROWS = 50
INSERTS = {
    "resource_order": "(id, market, operation, client, face, scope, key, correlation_id, external_id, client_reference, state, backend_ref,"
    " attempt, rule_version, request, created_at, updated_at)"
    " VALUES ('A{n}', 'lab', 'op', 'c', 'tmf', 's', 'k{n}', 'x', 'E{n}', 'R{n}', 'acknowledged', 'B', 1, 'r', {body}, 1, 1)",
    "attempt": "(order_id, number, node, started_at, deadline, rule_version, evidence) VALUES ('A{n}', 1, 'n', 1, 2, 'r', '')",
    "idempotency": "(scope, key, fingerprint, order_id, created_at) VALUES ('s', 'k{n}', 'f', 'A{n}', 1)",
    "message": "(order_id, seq, attempt, direction, operation, at, content_type, body, digest)"
    " VALUES ('A{n}', 0, 1, 'client-request', 'op', 1, 'text/xml', {body}, 'd')",
}


@pytest.fixture
def empty(engine: str, tmp_path: Path):
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'record.db'}"
    else:
        with postgres_kit.database(migrated=False) as made:
            yield made


@pytest.fixture
def first_release(empty: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A record of the first release, with rows."""
    upgrade = alembic.command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(alembic.command, "upgrade", lambda config, _: upgrade(config, "0001"))
        if engine == "sqlite":
            file = Path(empty.removeprefix("sqlite:///"))
            driver = open_file(file, {})
            migrate(driver, file)
            for table, text in INSERTS.items():
                for number in range(ROWS):
                    driver.execute(f"INSERT INTO {table} " + text.format(n=number, body="x'00'"))
            driver.close()
        else:
            patched.setattr("adapter.store.migrating_postgres._set_storage", _nothing)  # its tables are not there yet
            asyncio.run(migrate_database(parse(empty), lambda _: None))
            asyncio.run(_insert(empty))
    return empty


async def _nothing(*_: object) -> None:
    pass


async def _insert(url: str) -> None:
    driver = await asyncpg.connect(url)
    for table, text in INSERTS.items():
        for number in range(ROWS):
            await driver.execute(f"INSERT INTO {table} " + text.format(n=number, body="'\\x00'"))
    await driver.close()


def look(url: str, query: str) -> list[tuple]:
    async def ask() -> list[tuple]:
        driver = await asyncpg.connect(url)
        found = [tuple(row) for row in await driver.fetch(query)]
        await driver.close()
        return found

    if not url.startswith("sqlite"):
        return asyncio.run(ask())
    driver = sqlite3.connect(url.removeprefix("sqlite:///"))
    found = driver.execute(query).fetchall()
    driver.close()
    return found


def state(url: str) -> list[list[tuple]]:
    return [look(url, f"SELECT count(*) FROM {table}") for table in INSERTS] + [look(url, "SELECT version_num FROM alembic_version")]


@pytest.mark.parametrize("statements", [1, 6, 14])
def test_f32_killed_in_the_middle_of_a_migration_the_next_run_completes_it(first_release, parent: Forks, home, tmp_path, statements):
    environment = {"ADAPTER_HOME": str(home), "ADAPTER_STORE": first_release, "PATH": os.environ["PATH"]}
    fault = {"DIE_AT": "in-migration", "DIE_AFTER": str(statements)}
    assert parent.wait(parent.start(["migrate"], environment | fault, tmp_path / "killed")) == -9
    assert state(first_release) == [[(ROWS,)]] * len(INSERTS) + [[FIRST]]
    assert parent.wait(parent.start(["migrate"], environment, tmp_path / "second")) == 0, (tmp_path / "second").read_text()
    assert state(first_release) == [[(ROWS,)]] * len(INSERTS) + [[(HEAD,)]]
    assert look(first_release, "SELECT count(*) FROM resource_order WHERE event_seq = 0") == [(ROWS,)]
