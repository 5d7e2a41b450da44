"""Messages of a backend on a real service: one node on a file, three on a server. Nothing is lost, nothing is taken twice, and a message
that comes again gets the same bytes, whatever happened in between."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.scenario import Behaviour
from tests.faults.cluster import Figures, home_of, order, place, ways
from tests.inbound_kit import INBOUND, announcement, notice, said
from tests.waiting import eventually

DESK = ("lab-desk", "desk-secret")
XML = {"content-type": "text/xml; charset=utf-8", "soapaction": '""'}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_of(tmp_path_factory.mktemp("home") / "h", Figures(more=INBOUND))


def send(node: Any, body: bytes) -> httpx.Response:
    return httpx.post(f"{node.url}/inbound/lab", content=body, headers=XML, auth=DESK, timeout=30, trust_env=False)


def heard(way: dict[str, Any]) -> list[str]:
    """The messages of the backend in an order's way, as the operator sees them."""
    return [step["text"] for step in way["timeline"] if step["text"].startswith("backend-message")]


def test_killed_between_the_commit_and_the_answer_the_repeat_gets_the_same_answer(make, engine):
    cluster = make()
    first = cluster.node(0).start(DIE_AT="after-message")
    body = order()
    number = place(first, body, "k1").json()["id"]
    with pytest.raises(httpx.TransportError):
        send(first, notice(number, "WORKING"))
    assert first.died() == -9
    second = cluster.node(1 if engine == "postgresql" else 0).start()
    [known] = ways(second)
    assert known["state"] == "inProgress"
    replies = [send(second, notice(number, "WORKING")) for _ in range(2)]
    assert {(reply.status_code, said(reply.content)["result"]) for reply in replies} == {(200, "TAKEN")}
    assert replies[0].content == replies[1].content
    [known] = ways(second)
    assert heard(known) == [
        "backend-message: the backend sent, NotifyOrder",
        "backend-message-reply: answered to the backend, NotifyOrder, HTTP 200",
    ]


def test_killed_before_the_commit_nothing_was_taken_and_the_repeat_is(make, engine):
    cluster = make()
    first = cluster.node(0).start(DIE_AT="in-message")
    number = place(first, order(), "k1").json()["id"]
    with pytest.raises(httpx.TransportError):
        send(first, notice(number, "WORKING"))
    assert first.died() == -9
    second = cluster.node(1 if engine == "postgresql" else 0).start()
    [known] = ways(second)
    assert (known["state"], heard(known)) == ("acknowledged", [])
    assert said(send(second, notice(number, "WORKING")).content) == {"result": "TAKEN"}
    assert ways(second)[0]["state"] == "inProgress"


def test_the_same_message_at_once_on_all_nodes_is_taken_once(make):
    cluster = make().start()
    number = place(cluster.nodes[0], order(), "k1").json()["id"]
    nodes, body = itertools.cycle(cluster.nodes), notice(number, "WORKING")
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda node: send(node, body), [next(nodes) for _ in range(12)]))
    assert {(reply.status_code, reply.content) for reply in replies} == {(200, replies[0].content)}
    [known] = ways(cluster.nodes[0])
    assert (known["state"], len(heard(known))) == ("inProgress", 2)


def test_other_messages_of_one_order_at_once_on_all_nodes_are_all_taken(make):
    cluster = make().start()
    number = place(cluster.nodes[0], order(), "k1").json()["id"]
    nodes = itertools.cycle(cluster.nodes)
    bodies = [notice(number, "WAITING" if at % 2 else "WORKING", f"N-{at}") for at in range(12)]
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(send, [next(nodes) for _ in bodies], bodies))
    again = [send(cluster.nodes[0], body) for body, reply in zip(bodies, replies, strict=True) if reply.status_code != 200]
    assert {said(reply.content)["result"] for reply in [*replies, *again] if reply.status_code == 200} == {"TAKEN"}
    [known] = ways(cluster.nodes[0])
    assert len(heard(known)) == 24
    told = sorted(int(step["text"].split(":")[0].removeprefix("event ")) for step in known["timeline"] if step["kind"] == "event")
    assert told == list(range(1, len(told) + 1))


def test_announcements_of_one_order_at_once_on_all_nodes_make_one(make):
    cluster = make().start()
    nodes = itertools.cycle(cluster.nodes)
    bodies = [announcement("LAB-900001", f"A-{at}") for at in range(9)]
    with ThreadPoolExecutor(9) as pool:
        replies = list(pool.map(send, [next(nodes) for _ in bodies], bodies))
    assert {reply.status_code for reply in replies} == {200}
    [known] = ways(cluster.nodes[0])
    assert (known["backendReference"], known["operation"], len(heard(known))) == ("LAB-900001", "productOrder.announce", 18)


def test_what_another_node_is_still_placing_is_waited_for(make, backend):
    cluster = make().start()
    body = order(externalId="SLOWLY-1")
    backend.simulator.once("CreateOrder", Behaviour(after=0.3))
    with ThreadPoolExecutor(1) as pool:
        placing = pool.submit(place, cluster.nodes[0], body, "k1")
        eventually(lambda: backend.booked(body), "the order is booked")
        reply = send(cluster.nodes[-1], notice("LAB-000001", "WORKING"))
        assert said(reply.content) == {"result": "TAKEN"}
        assert placing.result().status_code == 201
    assert ways(cluster.nodes[0])[0]["state"] == "inProgress"
