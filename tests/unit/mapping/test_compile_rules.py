"""What rules write: values, branches, defaults, tables, picks, lists, two-way rules; and what is an error at run time."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from adapter.contract.json_schema import to_shape
from adapter.contract.shape import Kind, OperationContract, Shape
from adapter.errors import CheckFailed, InvalidMessage, MappingFailed, Problem
from adapter.mapping.model import Direction
from adapter.mapping.translator import Translator, Written, make_translator
from tests.mapping_kit import ACCEPTED, CALL, asked, contracts, parsed, translator

KINDS = """
tables:
  kinds:
    on_miss: reject
    rows: {package: P, addOn: A}
  loose:
    on_miss: pass
    rows: {package: P}
  guess:
    on_miss: {request: {default: X}, reply: {default: other}}
    rows: {package: P}
"""


def request_rules(rules: str, codes: str = KINDS, *, checked: bool = True, **given: Any) -> Translator:
    body = "".join(f"  {line}\n" for line in rules.strip("\n").splitlines())
    return translator(f"request:\n{body}{ACCEPTED}", codes, checked=checked, **given)


def sent(rules: str, request: dict[str, Any] | None = None, **given: Any) -> Any:
    return request_rules(rules).request(asked(request, **given)).document


def failure(rules: str, request: dict[str, Any] | None = None, *, checked: bool = False, **given: Any) -> MappingFailed:
    with pytest.raises(MappingFailed) as caught:
        request_rules(rules, checked=checked).request(asked(request, **given))
    return caught.value


def refused(rules: str, request: dict[str, Any] | None = None, **given: Any) -> Problem:
    with pytest.raises(InvalidMessage) as caught:
        request_rules(rules, checked=False).request(asked(request, **given))
    (problem,) = caught.value.problems
    return problem


# -- single values


ITEMS = [{"part": [{"name": "a", "value": "1"}]}, {}, {"part": [{"name": "b", "value": "2"}, {"value": "3"}]}]


@pytest.mark.parametrize(
    ("expression", "request_", "wanted"),
    [
        ("request.id", {"id": "1"}, "1"),
        ("request.id", {}, None),
        ("request.account.id", {"account": None}, None),
        ("request.account.id", {"account": {"id": "a"}}, "a"),
        ("request['note[@type=X].text']", {"note": [{"@type": "Y", "text": "y"}, {"@type": "X", "text": "x"}]}, "x"),
        ("request['note[@type~=xX].text']", {"note": [{"@type": "Xx", "text": "x"}]}, "x"),
        ("request['note[@type=X].text']", {"note": [{"text": "x"}]}, None),
        ("request['note[].text'] | default([]) | join('+')", {"note": [{"text": "a"}, {}, {"text": "b"}]}, "a+b"),
        (
            "request['item[].part[].name'] | join('+')",
            {"item": [{"part": [{"name": "a"}, {"value": "x"}]}, {}, {"part": [{"name": "b"}]}]},
            "a+b",
        ),
        ("request['item[].part[name=x].value'] | join('+')", {"item": [{"part": [{"name": "x", "value": "1"}]}, {"part": []}]}, "1"),
        ("(request['item[].part'] | first).name | default('none')", {"item": []}, "none"),
        ("(request.item | first)['part[name=x].value']", {"item": [{"part": [{"name": "x", "value": "1"}]}]}, "1"),
        ("(request.item | first)['part[name~=X].value']", {"item": [{"part": [{"name": "x", "value": "1"}]}]}, "1"),
        ("(request.item | first)['part[].name'] | default([]) | join", {"item": [{"part": [{"name": "a"}, {"name": "b"}]}]}, "ab"),
        ("(request.item | first)['part[].name'] | default(['z']) | join", {"item": [{}]}, "z"),
        ("header['X-Id']", {}, "h"),
        ("query.fields", {}, None),
        ("path.id", {}, "p"),
        ("setting.mode", {}, "on"),
        ("setting.limit | text", {}, "3"),
        ("now ~ '/' ~ uid ~ '/' ~ correlationId ~ '/' ~ clientReference", {}, "2026-01-01T00:00:00.000Z/u-1/c-1/r-1"),
        ("stored.answer.id", {}, "s"),
        ("(request.count | default(7) + 1) | text", {}, "8"),
        ("(request.count * 2 - 1) | text if request.count is present else 'none'", {"count": 4}, "7"),
        ("(7 // 2) | text", {}, "3"),
        ("(7 % 4) | text", {}, "3"),
        ("(-(request.price | default(1.5))) | text", {}, "-1.5"),
        ("(request.price | default(0) * 1.10) | text", {"price": Decimal("2.5")}, "2.75"),
        ("'yes' if request.express == true else 'no'", {"express": True}, "yes"),
        ("'yes' if request.express == true else 'no'", {}, "no"),
        ("'yes' if request.express == true", {}, None),
        ("'in' if request.id in ['a', 'b'] else 'out'", {"id": "b"}, "in"),
        ("'in' if request.id in ['a', 'b'] else 'out'", {}, "out"),
        ("'in' if 'b' in request.tags else 'out'", {"tags": ["b"]}, "in"),
        ("'in' if 'b' in request.tags else 'out'", {}, "out"),
        ("'in' if 'b' not in request.tags else 'out'", {}, "in"),
        *[
            (f"'in' if {asked} else 'out'", {"item": ITEMS}, wanted)
            for asked, wanted in [
                ("'b' in request['item[].part[].name']", "in"),
                ("'2' in request['item[].part[name=a].value']", "out"),
                ("'z' in request['item[].part[].name']", "out"),
                ("'z' not in request['item[].part[].name']", "in"),
                ("'b' in request['item[].part[].name'] and 'a' in request['item[].part[].name']", "in"),
                ("'b' in request['item[].part[].name'] and request['item[].part[].name'] | first == 'a'", "in"),
                ("request.id in request['item[].part[].name']", "out"),
            ]
        ],
        ("'in' if 'b' in request['item[].part[].name'] else 'out'", {}, "out"),
        ("'in' if 'b' in request['item[].part[].name'] else 'out'", {"item": None}, "out"),
        ("'in' if request.id in 'abc' else 'out'", {"id": "bc"}, "in"),
        ("'in' if request.id in 'abc' else 'out'", {}, "out"),
        ("'in' if request.id in [request.externalId, 'x'] else 'out'", {"id": "x"}, "in"),
        ("'same' if request.id == request.externalId else 'other'", {}, "other"),
        ("'other' if request.id != request.externalId else 'same'", {}, "other"),
        ("'null' if request.comment is null else 'not'", {"comment": None}, "null"),
        ("'null' if request.comment is null else 'not'", {}, "not"),
        ("'later' if now > '2025' and 2 >= 1 and 1 <= 2 and 1 < 2 else 'no'", {}, "later"),
        ("'between' if 1 < request.count | default(0) < 5 else 'no'", {"count": 3}, "between"),
        ("'A' if now is starting('2026') and now is ending 'Z' and now is matching('.*T.*') else 'B'", {}, "A"),
        ("'A' if not (request.id is present or request.count is present) else 'B'", {}, "A"),
        ("[request.id, 'x', request.externalId] | join('-')", {"externalId": "e"}, "x-e"),
        ("absent", {}, None),
        ("request.comment | default(absent)", {"comment": None}, None),
        ("(request.id | default(request.externalId)) | default('z')", {"id": None, "externalId": "e"}, "e"),
    ],
)
def test_an_expression_gives_one_native_value(expression: str, request_: dict[str, Any], wanted: str | None) -> None:
    given = {"header": {"X-Id": "h"}, "path": {"id": "p"}, "stored": {"request": {}, "answer": {"id": "s"}}}
    assert sent(f"joined: >-\n  {expression}", request_, **given) == ({} if wanted is None else {"joined": wanted})


def test_a_search_stops_at_the_first_that_is_there_and_is_done_once_for_a_loop() -> None:
    broken = [{"part": [{"name": "a"}]}, "no object"]
    assert sent("joined: \"'in' if 'a' in request['item[].part[].name'] else 'out'\"", {"item": broken}) == {"joined": "in"}
    with pytest.raises(InvalidMessage, match="'part' is a member of an object, and what should hold it is text"):
        sent("joined: \"'in' if 'b' in request['item[].part[].name'] else 'out'\"", {"item": broken})
    rules = "field[]:\n  each: request.note\n  when: item.text in request['item[].part[].name']\n  set: {key: item.text, value: item.text}"
    notes = [{"text": "b"}, {"text": "z"}, {"text": "a"}]
    assert [each["key"] for each in sent(rules, {"note": notes, "item": ITEMS})["field"]] == ["b", "a"]


def test_values_keep_their_kind() -> None:
    rules = "count: request.count\ntotal: request.price\nflag: request.express\n"
    rules += "codes: request.tags\nremark: request.comment\nany: request.extra.x"
    request = {"count": 0, "price": Decimal("1.10"), "express": False, "tags": ["054321"], "comment": None, "extra": {"x": [1]}}
    document = sent(rules, request)
    assert document == {"count": 0, "total": Decimal("1.10"), "flag": False, "codes": ["054321"], "remark": None, "any": [1]}
    assert isinstance(document["total"], Decimal)
    assert document["flag"] is False


def test_an_integer_may_stand_for_a_decimal() -> None:
    found = sent("total: request.count", {"count": 3})["total"]
    assert (found, type(found)) == (Decimal(3), Decimal)


def test_payloads_are_never_evaluated() -> None:
    nasty = "{{ 7*7 }}__import__('os')\"'\\"
    assert sent("joined: (request.id | default('')) ~ 'x'", {"id": nasty}) == {"joined": nasty + "x"}


# -- branches, defaults, tables


CHOOSE = """
joined:
  choose:
    - when: request.count == 1
      value: "'one'"
      note: there was one
    - when: request.count == 2
      value: request.id
    - otherwise: "'many'"
  default: "'none'"
