"""Several nodes on one PostgreSQL: one order for one request whichever node it comes to, and none lost when the server goes."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager

import pytest

from adapter.errors import StoreUnavailable
from adapter.ports import OutcomeKind
from adapter.store import Direction, Doubtful, Fresh, InFlight, MessageRow, OrderQuery, Seen, Settlement, Store
from tests import postgres_kit
from tests.waiting import until


@pytest.fixture(scope="module")
def server():
    with postgres_kit.own_server() as one:
        yield one


@pytest.fixture
def url():
    with postgres_kit.database() as made:
        yield made


@asynccontextmanager
async def nodes_on(url, count=3):
    nodes = [await Store.open(f"{url}&pool=4" if "?" in url else f"{url}?pool=4", node=f"n{index}") for index in range(count)]
    try:
        yield nodes
    finally:
        for node in nodes:
            await node.close()


async def _serve(store, request, settlement, calls, pause=0.0):
    """What the pipeline does with a request, with a call that takes ``pause`` seconds."""
    while True:
        match await store.accept(request):
            case Fresh(order_id, attempt):
                calls.append(order_id)
                await asyncio.sleep(pause)
                await store.settle(order_id, attempt, settlement)
                return settlement.response.body
            case InFlight() as flight:
                ended = await store.wait_settled(flight)
                if ended is not None and not flight.other:
                    return ended.response.body
            case Seen(_, response):
                return response.body
            case Doubtful() as doubtful:
                return doubtful
            case other:
                raise AssertionError(other)


def test_f2_identical_requests_at_once_over_all_nodes_make_one_call_and_get_one_body(url, acceptance, settlement):
    async def main():
        calls, answers = [], []
        async with nodes_on(url) as nodes:
            for turn in range(10):
                request = acceptance(f"k{turn}", external_id=f"E-{turn}")
                twins = (_serve(random.choice(nodes), request, settlement(), calls, 0.02) for _ in range(20))
                answers += await asyncio.gather(*twins)
            return calls, answers, [order async for order in nodes[0].stream(OrderQuery())]

    calls, answers, orders = asyncio.run(main())
    assert len(calls) == len(set(calls)) == 10
    assert sorted(calls) == sorted(order.id for order in orders)
    assert set(answers) == {settlement().response.body}


def test_two_keys_for_one_order_number_at_once_on_two_nodes_make_one_call(url, acceptance, settlement):
    async def main():
        fresh = []
        async with nodes_on(url, 2) as nodes:
            for turn in range(25):
                both = (node.accept(acceptance(f"{turn}/{index}", external_id=f"E-{turn}")) for index, node in enumerate(nodes))
                told = await asyncio.gather(*both)
                assert sorted(type(each).__name__ for each in told) == ["Fresh", "InFlight"], turn
                fresh += [each for each in told if isinstance(each, Fresh)]
                [other] = [each for each in told if isinstance(each, InFlight)]
                assert (other.order_id, other.other) == (fresh[-1].order_id, True)
        return fresh

    assert len(asyncio.run(main())) == 25


def test_a_further_attempt_is_begun_by_one_node_only(url, acceptance, settlement):
    refused = Settlement(OutcomeKind.UNAVAILABLE, 2)

    async def main():
        async with nodes_on(url) as nodes:
            for turn in range(15):
                request = acceptance(f"k{turn}")
                first = await nodes[0].accept(request)
                await nodes[0].settle(first.order_id, 1, refused)
                told = await asyncio.gather(*(node.accept(request) for node in nodes))
                kinds = sorted(type(each).__name__ for each in told)
                assert kinds == ["Fresh", "InFlight", "InFlight"], turn
                assert {each.attempt for each in told} == {2}
                attempts = await nodes[0].attempts(first.order_id)
                assert [attempt.number for attempt in attempts] == [1, 2]

    asyncio.run(main())


def test_one_node_settles_and_what_all_heard_is_kept(url, acceptance, settlement):
    async def main():
        async with nodes_on(url) as nodes:
            for turn in range(15):
                fresh = await nodes[0].accept(acceptance(f"k{turn}"))
                heard = MessageRow(Direction.BACKEND_REPLY, "Query", b"<none/>", 2)
                won = await asyncio.gather(
                    *(node.settle(fresh.order_id, 1, settlement()) for node in nodes),
                    *(node.keep(fresh.order_id, 1, heard) for node in nodes),
                )
                assert won.count(True) == 1
                messages = await nodes[0].messages(fresh.order_id)
                assert len(messages) == 1 + 3 + 3

    asyncio.run(main())


def test_an_answer_that_comes_while_a_repeat_is_looked_up_is_seen(url, acceptance, settlement):
    """Never doubtful, and never a second call: the repeat is told of a call under way or of its end."""

    async def main():
        told = set()
        async with nodes_on(url, 2) as nodes:
            for turn in range(40):
                request = acceptance(f"k{turn}", external_id=f"E-{turn}")
                other = acceptance(f"other {turn}", external_id=f"E-{turn}")
                fresh = await nodes[0].accept(request)
                _, same, number = await asyncio.gather(
                    nodes[0].settle(fresh.order_id, 1, settlement()), nodes[1].accept(request), nodes[1].accept(other)
                )
                told |= {type(same), type(number)}
        return told

    assert asyncio.run(main()) <= {InFlight, Seen}


def test_an_attempt_of_another_node_is_in_flight_until_its_deadline(url, acceptance):
    async def main():
        async with nodes_on(url, 2) as nodes:
            now = await nodes[0].now()
            soon = acceptance("k1", deadline=now + 400)
            fresh = await nodes[0].accept(soon)
            within = await nodes[1].accept(soon)
            listed = await nodes[1].open_attempts(now + 60_000)
            waited = await nodes[1].wait_settled(within)
            beyond = await nodes[1].accept(soon)
            listed_later = await nodes[1].open_attempts(now + 60_000)
        return fresh, within, listed, waited, beyond, listed_later

    fresh, within, listed, waited, beyond, listed_later = asyncio.run(main())
    assert isinstance(within, InFlight)
    assert (within.order_id, within.elsewhere) == (fresh.order_id, True)
    assert (listed, waited) == ([], None)
    assert isinstance(beyond, Doubtful)
    assert [each.order.id for each in listed_later] == [fresh.order_id]


async def _as_soon_as_it_can(store, request):
    while True:
        try:
            return await store.accept(request)
        except StoreUnavailable:
            await asyncio.sleep(0.05)


class Client:
    """Sends each request until it has an answer, as a client with an idempotency key does."""

    def __init__(self, nodes, settlement):
        self.nodes, self.settlement = nodes, settlement
        self.calls: list[str] = []
        self.answered: dict[str, bytes] = {}
        self.refused = 0

    async def place(self, request):
        while request.key not in self.answered:
            node = random.choice(self.nodes)
            try:
                answer = await _serve(node, request, self.settlement(), self.calls)
            except StoreUnavailable:
                self.refused += 1
                await asyncio.sleep(0.05)
                continue
            if isinstance(answer, Doubtful):  # its call was made, or never began; here a probe would tell
                made = answer.order.id in self.calls
                outcome = self.settlement() if made else Settlement(OutcomeKind.ABSENT, 3)
                try:
                    await node.settle(answer.order.id, answer.attempt.number, outcome)
                except StoreUnavailable:
                    self.refused += 1
                continue
            self.answered[request.key] = answer


def test_f14_a_server_that_is_restarted_at_once_under_load_loses_nothing_and_nodes_recover(server, acceptance, settlement):
    async def main():
        async with nodes_on(server.url("postgres")) as nodes:
            client = Client(nodes, settlement)
            numbers = iter(range(100_000))
            stop = asyncio.Event()

            async def caller():
                while not stop.is_set():
                    number = next(numbers)
                    deadline = nodes[0].clock() + 1500
                    await client.place(acceptance(f"k{number}", external_id=f"E-{number}", deadline=deadline))

            callers = [asyncio.create_task(caller()) for _ in range(12)]
            for _ in range(4):
                before = len(client.answered)
                await until(lambda least=before + 50: len(client.answered) >= least, "fifty more answers")
                await asyncio.to_thread(server.restart)
            stop.set()
            async with asyncio.timeout(60):
                await asyncio.gather(*callers)
            orders = [order async for order in nodes[0].stream(OrderQuery())]
        return client, orders

    client, orders = asyncio.run(main())
    assert len(client.answered) >= 200
    assert set(client.answered.values()) == {settlement().response.body}
    assert {order.key for order in orders if order.outcome is OutcomeKind.ACCEPTED} == set(client.answered)
    assert len(orders) == len(client.answered)
    assert len(client.calls) == len(set(client.calls)), "no order was called for twice"


def test_f15_while_the_server_is_away_every_request_is_refused_soon_and_none_is_promised(server, acceptance, settlement):
    async def main():
        async with nodes_on(server.url("postgres"), 2) as nodes:
            server.stop()
            loop, took, told = asyncio.get_running_loop(), [], []
            end = loop.time() + 6
            while loop.time() < end:
                began = loop.time()
                told += await asyncio.gather(*(node.accept(acceptance(f"away {len(told)}")) for node in nodes), return_exceptions=True)
                took.append(loop.time() - began)
                await asyncio.sleep(0.1)
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(20):
                fresh = await _as_soon_as_it_can(nodes[1], acceptance("back"))
            kept = [order.key async for order in nodes[0].stream(OrderQuery()) if order.key.startswith("away")]
        return took, told, fresh, kept

    took, told, fresh, kept = asyncio.run(main())
    assert {type(each) for each in told} <= {StoreUnavailable}
    assert max(took) < 5
    assert sorted(took)[len(took) // 2] < 0.5
    assert isinstance(fresh, Fresh)
    assert kept == []
