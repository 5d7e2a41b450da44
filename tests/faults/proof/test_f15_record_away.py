"""F14 to F17, F34, F36 as callers see them: a record that is away, that comes back, whose nodes disagree about the time."""

from __future__ import annotations

import contextlib
import itertools
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from simulators.scenario import Behaviour
from tests import postgres_kit
from tests.faults.cluster import DELIVERIES, Backend, Cluster, Figures, home_of, order, place, ways
from tests.faults.forking import Served
from tests.waiting import eventually

ENGINES = ("postgresql",)


@pytest.fixture
def server() -> Iterator[postgres_kit.Server]:
    with postgres_kit.own_server() as started:
        yield started


def test_f14_a_database_that_restarts_at_once_under_load_costs_no_promised_order(make, backend: Backend, server):
    """Clients repeat until they are promised; the nodes stay as they are."""
    cluster: Cluster = make(record=server.url("postgres")).start()
    orders = [(order(), str(uuid.uuid4()), list(DELIVERIES)[number % 2]) for number in range(40)]
    nodes, sent = itertools.cycle(cluster.nodes), itertools.count()

    def insist(body: dict, key: str, market: str) -> bytes:
        while True:
            next(sent)
            with contextlib.suppress(httpx.TransportError):
                reply = place(next(nodes), body, key, market)
                if reply.status_code == 201:
                    return reply.content
                assert reply.status_code in (502, 503, 504, 409), reply.text
            time.sleep(0.05)  # a client's patience

    with ThreadPoolExecutor(8) as pool:
        promised = [pool.submit(insist, *each) for each in orders]
        for done in (5, 20):
            eventually(lambda done=done: sum(each.done() for each in promised) >= done, f"{done} orders are promised")
            server.restart()
        bodies = [each.result(60) for each in promised]
    pids = [node.pid for node in cluster.nodes]
    known = eventually(lambda: _all_accepted(cluster.nodes[0], len(orders)), "all are accepted")
    assert {way["externalId"] for way in known} == {body["externalId"] for body, _, _ in orders}
    for (body, key, market), promise in zip(orders, bodies, strict=True):
        assert place(next(nodes), body, key, market).content == promise
        assert backend.booked(body) == 1
    assert [node.pid for node in cluster.nodes] == pids


def _all_accepted(node: Served, count: int) -> list[dict]:
    found = ways(node)
    return found if len(found) == count and all(way["outcome"] == "accepted" for way in found) else []


def test_f15_without_its_record_a_node_promises_nothing_and_comes_back_by_itself(make, backend: Backend, server):
    cluster: Cluster = make(record=server.url("postgres")).start()
    server.stop()
    for node in cluster.nodes:
        reply = place(node, order(), "k1")
        assert reply.status_code == 503, reply.text
        assert int(reply.headers["retry-after"]) >= 1
    assert httpx.get(cluster.nodes[0].url + "/health/ready", trust_env=False).status_code == 503
    assert httpx.get(cluster.nodes[0].url + "/health/live", trust_env=False).status_code == 200
    server.start()
    body = order()
    for node in cluster.nodes:
        eventually(lambda node=node: place(node, body, "k2").status_code == 201, "the node is back")
    for node in cluster.nodes:
        assert cluster.forks.ended(node.pid) is None
        assert "Traceback" not in node.said()
    assert backend.booked(body) == backend.calls("CreateOrder") == 1


def test_f36_nodes_whose_clocks_are_minutes_apart_neither_call_twice_nor_end_a_lease_early(make, backend: Backend, tmp_path):
    cluster: Cluster = make(home=home_of(tmp_path / "patient", Figures(total=4)))
    for number, skew in enumerate(("-300", "0", "300")):
        cluster.node(number, SKEW=skew).begin()
    for node in cluster.nodes:
        node.listens()
    orders = [(order(), f"k{number}", list(DELIVERIES)[number % 2]) for number in range(6)]
    backend.simulator.once("CreateOrder", Behaviour(after=0.5), len(orders))
    with ThreadPoolExecutor(len(orders) * 3) as pool:
        sent = [pool.submit(place, node, *each) for each in orders for node in cluster.nodes]
        replies = [each.result(60) for each in sent]
    assert {reply.status_code for reply in replies} == {201}
    assert {(reply.content) for reply in replies[:3]} == {replies[0].content}
    eventually(lambda: _all_accepted(cluster.nodes[0], len(orders)), "all are accepted")
    assert backend.calls("CreateOrder") == len(orders)
    assert backend.calls("FindOrder") == 0, "somebody took a call that was under way to be over"
    assert [len(way["attempts"]) for way in ways(cluster.nodes[2])] == [1] * len(orders)
    assert sum(node.metric("adapter_leases_lost_total") for node in cluster.nodes) == 0