"""


@pytest.mark.parametrize(
    ("request_", "value", "notices"),
    [({"count": 1}, "one", ("there was one",)), ({"count": 2, "id": "x"}, "x", ()), ({"count": 2}, "none", ()), ({}, "many", ())],
)
def test_the_first_branch_that_fits_gives_the_value(request_: dict[str, Any], value: str, notices: tuple[str, ...]) -> None:
    assert request_rules(CHOOSE).request(asked(request_)) == Written({"joined": value}, notices)


def test_without_a_branch_that_fits_nothing_is_written() -> None:
    assert sent("joined: {value: request.id, when: request.count == 1}", {"id": "x"}) == {}
    assert sent("joined: {value: request.id, when: request.count == 1, default: \"'d'\"}", {"id": "x"}) == {"joined": "d"}


def test_a_default_stands_for_null_too() -> None:
    assert sent("remark: {value: request.comment, default: now}", {"comment": None}) == {"remark": "2026-01-01T00:00:00.000Z"}


@pytest.mark.parametrize(
    ("table", "value", "wanted", "misses"),
    [
        ("kinds", "addOn", "A", []),
        ("loose", "other", "other", [("loose", Direction.REQUEST, "other")]),
        ("guess", "other", "X", [("guess", Direction.REQUEST, "other")]),
    ],
)
def test_a_code_table_is_looked_up(table: str, value: str, wanted: str, misses: list[Any]) -> None:
    seen: list[Any] = []
    made = request_rules(f"joined: {{value: request.id, table: {table}}}", on_miss=lambda *miss: seen.append(miss))
    assert made.request(asked({"id": value})).document == {"joined": wanted}
    assert made.request(asked({})).document == {}
    assert seen == misses


def test_a_refused_code_names_place_and_value() -> None:
    rules = "line[]:\n  each: request.item\n  set:\n    code: item.code\n    kind: {value: item.kind, table: kinds}"
    with pytest.raises(InvalidMessage) as caught:
        request_rules(rules).request(asked({"item": [{"code": "a", "kind": "package"}, {"code": "b", "kind": "bundle"}]}))
    (problem,) = caught.value.problems
    assert problem.path == "item[1].kind"
    assert (problem.text, problem.rule) == ("the code table kinds has no row for 'bundle'", "mappings/zz/order.create.yaml:8:7")


def test_null_passes_a_table_by() -> None:
    assert sent("remark: {value: request.comment, table: kinds}", {"comment": None}) == {"remark": None}


@pytest.mark.parametrize(
    ("question", "wanted"), [("5 is present", "yes"), ("'x' is absent", "no"), ("2.5 is null", "no"), ("none is null", "yes")]
)
def test_a_constant_can_be_asked_for(question: str, wanted: str) -> None:
    assert sent(f"joined: \"'yes' if ({question}) else 'no'\"") == {"joined": wanted}


# -- objects and lists


def test_members_stand_in_the_order_of_the_contract() -> None:
    document = sent("job.level: 1\njob.type: \"'t'\"\nday: now\nreference: \"'r'\"\njob.place: \"'p'\"")
    assert list(document) == ["reference", "day", "job"]
    assert list(document["job"]) == ["type", "place", "level"]


def test_objects_of_which_nothing_is_written_are_not_there() -> None:
    assert sent("job.place: request.id\njob.type: request.id") == {}


def test_picked_elements_are_written_in_the_order_of_the_rules() -> None:
    rules = "field[key=b].value: request.id\nfield[key=a].value: request.externalId\nfield[key=c].value: request.state"
    assert sent(rules, {"externalId": "1", "id": "2"}) == {"field": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]}
    assert sent(rules) == {}


LINES = """
line[]:
  each: request.item
  when: item.kind != 'hidden'
  set:
    code: item.code
    position: index
    quantity: item.amount | default(1)
    sub[]:
      each: item.part
      set: {n: item.name, v: item.value, of: outer.item.code ~ (outer.index | text) ~ (index | text)}
