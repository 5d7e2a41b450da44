"""Tasks: claimed by when they are due, owned by one claim at a time, never lost."""

from __future__ import annotations

import pytest

from adapter.store import task_listing, tasks
from adapter.store.tasks import (
    Done,
    Later,
    NewTask,
    Park,
    TaskQuery,
    acknowledge,
    cancel,
    claim,
    counts,
    extend,
    find,
    oldest_due,
    put,
    redrive,
)
from tests.record_kit import record

LANE = "poll:north"
LEASE = 1000


@pytest.fixture
def c(engine):
    with record(engine) as opened:
        yield opened


def new(name, due_at=100, lane=LANE, **more):
    return NewTask(f"{lane.partition(':')[0]}:{name}", lane, due_at, **more)


def only(c):
    [task] = find(c, TaskQuery())
    return task


def take(c, now=100, count=10, node="n1", lane=LANE):
    return claim(c, lane, count, now, LEASE, node)


def test_the_longest_due_are_claimed_first_and_tell_how_late_they_are(c):
    put(c, [new("C", 70), new("B", 50), new("A", 50), new("future", 101)])
    put(c, [new("other", 10, lane="poll:south")])
    first = take(c, count=2)
    assert [(task.id, task.due_at) for task in first] == [("poll:A", 50), ("poll:B", 50)]
    assert [(task.id, task.due_at) for task in take(c)] == [("poll:C", 70)]
    assert take(c) == take(c, count=0) == []
    assert [task.id for task in take(c, lane="poll:south")] == ["poll:other"]


def test_a_claim_brings_all_there_is_to_know(c):
    put(c, [new("A", 40, order_id="A", payload={"try": [1, "two"]})], at=7)
    [task] = take(c, node="n7")
    assert (task.lane, task.kind, task.owner, task.attempts, task.order_id) == (LANE, "poll", "n7", 1, "A")
    assert (task.payload, task.last_error, task.created_at) == ({"try": [1, "two"]}, "", 7)
    assert only(c).due_at == 100 + LEASE


def test_a_claim_that_runs_out_makes_the_task_due_again_and_the_late_one_changes_nothing(c):
    put(c, [new("A")])
    [first] = take(c, node="n1")
    assert take(c, now=99 + LEASE, node="n2") == []
    [second] = take(c, now=100 + LEASE, node="n2")
    assert (second.fence, second.attempts, second.due_at) == (first.fence + 1, 2, 100 + LEASE)
    before = only(c)
    late = [Done("poll:A", first.fence), Later("poll:A", first.fence, 5), Park("poll:A", first.fence, "late")]
    assert acknowledge(c, late) == [False, False, False]
    assert not extend(c, "poll:A", first.fence, 9999)
    assert only(c) == before
    assert acknowledge(c, [Done("poll:A", second.fence)]) == [True]
    assert find(c, TaskQuery()) == []


def test_a_claim_can_be_told_of_once(c):
    put(c, [new("A")])
    [task] = take(c)
    assert acknowledge(c, [Later("poll:A", task.fence, 500), Done("poll:A", task.fence)]) == [True, False]
    assert acknowledge(c, [Done("poll:A", task.fence)]) == [False]
    assert not extend(c, "poll:A", task.fence, 9999)
    assert (only(c).due_at, only(c).owner) == (500, "")


def test_a_task_made_anew_does_not_meet_the_late_acknowledgement_of_its_predecessor(c):
    put(c, [new("A")])
    [stalled] = take(c, node="n1")
    [heir] = take(c, now=100 + LEASE, node="n2")
    acknowledge(c, [Done("poll:A", heir.fence)])
    put(c, [new("A")])
    [task] = take(c, node="n3")
    assert acknowledge(c, [Done("poll:A", stalled.fence)]) == [False]
    assert acknowledge(c, [Done("poll:A", task.fence)]) == [True]


def test_later_forgets_the_claims_unless_it_failed(c):
    put(c, [new("A")])
    [task] = take(c)
    acknowledge(c, [Later("poll:A", task.fence, 200, "connection refused", keep_attempts=True)])
    assert (only(c).attempts, only(c).last_error) == (1, "connection refused")
    [task] = take(c, now=200)
    assert (task.attempts, task.last_error) == (2, "connection refused")
    acknowledge(c, [Later("poll:A", task.fence, 300)])
    assert (only(c).attempts, only(c).last_error, only(c).due_at) == (0, "", 300)


def test_a_parked_task_waits_for_a_person(c):
    put(c, [new("A")])
    [task] = take(c)
    assert acknowledge(c, [Park("poll:A", task.fence, "claimed 20 times without an end")]) == [True]
    assert (only(c).due_at, only(c).last_error, only(c).owner) == (None, "claimed 20 times without an end", "")
    put(c, [new("A", 1)])
    assert take(c, now=10**9) == []
    assert redrive(c, "poll:A", 700)
    [task] = take(c, now=700)
    assert (task.due_at, task.attempts, task.last_error) == (700, 1, "claimed 20 times without an end")


def test_redrive_also_hurries_one_that_waits_but_takes_none_from_its_worker(c):
    put(c, [new("A", 9000)])
    assert redrive(c, "poll:A", 100)
    [task] = take(c)
    assert not redrive(c, "poll:A", 200)
    assert not redrive(c, "poll:unknown", 200)
    assert acknowledge(c, [Done("poll:A", task.fence)]) == [True]


def test_redrive_takes_it_from_a_worker_whose_lease_is_over(c):
    put(c, [new("A")])
    [task] = take(c)
    assert redrive(c, "poll:A", 100 + LEASE)
    assert acknowledge(c, [Done("poll:A", task.fence)]) == [False]


