"""Which event tells of which member: with the state, by an event of its own, as an attribute; and what is said to be missing."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from adapter.resource import Event, LifeExtension, Resource

LIFE = Resource.load("productOrder").extended(
    LifeExtension.model_validate(
        {
            "states": {"accepted": {}},
            "edges": {"acknowledged": ["accepted"], "accepted": ["inProgress"]},
            "lists": {"relatedParty": "role"},
            "events": {"withState": ["why"], "members": {"milestone": "MilestoneEvent"}},
            "information": {"path": "missing.path"},
        }
    )
)
ATTRIBUTE, STATE = "ProductOrderAttributeValueChangeEvent", "ProductOrderStateChangeEvent"
INFORMATION = "ProductOrderInformationRequiredEvent"


def told(reported, **known):
    return LIFE.advance({"id": "1", "state": "acknowledged", "productOrderItem": [], **known}, {"id": "1", **reported})


def test_a_member_that_goes_with_the_state_is_told_by_its_event_alone():
    assert told({"state": "accepted", "why": "0000"}).events == (Event(STATE),)


def test_without_a_change_of_state_it_is_an_attribute_like_others():
    assert told({"state": "acknowledged", "why": "0000"}).events == (Event(ATTRIBUTE, "why"),)


def test_a_member_with_an_event_of_its_own_is_told_between_the_attributes_and_the_state():
    events = told({"state": "accepted", "why": "0000", "milestone": [{"name": "a"}], "note": [{"text": "b"}]}).events
    assert events == (Event(ATTRIBUTE, "note"), Event("MilestoneEvent", "milestone"), Event(STATE))


def test_a_document_says_itself_what_is_missing():
    events = told({"state": "pending", "missing": {"path": "approval"}}).events
    assert events[-1] == Event(INFORMATION, "approval")
    assert events[0] == Event(ATTRIBUTE, "missing")


@pytest.mark.parametrize("reported", [{}, {"missing": {}}, {"missing": {"path": 3}}, {"missing": "x"}])
def test_where_it_does_not_the_declared_path_is_named(reported):
    assert told({"state": "pending", **reported}).events[-1] == Event(INFORMATION, "productOrderItem")


def test_of_a_list_with_a_key_single_elements_are_reported():
    known = [{"role": "buyer", "id": "B"}, {"role": "contact", "id": "C", "name": "Ada"}]
    taken = told({"relatedParty": [{"role": "contact", "name": None}, {"role": "seller", "id": "S"}]}, relatedParty=known)
    assert taken.document["relatedParty"] == [{"role": "buyer", "id": "B"}, {"role": "contact", "id": "C"}, {"role": "seller", "id": "S"}]
    assert known[1] == {"role": "contact", "id": "C", "name": "Ada"}


def test_a_list_that_says_nothing_new_is_no_change():
    party = [{"role": "buyer", "id": "B"}]
    assert told({"relatedParty": [{"role": "buyer", "id": "B"}]}, relatedParty=party).events == ()


def test_such_a_list_begins_with_what_is_reported_first_and_ends_with_null():
    assert told({"relatedParty": [{"role": "buyer"}]}).document["relatedParty"] == [{"role": "buyer"}]
    assert "relatedParty" not in told({"relatedParty": None}, relatedParty=[{"role": "buyer"}]).document


def test_any_other_list_is_reported_as_a_whole():
    assert told({"note": [{"text": "b"}]}, note=[{"text": "a"}]).document["note"] == [{"text": "b"}]


def test_the_standards_own_life_stays_as_it_is():
    plain = Resource.load("productOrder")
    assert plain.advance({"state": "acknowledged"}, {"state": "inProgress", "why": "x"}).events == (Event(ATTRIBUTE, "why"), Event(STATE))


def test_what_an_extension_does_not_know_is_refused():
    with pytest.raises(ValidationError):
        LifeExtension.model_validate({"events": {"withStates": ["a"]}})
