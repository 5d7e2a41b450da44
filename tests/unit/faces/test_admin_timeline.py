"""One order's way as operators read it: everything that is on record, in the order of time, and how things stand now."""

from __future__ import annotations

from dataclasses import replace

from adapter import clock
from adapter.faces.admin.timeline import Way, timeline
from adapter.ports import Issue, OutcomeKind
from adapter.store import AttemptRow, Direction, MessageRow, OrderRow
from adapter.store.auditing import AuditRow
from adapter.store.outbox import DeliveryRow, EventRow
from adapter.store.task_rows import Task

T = 1_760_000_000_000
ORDER = OrderRow(
    "O1", "pr", "productOrder.create", "shop", "tmf", "s", "k", "c-7", "E-1", "ref", "inProgress", OutcomeKind.ACCEPTED,
    "B-1", 2, "rules-22222222", b"{}", b"{}", T, T + 900, 2,
)  # fmt: skip
FIRST = AttemptRow("O1", 1, "node-a", T + 1, T + 8000, "rules-11111111", OutcomeKind.UNAVAILABLE, T + 50, "no connection", ())
ISSUE = Issue("ORV59I - EXISTING", "warning", code="ORV59I", name="existing-customer")
SECOND = AttemptRow("O1", 2, "node-b", T + 100, T + 9000, "rules-22222222", OutcomeKind.ACCEPTED, T + 200, "judged by a:1:1", (ISSUE,))
MESSAGES = (
    MessageRow(Direction.CLIENT_REQUEST, "productOrder.create", b'{"a":1}', T - 3, "application/json", attempt=1),
    MessageRow(Direction.BACKEND_REQUEST, "Update", b"<Update/>", T + 101, "text/xml", attempt=2),
    MessageRow(Direction.BACKEND_REPLY, "Update", b"<Updated/>", T + 199, "text/xml", 200, attempt=2),
    MessageRow(Direction.CLIENT_REPLY, "productOrder.create", b'{"id":"B-1"}', T + 200, "application/json", 201, attempt=2),
)
EVENTS = (
    EventRow("O1", 1, "e-1", "ProductOrderCreateEvent", "pr", "", T + 200, b'{"state":"acknowledged"}'),
    EventRow("O1", 2, "e-2", "ProductOrderStateChangeEvent", "pr", "productOrderItem", T + 900, b'{"state":"inProgress"}'),
)


def test_everything_has_its_place_in_time_and_its_rules():
    deeds = (AuditRow("a", T + 500, "ann", "task.redrive", "O1", "poll:O1 after 3 claims"),)
    steps = timeline(Way(ORDER, (FIRST, SECOND), MESSAGES, EVENTS, audit=deeds), T + 1000)
    assert [(step["kind"], step["text"]) for step in steps] == [
        ("message", "client-request: the client asked, productOrder.create"),
        ("accepted", "accepted from shop at face tmf: productOrder.create for market pr, its number E-1"),
        ("attempt", f"attempt 1 begins on node node-a, until {clock.iso(T + 8000)}"),
        ("attempt", "attempt 1 unavailable"),
        ("attempt", f"attempt 2 begins on node node-b, until {clock.iso(T + 9000)}"),
        ("message", "backend-request: sent to the backend, Update"),
        ("message", "backend-reply: the backend said, Update, HTTP 200"),
        ("attempt", "attempt 2 accepted"),
        ("message", "client-reply: answered to the client, productOrder.create, HTTP 201"),
        ("state", "acknowledged"),
        ("event", "event 1: ProductOrderCreateEvent"),
        ("audit", "ann: task.redrive"),
        ("state", "acknowledged → inProgress"),
        ("event", "event 2: ProductOrderStateChangeEvent about productOrderItem"),
    ]
    by_text = {step["text"]: step for step in steps}
    assert by_text["attempt 1 unavailable"]["lines"] == ["no connection"]
    assert by_text["attempt 2 accepted"]["lines"] == ["judged by a:1:1", "warning existing-customer: ORV59I - EXISTING"]
    assert by_text["ann: task.redrive"]["lines"] == ["poll:O1 after 3 claims"]
    sent, said = (
        by_text[text] for text in ("backend-request: sent to the backend, Update", "backend-reply: the backend said, Update, HTTP 200")
    )
    assert (sent["rules"], sent["body"]) == ("rules-222222", "<Update/>")
    assert said["at"] == clock.iso(T + 199)
    assert by_text["client-request: the client asked, productOrder.create"]["rules"] == "rules-111111"


def test_a_message_has_the_rules_of_its_attempt_and_one_after_it_or_of_none_has_not():
    question = MessageRow(Direction.BACKEND_REQUEST, "Ask", b"<Ask/>", T + 300, "text/xml", attempt=2)
    early = MessageRow(Direction.CLIENT_REQUEST, "productOrder.create", b"{}", T, attempt=0)
    stray = MessageRow(Direction.BACKEND_REPLY, "Ask", b"", T + 400, attempt=9)
    steps = timeline(Way(ORDER, (SECOND,), (early, question, stray)), T + 1000)
    assert [step["rules"] for step in steps if step["kind"] == "message"] == ["rules-222222", "", ""]


def test_an_event_that_was_left_out_does_not_count_as_sent():
    stream = DeliveryRow("L1", "O1", 2, 3, None, 3, "", 0, None, "")
    gaps = tuple(AuditRow(f"gap:{of}", T, "ann", "delivery.skip", "O1", "not wanted") for of in ("L1:O1:2", "L1:O1:3", "L11:O1:1"))
    steps = timeline(Way(ORDER, deliveries=(stream,), audit=gaps), T + 1000)
    [told] = [step["text"] for step in steps if step["kind"] == "delivery"]
    assert told == "listener L1: 1 of 3 events are sent, 1 left out", "3 was left out after the stream was read; L11 is somebody else"


