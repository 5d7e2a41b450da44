"""Types of expressions, and what is certainly wrong with them before any message comes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from adapter.contract.path import parse_path
from adapter.contract.shape import Kind
from adapter.finding import Position
from adapter.mapping.expression import facts_of, outcome_facts, parse_expression
from adapter.mapping.model import Direction
from adapter.mapping.sections import OUTCOME, REPLY, REQUEST, VIEW
from adapter.mapping.types import Facts, constant, fact, kind_of, required_facts
from tests.mapping_kit import condition, contracts, parsed, typed

SCOPE = VIEW.scope(contracts())
IN_ITEMS = SCOPE.inside(typed("request.item")[0])
IN_PARTS = IN_ITEMS.inside(typed("item.part", IN_ITEMS)[0])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("request.id", "text optional"),
        ("request['account.id']", "text optional"),
        ("request.comment", "text optional nullable"),
        ("request.item", "list of object"),
        ("request['item[].code']", "list of text"),
        ("request['note[].text']", "list of text optional"),
        ("request['note[@type=X].text']", "text optional"),
        ("request.price", "decimal optional"),
        ("request['extra.whatever.name']", "any optional nullable"),
        ("stored.answer.id", "text optional"),
        ("stored.request.item", "list of object optional"),
        ("answer.state", "text optional one of acknowledged held done"),
        ("warnings", "list of text"),
        ("warnings | first", "text optional"),
        ("header['X-Id']", "text optional"),
        ("path.id", "text optional"),
        ("setting.mode", "text"),
        ("setting['limit']", "integer"),
        ("now", "text"),
        ("'a'", "text constant one of a"),
        ("'a' ~ 'b'", "text constant one of ab"),
        ("-3", "integer constant"),
        ("['a', 'b']", "list of text constant one of a b"),
        ("[1, 'b']", "list of any constant"),
        ("[request.id, 'b']", "list of text"),
        ("absent", "any optional"),
        ("none", "null nullable constant"),
        ("request.id | default('x')", "text"),
        ("request.id | default(absent)", "text optional"),
        ("request.comment | default(absent)", "text optional"),
        ("absent | default('x')", "text constant one of x"),
        ("answer.state | default('other')", "text one of acknowledged held done other"),
        ("request.id | default(now)", "text"),
        ("request.count | default(0) + 1", "integer"),
        ("request.count | default(0) * 1.5", "decimal"),
        ("request.price | default(1)", "decimal"),
        ("7 // 2", "integer"),
        ("- (request.price | default(1))", "decimal"),
        ("(request.externalId | default('')) | upper | trim", "text"),
        ("answer.state | default('held') | upper", "text one of ACKNOWLEDGED HELD DONE"),
        ("now | substring(0, 10)", "text"),
        ("now | split('T')", "list of text"),
        ("(request['item[].code']) | unique | join(',')", "text"),
        ("request.item | length", "integer"),
        ("now | length", "integer"),
        ("now | replace('T', ' ') | pad_left(40, ' ')", "text"),
        ("3 | text", "text"),
        ("'3' | integer", "integer"),
        ("'3' | decimal", "decimal"),
        ("'Y' | boolean('Y', 'N')", "boolean"),
        ("now | to_utc | in_zone('UTC') | reformat_date(old='%Y', new='%y')", "text"),
        ("request.id == 'a'", "boolean"),
        ("'a' in (request.id | default(''))", "boolean"),
        ("request.id in ['a'] and not (request.count == 1 or express)", None),
        ("1 if request.express == true else 2.5", "decimal"),
        ("'a' if request.express == true", "text optional one of a"),
        ("'a' if request.express == true else none", "text nullable one of a"),
        ("'a' if request.express == true else absent", "text optional one of a"),
        ("request.id if request.id is present else 'x'", "text"),
        ("request['extra.x'] if true else 'x'", "any optional nullable"),
        ("(request.note | default([])) | first", "any optional"),
        ("(request.item | first).code", "text optional"),
    ],
)
def test_the_type_of_a_value_is_known(text: str, wanted: str | None) -> None:
    found, findings = typed(text)
    if wanted is None:
        assert [each.code for each in findings] == ["M203"]
        return
    assert not findings
    words = [str(found)]
    words += ["optional"] * found.optional + ["nullable"] * found.nullable + ["constant"] * found.known
    words += [f"one of {' '.join(found.enum)}"] if found.enum else []
    assert " ".join(words) == wanted


def test_elements_of_walked_lists_have_their_shape() -> None:
    assert typed("item.code", IN_ITEMS)[0].optional is False
    assert typed("item['part[name=x].value']", IN_ITEMS)[0].optional is True
    assert typed("outer.item.code", IN_PARTS) == typed("item.code", IN_ITEMS)
    assert typed("index + outer.index", IN_PARTS)[0].kind is Kind.INTEGER
    assert "outer" in IN_PARTS.names()
    assert "outer" not in IN_ITEMS.names()


WRONG = {
    "replay.number": "M203 replay did you mean 'reply'?",
    "request.idd": "M201 idd did you mean 'id'?",
    "request['account.nam']": "M201 nam did you mean 'name'?",
    "request['note[@typ=X].text']": "M201 @typ did you mean '@type'?",
    "reply.nummber": "M202 nummber did you mean 'number'?",
    "request.note.text": "M201 note",
    "request.id.x": "M201 x",
    "request['note[@type].text']": "M117 ]",
    "request[0]": "M116 0",
    "request.note[index]": "M116 index",
    "header[now]": "M116 now",
    "header": "M804 header",
    "header.X": "M801 X",
    "header['X-Idd']": "M801 X-Idd did you mean 'X-Id'?",
    "query['x']": "M801 x",
    "path.iid": "M801 iid",
    "setting.mod": "M208 mod did you mean 'mode'?",
    "header['X-Id'].x": "M301 x",
    "item.code": "M203 item",
    "index": "M203 index",
    "outer": "M203 outer",
    "outer.item": "M203 outer",
    "now.x": "M301 x",
    "(request.note | default([])) .text": "M302 text",
    "now | uper": "M204 uper did you mean 'upper'?",
    "now | uper(request.idd)": "M201 idd",
    "now is presnt": "M205 presnt did you mean 'present'?",
    "now is presnt(request.idd)": "M201 idd",
    "request.id | upper": "M309 id",
    "request.comment | default(none) | upper": "M802 default",
    "none | upper": "M802 none",
    "absent | upper": "M309 absent",
    "request.count | default(1) | upper": "M301 upper",
    "request.item | upper": "M302 upper",
    "now | first": "M303 first",
    "3 | length": "M301 length",
    "now | replace('a')": "M207 replace",
    "now | lower('a')": "M207 'a'",
    "now | replace('a', 'b', 'c')": "M207 'c'",
    "now | replace('a', neu='b')": "M207 'b'",
    "now | replace('a', old='b')": "M207 'b'",
    "now | replace('a', new='b') | replace(1, 'b')": "M207 1",
    "now | replace('a', request.id)": "M207 id",
    "now | replace('a', none)": "M207 none",
    "now | replace('a', ['b'])": "M207 [",
    "now | pad_left(request.count | default(1))": "M207 default",
    "now | pad_left(5, 'ab')": "M207 5",
    "now | to_utc('Mars')": "M207 'Mars'",
    "now is matching('(')": "M207 '('",
    "now is matching(3)": "M207 3",
    "now | reformat_date('x', '%Y')": "M207 'x'",
    "'a' | default('b')": "M414 default",
    "request.id | default(1)": "M301 default",
    "request.count == '1'": "M803 '1'",
    "request.id == absent": "M803 absent",
    "answer.state == 'don'": "M305 'don' did you mean 'done'?",
    "'don' == answer.state": "M305 'don'",
    "answer.state in ['held', 'doone']": "M305 'doone'",
    "'x' in request.count": "M303 count",
    "request.tags in ['a']": "M302 tags",
    "request.count in ['a']": "M803 count",
    "request.id < 'a'": "M309 id",
    "request.item < 'a'": "M301 item",
    "true < 1": "M301 true",
    "now < 1": "M301 1",
    "now ~ 1": "M301 1",
    "now ~ request.item": "M302 item",
    "now + now": "M301 now",
    "1.5 // 2": "M301 1.5",
    "1 // 0": "M805 0",
    "1 % 0": "M805 0",
    "not now": "M304 now",
    "now and true": "M304 now",
    "request.express or true": "M304 express",
    "reply.late and true": "M304 late",
    "absent and true": "M304 absent",
    "1 if true else 'x'": "M301 1",
    "[['a']]": "M302 [",
    "request['note[].x']": "M201 x",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_found_at_its_place(text: str) -> None:
    code, part, *hint = WRONG[text].split(" ", 2)
    findings = typed(text)[1]
    assert findings, "no finding"
    assert any(each.code == code for each in findings), findings
    found = next(each for each in findings if each.code == code)
    begin = found.at.column - 1
    assert text[begin : begin + len(part)] == part, found
    if hint:
        assert found.hint == hint[0]


def test_a_mistake_is_told_once() -> None:
    assert len(typed("(request.idd | upper) ~ 'x' == 'y'")[1]) == 1


def test_a_name_of_a_later_section_says_so() -> None:
    early = REQUEST.scope(contracts())
    assert "does not exist in this section" in typed("reply.number", early)[1][0].hint
    assert typed("warnings", OUTCOME.scope(contracts()))[1][0].code == "M203"
    assert typed("warnings", REPLY.scope(contracts()))[1] == []


@pytest.mark.parametrize(
    "text",
    [
        "request.comment is present and (request.comment | default('')) == 'x'",
        "request.id is present and request.id | upper == 'X'",
        "request.id is absent or request.id | upper == 'X'",
        "not (request.id is absent) and request.id | upper == 'X'",
        "request.id == 'x' and request.id | upper == 'X'",
        "request.id != 'x' or request.id | upper == 'X'",
        "request.id in ['x'] and request.id | upper == 'X'",
        "request.id not in ['x'] or request.id | upper == 'X'",
        "request['note[@type=X].text'] is present and request['note[@type=X].text'] | upper == 'X'",
        "(request.id is present and request.id == 'a') or (request.id == 'b' and request.id | upper == 'B')",
    ],
)
def test_a_guard_makes_a_value_certain(text: str) -> None:
    assert condition(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "request.id is present or request.id | upper == 'X'",
        "(request.id == 'a' or request.count == 1) and request.id | upper == 'X'",
        "request.externalId is present and request.id | upper == 'X'",
        "request.comment == none and request.comment | upper == 'X'",
        "request.id == '' and request.comment | upper == 'X'",
        "request['item[].code'] == request.id and request['note[].text'] | join == 'X'",
        "('a' ~ 'b') == request.externalId and request.id | upper == 'A'",
    ],
)
def test_what_a_guard_does_not_say_stays_uncertain(text: str) -> None:
    assert {each.code for each in condition(text)} & {"M309", "M802"}


def test_require_makes_paths_certain() -> None:
    file = parsed(
        """
        require:
          - account.id
          - note[@type=X].text
          - header: X-Id
          - query: fields
          - path: comment
            when: request.count == 1
        outcome:
          - is: accepted
        """
    )
    scope = REQUEST.scope(contracts(), required_facts(file.require))
    for text in (
        "request.account.id",
        "request.account",
        "request['note[@type=X].text']",
        "request.note",
        "header['X-Id']",
        "query.fields",
    ):
        assert typed(text, scope)[0].optional is False, text
    for text in (
        "request.account.name",
        "request['note[@type=Y].text']",
        "request.comment",
        "header.channel",
        "request['note[@type=X].author']",
    ):
        assert typed(text, scope)[0].optional is True, text
    assert typed("request.account", scope)[0].nullable is False


def test_accepted_outcomes_make_replies_certain() -> None:
    def facts(body: str) -> Facts:
        return outcome_facts(parsed(body).outcome)

    both = facts(
        """
        outcome:
          - when: reply.number is present and reply.result == '0'
            is: accepted
          - when: reply.number is present
            is: accepted
          - is: rejected
        """
    )
    assert both.has("reply", parse_path("number")) == (True, False)
    assert both.has("reply", parse_path("result")) == (False, False)
    assert facts("outcome:\n  - is: accepted\n") == Facts()
    assert facts("outcome:\n  - is: rejected\n") == Facts()


def test_facts_combine() -> None:
    node = parse_expression("request.id is present", Position("m", 1, 1)).node
    one = facts_of(node, 0)
    assert one == Facts(present=frozenset({fact("request", parse_path("id"))}))
    assert facts_of(node, 0, truth=False) == Facts()
    assert (one | Facts()) == one
    assert (one & Facts()) == Facts()
    assert SCOPE.knowing(one).facts == one
    assert Facts(filled=frozenset({fact("stored", None)})).has("stored", None) == (True, True)


@pytest.mark.parametrize(
    ("text", "truth", "known"),
    [
        ("request.comment is not null", True, (False, True)),
        ("request.comment is null", True, (True, False)),
        ("request.comment is null", False, (False, True)),
        ("request.comment != none", True, (False, True)),
        ("none == request.comment", False, (False, True)),
        ("request.comment == none", True, (True, False)),
        ("request.comment != 'x'", True, (False, False)),
        ("request.comment is present and request.comment is not null", True, (True, True)),
    ],
)
def test_what_a_question_for_null_makes_certain(text: str, truth: bool, known: tuple[bool, bool]) -> None:
    node = parse_expression(text, Position("m", 1, 1)).node
    assert facts_of(node, 0, truth).has("request", parse_path("comment")) == known


def test_conditions_say_what_they_are_instead() -> None:
    (found,) = condition("request.count | default(1)")
    assert (found.code, found.text) == ("M304", "a condition is true or false, this is integer")
    assert condition("request['extra.flag']") == []
    assert condition("request.express == true") == []
    assert [each.code for each in condition("request.idd == 'x'")] == ["M201"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", Kind.TEXT),
        (True, Kind.BOOLEAN),
        (1, Kind.INTEGER),
        (1.5, Kind.DECIMAL),
        ({}, Kind.OBJECT),
        (None, Kind.ANY),
        ([], Kind.ANY),
        ([1], Kind.INTEGER),
    ],
)
def test_kinds_of_native_values(value: object, kind: Kind) -> None:
    assert kind_of(value) is kind
    assert constant(value).known


def test_settings_are_of_their_own_kind() -> None:
    settings: Mapping[str, object] = {"list": ["a"], "nothing": None, "on": True}
    scope = REQUEST.scope(contracts(setting=settings))
    assert typed("setting.list", scope)[0].many
    assert typed("setting.nothing", scope)[0].nullable
    assert typed("setting.on", scope)[0].kind is Kind.BOOLEAN


def test_a_direction_is_a_word() -> None:
    assert f"{Direction.REQUEST}" == "request"
