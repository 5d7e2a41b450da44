"""Several connections write; what waits together is committed together, a failure stays its own, and a lost connection is no loss."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy import bindparam, func, insert, literal_column, make_url, select, update
from sqlalchemy.util import await_only

from adapter.errors import InvalidMessage, StoreUnavailable
from adapter.ports import OutcomeKind
from adapter.store import Fresh, Store, codes, postgres, reading, record
from adapter.store.address import parse
from adapter.store.connection import Statement
from adapter.store.database_clock import DatabaseClock
from adapter.store.failures import OutcomeUnknown
from adapter.store.postgres import PostgresRunner
from adapter.store.postgres_connection import key_of
from adapter.store.schema import meta
from tests import postgres_kit
from tests.waiting import until

ENGINES = ("postgresql",)

TRANSACTION = Statement(select(func.txid_current()))
BACKEND = Statement(select(func.pg_backend_pid()))
END_OWN = Statement(select(func.pg_terminate_backend(func.pg_backend_pid())))
PUT = Statement(insert(meta), ("name", "value"))
READ = Statement(select(meta.c.value).where(meta.c.name == bindparam("name")).with_for_update())
WRITE = Statement(update(meta).where(meta.c.name == bindparam("name")).values(value=bindparam("new")))
SLEEP = Statement(select(func.pg_sleep(literal_column("5"))))


def _remember(c, name, then=None):
    codes.remember(c, {name: "x"})
    if then is not None:
        then(c)
    return name


def _fail(_):
    raise ArithmeticError("a fault of this one")


def _break_the_statement(c):
    c.change(PUT, {"name": "opened_by", "value": None})


def _transaction(c):
    return c.row(TRANSACTION, {})[0]


async def _administer(url, statement, *values):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement, *values)
    finally:
        await connection.close()


def test_brief_transactions_that_wait_together_share_commits(with_store):
    async def scenario(store):
        brief = await asyncio.gather(*(store._runner.tx(_transaction, brief=True) for _ in range(40)))
        other = await asyncio.gather(*(store.tx(_transaction) for _ in range(40)))
        return len(set(brief)), len(set(other))

    brief, other = with_store(scenario)
    assert brief <= postgres.FOR_BRIEF + 8
    assert other == 40


@pytest.mark.parametrize(("fault", "error"), [(_fail, ArithmeticError), (_break_the_statement, StoreUnavailable)])
@pytest.mark.parametrize("brief", [True, False])
def test_one_failing_transaction_does_not_fail_its_neighbours(with_store, fault, error, brief):
    async def scenario(store):
        run = store._runner.tx
        together = (run(_remember, f"m{index}", fault if index == 13 else None, brief=brief) for index in range(30))
        results = await asyncio.gather(*together, return_exceptions=True)
        return results, [await store.recall(f"m{index}") for index in range(30)]

    results, kept = with_store(scenario)
    assert isinstance(results[13], error)
    assert [result for index, result in enumerate(results) if index != 13] == [f"m{index}" for index in range(30) if index != 13]
    assert kept == [None if index == 13 else "x" for index in range(30)]


def test_a_caller_that_gives_up_does_not_disturb_the_others(with_store):
    async def scenario(store):
        run = store._runner.tx
        given_up = [asyncio.ensure_future(run(_remember, "a", brief=True)), asyncio.ensure_future(run(_remember, "b", _fail, brief=True))]
        stays = asyncio.ensure_future(run(_remember, "c", brief=True))
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
        return await stays, await store.recall("c"), await store.recall("b")

    assert with_store(scenario) == ("c", "x", None)


def test_closing_writes_what_is_queued_and_then_refuses(url):
    async def main():
        store = await Store.open(url)
        queued = [asyncio.ensure_future(store.tx(_remember, f"m{index}")) for index in range(20)]
        await asyncio.sleep(0)
        await store.close()
        assert await asyncio.gather(*queued) == [f"m{index}" for index in range(20)]
        await store.close()
        with pytest.raises(StoreUnavailable, match=r"is closed: .* repeat the request"):
            await store.ready()
        again = await Store.open(url)
        kept = await again.recall("m19")
        await again.close()
        return kept

    assert asyncio.run(main()) == "x"


def test_two_nodes_that_read_and_write_the_same_row_lose_no_change(url):
    def add(c, _):
        ((value,),) = c.rows(READ, {"name": "count"})
        return c.change(WRITE, {"name": "count", "new": str(int(value) + 1)})

    async def main():
        nodes = [await Store.open(url, node=f"n{index}") for index in range(2)]
        await nodes[0].remember(count="0")
        changed = await asyncio.gather(*(nodes[index % 2].tx(add, index) for index in range(60)))
        found = await nodes[0].recall("count")
        for node in nodes:
            await node.close()
        return found, set(changed)

    assert asyncio.run(main()) == ("60", {1})


def test_who_was_too_slow_for_a_number_runs_again(with_store):
    runs = []

    async def scenario(store):
        waiting = asyncio.Event()

        def first(c):
            c.change(PUT, {"name": "k", "value": "first"})
            await_only(waiting.wait())

        def second(c):
            runs.append(1)
            taken = reading.recall(c, "k")
            return taken if taken is not None else c.change(PUT, {"name": "k", "value": "second"})

        one = asyncio.ensure_future(store.tx(first))
        two = asyncio.ensure_future(store.tx(second))
        await until(lambda: runs, "the first one runs")
        await _until_blocked(store)
        waiting.set()
        await one
        return await two

    assert with_store(scenario) == "first"
    assert len(runs) == 2


async def _until_blocked(store):
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await until(lambda: store._runner.alone(lambda driver: driver.fetchval(query)), "a lock that is waited for")


def test_a_name_is_held_by_one_transaction_at_a_time(url):
    inside, most = [], []

    def alone(c, name):
        c.lock(name)
        inside.append(name)
        most.append(inside.count(name))
        c.row(BACKEND, {})
        inside.remove(name)

    async def main():
        nodes = [await Store.open(url) for _ in range(2)]
        await asyncio.gather(*(nodes[index % 2].tx(alone, "north/E-1") for index in range(24)))
        for node in nodes:
            await node.close()

    asyncio.run(main())
    assert set(most) == {1}
    assert -(1 << 63) <= key_of("a") != key_of("b") < 1 << 63


@pytest.mark.parametrize("brief", [True, False])
def test_a_transaction_whose_connection_is_lost_before_its_commit_runs_again(with_store, brief):
    runs = []

    def lose_once(c, name):
        runs.append(name)
        codes.remember(c, {name: "x"})
        if runs.count("b") == 1 and name == "b":
            c.row(END_OWN, {})
        return name

    async def scenario(store):
        names = await asyncio.gather(*(store._runner.tx(lose_once, name, brief=brief) for name in "abc"))
        return names, [await store.recall(name) for name in "abc"]

    assert with_store(scenario) == (["a", "b", "c"], ["x", "x", "x"])
    assert runs.count("b") > 1


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("count", [1, 12])
def test_a_connection_lost_during_the_commit_leaves_what_became_of_it_open(url, monkeypatch, arrived, count):
    commit = postgres._commit

    async def lose(driver):
        if arrived:
            await commit(driver)
        driver.terminate()
        await driver.execute("COMMIT")

    async def main():
        store = await Store.open(url)
        with monkeypatch.context() as patched:
            patched.setattr(postgres, "_commit", lose)
            lost = await asyncio.gather(*(store._runner.tx(_remember, f"m{i}", brief=True) for i in range(count)), return_exceptions=True)
        kept = [await store.recall(f"m{index}") for index in range(count)]
        await store.close()
        return lost, kept

    lost, kept = asyncio.run(main())
    assert {type(error) for error in lost} == {OutcomeUnknown}
    assert "the connection was lost during a commit" in str(lost[0])
    assert kept == ["x" if arrived else None] * count


@pytest.mark.parametrize("arrived", [True, False])
def test_an_acceptance_of_which_nobody_knows_is_refused_and_taken_back(url, monkeypatch, acceptance, arrived):
    commit = postgres._commit
    monkeypatch.setattr(record, "TAKE_BACK_SECONDS", 0.01)

    async def lose(driver):
        if arrived:
            await commit(driver)
        driver.terminate()
        await driver.execute("COMMIT")

    async def main():
        store = await Store.open(url)
        with monkeypatch.context() as patched:
            patched.setattr(postgres, "_commit", lose)
            with pytest.raises(OutcomeUnknown):
                await store.accept(acceptance("k1", deadline=2**60))
        async with asyncio.timeout(20):
            await asyncio.gather(*store._taking_back)
        repeat = await store.accept(acceptance("k1", deadline=2**60))
        outcomes = [attempt.outcome for attempt in await store.attempts(repeat.order_id)]
        await store.close()
        return repeat, outcomes

    repeat, outcomes = asyncio.run(main())
    assert isinstance(repeat, Fresh)
    assert outcomes == ([OutcomeKind.UNAVAILABLE, None] if arrived else [None])


def test_a_commit_that_wrote_nothing_is_no_success(with_store):
    def swallow(c):
        codes.remember(c, {"a": "x"})
        try:
            c.change(PUT, {"name": "a", "value": None})
        except asyncpg.PostgresError:
            return "all is well"

    async def scenario(store):
        with pytest.raises(StoreUnavailable, match="nothing was committed"):
            await store.tx(swallow)
        return await store.recall("a")

    assert with_store(scenario) is None


def test_a_text_that_cannot_be_kept_is_the_callers_fault(with_store, acceptance):
    async def scenario(store):
        with pytest.raises(InvalidMessage, match=r"cannot be recorded \(U\+0000\)"):
            await store.accept(acceptance(external_id="E\0"))
        return await store.accept(acceptance())

    assert with_store(scenario).attempt == 1


def test_a_brief_transaction_that_takes_too_long_is_given_up(with_store, monkeypatch):
    async def scenario(store):
        monkeypatch.setattr(postgres, "BRIEF_SECONDS", 0.2)
        with pytest.raises(StoreUnavailable, match=r"cannot be used: TimeoutError"):
            await store._runner.tx(lambda c: c.rows(SLEEP, {}), brief=True)
        monkeypatch.undo()
        return await store.tx(_remember, "a")

    assert with_store(scenario) == "a"


def test_the_sessions_are_set_for_short_transactions_that_last(url):
    async def main():
        store = await Store.open(url, node="n1")
        names = ("application_name", "statement_timeout", "idle_in_transaction_session_timeout", "synchronous_commit")
        shown = [await store._runner.alone(lambda driver, name=name: driver.fetchval(f"SHOW {name}")) for name in names]
        level = await store.tx(lambda c: c.row(Statement(select(func.current_setting("transaction_isolation"))), {}))
        engine = await store.recall("postgresql")
        await store.close()
        return shown, level, engine

    database = make_url(url).database
    asyncio.run(_administer(url, f"ALTER DATABASE {database} SET synchronous_commit = off"))
    asyncio.run(_administer(url, f"ALTER DATABASE {database} SET default_transaction_isolation = serializable"))
    try:
        shown, level, engine = asyncio.run(main())
    finally:
        asyncio.run(_administer(url, f"ALTER DATABASE {database} RESET ALL"))
    assert shown == ["adapter n1", "30s", "10s", "on"]
    assert level == ("read committed",)
    assert engine.split(".")[0].isdecimal()


def test_all_nodes_tell_the_time_by_the_database(url):
    async def main():
        store = await Store.open(url)
        before = await _administer(url, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
        exact, estimate = await store.now(), store.clock()
        after = await _administer(url, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
        await store.close()
        return before, exact, estimate, after

    before, exact, estimate, after = asyncio.run(main())
    assert before <= exact <= after
    assert before - 50 <= estimate <= after + 50


def test_a_better_look_at_the_clock_replaces_a_worse_one_and_an_old_one():
    clock = DatabaseClock()
    with pytest.raises(RuntimeError, match="has not been looked at"):
        clock()
    clock.take(0, 1_000_000, 2_000)
    assert clock._offset == 999_000
    clock.take(10_000, 1_500_000, 90_000)  # forty milliseconds of doubt
    assert clock._offset == 999_000
    clock.take(100_000, 1_100_000, 100_200)
    assert clock._offset == 999_900
    clock.take(300_000_000, 302_000_000, 300_080_000)  # after five minutes the doubt about the old one is greater
    assert clock._offset == 302_000_000 - 300_040_000


def test_a_database_that_is_gone_is_refused_at_once_and_found_again(monkeypatch, acceptance):
    monkeypatch.setattr(postgres, "PATIENCE", 0.3)
    monkeypatch.setattr(postgres, "LOOK_AGAIN", 0.1)

    async def scenario(url, server):
        store = await Store.open(url)
        fresh = await store.accept(acceptance("k1", deadline=2**60))
        server.stop()
        loop = asyncio.get_running_loop()
        began = loop.time()
        refused = await asyncio.gather(*(store.accept(acceptance(f"k{index}")) for index in range(40)), return_exceptions=True)
        waited = loop.time() - began
        began = loop.time()
        again = await asyncio.gather(*(store.accept(acceptance("k1")) for _ in range(40)), return_exceptions=True)
        at_once = loop.time() - began
        with pytest.raises(StoreUnavailable):
            await store.now()
        with pytest.raises(StoreUnavailable):
            await store.ready()
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(20):
            while True:
                try:
                    await store.ready()
                except StoreUnavailable:
                    await asyncio.sleep(0.05)
                else:
                    break
        repeat = await store.accept(acceptance("k1", deadline=2**60))
        await store.close()
        return fresh, refused, again, waited, at_once, repeat

    with postgres_kit.own_server() as server:
        fresh, refused, again, waited, at_once, repeat = asyncio.run(scenario(server.url("postgres"), server))
    assert {type(error) for error in refused + again} <= {StoreUnavailable, OutcomeUnknown}
    assert "see that the server runs and can be reached" in str(again[0])
    assert waited < 10
    assert at_once < 2
    assert repeat.order_id == fresh.order_id


def test_a_server_that_is_not_there_is_named_without_the_password():
    async def main():
        with pytest.raises(StoreUnavailable) as error:
            await Store.open("postgresql://me:s3cret@127.0.0.1:1/record")
        return str(error.value)

    text = asyncio.run(main())
    assert "s3cret" not in text
    assert "postgresql://me:***@127.0.0.1:1/record" in text
    assert "see that the server runs and can be reached" in text


def test_a_database_that_does_not_exist_is_named_with_the_remedy(url):
    runner_url = url.replace("adapter_test", "no_such")

    async def main():
        with pytest.raises(StoreUnavailable, match=r"3D000\); create the database"):
            await PostgresRunner(parse(runner_url), "n1").start(lambda _: None)

    asyncio.run(main())
