"""What was promised is on the disk, whatever becomes of the process."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3

from adapter.ports import OutcomeKind
from adapter.store import Acceptance, Doubtful, Fresh, Seen, Store


def _copy_as_after_a_power_cut(file, target):
    """The file and its log as they lie on the disk at this moment, opened without the process that wrote them."""
    for suffix in ("", "-wal"):
        if (part := file.with_name(file.name + suffix)).exists():
            shutil.copy(part, target.with_name(target.name + suffix))
    driver = sqlite3.connect(target)
    try:
        orders = driver.execute("SELECT id, outcome FROM resource_order").fetchall()
        answered = driver.execute("SELECT order_id FROM idempotency WHERE status IS NOT NULL").fetchall()
        attempts = driver.execute("SELECT order_id FROM attempt").fetchall()
        return dict(orders), {order_id for (order_id,) in answered}, {order_id for (order_id,) in attempts}
    finally:
        driver.close()
        for suffix in ("", "-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)


def test_f16_every_order_and_answer_is_in_a_copy_taken_right_after_it_was_promised(file, tmp_path, acceptance, settlement):
    async def main():
        store = await Store.open(f"sqlite:///{file}")
        promised, answered = [], []
        for index in range(150):
            fresh = await store.accept(acceptance(f"k{index}"))
            promised.append(fresh.order_id)
            orders, _, attempts = _copy_as_after_a_power_cut(file, tmp_path / "copy.db")
            assert (list(orders), attempts) == (promised, set(promised))
            await store.settle(fresh.order_id, 1, settlement())
            answered.append(fresh.order_id)
            orders, with_answer, _ = _copy_as_after_a_power_cut(file, tmp_path / "copy.db")
            assert with_answer == set(answered)
            assert set(orders.values()) == {"accepted"}
        await store.close()
        return len(promised)

    assert asyncio.run(main()) == 150


ACCEPT_AND_WAIT = """
    import asyncio, sys
    from adapter.ports import OutcomeKind
    from adapter.store import Acceptance, Response, Settlement, Store

    async def main():
        store = await Store.open(f"sqlite:///{sys.argv[1]}")
        for index in range(3):
            request = Acceptance("shop", f"k{index}", "f1", "north", "op", "shop", "tmf", "c", b"{}", 2**60, resource="productOrder")
            fresh = await store.accept(request)
            if index == 0:
                await store.settle(fresh.order_id, 1, Settlement(OutcomeKind.ACCEPTED, 2, response=Response(201, b"first")))
            if index == 1:
                await store.settle(fresh.order_id, 1, Settlement(OutcomeKind.IN_DOUBT, 2))
            print(fresh.order_id)
        await asyncio.Event().wait()  # the call is on its way

    asyncio.run(main())
"""


def test_after_kill_9_the_intent_is_listed_as_open_and_the_answer_given_again(file, python):
    process = python(ACCEPT_AND_WAIT, str(file))
    ids = [process.stdout.readline().strip() for _ in range(3)]
    process.kill()
    assert process.wait(30) == -9

    def again(index):
        return Acceptance("shop", f"k{index}", "f1", "north", "op", "shop", "tmf", "c", b"{}", 2**60, resource="productOrder")

    async def main():
        store = await Store.open(f"sqlite:///{file}")
        try:
            unsettled = await store.open_attempts(2**61)
            return unsettled, [await store.accept(again(index)) for index in range(4)]
        finally:
            await store.close()

    unsettled, told = asyncio.run(main())
    assert [(each.order.id, each.attempt.outcome) for each in unsettled] == [(ids[1], OutcomeKind.IN_DOUBT), (ids[2], None)]
    assert isinstance(told[0], Seen)
    assert (told[0].order_id, told[0].response.body) == (ids[0], b"first")
    assert [type(each) for each in told[1:]] == [Doubtful, Doubtful, Fresh]


WRITE_WITHOUT_END = """
    import asyncio, sys
    from adapter.ports import OutcomeKind
    from adapter.store import Acceptance, Response, Settlement, Store

    async def order(store, key):
        request = Acceptance("shop", key, "f1", "north", "op", "shop", "tmf", "c", b"{}" * 500, 2**60, resource="productOrder")
        fresh = await store.accept(request)
        print("accepted", fresh.order_id)
        assert await store.settle(fresh.order_id, 1, Settlement(OutcomeKind.ACCEPTED, 2, response=Response(201, key.encode())))
        print("settled", fresh.order_id)

    async def caller(store, name):
        for index in range(1_000_000):
            await order(store, f"{name}-{index}")

    async def main():
        store = await Store.open(f"sqlite:///{sys.argv[1]}")
        await asyncio.gather(*(caller(store, name) for name in range(16)))

    asyncio.run(main())
"""


def test_kill_9_under_load_loses_nothing_that_was_said(file, python):
    for _ in range(3):
        process = python(WRITE_WITHOUT_END, str(file))
        lines = [process.stdout.readline() for _ in range(400)]
        process.kill()
        lines += process.stdout.readlines()
        assert process.wait(30) == -9
        said = [line.split() for line in lines if line.endswith("\n")]
        accepted = {order_id for what, order_id in said if what == "accepted"}
        settled = {order_id for what, order_id in said if what == "settled"}
        assert len(accepted) >= 200

        driver = sqlite3.connect(file)
        outcomes = dict(driver.execute("SELECT id, outcome FROM resource_order").fetchall())
        answered = {row[0] for row in driver.execute("SELECT order_id FROM idempotency WHERE status = 201")}
        half = driver.execute(
            "SELECT count(*) FROM resource_order o WHERE NOT EXISTS (SELECT 1 FROM attempt WHERE order_id = o.id)"
            " OR (o.outcome IS NOT NULL) IS NOT EXISTS (SELECT 1 FROM idempotency i WHERE i.order_id = o.id AND status = 201)"
        ).fetchone()[0]
        checked = driver.execute("PRAGMA integrity_check").fetchone()[0]
        driver.close()
        assert accepted <= set(outcomes)
        assert settled <= answered
        assert {outcomes[order_id] for order_id in settled} == {"accepted"}
        assert (half, checked) == (0, "ok")
        file.unlink()
        file.with_name(f"{file.name}-wal").unlink(missing_ok=True)


MIGRATE_AND_DIE = """
    import os, signal, sys
    import alembic.command
    from pathlib import Path
    from adapter.store import migrating
    from adapter.store.sqlite import open_file

    upgrade = alembic.command.upgrade
    def die_before_the_commit(config, revision):
        upgrade(config, revision)
        os.kill(os.getpid(), signal.SIGKILL)
    alembic.command.upgrade = die_before_the_commit
    file = Path(sys.argv[1])
    migrating.migrate(open_file(file, {}), file)
"""


def test_kill_9_in_the_middle_of_making_the_tables_leaves_none(file, python, acceptance):
    process = python(MIGRATE_AND_DIE, str(file))
    assert process.wait(30) == -9
    assert process.stdout.read() == ""
    copy = sqlite3.connect(file)
    assert copy.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    copy.close()

    async def main():
        store = await Store.open(f"sqlite:///{file}")
        fresh = await store.accept(acceptance("k1"))
        await store.close()
        return fresh

    assert isinstance(asyncio.run(main()), Fresh)
