"""Old rows go; what is still needed stays, however old it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.ports import Issue, OutcomeKind
from adapter.store import Acceptance, Seen
from adapter.store.accepting import Asker, Key, accept, intend, lookup
from adapter.store.advancing import Change, advance
from adapter.store.auditing import AuditRow, write
from adapter.store.codes import tally, write_counts
from adapter.store.listening import subscribe, unsubscribe
from adapter.store.outbox import ListenerRow, NewEvent, claim_cursors, delivered, events_of, park
from adapter.store.purging import DAY, Retention, purge
from adapter.store.tasks import Done, NewTask, Park, TaskQuery, acknowledge, cancel, claim, find, put
from tests.record_kit import Memory, order_of, place, record

NOW = 400 * DAY
ALL = Retention(messages=30 * DAY, events=30 * DAY, orders=365 * DAY, audit=365 * DAY, codes=90 * DAY)
OF_ORDERS = ("resource_order", "attempt", "message", "idempotency", "event", "delivery")


@pytest.fixture
def c(engine):
    with record(engine) as opened:
        yield opened


def over(c, order_id, at=0, done=True, event=True):
    """An order that came to its end at ``at``."""
    place(c, order_id, at)
    events = (NewEvent(f"E-{order_id}", "ProductOrderStateChangeEvent", b"{}"),) if event else ()
    assert advance(c, Change(order_id, order_of(c, order_id).version, "completed", at, done_at=at if done else None, events=events))


def purge_all(c, retention=ALL, now=NOW, limit=100):
    total: dict[str, int] = {}
    while gone := purge(c, retention, now, limit):
        for table, rows in gone.items():
            total[table] = total.get(table, 0) + rows
    return total


def hear(c, name="L1", market="north"):
    subscribe(c, ListenerRow(name, "tmf", "shop", market, f"https://{name}.example/events", "", 0))


def send(c, name="L1"):
    for claimed in claim_cursors(c, name, 100, NOW, 1000, "n1"):
        assert delivered(c, claimed.delivery, claimed.delivery.last_seq, NOW)


def test_an_order_that_is_over_goes_with_everything_of_it(c):
    hear(c)
    over(c, "A")
    over(c, "B", NOW - 364 * DAY)
    send(c)
    assert purge(c, Retention(orders=365 * DAY), NOW, 100) == {
        "resource_order": 1,
        "attempt": 1,
        "message": 2,
        "idempotency": 1,
        "event": 1,
        "delivery": 1,
    }
    assert [row[0] for row in c.look("SELECT id FROM resource_order")] == ["B"]
    assert c.count(*OF_ORDERS) == [1, 1, 2, 1, 1, 1]
    assert purge(c, Retention(orders=365 * DAY), NOW, 100) == {}


@pytest.mark.parametrize("outcome", [OutcomeKind.REJECTED, OutcomeKind.UNAVAILABLE, OutcomeKind.ABSENT])
def test_an_order_that_its_backend_did_not_take_is_over(c, outcome):
    place(c, "A", 0, outcome)
    assert purge(c, ALL, NOW, 100)["resource_order"] == 1


@pytest.mark.parametrize("outcome", [OutcomeKind.ACCEPTED, OutcomeKind.IN_DOUBT, None])
def test_an_open_order_stays_however_old_it_is_and_keeps_its_key_and_messages(c, outcome):
    place(c, "A", 0, outcome)
    before = c.state()
    assert purge(c, ALL, NOW * 100, 100) == {}
    assert c.state() == before


def test_an_attempt_that_is_not_settled_keeps_its_order(c):
    place(c, "A", 0, None)
    assert advance(c, Change("A", order_of(c, "A").version, "cancelled", 1, done_at=1))
    assert purge(c, ALL, NOW, 100) == {}


def test_a_task_that_waits_or_is_parked_keeps_its_order(c):
    over(c, "A", event=False)
    put(c, [NewTask("timer:close:A", "timer:north", NOW + 1, "A")])
    assert purge(c, ALL, NOW, 100) == {}
    [task] = claim(c, "timer:north", 1, NOW + 1, 1000, "n1")
    acknowledge(c, [Park(task.id, task.fence, "why")])
    assert purge(c, ALL, NOW, 100) == {}
    assert cancel(c, task.id)
    assert purge(c, ALL, NOW, 100)["resource_order"] == 1


def test_an_event_that_a_listener_has_not_heard_stays_with_its_order(c):
    hear(c, "L1")
    hear(c, "L2")
    over(c, "A")
    send(c, "L1")
    [claimed] = claim_cursors(c, "L2", 1, NOW, 1000, "n1")
    assert park(c, claimed.delivery, NOW, "gone for good", 99, 0)
    assert purge(c, ALL, NOW, 100) == {}
    assert len(events_of(c, "A")) == 1
    assert unsubscribe(c, "L2", NOW - 1)
    gone = purge(c, ALL, NOW, 100)
    assert (gone["event"], gone["resource_order"]) == (1, 1)


def test_heard_events_of_an_open_order_go_by_their_age(c):
    hear(c)
    over(c, "A", NOW - 31 * DAY, done=False)
    assert purge(c, ALL, NOW, 100) == {}, "not heard yet"
    send(c)
    advance(c, Change("A", order_of(c, "A").version, "inProgress", NOW - DAY, events=(NewEvent("E2", "t", b"{}"),)))
    assert purge(c, ALL, NOW, 100) == {"event": 1}
    assert [event.id for event in events_of(c, "A")] == ["E2"]


def test_messages_go_before_their_order_and_are_not_looked_for_twice(c):
    for number in range(5):
        over(c, f"A{number}", (number + 10) * DAY, event=False)
    assert purge(c, Retention(messages=30 * DAY), 41 * DAY, 100) == {"message": 2}
    assert purge(c, Retention(messages=30 * DAY), NOW, 3) == {"message": 6}
    assert c.look("SELECT value FROM meta WHERE name = 'purged.messages'") == [(f"{13 * DAY}:A3",)]
    assert purge(c, Retention(messages=30 * DAY), NOW, 3) == {"message": 2}
    assert purge(c, Retention(messages=30 * DAY), NOW, 3) == {}
    assert c.count("message", "resource_order", "idempotency") == [0, 5, 5]
    over(c, "B", NOW - 100 * DAY, event=False)
    assert purge(c, Retention(messages=30 * DAY), NOW, 3) == {"message": 2}


def test_orders_that_ended_in_the_same_millisecond_are_all_found(c):
    for number in range(7):
        over(c, f"A{number}", 10, event=False)
    assert [purge(c, Retention(messages=DAY), NOW, 3) for _ in range(4)] == [{"message": 6}, {"message": 6}, {"message": 2}, {}]


def test_a_batch_is_bounded(c):
    for number in range(7):
        over(c, f"A{number}")
    assert [purge(c, Retention(orders=DAY), NOW, 3).get("resource_order", 0) for _ in range(4)] == [3, 3, 1, 0]
    for number in range(7):
        over(c, f"B{number}")
        write(c, AuditRow(f"{number}", 5, "ann", "x"))
    assert [purge(c, Retention(events=DAY, audit=DAY), NOW, 3) for _ in range(4)] == [
        {"event": 3, "audit": 3},
        {"event": 3, "audit": 3},
        {"event": 1, "audit": 1},
        {},
    ]


def test_deeds_on_an_order_that_is_open_stay(c):
    place(c, "open", 0)
    place(c, "asked", 0, None)
    over(c, "over", NOW - DAY)
    for order in ("open", "asked", "over", "gone", ""):
        write(c, AuditRow(f"of {order}", 5, "ann", "task.redrive", order))
    write(c, AuditRow("young", NOW, "ann", "task.redrive", "gone"))
    assert purge(c, Retention(audit=DAY), NOW, 100) == {"audit": 3}
    assert [row[0] for row in c.look("SELECT id FROM audit ORDER BY id")] == ["of asked", "of open", "young"]


def test_codes_go_that_nobody_has_seen_for_long(c):
    for at, code in ((10, "OLD"), (NOW, "NEW")):
        counts: dict = {}
        tally(counts, "north", [Issue("text", "warning", code=code)], at)
        write_counts(c, counts)
    assert purge(c, ALL, NOW, 100) == {"code_seen": 1}
    assert [row[1] for row in c.table("code_seen")] == ["NEW"]


def test_a_listener_that_ended_goes_with_its_cursors_but_not_at_once(c):
    hear(c, "L1")
    hear(c, "L2")
    for number in range(3):
        over(c, f"A{number}", NOW)
    unsubscribe(c, "L1", NOW)
    assert purge(c, Retention(), NOW + DAY, 2) == {}
    assert [purge(c, Retention(), NOW + DAY + 1, 2) for _ in range(3)] == [{"delivery": 2}, {"delivery": 1, "listener": 1}, {}]
    assert [row[0] for row in c.table("listener")] == ["L2"]
    assert c.count("delivery") == [3]


def test_without_ages_nothing_goes(c):
    over(c, "A")
    write(c, AuditRow("1", 0, "ann", "x"))
    before = c.state()
    assert purge(c, Retention(), NOW, 100) == {}
    assert c.state() == before


def test_every_key_under_which_an_order_is_known_goes_with_it_and_not_before(c):
    order = place(c, "A", 0, external_id="E-1")
    again = Acceptance(order.scope, "another key", "f", "north", order.operation, "shop", "tmf", "c-2", b"{}", 9, "E-1")
    assert isinstance(accept(c, intend(again, "B", Asker("n1", NOW))), Seen)
    assert purge(c, ALL, NOW, 100) == {}
    assert isinstance(lookup(c, Key(order.scope, "another key", "f"), Asker("n1", NOW)), Seen)
    assert advance(c, Change("A", order_of(c, "A").version, "completed", 1, done_at=1))
    assert purge(c, ALL, NOW, 100)["idempotency"] == 2
    assert lookup(c, Key(order.scope, "another key", "f"), Asker("n1", NOW)) is None


steps = st.lists(
    st.tuples(st.sampled_from(["place", "end", "task", "work", "event", "send", "purge"]), st.integers(0, 4), st.integers(0, 40)),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(steps=steps, limit=st.integers(1, 4))
def test_a_run_beside_live_load_removes_nothing_that_is_needed(steps, limit):
    c = Memory()
    hear(c)
    now, seq = 0, {}
    for step, number, days in steps:
        order, now = f"A{number}", now + days * DAY
        if step == "place" and order not in seq:
            place(c, order, now)
            seq[order] = 0
        elif order in seq and step in ("end", "event") and order_of(c, order).done_at is None:
            new = NewEvent(f"{order}/{seq[order]}", "t", b"{}")
            end = now if step == "end" else None
            assert advance(c, Change(order, order_of(c, order).version, step, now, done_at=end, events=(new,)))
            seq[order] += 1
        elif order in seq and step == "task":
            put(c, [NewTask(f"poll:{order}", "poll:north", now, order)])
        elif step == "work":
            acknowledge(c, [Done(task.id, task.fence) for task in claim(c, "poll:north", 1, now, 10, "n1")])
        elif step == "send":
            for claimed in claim_cursors(c, "L1", 1, now, 10, "n1"):
                assert delivered(c, claimed.delivery, claimed.delivery.last_seq, now)
        elif step == "purge":
            seq = _check_purge(c, seq, now, limit)
    c.close()


def _check_purge(c, seq, now, limit):
    """Purges, and gives the orders that are left."""
    retention = Retention(messages=5 * DAY, events=5 * DAY, orders=10 * DAY)
    tasks = find(c, TaskQuery(limit=1000))
    waiting = {row[0] for row in c.look("SELECT order_id FROM delivery WHERE sent_seq < last_seq")}
    undelivered = set(c.look("SELECT e.order_id, e.seq FROM event e JOIN delivery d ON d.order_id = e.order_id WHERE e.seq > d.sent_seq"))
    orders = {order: order_of(c, order) for order in seq}
    removed = purge(c, retention, now, limit)
    assert removed.get("resource_order", 0) <= limit
    left = {row[0] for row in c.look("SELECT id FROM resource_order")}
    needed = {task.order_id for task in tasks} | waiting | {name for name, order in orders.items() if order.done_at is None}
    young = {name for name, order in orders.items() if order.updated_at >= now - 10 * DAY}
    assert (needed | young) & set(seq) <= left
    assert find(c, TaskQuery(limit=1000)) == tasks
    assert undelivered <= set(c.look("SELECT order_id, seq FROM event"))
    purge_all(c, retention, now)
    assert {row[0] for row in c.look("SELECT id FROM resource_order")} == (needed | young) & set(seq), "and all else goes in the end"
    for table in ("attempt", "message", "idempotency", "event", "delivery"):
        assert {row[0] for row in c.look(f"SELECT order_id FROM {table}")} <= needed | young
    return {name: number for name, number in seq.items() if name in needed | young}
