"""Finding and listing orders."""

from __future__ import annotations

import sqlite3

import pytest

from adapter.changing import attention_to
from adapter.ports import OutcomeKind
from adapter.store import OrderQuery, accepting, advancing, concluding, messages, migrating, reading, settling
from adapter.store.connection import Statement


async def _fill(store, acceptance, settlement, clock):
    """Six orders, a second apart: north 0, 2, 4 and south 1, 3, 5; 4 is rejected, 5 still open."""
    ids = []
    for index in range(6):
        market = ("north", "south")[index % 2]
        request = acceptance(
            f"k{index}", market=market, external_id=f"E-{index // 2}", correlation_id=f"c-{index}", client=f"shop-{index % 3}"
        )
        fresh = await store.accept(request)
        if index < 5:
            outcome = OutcomeKind.REJECTED if index == 4 else OutcomeKind.ACCEPTED
            state = "rejected" if index == 4 else "completed" if index < 2 else "acknowledged"
            await store.settle(fresh.order_id, 1, settlement(outcome, state=state, backend_ref="B-7" if index in (0, 2) else ""))
        ids.append(fresh.order_id)
        clock.now += 1000
    return ids


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [5, 4, 3, 2, 1, 0]),
        ({"markets": frozenset({"north"})}, [4, 2, 0]),
        ({"markets": frozenset({"north", "south"}), "limit": 2}, [5, 4]),
        ({"markets": frozenset()}, []),
        ({"limit": 2, "offset": 3}, [2, 1]),
        ({"state": "completed"}, [1, 0]),
        ({"outcome": OutcomeKind.REJECTED}, [4]),
        ({"operation": "productOrder.create", "client": "shop-1"}, [4, 1]),
        ({"operation": "productOrder.cancel"}, []),
        ({"markets": frozenset({"south"}), "external_id": "E-1"}, [3]),
        ({"external_id": "E-1"}, [3, 2]),
        ({"markets": frozenset({"north", "south"}), "backend_ref": "B-7"}, [2, 0]),
        ({"correlation_id": "c-3"}, [3]),
    ],
)
def test_orders_are_listed_newest_first_by_any_of_their_columns(with_store, acceptance, settlement, clock, query, expected):
    async def scenario(store):
        ids = await _fill(store, acceptance, settlement, clock)
        listed = [ids.index(order.id) for order in await store.orders(OrderQuery(**query))]
        streamed = [ids.index(order.id) async for order in store.stream(OrderQuery(**query), batch=2)]
        return listed, streamed

    listed, streamed = with_store(scenario)
    assert listed == expected
    if "offset" not in query and "limit" not in query:
        assert streamed == expected
    else:
        assert len(streamed) == 6


def test_what_a_person_has_to_look_at_is_found_without_reading_the_rest(with_store, acceptance, settlement, clock, engine):
    async def scenario(store):
        ids = await _fill(store, acceptance, settlement, clock)
        for index in (0, 2, 3):
            assert await store.tx(advancing.advance, attention_to(await store.order(ids[index]), "look", clock.now))
        listed = [await store.orders(OrderQuery(attention=True, **more)) for more in ({}, {"markets": frozenset({"north"})}, {"limit": 1})]
        return [[ids.index(order.id) for order in found] for found in listed]

    assert with_store(scenario) == [[3, 2, 0], [2, 0], [3]]


def test_a_period_and_the_page_before_narrow_a_list(with_store, acceptance, settlement, clock):
    async def scenario(store):
        start = clock.now
        ids = await _fill(store, acceptance, settlement, clock)
        period = await store.orders(OrderQuery(created_from=start + 1000, created_until=start + 4000))
        page = await store.orders(OrderQuery(before=ids[3], limit=2, markets=frozenset({"north", "south"})))
        return [ids.index(order.id) for order in period], [ids.index(order.id) for order in page]

    assert with_store(scenario) == ([3, 2, 1], [2, 1])


def test_an_order_is_found_by_its_id_or_the_newest_by_its_backends_reference(with_store, acceptance, settlement, clock):
    async def scenario(store):
        ids = await _fill(store, acceptance, settlement, clock)
        return ids, [
            await store.order(ids[1]),
            await store.order(ids[1], {"south"}),
            await store.order(ids[1], {"north"}),
            await store.order("B-7", {"north", "south"}),
            await store.order("B-7", {"south"}),
            await store.order("B-7"),
            await store.order("", {"south"}),
        ]

    ids, found = with_store(scenario)
    assert [order and ids.index(order.id) for order in found] == [1, 1, None, 2, None, None, None]


