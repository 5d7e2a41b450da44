"""A record that cannot be written says so, promises nothing, and works again when it can."""

from __future__ import annotations

import asyncio

from adapter.errors import StoreUnavailable
from adapter.store import Fresh, OrderQuery, Seen, Store

OPEN = """
    import asyncio, sys
    from adapter.errors import StoreUnavailable
    from adapter.store import Store

    async def main():
        try:
            store = await Store.open(f"sqlite:///{sys.argv[1]}")
        except StoreUnavailable as error:
            sys.exit(str(error))
        print("open")
        await asyncio.Event().wait()

    asyncio.run(main())
"""


def test_f17_a_second_process_on_the_file_is_refused_with_the_cause_and_the_first_goes_on(file, python, acceptance):
    async def main():
        store = await Store.open(f"sqlite:///{file}")
        first = await store.accept(acceptance("k1"))
        process = python(OPEN, str(file))
        said, _ = await asyncio.to_thread(process.communicate, timeout=30)
        second = await store.accept(acceptance("k2"))
        await store.close()
        return first, second, process.returncode, said

    first, second, code, said = asyncio.run(main())
    assert code == 1
    assert str(file) in said
    assert "another process has the file open: stop it, or give this one a file of its own" in said
    assert isinstance(first, Fresh)
    assert isinstance(second, Fresh)


def test_a_record_whose_process_was_killed_opens_again(file, python):
    process = python(OPEN, str(file))
    assert process.stdout.readline() == "open\n"
    process.kill()
    process.wait(30)

    async def main():
        store = await Store.open(f"sqlite:///{file}")
        await store.ready()
        await store.close()

    asyncio.run(main())


def _limit(pages):
    return lambda driver: driver.execute(f"PRAGMA max_page_count={pages}").fetchone()[0]


def test_f34_a_full_disk_refuses_whole_orders_and_works_again_when_there_is_room(file, acceptance, settlement):
    async def main():
        store = await Store.open(f"sqlite:///{file}?max_page_count=80")
        accepted, refused = [], 0
        for index in range(200):
            try:
                accepted.append(await store.accept(acceptance(f"k{index}")))
            except StoreUnavailable as error:
                refused += 1
                text = str(error)
        orders = [order async for order in store.stream(OrderQuery())]
        whole = [(await store.attempts(order.id), await store.messages(order.id)) for order in orders]
        ends = await asyncio.gather(*(store.settle(order.id, 1, settlement()) for order in orders), return_exceptions=True)
        outcomes = {order.id: order.outcome async for order in store.stream(OrderQuery())}
        for order, end in zip(orders, ends, strict=True):
            assert outcomes[order.id] == ("accepted" if end is True else None)
            assert end is True or isinstance(end, StoreUnavailable)
        assert any(isinstance(end, StoreUnavailable) for end in ends)
        await store._runner.alone(_limit(100_000))
        later = await store.accept(acceptance("k199"))
        open_still = next(order_id for order_id, outcome in outcomes.items() if outcome is None)
        won = [await store.settle(order_id, 1, settlement()) for order_id in (open_still, later.order_id)]
        seen = await store.accept(acceptance("k199"))
        await store.close()
        return accepted, refused, text, orders, whole, won, seen

    accepted, refused, text, orders, whole, won, seen = asyncio.run(main())
    assert len(accepted) > 10
    assert refused == 200 - len(accepted)
    assert "database or disk is full (SQLITE_FULL); free space on that disk, or raise max_page_count" in text
    assert {order.id for order in orders} == {each.order_id for each in accepted}
    assert {(len(attempts), len(messages)) for attempts, messages in whole} == {(1, 1)}
    assert won == [True, True]
    assert isinstance(seen, Seen)


def test_a_full_disk_under_load_refuses_some_and_keeps_exactly_what_it_accepted(file, acceptance):
    async def main():
        store = await Store.open(f"sqlite:///{file}?max_page_count=80")
        told = await asyncio.gather(*(store.accept(acceptance(f"k{index}")) for index in range(200)), return_exceptions=True)
        await store._runner.alone(_limit(100_000))
        kept = [await store.accept(acceptance(f"k{index}")) for index in range(200)]
        await store.close()
        return told, kept

    told, kept = asyncio.run(main())
    fresh = {index for index, each in enumerate(told) if isinstance(each, Fresh)}
    refused = {index for index, each in enumerate(told) if isinstance(each, StoreUnavailable)}
    assert len(fresh) > 10
    assert len(refused) > 10
    assert len(fresh) + len(refused) == 200
    assert {index for index, each in enumerate(kept) if isinstance(each, Fresh)} == refused


def test_f35_a_backup_taken_under_load_has_every_order_from_before_it(file, tmp_path, acceptance, settlement):
    async def main():
        store = await Store.open(f"sqlite:///{file}")
        before: list[str] = []

        async def caller(name):
            for index in range(20):
                fresh = await store.accept(acceptance(f"{name}-{index}"))
                before.append(fresh.order_id)
                await store.settle(fresh.order_id, 1, settlement())

        callers = [asyncio.ensure_future(caller(name)) for name in range(8)]
        while len(before) < 40:
            await store.ready()
        known = list(before)
        await store.backup(tmp_path / "backup.db")
        await asyncio.gather(*callers)
        await store.close()
        copy = await Store.open(f"sqlite:///{tmp_path}/backup.db")
        try:
            kept = [await copy.order(order_id) for order_id in known]
            return kept, await copy._runner.alone(lambda driver: driver.execute("PRAGMA integrity_check").fetchone()[0])
        finally:
            await copy.close()

    kept, checked = asyncio.run(main())
    assert len(kept) >= 40
    assert None not in kept
    assert checked == "ok"