"""


def test_lists_are_walked_with_item_index_and_outer() -> None:
    request = {
        "item": [
            {"code": "a", "kind": "hidden"},
            {"code": "b", "amount": 2, "part": [{"name": "x"}, {"value": "y"}]},
            {"code": "c", "part": []},
        ]
    }
    assert sent(LINES, request) == {
        "line": [
            {"code": "b", "position": 1, "quantity": 2, "sub": [{"n": "x", "of": "b10"}, {"v": "y", "of": "b11"}]},
            {"code": "c", "position": 2, "quantity": 1, "sub": []},
        ]
    }


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [({"item": []}, {"line": []}), ({"item": [{"code": "a", "kind": "hidden"}]}, {})],
)
def test_an_empty_list_is_written_only_for_an_empty_source(request_: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert sent(LINES, request_) == wanted


def test_an_absent_list_is_not_written() -> None:
    assert sent("field[]:\n  each: request.note\n  set: {key: \"item['@type']\", value: item.text}") == {}


def test_elements_of_which_nothing_is_written_are_left_out() -> None:
    rules = "field[]:\n  each: request.note\n  set: {key: \"item['@type']\", value: item.text}"
    assert sent(rules, {"note": [{"author": "x"}, {"text": "t"}]}) == {"field": [{"value": "t"}]}


def test_lists_of_texts_can_be_walked_and_joined_with_picks() -> None:
    rules = "field[key=first].value: request.id\nfield[]:\n  each: request.tags\n  set: {key: \"'tag'\", value: item}\n"
    rules += "field[key=last].value: request.id"
    document = sent(rules, {"id": "1", "tags": ["a", "b"]})
    assert [each["value"] for each in document["field"]] == ["1", "a", "b", "1"]


def test_a_computed_list_can_be_walked() -> None:
    rules = "field[]:\n  each: request.id | default('') | split(',')\n  set: {value: item}"
    assert sent(rules, {"id": "a,b"}) == {"field": [{"value": "a"}, {"value": "b"}]}


# -- what the caller sent and a rule cannot take: the caller's path, the rule, and no long value


@pytest.mark.parametrize(
    ("rules", "request_", "text", "path"),
    [
        ("joined: request.id | upper", {}, "text is wanted here, and the value is absent", "id"),
        ("joined: request.id", {"id": 5}, "text is wanted here, and the value is an integer", "id"),
        ("count: request.count", {"count": True}, "an integer is wanted here, and the value is a boolean", "count"),
        ("count: request.count", {"count": None}, "integer (the place takes no null)", "count"),
        ("flag: request.express", {"express": 1}, "true or false is wanted here", "express"),
        ("total: request.price", {"price": "1"}, "a decimal is wanted here", "price"),
        ("codes: request.id", {"id": "x"}, "a list is wanted here, and the value is text", "id"),
        ("codes: request.tags", {"tags": ["a", 1]}, "text is wanted here", "tags[1]"),
        ("joined: request['tags[]'] | join", {"tags": ["a", 7]}, "a list of text is wanted here", "tags[1]"),
        ("joined: request['item[].code'] | join", {"item": [{"code": "a"}, {"code": 5}]}, "a list of text is wanted here", "item[1].code"),
        ("joined: request.account.id", {"account": "x"}, "'id' is a member of an object, and what should hold it is text", "account.id"),
        ("joined: request['note[@type=X].text']", {"note": {}}, "a list is wanted here, and the value is an object", "note[@type=X].text"),
        ("joined: {value: now, when: request.express}", {}, "true or false is wanted here, and the value is absent", "express"),
        ("joined: {value: now, when: request.express}", {"express": "yes"}, "the value is text", "express"),
        ("joined: \"'a' if request.count else 'b'\"", {"count": 1}, "the value is an integer", "count"),
        ("joined: request.id ~ request.count", {"id": "x", "count": 1}, "text (| text turns a number into text)", "count"),
        ("count: request.count + 1", {"count": "1"}, "a number is wanted here, and the value is text", "count"),
        ("count: request.price // 2", {"price": Decimal(3)}, "an integer is wanted here, and the value is a decimal", "price"),
        ("count: 1 // request.count", {"count": 0}, "the divisor is 0", "count"),
        ("joined: \"'a' if request.count < 'x' else 'b'\"", {"count": 1}, "a number is wanted here, and the value is text", "count"),
        ("joined: \"'a' if 1 in request.id else 'b'\"", {"id": "1"}, "a list (or text in text)", "id"),
        ("joined: \"'a' if 'x' in request.count else 'b'\"", {"count": 1}, "a list (or text in text) is wanted here", "count"),
        ("joined: stored.request.id | default(request.id) | to_utc", {"id": "soon"}, "the text is no ISO 8601 date", "id"),
        ("joined: request.id | default(request.externalId) | to_utc", {"externalId": "soon"}, "the text is no ISO 8601 date", "externalId"),
    ],
)
def test_a_value_of_the_caller_that_does_not_fit_is_an_invalid_message(rules: str, request_: dict[str, Any], text: str, path: str) -> None:
    found = refused(rules, request_)
    assert found.path == path
    assert text in found.text
    assert found.rule == "mappings/zz/order.create.yaml:4:3"


CHOICE = """joined:
  choose:
    - when: request.state == 'held'
      value: request.comment | default('') | to_utc
    - otherwise: request.id | default('') | to_utc
  table: kinds
