"""Requests about an order on record: one at a time, settled with what they do to it, told in its stream; and tasks that end with it."""

from __future__ import annotations

import pytest

from adapter.ports import OutcomeKind
from adapter.store import Deleted, Doubtful, Fresh, InFlight, Mismatch, Moved, OrderQuery, Response, Seen, Settlement, accepting
from adapter.store.accepting import Asker, Key, accept, intend, keep_answer
from adapter.store.advancing import Change, Overtaken, advance
from adapter.store.concluding import Concluded
from adapter.store.listening import subscribe
from adapter.store.outbox import ListenerRow, NewEvent, claim_cursors, events_of
from adapter.store.reading import find_order, find_orders, order_row
from adapter.store.settling import pack_settlement, settle
from tests.record_kit import AS_PLACED, order_of, place, record

NOW = 1_000
DONE = Concluded("cancelProductOrder", "done", lambda task: {**task, "state": "done"}, True, "CancelProductOrderStateChangeEvent")
MODELS = {"resource": "productOrder"}
SAID = Response(200, b"{}")
MINE = AS_PLACED._replace(resource="productOrder")


@pytest.fixture
def c(engine):
    with record(engine) as opened:
        place(opened, "A", 50, **MODELS)
        yield opened


def request(acceptance, key, order_id, at=NOW, **changes):
    values = {"operation": "productOrder.update", "resource": "", "subject": "A", "subject_version": MINE, "deadline": at + 20_000}
    return intend(acceptance(key, **(values | changes)), order_id, Asker("n1", at))


def ended(c, order_id, change, outcome=OutcomeKind.ACCEPTED, **more):
    return settle(c, *pack_settlement(order_id, 1, Settlement(outcome, NOW, response=SAID, subject=change, done_at=NOW, **more)))


def event(name, kind="ProductOrderAttributeValueChangeEvent"):
    return NewEvent(name, kind, b'{"id":"A"}')


def test_one_request_about_an_order_at_a_time(c, acceptance):
    assert isinstance(accept(c, request(acceptance, "k1", "R1")), Fresh)
    assert accept(c, request(acceptance, "k2", "R2")) == InFlight("R1", 1, NOW + 20_000, other=True)
    assert ended(c, "R1", None, OutcomeKind.IN_DOUBT)
    found = accept(c, request(acceptance, "k2", "R2"))
    assert isinstance(found, Doubtful)
    assert (found.order.id, found.other) == ("R1", True)
    assert ended(c, "R1", None, OutcomeKind.REJECTED)
    assert isinstance(accept(c, request(acceptance, "k2", "R2")), Fresh)


def test_a_further_attempt_waits_for_others_too(c, acceptance):
    accept(c, request(acceptance, "k1", "R1"))
    assert ended(c, "R1", None, OutcomeKind.UNAVAILABLE)
    accept(c, request(acceptance, "k2", "R2"))
    assert accept(c, request(acceptance, "k1", "R3")) == InFlight("R2", 1, NOW + 20_000, other=True)
    assert ended(c, "R2", None, OutcomeKind.REJECTED)
    assert accept(c, request(acceptance, "k1", "R3", request=b"worked out anew")) == Fresh("R1", 2, order_of(c, "R1").client_reference)
    assert order_of(c, "R1").request == b"worked out anew"


def test_a_request_about_an_order_that_has_moved_is_not_taken(c, acceptance):
    assert advance(c, Change("A", order_of(c, "A").version, "inProgress", NOW, events=(event("E1"),)))
    assert accept(c, request(acceptance, "k1", "R1")) == Moved("A")
    assert accept(c, request(acceptance, "k1", "R1", subject="nothing")) == Moved("nothing")
    assert isinstance(accept(c, request(acceptance, "k1", "R1", subject_version=order_of(c, "A").version)), Fresh)


def test_the_end_of_a_request_and_what_it_does_are_one(c, acceptance):
    accept(c, request(acceptance, "k1", "R1"))
    change = Change("A", order_of(c, "A").version, "acknowledged", NOW, answer=b'{"n":1}', events=(event("E1"),))
    assert advance(c, Change("A", order_of(c, "A").version, "acknowledged", NOW, events=(event("E0"),)))
    with pytest.raises(Overtaken):  # in the record all of that transaction is undone
        ended(c, "R1", change)


