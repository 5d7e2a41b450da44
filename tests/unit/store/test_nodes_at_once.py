"""Several nodes on one database, all at the same moment: what one of them may do, one of them does."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from adapter.store import Store
from adapter.store.advancing import Change, advance, advance_and_acknowledge
from adapter.store.listening import FULL, listeners_of, subscribe
from adapter.store.outbox import ListenerRow, NewEvent, events_of
from adapter.store.rates import failed, permits, probe, state
from adapter.store.tasks import Done, Later, NewTask, TaskQuery, acknowledge, cancel, claim, find, put
from tests.record_kit import place

ENGINES = ("postgresql",)
NODES = 3
NOW = 1_760_000_000_000
LEASE = 60_000


@pytest.fixture
def with_nodes(url, engine):
    def run(scenario):
        async def main():
            async with AsyncExitStack() as stack:
                nodes = [await Store.open(url, node=f"n{number}") for number in range(NODES)]
                for node in nodes:
                    stack.push_async_callback(node.close)
                return await scenario(nodes)

        return asyncio.run(main())

    return run


def everywhere(nodes, times, function, *arguments):
    """The same transaction from every node, so many times, all begun at once."""
    return asyncio.gather(*(node.tx(function, *arguments) for _ in range(times) for node in nodes))


def test_each_task_is_claimed_by_one(with_nodes):
    async def scenario(nodes):
        await nodes[0].tx(put, [NewTask(f"poll:{number:04}", "poll:north", NOW + number % 7, str(number)) for number in range(500)])
        batches = await asyncio.gather(*(node.tx(claim, "poll:north", 30, NOW + 10, LEASE, node.node) for _ in range(6) for node in nodes))
        claimed = [task for batch in batches for task in batch]
        told = await asyncio.gather(
            *(node.tx(acknowledge, [Later(task.id, task.fence, NOW + LEASE) for task in reversed(claimed)]) for node in nodes)
        )
        return claimed, batches, told, await nodes[0].tx(find, TaskQuery(limit=1000))

    claimed, batches, told, left = with_nodes(scenario)
    assert len(claimed) == len({task.id for task in claimed}) == 500
    for batch in batches:
        assert [(task.due_at, task.id) for task in batch] == sorted((task.due_at, task.id) for task in batch)
    assert [sum(each) for each in zip(*told, strict=True)] == [1] * 500, "each acknowledgement counts once, whoever brings it"
    assert len(left) == 500


def test_work_asked_for_by_all_is_there_once(with_nodes):
    async def scenario(nodes):
        wanted = [NewTask(f"poll:{number:03}", "poll:north", NOW) for number in range(100)]
        orders = (wanted, wanted[::-1])
        await asyncio.gather(*(node.tx(put, orders[turn % 2]) for turn in range(6) for node in nodes))
        return await nodes[0].tx(find, TaskQuery(limit=1000))

    assert len(with_nodes(scenario)) == 100


def test_of_changes_worked_out_at_the_same_time_one_is_written(with_nodes):
    async def scenario(nodes):
        await nodes[0].tx(place, "A", NOW)
        won = []
        for seq in range(5):
            version = (await nodes[0].order("A")).version
            changes = [Change("A", version, "inProgress", NOW, events=(NewEvent(f"{seq}/{n}", "t", b"{}"),)) for n in range(9)]
            won.append(await asyncio.gather(*(nodes[n % NODES].tx(advance, change) for n, change in enumerate(changes))))
        return won, await nodes[0].tx(events_of, "A")

    won, events = with_nodes(scenario)
    assert [sum(each) for each in won] == [1] * 5
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert [event.id for event in events] == [f"{seq}/{each.index(True)}" for seq, each in enumerate(won)]


def test_of_changes_without_events_worked_out_at_the_same_time_one_is_written(with_nodes):
    async def scenario(nodes):
        await nodes[0].tx(place, "A", NOW)
        told = []
        for turn in range(5):
            version = (await nodes[0].order("A")).version
            changes = [Change("A", version, "inProgress", NOW, answer=b'{"n":"%d/%d"}' % (turn, n)) for n in range(9)]
            won = await asyncio.gather(*(nodes[n % NODES].tx(advance, change) for n, change in enumerate(changes)))
            told.append([change.answer for change, one in zip(changes, won, strict=True) if one] == [(await nodes[0].order("A")).answer])
        return told

    assert with_nodes(scenario) == [True] * 5


def test_a_timer_that_fires_while_it_is_cancelled_does_one_of_the_two(with_nodes):
    """Firing and cancelling change the order and the task in one transaction each: whichever comes second finds nothing left to do."""

    async def one(nodes, number):
        order = f"A{number}"
        await nodes[0].tx(place, order, NOW)
        await nodes[0].tx(put, [NewTask(f"timer:held:{order}", "timer:north", NOW, order)])
        [task] = await nodes[0].tx(claim, "timer:north", 1, NOW, LEASE, "n0")
        version = (await nodes[0].order(order)).version
        fire = Change(order, version, "failed", NOW, events=(NewEvent(f"{order} fired", "t", b"{}"),))
        leave = Change(order, version, "inProgress", NOW, events=(NewEvent(f"{order} left", "t", b"{}"),), cancels=(task.id,))
        won = await asyncio.gather(
            nodes[1].tx(advance_and_acknowledge, fire, Done(task.id, task.fence)),
            nodes[2].tx(advance, leave),
        )
        events = [event.id for event in await nodes[0].tx(events_of, order)]
        return won, events == [f"{order} {'fired' if won[0] else 'left'}"]

    async def scenario(nodes):
        told = [await one(nodes, number) for number in range(60)]
        return told, await nodes[0].tx(find, TaskQuery())

    told, left = with_nodes(scenario)
    assert all(sorted(won) == [False, True] and matches for won, matches in told)
    assert left == []


def test_a_client_that_registers_everywhere_at_once_gets_as_many_listeners_as_it_may_have(with_nodes):
    def wish(turn, n):
        return ListenerRow(f"{turn}/{n}", "tmf", f"shop{turn}", "north", f"https://{n}.example/", "", NOW)

    async def scenario(nodes):
        told = []
        for turn in range(10):
            asked = [nodes[n % NODES].tx(subscribe, wish(turn, n), 2) for n in range(9)]
            told.append((await asyncio.gather(*asked), len(await nodes[0].tx(listeners_of, "tmf", f"shop{turn}"))))
        return told

    for answers, registered in with_nodes(scenario):
        assert sorted(answers, key=str) == [FULL] * 7 + [None] * 2
        assert registered == 2


def test_an_acknowledgement_and_a_cancellation_at_once_never_both_win(with_nodes):
    async def scenario(nodes):
        told = []
        for _ in range(40):
            await nodes[0].tx(put, [NewTask("timer:A", "timer:north", NOW)])
            [task] = await nodes[0].tx(claim, "timer:north", 1, NOW, LEASE, "n0")
            [done], gone = await asyncio.gather(nodes[1].tx(acknowledge, [Done(task.id, task.fence)]), nodes[2].tx(cancel, task.id))
            told.append((done, gone))
        return told, await nodes[0].tx(find, TaskQuery())

    told, left = with_nodes(scenario)
    assert all(done != gone for done, gone in told)
    assert left == []


def test_the_rate_is_one_for_all_nodes(with_nodes):
    async def scenario(nodes):
        first = await everywhere(nodes, 10, permits, "north", NOW * 1000, 10, 20, 3, 5)
        second = await everywhere(nodes, 10, permits, "north", NOW * 1000, 10, 20, 3, 0)
        return sum(first), sum(second)

    assert with_nodes(scenario) == (15, 5)


def test_failures_are_counted_by_all_and_one_of_them_looks_if_the_backend_is_back(with_nodes):
    async def scenario(nodes):
        paused = await everywhere(nodes, 2, failed, "north", NOW, 5, 1000)
        looking = await everywhere(nodes, 3, probe, "north", NOW + 1000, 1000)
        return paused, looking, (await nodes[0].tx(state, "north")).failures

    paused, looking, failures = with_nodes(scenario)
    assert (paused.count(None), failures, looking.count(True)) == (4, 6, 1)
