"""What a status report makes of an order, and which events that is worth."""

from __future__ import annotations

import pytest

from adapter.resource import Advance, Event, Resource, Unexpected

ORDERS, TASKS = Resource.load("productOrder"), Resource.load("cancelProductOrder")
CREATED, STATE = "ProductOrderCreateEvent", Event("ProductOrderStateChangeEvent")


def attribute(*paths: str) -> Event:
    return Event("ProductOrderAttributeValueChangeEvent", ",".join(paths))


def information(path: str) -> Event:
    return Event("ProductOrderInformationRequiredEvent", path)


def order(state: str = "acknowledged", **more: object) -> dict:
    items = [{"id": "1", "action": "add", "product": {"id": "TV"}}, {"id": "2", "action": "add"}]
    return {"id": "4711", "href": "/o/4711", "state": state, "productOrderItem": items, **more}


def advanced(current: dict, reported: dict) -> Advance:
    found = ORDERS.advance(current, reported)
    assert isinstance(found, Advance), found
    return found


def refused(current: dict, reported: dict) -> str:
    found = ORDERS.advance(current, reported)
    assert isinstance(found, Unexpected), found
    return found.text


def test_a_new_state_is_one_event():
    assert advanced(order(), {"state": "inProgress"}) == Advance(order("inProgress"), "inProgress", (STATE,), done=False)


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"state": "acknowledged"},
        {"id": "4711", "state": "acknowledged"},
        {"description": None, "productOrderItem": []},
        {"productOrderItem": [{"id": "1", "action": "add"}, {"id": "2"}]},
        {"href": "/other", "orderDate": "2026-01-01T00:00:00.000Z"},
    ],
)
def test_nothing_new_is_no_event_and_the_very_same_document(report):
    current = order()
    found = advanced(current, report)
    assert found.document is current
    assert (found.state, found.events, found.done, found.notes) == ("acknowledged", (), False, ())


def test_the_end_comes_with_its_date_in_two_events_the_attribute_first():
    found = advanced(order("inProgress"), {"state": "completed", "completionDate": "2026-02-01T10:00:00.000Z"})
    assert found.events == (attribute("completionDate"), STATE)
    assert found.done
    assert found.document["completionDate"] == "2026-02-01T10:00:00.000Z"


def test_members_are_merged_and_null_takes_one_away():
    current = order(description="soon", billingAccount={"id": "1", "name": "x"}, note=[{"text": "a"}, {"text": "b"}])
    found = advanced(
        current, {"description": None, "billingAccount": {"name": None, "@type": "B"}, "note": [{"text": "c"}], "priority": "1"}
    )
    assert found.events == (attribute("description", "billingAccount", "note", "priority"),)
    assert found.document == order(billingAccount={"id": "1", "@type": "B"}, note=[{"text": "c"}], priority="1")
    assert current == order(description="soon", billingAccount={"id": "1", "name": "x"}, note=[{"text": "a"}, {"text": "b"}])


def test_an_items_state_is_a_state_change_and_its_other_members_are_not():
    report = {"state": "acknowledged", "productOrderItem": [{"id": "2", "state": "inProgress", "quantity": 2, "product": {"id": "NET"}}]}
    found = advanced(order(), report)
    assert found.events == (attribute("productOrderItem[id=2].quantity", "productOrderItem[id=2].product"), STATE)
    assert found.document["productOrderItem"] == [
        {"id": "1", "action": "add", "product": {"id": "TV"}},
        {"id": "2", "action": "add", "quantity": 2, "product": {"id": "NET"}, "state": "inProgress"},
    ]
    assert found.state == "acknowledged"  # the backend's own word goes before what the items amount to


def test_a_backend_that_tells_of_items_only_is_rolled_up():
    one = advanced(order(), {"productOrderItem": [{"id": "1", "state": "completed"}]})
    assert (one.state, one.events, one.done) == ("inProgress", (STATE,), False)
    two = advanced(one.document, {"productOrderItem": [{"id": "2", "state": "failed"}]})
    assert (two.state, two.done) == ("partial", True)


def test_nested_items_are_items():
    bundle = {"id": "1", "action": "add", "productOrderItem": [{"id": "1.1", "action": "add"}, {"id": "1.2", "action": "add"}]}
    current = {"state": "acknowledged", "productOrderItem": [bundle]}
    report = {
        "productOrderItem": [{"id": "1", "productOrderItem": [{"id": "1.2", "state": "pending"}, {"id": "1.1", "state": "completed"}]}]
    }
    found = advanced(current, report)
    assert found.state == "pending"
    assert found.events == (STATE, information("productOrderItem[id=1].productOrderItem[id=1.2]"))


def test_pending_asks_for_information_once():
    found = advanced(order("inProgress"), {"state": "pending"})
    assert found.events == (STATE, information("productOrderItem"))
    assert advanced(found.document, {"state": "pending"}).events == ()
    both = [{"id": "1", "state": "pending"}, {"id": "2", "state": "pending"}]
    items = advanced(order("inProgress"), {"state": "pending", "productOrderItem": both})
    assert items.events == (STATE, information("productOrderItem[id=1],productOrderItem[id=2]"))