def test_attempts_without_a_certain_end_are_listed_once_nobody_works_on_them(with_store, acceptance, settlement, clock, engine):
    async def first(store):
        fresh = [await store.accept(acceptance(f"k{index}", deadline=clock.now + 20_000)) for index in range(4)]
        await store.settle(fresh[0].order_id, 1, settlement())
        await store.settle(fresh[1].order_id, 1, settlement(OutcomeKind.IN_DOUBT))
        await store.settle(fresh[2].order_id, 1, settlement(OutcomeKind.UNAVAILABLE))
        clock.now += 1
        mine = [each.order.id for each in await store.open_attempts(clock.now)]
        clock.now += 20_000
        late = [each.order.id for each in await store.open_attempts(clock.now)]
        return [each.order_id for each in fresh], mine, late

    async def second(store):
        await store.accept(acceptance("k9"))
        clock.now += 1
        found = await store.open_attempts(clock.now)
        return [(each.order.id, each.attempt.outcome) for each in found], await store.open_attempts(clock.now, limit=1), found

    ids, mine, late = with_store(first)
    assert mine == [ids[1]], "an attempt that is being made now is left alone"
    assert late == [ids[1], ids[3]]
    clock.now -= 20_000
    after, limited, found = with_store(second)
    gone = [(ids[3], None)] if engine == "sqlite" else []  # on a server its process may be alive
    assert after == [(ids[1], OutcomeKind.IN_DOUBT), *gone]
    assert limited == found[:1]


def test_attempts_that_began_together_are_listed_page_by_page(with_store, acceptance, clock):
    async def scenario(store):
        for index in range(5):
            fresh = await store.accept(acceptance(f"k{index}", deadline=clock.now))
            clock.now += index % 2
        found, last = [], None
        while page := await store.open_attempts(clock.now + 1, 2, last):
            assert len(page) <= 2
            found += [each.order.id for each in page]
            last = page[-1]
        return found, [each.order.id for each in await store.open_attempts(clock.now + 1)], fresh.order_id

    found, whole, latest = with_store(scenario)
    assert found == whole
    assert len(set(found)) == 5
    assert found[-1] == latest


def _statements():
    for module in (accepting, advancing, concluding, messages, settling, reading):
        yield from ((name, value) for name, value in vars(module).items() if isinstance(value, Statement))
    markets = frozenset({"north", "south"})
    for query in (
        OrderQuery(),
        OrderQuery(markets=frozenset({"north"})),
        OrderQuery(markets=markets),
        OrderQuery(markets=markets, before="x"),
        OrderQuery(markets=markets, backend_ref="x"),
        OrderQuery(markets=frozenset({"north"}), external_id="x"),
        OrderQuery(markets=frozenset({"north"}), resource="productOrder"),
        OrderQuery(markets=markets, resource="productOrder", answered=True),
        OrderQuery(markets=frozenset({"north"}), resource="productOrder", external_id="x"),
        OrderQuery(markets=markets, resource="productOrder", backend_ref="x"),
        OrderQuery(subject="x"),
        OrderQuery(subject="x", resource="productOrder"),
        OrderQuery(attention=True),
        OrderQuery(attention=True, markets=frozenset({"north"})),
        OrderQuery(attention=True, markets=markets),
    ):
        yield f"orders {sorted(name for name in reading.listing(query)[1])}", reading.listing(query)[0]


@pytest.mark.parametrize(("name", "statement"), list(_statements()))
def test_no_statement_sorts_or_searches_a_table_that_grows(name, statement, tmp_path):
    driver = sqlite3.connect(":memory:", isolation_level=None)
    migrating.migrate(driver, tmp_path / "none")
    parameters = [1] * statement.text.count("?")
    plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement.text}", parameters)]
    driver.close()
    sorts = [step for step in plan if "TEMP B-TREE" in step]
    if any("USING INDEX ix_attempt_unsettled" in step for step in plan):  # left to sort are those that began in the same millisecond
        sorts = [step for step in sorts if "RIGHT PART OF" not in step and "LAST TERM OF" not in step]
    scans = [step for step in plan if step.startswith("SCAN")]
    if ".backend_ref = ?" in statement.text:  # few orders share a reference: those may be sorted
        sorts = []
        assert "ix_resource_order_market_backend_ref_id" in plan[0]
    if ".external_id = ?" in statement.text:
        assert "ix_resource_order_market_external_id_id" in plan[0]
    if ".attention != ''" in statement.text and ".done_at IS NULL" not in statement.text:  # few orders: all in one small index
        scans = [step for step in scans if step != "SCAN resource_order USING INDEX ix_resource_order_attention"]
        assert "sqlite_autoindex_resource_order_1" not in plan[0]
    if "LIMIT" in statement.text:  # newest first, and no further than the page
        scans = [step for step in scans if step != "SCAN resource_order USING INDEX sqlite_autoindex_resource_order_1"]
    assert (sorts, scans) == ([], []), plan