def test_the_same_work_is_asked_for_once_and_the_earlier_time_wins(c):
    put(c, [new("A", 300), new("A", 200)])
    put(c, [new("A", 250)])
    assert only(c).due_at == 200
    put(c, [])
    assert counts(c) == {LANE: (1, 0)}


@pytest.mark.parametrize(
    ("ack", "due"),
    [
        (lambda fence: Done("poll:A", fence), 150),
        (lambda fence: Later("poll:A", fence, 900), 150),
        (lambda fence: Later("poll:A", fence, 120), 120),
        (lambda fence: Park("poll:A", fence, "why"), None),
    ],
)
def test_work_asked_for_while_it_is_done_is_done_again_and_not_by_two_at_once(c, ack, due):
    put(c, [new("A")])
    [task] = take(c)
    put(c, [new("A", 400)])
    put(c, [new("A", 150)])
    put(c, [new("A", 500)])
    assert take(c, now=200, node="n2") == [], "the lease stands"
    assert acknowledge(c, [ack(task.fence)]) == [True]
    assert only(c).due_at == due


def test_a_claim_answers_what_was_asked_for_before_it(c):
    put(c, [new("A")])
    take(c)
    put(c, [new("A", 150)])
    [task] = take(c, now=100 + LEASE)
    acknowledge(c, [Done("poll:A", task.fence)])
    assert find(c, TaskQuery()) == []


def test_extend_moves_the_end_of_a_lease(c):
    put(c, [new("A")])
    [task] = take(c)
    assert extend(c, "poll:A", task.fence, 5000)
    assert take(c, now=4999) == []
    assert acknowledge(c, [Done("poll:A", task.fence)]) == [True]


def test_cancel_wins_over_a_claim_and_loses_against_an_end(c):
    put(c, [new("A"), new("B")])
    a, b = take(c)
    assert cancel(c, "poll:A")
    assert acknowledge(c, [Done("poll:A", a.fence), Done("poll:B", b.fence)]) == [False, True]
    assert not cancel(c, "poll:A")
    assert not cancel(c, "poll:B")


def test_many_are_acknowledged_together(c):
    put(c, [new(f"{number:03}", number) for number in range(300)])
    claimed = take(c, now=1000, count=300)
    assert [task.due_at for task in claimed] == list(range(300))
    kinds = [Done, lambda i, f: Later(i, f, 5000), lambda i, f: Park(i, f, "no")]
    acks = [kinds[number % 3](task.id, task.fence - (number % 5 == 0)) for number, task in enumerate(claimed)]
    assert acknowledge(c, acks) == [bool(number % 5) for number in range(300)]
    lost, kept = 60, 240
    assert counts(c) == {LANE: (lost + kept // 3, kept // 3)}
    assert len(take(c, now=5000, count=999)) == lost + kept // 3


def test_lists_are_filtered_and_paged(c):
    put(c, [new("A", order_id="A"), new("B", order_id="B"), new("A", lane="submit:north", order_id="A"), new("C", lane="poll:south")])
    [task] = take(c, count=1)
    acknowledge(c, [Park(task.id, task.fence, "no")])

    def ids(**query):
        return [task.id for task in find(c, TaskQuery(**query))]

    assert ids() == ["poll:A", "poll:B", "poll:C", "submit:A"]
    assert ids(lane=LANE) == ["poll:A", "poll:B"]
    assert ids(kind="poll") == ["poll:A", "poll:B", "poll:C"]
    assert ids(kind="pol") == []
    assert ids(order_id="A") == ["poll:A", "submit:A"]
    assert ids(parked=True) == ["poll:A"]
    assert ids(parked=False, kind="poll") == ["poll:B", "poll:C"]
    assert ids(limit=2) == ["poll:A", "poll:B"]
    assert ids(limit=2, after="poll:B") == ["poll:C", "submit:A"]
    assert task_listing.read(c, "poll:B") == find(c, TaskQuery(lane=LANE, parked=False))[0]
    assert task_listing.read(c, "poll:unknown") is None


def test_figures_per_lane(c):
    assert oldest_due(c, 100) == counts(c) == {}
    put(c, [new("A", 30), new("B", 60), new("C", 90, lane="timer:north"), new("D", 900, lane="submit:north")])
    assert oldest_due(c, 100) == {LANE: 70, "timer:north": 10, "submit:north": 0}
    [task] = take(c, count=1)
    assert oldest_due(c, 100) == {LANE: 40, "timer:north": 10, "submit:north": 0}
    acknowledge(c, [Park(task.id, task.fence, "no")])
    assert oldest_due(c, 100) == {LANE: 40, "timer:north": 10, "submit:north": 0}
    assert counts(c) == {LANE: (1, 1), "timer:north": (1, 0), "submit:north": (1, 0)}


@pytest.mark.parametrize("engine", ["sqlite"])
def test_an_idle_claim_and_a_claim_among_many_read_by_the_index(c):
    def plan(statement, **values):
        rows = c.driver.execute(f"EXPLAIN QUERY PLAN {statement.text}", statement.ordered(values))
        return " / ".join(row[3] for row in rows)

    claimed = plan(tasks._CLAIM, lane_="l", now=1, until=2, node="n", count=1, past=0)
    assert "USING COVERING INDEX ix_task_lane_due_at_id (lane=? AND due_at<?)" in claimed
    assert "TEMP B-TREE" not in claimed
    oldest = plan(task_listing._OLDEST, now=1)
    assert "ix_task_lane_due_at_id (lane=? AND due_at<?)" in oldest
    assert "ix_task_lane_due_at_id (lane>?)" in oldest