def test_the_subject_moves_with_the_settlement(c, acceptance):
    accept(c, request(acceptance, "k1", "R1"))
    assert ended(c, "R1", Change("A", order_of(c, "A").version, "acknowledged", NOW, answer=b'{"n":1}', events=(event("E1"),)))
    order, change = order_of(c, "A"), order_of(c, "R1")
    assert (order.answer, order.event_seq) == (b'{"n":1}', 1)
    assert (change.resource, change.subject, change.outcome, change.done_at) == ("", "A", OutcomeKind.ACCEPTED, NOW)
    assert accept(c, request(acceptance, "k1", "R2")) == Seen("R1", SAID)
    assert not ended(c, "R1", Change("A", order_of(c, "A").version, "acknowledged", NOW, events=(event("E2"),)))
    assert [each.id for each in events_of(c, "A")] == ["E1"]


def task(c, order_id, state="inProgress", **more):
    values = {"operation": "cancelProductOrder.create", "resource": "cancelProductOrder", "subject": "A", **more}
    values["subject_version"] = order_of(c, "A").version
    place(c, order_id, 60, outcome=None, **values)
    answer = b'{"id":"%s","state":"%s"}' % (order_id.encode(), state.encode())
    assert settle(c, *pack_settlement(order_id, 1, Settlement(OutcomeKind.ACCEPTED, 60, state, response=SAID, answer=answer)))


def test_open_tasks_end_with_their_subject_and_are_told_of_in_its_stream(c):
    task(c, "T1")
    task(c, "T2", "done")
    task(c, "T3", resource="rescheduleProductOrder")
    assert advance(c, Change("A", order_of(c, "A").version, "cancelled", NOW, events=(event("E1"),), concluded=(DONE,)))
    ended_task, order = order_of(c, "T1"), order_of(c, "A")
    assert (ended_task.state, ended_task.answer, ended_task.done_at, ended_task.event_seq) == (
        "done",
        b'{"id":"T1","state":"done"}',
        NOW,
        1,
    )
    assert [(each.seq, each.type, each.document) for each in events_of(c, "A")] == [
        (1, "ProductOrderAttributeValueChangeEvent", b'{"id":"A"}'),
        (2, "CancelProductOrderStateChangeEvent", b'{"id":"T1","state":"done"}'),
    ]
    assert order.event_seq == 2
    assert order_of(c, "T3").state == "inProgress"
    assert advance(c, Change("A", order_of(c, "A").version, "cancelled", NOW + 1, concluded=(DONE,)))  # once
    assert len(events_of(c, "A")) == 2


def test_a_task_that_moves_by_itself_is_told_of_in_its_subjects_stream(c):
    task(c, "T1")
    assert advance(c, Change("A", order_of(c, "A").version, "acknowledged", NOW, events=(event("E1"),)))
    moved = Change("T1", order_of(c, "T1").version, "done", NOW, events=(event("E2", "CancelProductOrderStateChangeEvent"),), subject="A")
    assert advance(c, moved)
    assert [(each.seq, each.id) for each in events_of(c, "A")] == [(1, "E1"), (2, "E2")]
    assert events_of(c, "T1") == []
    assert (order_of(c, "A").event_seq, order_of(c, "T1").event_seq) == (2, 1)
    assert not advance(c, moved)


def test_of_what_is_private_its_own_client_hears_and_nobody_elses(c):
    for name, client in (("mine", "shop"), ("theirs", "other"), ("operators", "")):
        subscribe(c, ListenerRow(name, "tmf", client, "north", f"https://{name}.example/", "", 1))
    assert advance(c, Change("A", order_of(c, "A").version, "inProgress", NOW, events=(event("E1"),), private=True))
    heard = {name: [each.id for one in claim_cursors(c, name, 9, NOW, 1, "n") for each in one.events] for name in ("mine", "theirs")}
    assert heard == {"mine": ["E1"], "theirs": []}
    assert len(claim_cursors(c, "operators", 9, NOW, 1, "n")) == 1


def test_what_is_deleted_is_not_found_as_what_it_was(c):
    assert find_order(c, {"north"}, "A", "productOrder") is not None
    assert find_order(c, {"north"}, "A", "cancelProductOrder") is None
    assert advance(c, Change("A", order_of(c, "A").version, "completed", NOW, done_at=NOW, gone=True))
    assert find_order(c, {"north"}, "A", "productOrder") is None
    assert order_row(find_order(c, None, "A")).resource == ""


def made(c, acceptance, order_id, key, **changes):
    """An order that its backend has taken on, with its answer."""
    assert isinstance(accept(c, intend(acceptance(key, **changes), order_id, Asker("n1", NOW))), Fresh)
    taken_on = Settlement(OutcomeKind.ACCEPTED, NOW, response=Response(201, b"made"), answer=b'{"id":"made"}')
    assert settle(c, *pack_settlement(order_id, 1, taken_on))


