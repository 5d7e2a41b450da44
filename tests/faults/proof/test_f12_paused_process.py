"""F12 with real processes: a node is stopped for longer than its lease, and goes on as if nothing had happened."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.faults.cluster import order, place, ways
from tests.faults.middle import Middle, middle
from tests.waiting import eventually

ENGINES = ("postgresql",)


@pytest.fixture
def between(backend) -> Iterator[Middle]:
    with middle() as server:
        server.target, server.operation = backend.url, "CreateOrder"
        yield server
        server.gate.set()


def test_f12_stopped_with_its_call_on_the_way_it_changes_nothing_any_more(make, backend, between: Middle):
    """The call hangs between the two; meanwhile the others take over, and find what it has done."""
    cluster, body = make(endpoint=between.url), order()
    first, second = cluster.node(0).start(), cluster.node(1)
    between.gate.clear()
    assert place(first, body, "k1", "desk").status_code == 201
    eventually(lambda: ways(first)[0]["attempts"], "its attempt is on record")
    first.signal(signal.SIGSTOP)
    first.stopped()
    between.gate.set()
    eventually(lambda: backend.booked(body), "the backend acts")
    second.start()
    [known] = eventually(lambda: [way for way in ways(second) if way["outcome"] == "accepted"], "another node has settled it")
    assert [attempt["outcome"] for attempt in known["attempts"]] == ["accepted"]
    eventually(lambda: not [task for task in second.ask("/admin/tasks") if task["id"].startswith("submit:")], "its lease is over")
    first.signal(signal.SIGCONT)
    eventually(lambda: first.metric("adapter_leases_lost_total") >= 1, "its result came too late")
    assert ways(second)[0]["attempts"] == known["attempts"]
    assert backend.booked(body) == backend.calls("CreateOrder") == 1


def test_f12_stopped_before_its_call_it_sends_nothing_with_a_permit_that_is_void(make, backend):
    """It stands still between its claim and the call; whoever comes next makes the one call."""
    cluster, body = make(), order()
    first = cluster.node(0).start(STOP_AT="before-intent")
    assert place(first, body, "k1", "desk").status_code == 201
    first.stopped()
    second = cluster.node(1).start()
    eventually(lambda: [way for way in ways(second) if way["outcome"] == "accepted"], "another node has placed it")
    first.signal(signal.SIGCONT)
    eventually(lambda: first.metric("adapter_leases_lost_total") >= 1, "its result came too late")
    assert "work.stale" in first.said()
    assert backend.booked(body) == backend.calls("CreateOrder") == 1
    assert len(ways(second)[0]["attempts"]) == 1
