"""F4, F5: killed around the call to the backend, what became of the order is asked, and it is there once."""

from __future__ import annotations

import httpx
import pytest

from tests.faults.cluster import DELIVERIES, Cluster, order, place, ways
from tests.waiting import eventually

MARKETS = pytest.mark.parametrize("market", list(DELIVERIES))


def placed_and_killed(cluster: Cluster, point: str, body: dict, market: str) -> None:
    """The node dies at the point, be it while its caller waits for the answer or after it."""
    first = cluster.node(0).start(DIE_AT=point)
    try:
        assert place(first, body, "k1", market).status_code == 201
    except httpx.TransportError:
        assert market == "lab", "a deferred order is answered before its backend is asked"
    assert first.died() == -9


def after(cluster: Cluster, body: dict, market: str) -> dict:
    """What another node, or the same one after its restart, has made of the order."""
    node = cluster.node(0 if cluster.engine == "sqlite" else 1).start()
    if market == "lab":
        eventually(lambda: place(node, body, "k1", market).status_code == 201, "the caller's repeat is answered")
    found = eventually(lambda: [way for way in ways(node) if way["outcome"] == "accepted"], "the order is accepted")
    assert place(node, body, "k1", market).content == place(node, body, "k1", market).content
    return found[0]


@MARKETS
def test_f4_killed_between_the_intent_and_the_call_it_is_proved_absent_and_sent_once(make, backend, market):
    cluster, body = make(), order()
    placed_and_killed(cluster, "before-call", body, market)
    assert backend.calls("CreateOrder") == 0
    found = after(cluster, body, market)
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["absent", "accepted"]
    assert backend.booked(body) == backend.calls("CreateOrder") == 1
    assert backend.calls("FindOrder") >= 1


@MARKETS
def test_f5_killed_after_the_call_the_booking_is_found_and_adopted(make, backend, market):
    cluster, body = make(), order()
    placed_and_killed(cluster, "after-call", body, market)
    assert backend.booked(body) == 1
    found = after(cluster, body, market)
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["accepted"]
    assert found["backendReference"] == backend.simulator.bookings()["bookings"][body["externalId"]]["orderNumbers"][0]
    assert backend.booked(body) == backend.calls("CreateOrder") == 1