def test_items_with_one_id_are_told_apart_by_the_product_and_else_by_their_order():
    package = [{"id": "3P", "product": {"id": "TV"}}, {"id": "3P", "product": {"id": "NET"}}, {"id": "3P"}]
    current = {"state": "inProgress", "productOrderItem": package}
    report = [
        {"id": "3P", "state": "held"},
        {"id": "3P", "product": {"id": "NET"}, "state": "completed"},
        {"id": "3P", "product": {"id": "TV"}, "state": "failed"},
    ]
    found = advanced(current, {"productOrderItem": report})
    assert [item["state"] for item in found.document["productOrderItem"]] == ["failed", "completed", "held"]
    twins = advanced({"productOrderItem": [{"id": "a"}, {"id": "a"}]}, {"productOrderItem": [{"id": "a"}, {"id": "a", "state": "held"}]})
    assert twins.document["productOrderItem"] == [{"id": "a"}, {"id": "a", "state": "held"}]


def test_a_reported_item_that_the_order_has_not_is_left_out_and_noted():
    found = advanced(order(), {"productOrderItem": [{"id": "9 9", "state": "completed"}, {"id": "1", "product": {"id": "X"}}]})
    assert found.document == order()
    assert found.events == ()
    assert "productOrderItem[id=9 9], which productOrder does not have" in found.notes[0]


def test_a_step_that_is_not_foreseen_is_taken_and_noted():
    found = advanced(order("acknowledged"), {"state": "completed"})
    assert (found.state, found.events) == ("completed", (STATE,))
    assert found.notes == (
        "productOrder went from acknowledged to completed, a step that productOrder does not foresee; taken as reported",
    )


def test_an_order_without_a_state_is_at_its_beginning():
    bare = {"id": "4711", "state": None}
    assert advanced(bare, {"state": "acknowledged"}).document is bare
    assert advanced(bare, {"state": "inProgress"}).events == (STATE,)


def test_an_end_is_never_left():
    text = refused(order("completed"), {"state": "inProgress", "completionDate": "2026-02-01T10:00:00.000Z"})
    assert text.startswith("productOrder is completed, which is an end, and is reported inProgress")
    item = order("inProgress", productOrderItem=[{"id": "1", "state": "failed"}])
    assert "productOrderItem[id=1] is failed" in refused(item, {"productOrderItem": [{"id": "1", "state": "completed"}]})


def test_at_an_end_members_may_still_change():
    found = advanced(order("completed"), {"state": "completed", "completionDate": "2026-02-01T10:00:00.000Z"})
    assert (found.events, found.done) == ((attribute("completionDate"),), True)


def test_a_state_that_the_standard_does_not_have_is_refused():
    assert "reported 'closed', which is no state of productOrder" in refused(order(), {"state": "closed"})
    text = refused(order(), {"productOrderItem": [{"id": "2", "state": "partial"}]})
    assert "productOrderItem[id=2] is reported 'partial'" in text
    assert "partial" not in text.partition("known here")[2]


def test_a_report_about_another_order_is_refused():
    assert "is about productOrder '4712', and was asked for '4711'" in refused(order(), {"id": "4712", "state": "completed"})
    assert advanced({"id": 4711, "state": "held"}, {"id": "4711", "state": "inProgress"}).document["id"] == 4711


def test_a_task_has_neither_items_nor_an_event_for_other_members():
    done = TASKS.advance({"id": "1", "state": "inProgress"}, {"state": "done", "effectiveCancellationDate": "2026-01-01T00:00:00.000Z"})
    assert isinstance(done, Advance)
    assert (done.events, done.done) == ((Event("CancelProductOrderStateChangeEvent"),), True)
    assert done.document["effectiveCancellationDate"]
    left = TASKS.advance({"state": "done"}, {"state": "inProgress"})
    assert isinstance(left, Unexpected)
    assert "cancelProductOrder is done, which is an end" in left.text


@pytest.mark.parametrize(
    ("items", "rolled"),
    [
        ("completed completed", "completed"),
        ("failed failed", "failed"),
        ("cancelled cancelled", "cancelled"),
        ("rejected rejected", "rejected"),
        ("completed failed", "partial"),
        ("completed failed cancelled", "partial"),
        ("completed rejected", "partial"),
        ("completed cancelled", "completed"),
        ("failed cancelled", "failed"),
        ("rejected cancelled", "rejected"),
        ("inProgress pending held", "inProgress"),
        ("completed failed inProgress", "inProgress"),
        ("completed held", "held"),
        ("completed pending held", "pending"),
        ("acknowledged held", "held"),
        ("acknowledged completed", "inProgress"),
        ("acknowledged failed", "inProgress"),
        ("acknowledged cancelled", "acknowledged"),
        ("acknowledged acknowledged", "acknowledged"),
        ("assessingCancellation acknowledged", "assessingCancellation"),
        ("pendingCancellation completed", "pendingCancellation"),
        ("inProgress pendingCancellation", "inProgress"),
        ("", "acknowledged"),
    ],
)
def test_what_items_amount_to(items, rolled):
    assert ORDERS.rolled_up({"productOrderItem": [{"id": str(n), "state": state} for n, state in enumerate(items.split())]}) == rolled