def gone(c, order_id):
    change = Change(order_id, order_of(c, order_id).version, "completed", NOW, done_at=NOW, gone=True, events=(event(f"gone {order_id}"),))
    assert advance(c, change)


def test_the_key_of_what_was_deleted_stands_for_it_whatever_comes_under_it(c, acceptance):
    made(c, acceptance, "B", "k1", external_id="X-1")
    assert accept(c, intend(acceptance("k1", external_id="X-1"), "C", Asker("n1", NOW))) == Seen("B", Response(201, b"made"))
    gone(c, "B")
    for content in ({"external_id": "X-1"}, {"external_id": "X-1", "fingerprint": "f2"}):
        assert accept(c, intend(acceptance("k1", **content), "C", Asker("n1", NOW))) == Deleted("B")
    assert accepting.lookup(c, Key("shop/productOrder.create", "k1", "f1"), Asker("n1", NOW)) == Deleted("B")
    assert c.count("attempt") == [2]


def test_what_was_deleted_is_not_made_anew_by_the_same_content_under_another_key(c, acceptance):
    made(c, acceptance, "B", "k1", external_id="X-1")
    gone(c, "B")
    asker = Asker("n1", NOW)
    assert accept(c, intend(acceptance("k2", external_id="X-1"), "C", asker)) == Deleted("B", other=True)
    taken_on_at_once = acceptance("k2", external_id="X-1", response=SAID, answer=b"{}")
    assert accept(c, intend(taken_on_at_once, "C", asker)) == Deleted("B", other=True)
    assert find_order(c, None, "C") is None
    assert isinstance(accept(c, intend(acceptance("k3", external_id="X-1", fingerprint="f2"), "D", asker)), Fresh), "a correction"
    assert isinstance(accept(c, intend(acceptance("k4", external_id="X-2"), "E", asker)), Fresh)


def test_of_two_with_the_same_content_the_one_that_is_still_there_counts(c, acceptance):
    made(c, acceptance, "B", "k1", external_id="X-1")
    made(c, acceptance, "C", "k2", external_id="X-1", fingerprint="f2")
    gone(c, "B")
    for key, fingerprint, told in (("k3", "f2", Seen("C", Response(201, b"made"))), ("k4", "f1", Deleted("B", other=True))):
        again = acceptance(key, external_id="X-1", fingerprint=fingerprint)
        assert accept(c, intend(again, "D", Asker("n1", NOW))) == told


def test_a_change_of_what_was_deleted_afterwards_keeps_its_own_answer(c, acceptance):
    made(c, acceptance, "B", "k1")
    asker, key = Asker("n1", NOW), Key("shop/productOrder.update", "k", "f")
    assert keep_answer(c, key, "B", SAID, asker) == SAID
    accept(c, request(acceptance, "k2", "R1", subject="B", subject_version=order_of(c, "B").version))
    assert ended(c, "R1", None)
    gone(c, "B")
    assert accepting.lookup(c, key, asker) == Seen("B", SAID)
    assert accepting.lookup(c, Key("shop/productOrder.create", "k2", "f1"), asker) == Seen("R1", SAID)


def test_resources_are_listed_apart(c):
    task(c, "T1")
    for query, ids in (
        ({"resource": "productOrder"}, ["A"]),
        ({"resource": "cancelProductOrder"}, ["T1"]),
        ({"subject": "A"}, ["T1"]),
        ({}, ["T1", "A"]),
    ):
        assert [row[0] for row in find_orders(c, OrderQuery(markets=frozenset({"north"}), **query))] == ids


def test_one_number_of_a_caller_may_name_an_order_and_something_else(c, acceptance):
    place(c, "B", 60, **MODELS, external_id="X-1", outcome=None)
    asker = Asker("n1", NOW)
    other = acceptance("k9", external_id="X-1", resource="appointment", operation="appointment.create")
    assert isinstance(accept(c, intend(other, "C", asker)), Fresh)
    same = acceptance("k8", external_id="X-1", resource="productOrder")
    assert isinstance(accept(c, intend(same, "D", asker)), InFlight)


def test_an_answer_for_nothing_done_is_kept_once(c):
    key, asker = Key("shop", "k", "f"), Asker("n1", NOW)
    assert keep_answer(c, key, "A", SAID, asker) == SAID
    assert keep_answer(c, key, "A", Response(200, b"later"), asker) == SAID
    assert keep_answer(c, key._replace(fingerprint="g"), "A", SAID, asker) == Mismatch("A")
