"""One thread writes; what waits together is committed together, and a failure stays its own."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from adapter.errors import ConfigError, StoreUnavailable
from adapter.store import Store, codes, reading
from adapter.store.sqlite import GROUP, SqliteRunner, open_file

ENGINES = ("sqlite",)


def _remember(c, name, then=None):
    codes.remember(c, {name: "x"})
    if then is not None:
        then()
    return name


def _fail():
    raise ArithmeticError("a fault of this one")


def _break_the_statement():
    raise sqlite3.IntegrityError("NOT NULL constraint failed: meta.value")


def _tracing(store, log):
    return store._runner.alone(lambda driver: driver.set_trace_callback(log.append))


class Gate:
    """Holds the writing thread until told, so that a group gathers behind it."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def wait(self, _):
        assert self.open.wait(30)


def test_transactions_that_wait_together_share_one_commit(with_store):
    async def scenario(store):
        log: list[str] = []
        await _tracing(store, log)
        gate = Gate()
        first = asyncio.ensure_future(store._runner.alone(gate.wait))
        rest = [asyncio.ensure_future(store.tx(_remember, f"m{index}")) for index in range(GROUP + 1)]
        await asyncio.sleep(0)
        gate.open.set()
        await first
        names = await asyncio.gather(*rest)
        await _tracing(store, [])
        return names, [line.split()[0] for line in log if not line.startswith("INSERT")]

    names, log = with_store(scenario)
    assert names == [f"m{index}" for index in range(GROUP + 1)]
    assert log == ["BEGIN", "COMMIT", "BEGIN", "COMMIT"]


@pytest.mark.parametrize(("fault", "error"), [(_fail, ArithmeticError), (_break_the_statement, StoreUnavailable)])
def test_one_failing_transaction_does_not_fail_its_neighbours(with_store, fault, error):
    async def scenario(store):
        log: list[str] = []
        await _tracing(store, log)
        gate = Gate()
        first = asyncio.ensure_future(store._runner.alone(gate.wait))
        rest = [asyncio.ensure_future(store.tx(_remember, f"m{index}", fault if index == 3 else None)) for index in range(8)]
        await asyncio.sleep(0)
        gate.open.set()
        await first
        results = await asyncio.gather(*rest, return_exceptions=True)
        assert [line for line in log if line in ("BEGIN IMMEDIATE", "ROLLBACK", "COMMIT", "ROLLBACK TO job")] == [
            "BEGIN IMMEDIATE",
            "ROLLBACK",
            "BEGIN IMMEDIATE",
            "ROLLBACK TO job",
            "COMMIT",
        ]
        return results, [await store.recall(f"m{index}") for index in range(8)]

    results, kept = with_store(scenario)
    assert isinstance(results[3], error)
    assert [result for index, result in enumerate(results) if index != 3] == [f"m{index}" for index in range(8) if index != 3]
    assert kept == [None if index == 3 else "x" for index in range(8)]


def test_where_the_whole_transaction_is_lost_each_one_is_tried_alone(with_store):
    """SQLite may roll back everything by itself, for instance on a full disk; here a function does so."""

    async def scenario(store):
        driver = await store._runner.alone(lambda driver: driver)

        def lose():
            driver.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")

        gate = Gate()
        first = asyncio.ensure_future(store._runner.alone(gate.wait))
        rest = [asyncio.ensure_future(store.tx(_remember, f"m{index}", lose if index == 1 else None)) for index in range(3)]
        await asyncio.sleep(0)
        gate.open.set()
        await first
        results = await asyncio.gather(*rest, return_exceptions=True)
        return results, [await store.recall(f"m{index}") for index in range(3)]

    results, kept = with_store(scenario)
    assert results[::2] == ["m0", "m2"]
    assert isinstance(results[1], StoreUnavailable)
    assert kept == ["x", None, "x"]


def test_a_caller_that_gives_up_does_not_disturb_the_others(with_store):
    async def scenario(store):
        gate = Gate()
        first = asyncio.ensure_future(store._runner.alone(gate.wait))
        given_up = [asyncio.ensure_future(store.tx(_remember, "a")), asyncio.ensure_future(store.tx(_remember, "b", _fail))]
        stays = asyncio.ensure_future(store.tx(_remember, "c"))
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
        gate.open.set()
        await first
        return await stays, await store.recall("a"), await store.recall("b")

    assert with_store(scenario) == ("c", "x", None)


def test_closing_writes_what_is_queued_and_then_refuses(url):
    async def main():
        store = await Store.open(url)
        gate = Gate()
        first = asyncio.ensure_future(store._runner.alone(gate.wait))
        queued = [asyncio.ensure_future(store.tx(_remember, f"m{index}")) for index in range(3)]
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(store.close())
        await asyncio.sleep(0)
        gate.open.set()
        await closing
        await first
        assert await asyncio.gather(*queued) == ["m0", "m1", "m2"]
        await store.close()
        with pytest.raises(StoreUnavailable, match=r"record\.db is closed: .* repeat the request"):
            await store.ready()
        again = await Store.open(url)
        kept = await again.recall("m2")
        await again.close()
        return kept

    assert asyncio.run(main()) == "x"


