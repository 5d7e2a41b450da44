"""A market adds to the life of a resource; what the standard says stays."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.contract.tmf import resource, with_states
from adapter.contract.validation import Validator
from adapter.resource import Advance, Event, LifeExtension, Resource, Unexpected

ORDERS = Resource.load("productOrder")
FIT = {
    "states": {"accepted": {}, "closed": {"end": True}},
    "edges": {"acknowledged": ["accepted"], "accepted": ["inProgress", "pending"], "completed": ["closed"]},
    "without": ["closed"],
}
ITEM = {"id": "1", "action": "add"}


def extended(data: dict[str, Any], name: str = "productOrder") -> Resource:
    return Resource.load(name).extended(LifeExtension.model_validate(data))


def moved(life: Resource, before: str, after: str) -> Advance:
    found = life.advance({"id": "1", "state": before}, {"state": after})
    assert isinstance(found, Advance), found
    return found


def test_states_and_edges_are_added():
    life = extended(FIT)
    assert life.states == ORDERS.states | {"accepted", "closed"}
    assert life.life.edges["acknowledged"] == (*ORDERS.life.edges["acknowledged"], "accepted")
    step = moved(life, "acknowledged", "accepted")
    assert (step.events, step.notes, step.done) == ((Event("ProductOrderStateChangeEvent"),), (), False)


def test_an_end_that_an_edge_leaves_is_none_any_more():
    life = extended(FIT)
    assert not moved(life, "inProgress", "completed").done
    assert moved(life, "completed", "closed").done
    assert life.ended("closed")
    assert life.ended("failed")
    assert "completed" in life.open_states
    assert ORDERS.ended("completed")


def test_a_new_state_is_one_of_the_parts_unless_it_is_excluded():
    life = extended(FIT)
    current = {"state": "inProgress", "productOrderItem": [ITEM]}
    taken = life.advance(current, {"productOrderItem": [{"id": "1", "state": "accepted"}]})
    assert isinstance(taken, Advance)
    refused = life.advance(current, {"productOrderItem": [{"id": "1", "state": "closed"}]})
    assert isinstance(refused, Unexpected)


def test_rows_of_the_roll_up_come_before_the_standards():
    life = extended({**FIT, "rollUp": [{"all": ["accepted"], "is": "accepted"}]})
    assert life.rolled_up({"productOrderItem": [{**ITEM, "state": "accepted"}]}) == "accepted"
    assert life.rolled_up({"productOrderItem": [{**ITEM, "state": "completed"}]}) == "completed"


def test_the_concluded_states_of_a_tasks_subject_are_added():
    life = extended({"concluded": {"closed": "done"}, "left": {"accepted": "done"}}, "cancelProductOrder")
    assert life.subject is not None
    assert life.subject.concluded["cancelled"] == "done"
    assert life.subject.concludes("completed", "closed") == "done"
    assert life.subject.concludes("accepted", "inProgress") == "done"


def test_what_is_refused_and_what_is_doubtful_are_states_of_the_life():
    assert (ORDERS.refused, ORDERS.doubtful) == ("rejected", "held")
    assert (Resource.load("appointment").refused, Resource.load("appointment").doubtful) == ("", "")
    life = extended({"refused": "failed"}, "appointment")
    assert (life.refused, life.doubtful) == ("failed", "")
    own = extended({**FIT, "doubtful": "accepted"})
    assert (own.refused, own.doubtful) == ("rejected", "accepted")


def test_a_life_without_ends_needs_no_way_to_one():
    assert extended({"states": {"blocked": {}}, "edges": {"validated": ["blocked"]}}, "individual").states > {"blocked", "validated"}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("productOrder", {"states": {"held": {}}}, "productOrder has the state 'held' already"),
        ("productOrder", {"edges": {"held": ["parked"]}}, r"edges\.held\.0: there is no state 'parked'"),
        ("productOrder", {"concluded": {"cancelled": "done"}}, "productOrder is about no other resource"),
        ("cancelProductOrder", {"without": ["done"]}, "cancelProductOrder has no parts"),
        ("cancelProductOrder", {"rollUp": [{"is": "done"}]}, "cancelProductOrder has no parts"),
        ("cancelProductOrder", {"concluded": {"closed": "finished"}}, r"concluded\.closed: there is no state 'finished'"),
    ],
)
def test_what_contradicts_the_standard_is_refused(name, data, words):
    with pytest.raises(ValueError, match=words) as refused:
        extended(data, name)
    assert "validation error" not in str(refused.value)  # what the person who wrote the file can read


def test_the_contract_takes_the_new_states_of_the_order_and_of_its_items():
    canonical = resource("productOrder")
    wide = with_states(with_states(canonical, "state", ["accepted", "closed"]), "productOrderItem.state", ["accepted"])
    accepted = {
        "state": "accepted",
        "productOrderItem": [{**ITEM, "state": "accepted", "productOrderItem": [{**ITEM, "state": "accepted"}]}],
    }
    assert Validator(wide.full_schema).problems(accepted) == []
    assert [one.path for one in Validator(canonical.full_schema).problems(accepted)][:1] == [
        "productOrderItem[0].productOrderItem[0].state"
    ]
    assert [one.path for one in Validator(wide.full_schema).problems({"productOrderItem": [{**ITEM, "state": "closed"}]})] == [
        "productOrderItem[0].state"
    ]
    assert wide.update_schema is not None
    assert Validator(wide.update_schema).problems({"state": "closed"}) == []
    assert "closed" in wide.full.members["state"].shape.enum
    assert with_states(resource("serviceTest"), "state", ["parked"]).full_schema == resource("serviceTest").full_schema


REFUSED = {
    "states": {"rejected": {"end": True}},
    "edges": {"inProgress": ["rejected"], "acknowledged": ["rejected"]},
    "left": {"assessingCancellation": "rejected"},
    "tells": {"stateChangeReason": "stateChangeReason"},
    "dates": {"state": ["stateChangeDate"]},
    "history": {"member": "stateChangeHistory", "elements": {"state": "state", "why": "stateChangeReason"}},
}


def test_a_task_that_goes_on_with_its_subject_may_come_to_a_new_state_and_say_since_when_and_why():
    life = extended(REFUSED, "cancelProductOrder")
    assert life.subject is not None
    assert life.subject.concludes("assessingCancellation", "inProgress") == "rejected"
    assert life.subject.concludes("assessingCancellation", "cancelled") == "done"
    why = [{"code": "1087"}]
    told = life.subject.told({"id": "7", "state": "inProgress", "stateChangeReason": why, "note": []})
    assert told == {"stateChangeReason": why}
    assert life.subject.told({"id": "7"}) == {}
    taken = life.advance({"id": "1", "state": "inProgress"}, {**told, "state": "rejected"}, "2026-01-01T00:00:00.000Z")
    assert isinstance(taken, Advance)
    assert taken.document == {
        "id": "1",
        "state": "rejected",
        "stateChangeReason": why,
        "stateChangeDate": "2026-01-01T00:00:00.000Z",
        "stateChangeHistory": [{"state": "rejected", "why": why}],
    }
    assert (taken.done, taken.placed) == (True, True)


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("productOrder", {"tells": {"a": "b"}}, "productOrder is about no other resource"),
        ("individual", {"repeated": True}, "individual has no parts with states of their own"),
    ],
)
def test_what_does_not_go_with_a_resource_is_refused(name, data, text):
    with pytest.raises(ValueError, match=text):
        extended(data, name)


def test_a_report_without_a_state_says_so():
    silent = ORDERS.advance({"id": "1", "state": "inProgress"}, {"description": "x"})
    same = ORDERS.advance({"id": "1", "state": "inProgress"}, {"state": "inProgress"})
    of_parts = ORDERS.advance(
        {"state": "inProgress", "productOrderItem": [ITEM]}, {"productOrderItem": [{"id": "1", "state": "inProgress"}]}
    )
    assert [isinstance(each, Advance) and each.placed for each in (silent, same, of_parts)] == [False, True, True]
