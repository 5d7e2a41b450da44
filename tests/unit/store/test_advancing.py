"""An order moves on: all of a change is written, or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.store import Direction, MessageRow
from adapter.store.advancing import Change, advance, advance_and_acknowledge
from adapter.store.listening import subscribe
from adapter.store.outbox import ListenerRow, NewEvent, claim_cursors, events_of
from adapter.store.reading import find_messages, message_row
from adapter.store.tasks import Done, Later, NewTask, TaskQuery, claim, find, put
from tests.record_kit import order_of, place, record

POLL = NewTask("poll:A", "poll:north", 100, "A")


@pytest.fixture
def c(engine):
    with record(engine) as opened:
        place(opened, "A", 50)
        put(opened, [POLL, NewTask("timer:held:A", "timer:north", 900, "A")])
        for name, market in (("L1", "north"), ("L2", "north"), ("L3", "south")):
            subscribe(opened, ListenerRow(name, "tmf", "shop", market, f"https://{name}.example/events", "", 10))
        yield opened


def event(number, kind="ProductOrderStateChangeEvent"):
    return NewEvent(f"E{number}", kind, b'{"id":"A","n":%d}' % number)


def change(c, **more):
    """Worked out from the order as it is now, or as ``version`` has it."""
    return Change(**{"order_id": "A", "version": order_of(c, "A").version, "state": "inProgress", "at": 200, **more})


def ids(c):
    return {task.id: task.due_at for task in find(c, TaskQuery())}


def test_a_change_writes_state_answer_events_messages_and_tasks_together(c):
    said = MessageRow(Direction.BACKEND_REPLY, "productOrder.status", b"<status/>", 190, "text/xml", 200)
    assert advance(
        c,
        change(
            c,
            answer=b'{"state":"inProgress"}',
            legacy_state="WIP",
            backend_ref="B-2",
            events=(event(1), event(2, "ProductOrderAttributeValueChangeEvent")),
            tasks=(NewTask("timer:slow:A", "timer:north", 700, "A"),),
            cancels=("timer:held:A", "timer:unknown:A"),
            messages=(said,),
        ),
    )
    order = order_of(c, "A")
    assert (order.state, order.answer, order.legacy_state, order.backend_ref) == ("inProgress", b'{"state":"inProgress"}', "WIP", "B-2")
    assert (order.event_seq, order.updated_at, order.done_at, order.attention) == (2, 200, None, "")
    assert [(e.seq, e.id, e.document, e.market, e.at) for e in events_of(c, "A")] == [
        (1, "E1", b'{"id":"A","n":1}', "north", 200),
        (2, "E2", b'{"id":"A","n":2}', "north", 200),
    ]
    kept = message_row(find_messages(c, "A")[-1])
    assert (kept.body, kept.attempt, kept.direction) == (b"<status/>", 1, "backend-reply")
    assert ids(c) == {"poll:A": 100, "timer:slow:A": 700}
    assert [(row[0], row[2], row[3]) for row in c.table("delivery")] == [("L1", 0, 2), ("L2", 0, 2)]


def test_what_a_change_leaves_out_stays(c):
    advance(c, change(c, answer=b"{}", backend_ref="B-2", legacy_state="WIP", attention="look", done_at=150))
    assert advance(c, change(c, at=300, done_at=300))
    order = order_of(c, "A")
    assert (order.answer, order.backend_ref, order.done_at) == (b"{}", "B-2", 150), "the first end stands"
    assert (order.legacy_state, order.attention, order.updated_at) == ("", "", 300)


def test_of_two_changes_of_the_same_order_the_second_finds_it_changed(c):
    stale = order_of(c, "A").version
    assert advance(c, change(c, events=(event(1),)))
    before = c.state()
    assert not advance(
        c, change(c, version=stale, events=(event(2),), tasks=(NewTask("timer:slow:A", "timer:north", 700),), cancels=("poll:A",))
    )
    assert not advance(c, change(c, order_id="unknown"))
    assert c.state() == before
    assert advance(c, change(c, events=(event(3),)))
    assert [(e.seq, e.id) for e in events_of(c, "A")] == [(1, "E1"), (2, "E3")]


@pytest.mark.parametrize(
    "other",
    [
        {"answer": b'{"note":"new"}'},
        {"attention": "look"},
        {"legacy_state": "WIP"},
        {"state": "held"},
        {"done_at": 150},
        {"backend_ref": "B-2"},
        {"gone": True},
    ],
)
def test_a_change_without_an_event_counts_as_one(c, other):
    stale = change(c, answer=b'{"description":"new"}')
    assert advance(c, change(c, **other))
    before = c.state()
    assert not advance(c, stale)
    assert c.state() == before
    assert advance(c, replace(stale, version=order_of(c, "A").version))


def test_a_change_that_left_everything_as_it_was_is_in_nobodys_way(c):
    assert advance(c, change(c, answer=b"{}"))
    worked_out = change(c, events=(event(1),))
    assert advance(c, change(c, answer=b"{}", at=300))
    assert advance(c, worked_out)


def test_the_change_and_the_end_of_its_task_are_one(c):
    [task] = claim(c, "poll:north", 10, 100, 1000, "n1")
    assert advance_and_acknowledge(c, change(c, events=(event(1),)), Later("poll:A", task.fence, 5000))
    assert (order_of(c, "A").event_seq, ids(c)["poll:A"]) == (1, 5000)


def test_a_lost_lease_leaves_the_order_alone(c):
    [first] = claim(c, "poll:north", 10, 100, 1000, "n1")
    [second] = claim(c, "poll:north", 10, 1100, 1000, "n2")
    before = c.state()
    assert not advance_and_acknowledge(c, change(c, events=(event(1),)), Done("poll:A", first.fence))
    assert not advance_and_acknowledge(c, None, Done("poll:A", first.fence))
    assert c.state() == before
    assert advance_and_acknowledge(c, None, Done("poll:A", second.fence))
    assert "poll:A" not in ids(c)


def test_an_order_that_was_changed_leaves_its_task_alone(c):
    [task] = claim(c, "poll:north", 10, 100, 1000, "n1")
    stale = change(c, events=(event(2),))
    assert advance(c, change(c, events=(event(1),)))
    before = c.state()
    assert not advance_and_acknowledge(c, stale, Done("poll:A", task.fence))
    assert c.state() == before


def test_a_task_that_is_done_may_ask_for_its_next_turn(c):
    [task] = claim(c, "poll:north", 10, 100, 1000, "n1")
    again = NewTask("poll:A", "poll:north", 7000, "A")
    assert advance_and_acknowledge(c, change(c, tasks=(again,)), Done("poll:A", task.fence))
    assert ids(c)["poll:A"] == 7000
    [task] = claim(c, "poll:north", 10, 7000, 1000, "n1")
    assert (task.created_at, task.attempts) == (200, 1)


def test_a_listener_gets_the_events_in_order(c):
    advance(c, change(c, events=(event(1), event(2))))
    advance(c, change(c, events=(event(3),)))
    [claimed] = claim_cursors(c, "L1", 10, 300, 1000, "n1")
    assert [e.id for e in claimed.events] == ["E1", "E2", "E3"]
