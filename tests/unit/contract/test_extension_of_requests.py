"""What a market's clients may leave out or send otherwise, and one extension for several resources."""

from __future__ import annotations

import pytest

from adapter.contract.tmf import extend, extend_all, read_extension, resource, with_states
from adapter.contract.validation import Validator
from adapter.errors import ConfigError

ORDER = resource("ProductOrder")


def extension(**parts):
    return read_extension(parts, file="x.extension.yaml")


def problems(schema, document):
    return [problem.path for problem in Validator(schema, source="x").problems(document)]


def order(**members):
    return {"productOrderItem": [{"id": "1", "action": "add"}], **members}


def test_members_that_may_be_left_out_are_left_out_in_requests_alone():
    loose = extend(ORDER, extension(requests={"RelatedParty": {"optional": ["id", "@referredType"]}}))
    sent = order(relatedParty=[{"role": "buyer"}])
    assert problems(loose.create_schema, sent) == []
    assert problems(loose.update_schema, sent) == []
    assert problems(loose.full_schema, sent)
    assert problems(ORDER.create_schema, sent)


def test_a_member_may_be_sent_in_another_form():
    loose = extend(ORDER, extension(requests={"ProductOrder": {"properties": {"priority": {"type": ["string", "integer"]}}}}))
    assert problems(loose.create_schema, order(priority=1)) == []
    assert problems(loose.full_schema, order(priority=1)) == ["priority"]


@pytest.mark.parametrize(
    ("requests", "text"),
    [
        ({"RelatedParty": {"optional": ["idd"]}}, "there is no member 'idd' \\(did you mean 'id'\\?\\); add it under types first"),
        ({"RelatedParty": {"required": ["id"]}}, "'required' means nothing here"),
        ({"RelatedPartys": {}}, "holds no type of this name"),
    ],
)
def test_what_cannot_be_is_named(requests, text):
    with pytest.raises(ConfigError, match=text):
        extend(ORDER, extension(requests=requests))


def test_one_extension_says_something_of_several_resources():
    both = extend_all(
        {"productOrder": ORDER, "troubleTicket": resource("TroubleTicket")},
        extension(
            types={
                "ProductOrder": {"properties": {"line": {"$ref": "#/$defs/Line"}}},
                "TroubleTicket": {"properties": {"line": {"$ref": "#/$defs/Line"}}},
            },
            requests={"ProductOrderItem": {"optional": ["action"]}},
            **{"$defs": {"Line": {"type": "object", "properties": {"id": {"type": "string"}}}}},
            answers={"front": {"ProductOrder": {"properties": {"state": {"type": "string"}}}}},
        ),
    )
    assert problems(both["productOrder"].create_schema, {"line": {"id": "1"}, "productOrderItem": [{"id": "1"}]}) == []
    assert problems(both["troubleTicket"].full_schema, {"line": {"id": 1}}) == ["line.id"]
    assert problems(both["productOrder"].answer("front").schema, order(state="Acknowledged")) == []


def test_a_type_that_none_of_them_holds_is_named():
    with pytest.raises(ConfigError, match="ProductOrder hold no type called 'TroubleTicket'"):
        extend_all({"productOrder": ORDER}, extension(types={"TroubleTicket": {}}))
    assert extend_all({}, extension(types={"TroubleTicket": {}})) == {}


def test_states_of_a_market_are_taken_where_the_state_is_shown_or_changed():
    wider = with_states(ORDER, "state", ["accepted", "closed"])
    for schema in (wider.full_schema, wider.update_schema):
        assert problems(schema, order(state="accepted")) == []
        assert problems(schema, order(state="acepted")) == ["state"]
    assert problems(ORDER.full_schema, order(state="accepted")) == ["state"]
    shown = with_states(extend(ORDER, extension(answers={"front": {"ProductOrder": {"order": ["state"]}}})), "state", ["accepted"])
    assert problems(shown.answer("front").schema, order(state="accepted")) == []


def test_a_member_of_free_text_needs_no_states():
    test = resource("ServiceTest")
    assert with_states(test, "state", ["strange"]).full_schema == test.full_schema
