"""Laws of ``Resource.advance`` for reports of any kind."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.resource import Advance, Resource, Unexpected

ORDERS = Resource.load("productOrder")
STATES = st.sampled_from(sorted(ORDERS.states))
ITEM_STATES = st.sampled_from(sorted(ORDERS.states - {"partial"}))
VALUES = st.one_of(st.none(), st.text(max_size=3), st.integers(0, 3), st.dictionaries(st.sampled_from("ab"), st.integers(0, 2), max_size=2))


def items(depth: int = 1) -> st.SearchStrategy[list[dict[str, Any]]]:
    optional: dict[str, Any] = {
        "state": ITEM_STATES,
        "quantity": st.integers(1, 2),
        "product": st.fixed_dictionaries({"id": st.sampled_from("xy")}),
    }
    if depth:
        optional["productOrderItem"] = items(depth - 1)
    return st.lists(st.fixed_dictionaries({"id": st.sampled_from("123")}, optional=optional), max_size=4)


MEMBERS: dict[str, Any] = {
    "productOrderItem": items(),
    "completionDate": st.sampled_from(["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"]),
    "description": VALUES,
    "billingAccount": VALUES,
}
CURRENT = st.fixed_dictionaries({"id": st.just("1")}, optional={"state": STATES, **MEMBERS})
REPORT = st.fixed_dictionaries({}, optional={"id": st.sampled_from(["1", "1", "2"]), "state": STATES, **MEMBERS})


@settings(max_examples=100, deadline=None)
@given(CURRENT, REPORT)
def test_the_same_report_twice_is_told_once(current, report):
    once = ORDERS.advance(current, report)
    if isinstance(once, Advance):
        twice = ORDERS.advance(once.document, report)
        assert isinstance(twice, Advance)
        assert twice.events == ()
        assert twice.document is once.document
        assert twice.state == once.state


@settings(max_examples=100, deadline=None)
@given(CURRENT, st.lists(REPORT, max_size=5))
def test_an_end_is_kept_whatever_is_reported(current, reports):
    ends: dict[str, str] = {}
    for report in reports:
        found = ORDERS.advance(current, report)
        if isinstance(found, Unexpected):
            continue
        current = found.document
        assert found.done is ORDERS.ended(found.state)
        ends.setdefault("order", found.state) if found.done else None
        assert ends.get("order", found.state) == found.state


@settings(max_examples=100, deadline=None)
@given(CURRENT, REPORT)
def test_an_event_is_a_change_and_a_change_is_an_event(current, report):
    before = repr(current)
    found = ORDERS.advance(current, report)
    assert repr(current) == before
    if isinstance(found, Unexpected):
        return
    changed = found.document != current
    assert bool(found.events) is changed
    assert (found.document is current) is not changed
    types = [event.type for event in found.events]
    assert len(types) == len(set(types))
    assert all(event.field_path or "StateChange" in event.type for event in found.events)
    assert {"id": found.document.get("id")} == {"id": "1"}
    shown = found.document.get("state") or ORDERS.initial
    assert found.state == shown
