"""F1 to F3: whoever repeats a request gets the first answer, and the backend gets the order once."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.faults.cluster import DELIVERIES, order, place, ways
from tests.waiting import eventually

MARKETS = pytest.mark.parametrize("market", list(DELIVERIES))


@MARKETS
def test_f1_killed_after_the_commit_and_before_the_reply_the_repeat_gets_what_was_recorded(make, backend, engine, market):
    cluster = make()
    first, body = cluster.node(0).start(DIE_AT="after-recorded"), order()
    with pytest.raises(httpx.TransportError):
        place(first, body, "k1", market)
    assert first.died() == -9
    second = cluster.node(1 if engine == "postgresql" else 0).start()
    answer = place(second, body, "k1", market)
    assert answer.status_code == 201
    again = [place(second, body, "k1", market) for _ in range(2)]
    assert {(reply.status_code, reply.content) for reply in again} == {(201, answer.content)}
    eventually(lambda: backend.booked(body), "the order is booked")
    [known] = ways(second)
    assert known["id"] == answer.json()["id"] or known["backendReference"] == answer.json()["id"]
    assert [attempt["outcome"] for attempt in known["attempts"]][-1:] == ["accepted"]
    assert backend.booked(body) == backend.calls("CreateOrder") == 1


@MARKETS
def test_f2_twenty_identical_posts_at_once_over_all_nodes_are_one_order(make, backend, market):
    cluster, body = make().start(), order()
    nodes = itertools.cycle(cluster.nodes)
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda node: place(node, body, "k1", market), [next(nodes) for _ in range(20)]))
    assert {(reply.status_code, reply.content) for reply in replies} == {(201, replies[0].content)}
    eventually(lambda: backend.booked(body), "the order is booked")
    assert len(ways(cluster.nodes[0])) == 1
    assert backend.booked(body) == backend.calls("CreateOrder") == 1


def test_f3_other_content_under_the_same_key_is_refused_and_writes_nothing(make, backend):
    cluster, body = make().start(), order()
    first = place(cluster.nodes[0], body, "k1")
    before = ways(cluster.nodes[0])
    assert first.status_code == 201
    for node in cluster.nodes:
        assert place(node, body | {"category": "other"}, "k1").status_code == 422
    assert ways(cluster.nodes[0]) == before
    assert {place(node, body, "k1").content for node in cluster.nodes} == {first.content}
    assert backend.calls("CreateOrder") == 1
