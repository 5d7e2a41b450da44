"""A record moves between engines as it is, whole or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sqlite3
from pathlib import Path

import orjson
import pytest
import zstandard
from sqlalchemy import insert

from adapter.errors import ConfigError, StoreUnavailable
from adapter.ports import OutcomeKind
from adapter.store import OrderQuery, Seen, Store
from adapter.store.connection import Statement
from adapter.store.migrating_command import migrate_record
from adapter.store.moving import TABLES, export_record, import_record
from adapter.store.schema import audit, delivery, event, listener, rate, task
from tests import postgres_kit

_ROWS = {
    task: {"id": "poll:A", "lane": "poll:north", "due_at": None, "payload": '{"a":"\u4f60"}', "created_at": 1, "fence": 7},
    event: {"order_id": "A", "seq": 1, "id": "e1", "type": "T", "market": "north", "at": 1, "document": bytes(range(256))},
    listener: {"id": "L", "face": "tmf", "client": "shop", "market": "north", "callback": "https://a", "created_at": 1},
    delivery: {"listener": "L", "order_id": "A", "sent_seq": 1, "last_seq": 3, "parked_at": 5, "last_error": 'it\'s "so"\n'},
    rate: {"backend": "north", "tat": 2**60, "paused_until": 3},
    audit: {"id": "a1", "at": 1, "actor": "me", "action": "redrive"},
}
_INSERTS = {table: Statement(insert(table), tuple(row)) for table, row in _ROWS.items()}


def _add_rows(c):
    for table, row in _ROWS.items():
        c.change(_INSERTS[table], row)


@pytest.fixture
def servers():
    with postgres_kit.database() as one, postgres_kit.database() as two:
        yield iter((one, two))


@pytest.fixture
def place(tmp_path, servers):
    files = itertools.count()
    return lambda engine: next(servers) if engine == "postgresql" else f"sqlite:///{tmp_path}/{next(files)}/record.db"


async def _fill(url, acceptance, settlement):
    store = await Store.open(url)
    for index in range(3):
        fresh = await store.accept(acceptance(f"k{index}", external_id=f"{index}\u4f60'\"; --", request=bytes(range(256)) * 9))
        if index < 2:
            await store.settle(fresh.order_id, 1, settlement((OutcomeKind.ACCEPTED, OutcomeKind.IN_DOUBT)[index]))
    await store.tx(_add_rows)
    await store.close()


async def _all(url):
    store = await Store.open(url)
    orders = await store.orders(OrderQuery())
    ways = [(await store.attempts(order.id), await store.messages(order.id)) for order in orders]
    await store.close()
    return orders, ways


@pytest.mark.parametrize(("source", "target"), list(itertools.product(("sqlite", "postgresql"), repeat=2)))
def test_every_row_of_every_table_arrives(place, tmp_path, acceptance, settlement, source, target):
    there, here = place(source), place(target)
    asyncio.run(_fill(there, acceptance, settlement))
    said: list[str] = []
    written = asyncio.run(export_record(there, tmp_path / "a.zst", said.append))
    assert asyncio.run(import_record(here, tmp_path / "a.zst", said.append)) == written
    assert written == 3 * 3 + 9 + len(_ROWS) + 3, "orders, attempts, keys; messages; rows of work; what the service notes"
    assert "message: 9 rows" in said
    assert "message: 9 rows, verified" in said
    assert (tmp_path / "a.zst").stat().st_mode & 0o777 == 0o600

    asyncio.run(export_record(here, tmp_path / "b.zst", said.append))
    sums = [[line for line in _lines(tmp_path / name) if "end" in line] for name in ("a.zst", "b.zst")]
    assert sums[0] == sums[1]
    assert [line["end"] for line in sums[0]] == [table.name for table in TABLES]
    assert asyncio.run(_all(there)) == asyncio.run(_all(here))

    async def repeat():
        store = await Store.open(here)
        told = await store.accept(acceptance("k0"))
        await store.close()
        return told

    assert isinstance(asyncio.run(repeat()), Seen)


def _lines(file):
    return [line for line in map(orjson.loads, _unpacked(file)) if isinstance(line, dict)]


def _unpacked(file):
    return zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read().split(b"\n")[:-1]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_record_that_holds_something_takes_no_import(place, tmp_path, acceptance, settlement, engine):
    url = place(engine)
    asyncio.run(_fill(url, acceptance, settlement))
    asyncio.run(export_record(url, tmp_path / "a.zst", lambda _: None))
    with pytest.raises(ConfigError, match=r"the record holds rows in 'attempt': an import needs an empty one"):
        asyncio.run(import_record(url, tmp_path / "a.zst", lambda _: None))
    with pytest.raises(ConfigError, match=r"a\.zst exists already"):
        asyncio.run(export_record(url, tmp_path / "a.zst", lambda _: None))


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("sqlite", "another process has the file open: stop it"),
        ("postgresql", r"1 connections to .* are open \(adapter n1\): stop every node first"),
    ],
)
def test_nothing_moves_while_a_node_runs(place, tmp_path, engine, words, acceptance, monkeypatch):
    url = place(engine)
    monkeypatch.setattr("adapter.store.sqlite.BUSY_SECONDS", 0.05)

    async def main():
        store = await Store.open(url, node="n1")
        try:
            with pytest.raises(StoreUnavailable, match=words):
                await export_record(url, tmp_path / "a.zst", lambda _: None)
        finally:
            await store.close()

    asyncio.run(main())
    assert list(tmp_path.glob("a.zst*")) == []


def _change(lines):
    return [line.replace(b'"k1"', b'"k9"') for line in lines]


def _leave_out(lines):
    return [line for line in lines if b'"k1"' not in line]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_change, "the rows of 'idempotency' do not have the checksum"),
        (_leave_out, "the rows of 'idempotency' do not have the checksum"),
        (lambda lines: lines[:-1], "its end is missing"),
        (lambda lines: lines[:5], "it ends within table 'a[a-z]+'"),
        (lambda lines: [lines[0], *lines[2:]], "table 'attempt' is missing"),
        (lambda lines: [lines[0].replace(b'"tables":"0', b'"tables":"9'), *lines[1:]], "holds the tables of another release"),
        (lambda lines: lines[1:], "it was not written by 'adapter export'"),
        (lambda lines: [], "it was not written by 'adapter export'"),
    ],
)
def test_a_file_that_is_not_whole_leaves_nothing_behind(place, tmp_path, acceptance, settlement, engine, damage, words):
    source, target = place("sqlite"), place(engine)
    asyncio.run(_fill(source, acceptance, settlement))
    asyncio.run(export_record(source, tmp_path / "a.zst", lambda _: None))
    spoilt = b"".join(line + b"\n" for line in damage(_unpacked(tmp_path / "a.zst")))
    (tmp_path / "b.zst").write_bytes(zstandard.ZstdCompressor().compress(spoilt))
    with pytest.raises(ConfigError, match=words):
        asyncio.run(import_record(target, tmp_path / "b.zst", lambda _: None))
    assert asyncio.run(import_record(target, tmp_path / "a.zst", lambda _: None)) > 0, "it is still empty"


def test_a_file_that_was_cut_anywhere_is_refused_and_leaves_nothing_behind(place, tmp_path, acceptance, settlement):
    source, target = place("sqlite"), place("sqlite")
    asyncio.run(_fill(source, acceptance, settlement))
    asyncio.run(export_record(source, tmp_path / "a.zst", lambda _: None))
    packed = (tmp_path / "a.zst").read_bytes()
    text = b"".join(line + b"\n" for line in _unpacked(tmp_path / "a.zst"))
    whole = len(text) - 1  # the last line may be without its end
    pack = zstandard.ZstdCompressor().compress
    cuts = [packed[:length] for length in range(0, len(packed), 97)]
    cuts += [pack(text[:length]) for length in (*range(0, whole, 53), *range(whole - 60, whole))]
    for cut in cuts:
        (tmp_path / "b.zst").write_bytes(cut)
        with pytest.raises(ConfigError, match=r"b\.zst cannot be imported: "):
            asyncio.run(import_record(target, tmp_path / "b.zst", lambda _: None))
    assert asyncio.run(import_record(target, tmp_path / "a.zst", lambda _: None)) > 0, "it is still empty"


@pytest.mark.parametrize(
    ("spoils", "found"),
    [("UPDATE audit SET actor = 'somebody else'", "1 rows, 1 expected"), ("DELETE FROM audit", "0 rows, 1 expected")],
)
def test_what_reads_differently_from_what_was_written_is_not_kept(place, tmp_path, acceptance, settlement, spoils, found):
    source, target = place("sqlite"), tmp_path / "target.db"
    asyncio.run(_fill(source, acceptance, settlement))
    asyncio.run(export_record(source, tmp_path / "a.zst", lambda _: None))
    asyncio.run(migrate_record(f"sqlite:///{target}", lambda _: None))
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as driver:
        driver.execute(f"CREATE TRIGGER spoils AFTER INSERT ON audit BEGIN {spoils}; END")
    with pytest.raises(ConfigError, match=rf"table 'audit' reads differently from what was written \({found}\); nothing was kept"):
        asyncio.run(import_record(f"sqlite:///{target}", tmp_path / "a.zst", lambda _: None))
    with contextlib.closing(sqlite3.connect(target)) as driver:
        assert [driver.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0] for table in TABLES if table.name != "meta"] == [0] * (
            len(TABLES) - 1
        )


def test_an_export_is_on_disk_before_it_bears_its_name(place, tmp_path, acceptance, settlement, monkeypatch):
    source, flushed = place("sqlite"), []

    def flush(descriptor):
        flushed.append((str(Path(f"/proc/self/fd/{descriptor}").readlink()), (tmp_path / "a.zst").exists()))
        fsync(descriptor)

    fsync = os.fsync
    asyncio.run(_fill(source, acceptance, settlement))
    monkeypatch.setattr(os, "fsync", flush)
    asyncio.run(export_record(source, tmp_path / "a.zst", lambda _: None))
    assert flushed == [(str(tmp_path / "a.zst.part"), False), (str(tmp_path), True)]


def test_a_file_that_is_no_archive_is_refused(place, tmp_path):
    (tmp_path / "b.zst").write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(ConfigError, match=r"b\.zst cannot be imported: it is damaged, or was not written"):
        asyncio.run(import_record(place("sqlite"), tmp_path / "b.zst", lambda _: None))


def test_there_has_to_be_a_record_to_export(place, tmp_path):
    with pytest.raises(ConfigError, match="there is no record"):
        asyncio.run(export_record(place("sqlite"), tmp_path / "a.zst", lambda _: None))
    with (
        postgres_kit.database(migrated=False) as empty,
        pytest.raises(StoreUnavailable, match="holds no record; make its tables with 'adapter migrate'"),
    ):
        asyncio.run(export_record(empty, tmp_path / "a.zst", lambda _: None))