def test_a_loop_that_ends_without_closing_leaves_a_file_that_opens(url, tmp_path):
    async def abandon():
        runner = SqliteRunner(tmp_path / "a.db", {})
        await runner.start(lambda driver: driver.execute("CREATE TABLE t (x)"))
        runner.submit(lambda c: None)
        return runner

    runner = asyncio.run(abandon())
    runner._stop()
    runner._thread.join(30)
    assert not runner._thread.is_alive()
    driver = sqlite3.connect(tmp_path / "a.db")
    assert driver.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
    driver.close()


def test_the_file_is_written_through_with_a_full_flush(with_store):
    async def scenario(store):
        names = ("journal_mode", "synchronous", "locking_mode", "wal_autocheckpoint")
        return await store._runner.alone(lambda driver: [driver.execute(f"PRAGMA {name}").fetchone()[0] for name in names])

    assert with_store(scenario) == ["wal", 2, "exclusive", 4000]


def test_a_place_without_a_write_ahead_log_is_refused():
    with pytest.raises(sqlite3.OperationalError, match=r"does not allow a write-ahead log \(journal mode memory\)"):
        open_file(Path(":memory:"), {})


def test_a_backup_is_complete_and_never_overwrites(with_store, acceptance, tmp_path, url):
    target = tmp_path / "copy.db"

    async def scenario(store):
        fresh = await store.accept(acceptance())
        await store.backup(target)
        with pytest.raises(ConfigError, match=r"copy\.db exists already"):
            await store.backup(target)
        with pytest.raises(StoreUnavailable, match=r"nowhere/copy\.db\.part cannot be used: .*No such file"):
            await store.backup(tmp_path / "nowhere" / "copy.db")
        return fresh.order_id

    async def look(order_id):
        store = await Store.open(f"sqlite:///{target}")
        try:
            checked = await store._runner.alone(lambda driver: driver.execute("PRAGMA integrity_check").fetchone()[0])
            return checked, (await store.order(order_id)).request
        finally:
            await store.close()

    order_id = with_store(scenario)
    assert asyncio.run(look(order_id)) == ("ok", acceptance().request)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "var"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("not a url", "is no database URL"),
        ("sqlite://", "is not served"),
        ("sqlite:///:memory:", "is not served"),
        ("mysql://u:secret@localhost/db", "is not served"),
        ("postgresql://u:secret@localhost", "names no database"),
        ("postgresql+asyncpg://u:secret@localhost/db?pool=1", "pool=1 .* is no number of connections"),
        ("sqlite:///a.db?synchronous=OFF", "synchronous=OFF .* is not known"),
        ("sqlite:///a.db?max_page_count=many", "max_page_count=many .* is not known"),
    ],
)
def test_a_url_that_is_not_served_is_refused_without_showing_its_password(wrong, words):
    with pytest.raises(ConfigError, match=words) as error:
        asyncio.run(Store.open(wrong))
    assert "secret" not in str(error.value)


def test_a_start_that_fails_closes_the_file(url, monkeypatch):
    def refuse(*_):
        raise StoreUnavailable("not now")

    async def main():
        with monkeypatch.context() as patched:
            patched.setattr(codes, "remember", refuse)
            with pytest.raises(StoreUnavailable, match="not now"):
                await Store.open(url)
        store = await Store.open(url)
        await store.close()
        return await_free(Path(url.removeprefix("sqlite:///")))

    def await_free(file):
        driver = sqlite3.connect(file, timeout=0)
        try:
            return driver.execute("SELECT count(*) FROM meta").fetchone()[0]
        finally:
            driver.close()

    assert asyncio.run(main()) == 3


def test_a_read_sees_what_was_written_before_it(with_store):
    async def scenario(store):
        return await asyncio.gather(store.tx(_remember, "a"), store.tx(reading.recall, "a"))

    assert with_store(scenario) == ["a", "x"]


def test_the_record_its_log_and_its_backup_are_readable_by_their_owner_alone(tmp_path):
    file, backup = tmp_path / "var" / "record.db", tmp_path / "copy.db"

    def modes():
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (*file.parent.iterdir(), *tmp_path.glob("*.db"))}

    async def scenario():
        store = await Store.open(f"sqlite:///{file}")
        await store.remember(name="value")
        await store.backup(backup)
        found = modes()
        await store.close()
        return found

    assert asyncio.run(scenario()) == {"record.db": 0o600, "record.db-wal": 0o600, "copy.db": 0o600}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.chmod(0o644)
    file.with_name("record.db-wal").touch(mode=0o644)
    assert asyncio.run(scenario_again(file)) == {0o600}


async def scenario_again(file):
    store = await Store.open(f"sqlite:///{file}")
    found = {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    await store.close()
    return found