"""


@pytest.mark.parametrize(
    ("request_", "path", "text"),
    [
        ({"state": "held", "comment": "soon", "id": "now"}, "comment", "the text is no ISO 8601 date"),
        ({"state": "done", "comment": "soon", "id": "now"}, "id", "the text is no ISO 8601 date"),
        ({"state": "held", "comment": "2026-01-31T10:00:00Z", "id": "now"}, "comment", "has no row for '2026-01-31T10:00:00.000Z'"),
        ({"state": "done", "comment": "soon", "id": "2026-01-31T10:00:00Z"}, "id", "has no row for '2026-01-31T10:00:00.000Z'"),
    ],
)
def test_the_branch_that_was_taken_is_to_blame(request_: dict[str, Any], path: str, text: str) -> None:
    found = refused(CHOICE, request_)
    assert (found.path, text in found.text) == (path, True), found


def test_a_value_in_a_list_is_named_with_its_index() -> None:
    rules = "line[]:\n  each: request.item\n  set:\n    code: item.code\n    sub[]:\n"
    rules += "      each: item.part\n      set: {n: item.name | upper, v: outer.item.kind | boolean | text}"
    part = [{"name": "y"}, {"name": 5}]
    request = {"item": [{"code": "a", "kind": "true", "part": [{"name": "x"}]}, {"code": "b", "kind": "true", "part": part}]}
    found = refused(rules, request)
    assert str(found) == "item[1].part[1].name: text is wanted here, and the value is an integer (rule mappings/zz/order.create.yaml:10:15)"
    part[1]["name"], request["item"][1]["kind"] = "z", "perhaps"
    assert str(refused(rules, request)).startswith("item[1].kind: the text is neither 'true' nor 'false' (rule")


def test_a_list_inside_of_another_is_counted_by_itself() -> None:
    rules = "line[]:\n  each: request.item\n  set:\n    code: item.code\n    sub[]:\n"
    rules += "      each: request.note\n      set: {n: item.text | upper}"
    found = refused(rules, {"item": [{"code": "a"}], "note": [{"text": "x"}, {"text": 5}]})
    assert found.path == "note[1].text"


def test_an_element_of_a_computed_list_is_named_by_what_it_comes_from() -> None:
    rules = "field[]:\n  each: request.id | default('') | split(',')\n  set: {value: item | to_utc}"
    assert refused(rules, {"id": "2026-01-31T10:00:00Z,b"}).path == "id[1]"
    assert refused(rules, {"id": 5}).path == "id"


def test_a_list_that_is_none_and_a_condition_in_it_are_named() -> None:
    rules = "field[]:\n  each: request.note\n  when: item.author | boolean\n  set: {value: item.text}"
    assert refused(rules, {"note": "x"}).path == "note"
    assert refused(rules, {"note": [{"author": "true"}, {"author": "maybe"}]}).path == "note[1].author"


def test_a_required_member_of_a_written_object_must_be_there() -> None:
    found = refused("job.place: \"'p'\"\njob.type: request.id")
    assert found.path == "id"
    assert str(found) == "id: the backend's contract requires 'type', and there is no value for it (rule mappings/zz/order.create.yaml:5:3)"


def test_a_required_list_of_which_nothing_is_written_names_what_it_is_made_of() -> None:
    shape = to_shape({**CALL, "required": ["line"]})
    known = contracts()
    file = parsed("request:\n  line[]:\n    each: request.item\n    when: item.kind == 'x'\n    set: {code: item.code}\n" + ACCEPTED)
    made = make_translator(file, {}, replace(known, legacy=replace(known.legacy, input=shape)))
    with pytest.raises(InvalidMessage) as caught:
        made.request(asked({"item": [{"code": "a"}]}))
    assert caught.value.problems[0].path == "item"


def test_a_refused_code_of_a_header_names_the_header() -> None:
    found = refused("joined: {value: \"header['X-Id']\", table: kinds}", header={"X-Id": "z"})
    assert str(found) == "header X-Id: the code table kinds has no row for 'z' (rule mappings/zz/order.create.yaml:4:3)"


def test_a_long_code_is_not_repeated() -> None:
    found = refused("joined: {value: request.id, table: kinds}", {"id": "0123456789" * 100})
    assert found.text.startswith("the code table kinds has no row for '0123456789012345678901234567890123456789'…")


def test_a_code_is_text() -> None:
    assert "a text for the code table kinds" in refused("joined: {value: request.count, table: kinds}", {"count": 1}).text


# -- what somebody else wrote is no mistake of the caller: the rule and its target


def test_a_failure_by_a_recorded_value_names_rule_and_target() -> None:
    stored = {"request": {"id": 5}, "answer": {}}
    found = failure("joined: request.externalId ~ stored.request.id", {"externalId": "x"}, stored=stored)
    assert (found.text, found.rule) == (
        "text (| text turns a number into text) is wanted here, and the value is an integer",
        "mappings/zz/order.create.yaml:4:3",
    )
    assert found.path == "joined"


def test_a_failure_in_a_list_names_the_element() -> None:
    rules = "line[]:\n  each: stored.request.item\n  set:\n    code: item.code\n    sub[]:\n"
    rules += "      each: item.part\n      set: {n: item.name | upper, v: item.value}"
    order = {"item": [{"code": "a", "part": [{"name": "x"}]}, {"code": "b", "part": [{"name": "y"}, {"value": "z"}]}]}
    found = failure(rules, stored={"request": order})
    assert (found.path, found.rule) == ("line[1].sub[1].n", "mappings/zz/order.create.yaml:10:15")


def test_the_text_of_the_generated_function_is_in_the_traceback() -> None:
    found = failure("joined: stored.request.id | upper")
    frames = []
    trace = found.__cause__.__traceback__ if found.__cause__ else None
    while trace is not None:
        frames.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    assert "<mapping zz/order.create request>" in frames


# -- what a checked file does not have is refused when compiling


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("jobb.type: now", "M202"),
        ("job: request.account\njob.type: now", "M404"),
        ("line.code: now", "M413"),
        ("joined: replay.x", "M203"),
        ("joined: now | upper(1)", "M207"),
        ("joined: now | uper", "M204"),
        ("joined: \"'a' if now is presnt else 'b'\"", "M205"),
        ("joined: item.x", "M203"),
        ("joined: {value: request.id, table: nope}", "M601"),
        ("joined: now | to_utc('Mars')", "M207"),
    ],
)
def test_mistakes_do_not_compile(rules: str, code: str) -> None:
    with pytest.raises(CheckFailed) as caught:
        request_rules(rules, checked=False)
    assert caught.value.findings[0].code == code


def test_an_open_object_takes_any_member() -> None:
    known = contracts()
    free = OperationContract("PlaceOrder", Shape(Kind.OBJECT, open=True), known.legacy.output)
    file = parsed("request:\n  a.b: now\n  list[key=x].v: request.id\n" + ACCEPTED)
    document = make_translator(file, {}, replace(known, legacy=free)).request(asked({"id": "1"})).document
    assert document == {"a": {"b": "2026-01-01T00:00:00.000Z"}, "list": [{"v": "1", "key": "x"}]}