def test_how_things_stand_comes_last_with_what_is_due_and_what_stands_still():
    unknown = replace(SECOND, outcome=None, settled_at=None, evidence="", issues=())
    order = replace(ORDER, attention="in doubt: two of them", done_at=None, external_id="", correlation_id="")
    deliveries = (
        DeliveryRow("L1", "O1", 2, 2, None, 3, "", 0, None, ""),
        DeliveryRow("L2", "O1", 1, 2, T + 61_000, 3, "", 2, None, "HTTP 500"),
        DeliveryRow("L3", "O1", 0, 2, None, 3, "", 12, T + 700, "HTTP 404"),
    )
    tasks = (
        Task("poll:O1", "poll:pr", T + 7_201_000, 5, "", 1, "O1", {}, "", T),
        Task("reconcile:O1", "reconcile:pr", None, 6, "", 10, "O1", {}, "taken 10 times", T),
        Task("submit:O1", "submit:pr", T, 1, "", 0, "O1", {}, "", T),
    )
    steps = timeline(Way(order, (unknown,), (), EVENTS[:1], deliveries, tasks), T + 1000)
    parked = [step for step in steps if step["kind"] == "delivery" and step["at"]]
    assert [(step["at"], step["text"], step["lines"]) for step in parked] == [
        (clock.iso(T + 700), "listener L3: 0 of 2 events are sent; parked at event 1", ["HTTP 404"])
    ]
    now = [(step["kind"], step["text"], step["lines"]) for step in steps if not step["at"]]
    assert now == [
        ("attention", "a person has to look: in doubt: two of them", []),
        ("attempt", "attempt 2 is open: it is not known what became of it", []),
        ("delivery", "listener L1: 2 of 2 events are sent", []),
        ("delivery", f"listener L2: 1 of 2 events are sent; event 2 due at {clock.iso(T + 61_000)}, tried 2 times", ["HTTP 500"]),
        ("task", "reconcile:O1 is parked, tried 10 times, fence 6", ["taken 10 times"]),
        ("task", f"poll:O1 due at {clock.iso(T + 7_201_000)}, tried once, fence 5", []),
        ("task", f"submit:O1 due since {clock.iso(T)}, not tried yet, fence 1", []),
    ]
    assert steps[0]["text"] == "accepted from shop at face tmf: productOrder.create for market pr"
    assert steps[0]["lines"] == []


def test_an_order_at_its_end_says_so_and_an_event_without_a_state_changes_none():
    events = (*EVENTS, replace(EVENTS[1], seq=3, id="e-3", document=b"[]"), replace(EVENTS[1], seq=4, id="e-4", document=b""))
    steps = timeline(Way(replace(ORDER, state="completed", done_at=T + 950), events=events), T + 1000)
    assert [step["text"] for step in steps if step["kind"] == "state"] == ["acknowledged", "acknowledged → inProgress"]
    assert steps[-1]["text"] == "at its end: completed"


def test_a_reply_is_never_shown_before_its_request():
    """When it came is reckoned back from when it was recorded, and may come out a few milliseconds too early."""
    early = (MESSAGES[0], MESSAGES[1], replace(MESSAGES[2], at=T + 97), MESSAGES[3])
    shown = [(step["at"], step["text"].partition(":")[0]) for step in timeline(Way(ORDER, (FIRST, SECOND), early), T + 1000)]
    assert shown[5:7] == [(clock.iso(T + 101), "backend-request"), (clock.iso(T + 101), "backend-reply")]


def test_what_an_answer_about_many_orders_says_of_one_is_called_its_part():
    part = MessageRow(Direction.BACKEND_REPLY, "AskMany", b'{"id":"B-1"}', T + 400, "application/json")
    [step] = [step for step in timeline(Way(ORDER, messages=(part,)), T + 1000) if step["kind"] == "message"]
    assert step["text"] == "backend-reply: the backend said, AskMany, its part of an answer about many"


def test_the_changes_of_an_order_stand_in_its_way_and_a_change_names_its_order():
    patch = replace(
        ORDER, id="C1", operation="productOrder.update", outcome=OutcomeKind.REJECTED, state="", resource="", subject="O1",
        created_at=T + 300, external_id="", backend_ref="",
    )  # fmt: skip
    cancel = replace(
        patch, id="C2", operation="cancelProductOrder.create", outcome=None, state="acknowledged", attention="in doubt: nobody can tell",
        created_at=T + 950,
    )  # fmt: skip
    steps = timeline(Way(ORDER, events=EVENTS, changes=(patch, cancel)), T + 1000)
    assert [(step["kind"], step["text"], step["lines"]) for step in steps if step["kind"] in ("state", "change")] == [
        ("state", "acknowledged", []),
        ("change", "productOrder.update C1 from shop: rejected", []),
        ("state", "acknowledged → inProgress", []),
        ("change", "cancelProductOrder.create C2 from shop: open, acknowledged", ["a person has to look: in doubt: nobody can tell"]),
    ]
    own = timeline(Way(patch, subject=replace(ORDER, resource="productOrder")), T + 1000)
    assert own[0]["text"] == "accepted from shop at face tmf: productOrder.update for market pr, about O1"
    assert [(step["at"], step["text"]) for step in own if step["kind"] == "about"] == [
        ("", "productOrder O1, the backend's B-1: inProgress")
    ]
    purged = timeline(Way(patch), T + 1000)
    assert [step["text"] for step in purged if step["kind"] == "about"] == ["O1, which is not on record any more"]
