"""The other sections, compiled: require, both, reply, outcome, view."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from adapter.contract.shape import Kind, Shape
from adapter.errors import CheckFailed, InvalidMessage, MappingFailed, Problem
from adapter.mapping.translator import Translator, Verdict, version_of
from adapter.ports import OutcomeKind
from tests.mapping_kit import asked, contracts, parsed, tables, translator

KINDS = "tables:\n  kinds:\n    on_miss: reject\n    rows: {package: P, addOn: A, bundle: P}\n"


# -- require


REQUIRE = """
    require:
      - externalId
      - note[@type=A].text
      - item[].kind
      - tags
      - header: X-Id
      - query: fields
      - path: comment
        when: request.externalId | upper == 'C'
    request:
      reference: request.externalId
"""


def required() -> Translator:
    return translator(REQUIRE + "    outcome:\n      - is: accepted\n", checked=False)


def named(request: dict[str, Any], **given: Any) -> list[str]:
    with pytest.raises(InvalidMessage) as caught:
        required().request(asked(request, **given))
    return [str(problem) for problem in caught.value.problems]


def test_all_that_is_missing_is_named_at_once() -> None:
    assert named({"note": [{"@type": "A", "text": ""}], "item": [{"code": "x"}], "tags": None}) == [
        "header X-Id: is required and missing",
        "query fields: is required and missing",
        "externalId: is required and missing",
        "tags: is required and missing",
        "note[@type=A].text: is required and empty",
        "item[0].kind: is required and missing",
    ]


def test_a_condition_decides_whether_something_is_required() -> None:
    whole = {"note": [{"@type": "A", "text": "a"}], "item": [{"kind": "k"}], "tags": []}
    given: dict[str, Any] = {"header": {"X-Id": "1"}, "query": {"fields": "x"}}
    assert named({**whole, "externalId": "c"}, **given) == ["comment: is required and missing"]
    assert named({**whole, "externalId": "c", "comment": None}, **given) == ["comment: is required and missing"]
    made = required()
    assert made.request(asked({**whole, "externalId": "d"}, **given)).document == {"reference": "d"}
    assert made.request(asked({**whole, "externalId": "c", "comment": "x"}, **given)).document == {"reference": "c"}


def test_what_is_missing_can_be_asked_of_a_request_that_fits_no_contract() -> None:
    made = required()
    assert made.missing(asked({"externalId": "c", "note": "none", "item": [{"kind": 5}, 7], "tags": 1})) == [
        Problem("header X-Id", "is required and missing"),
        Problem("query fields", "is required and missing"),
        Problem("comment", "is required and missing"),
    ]  # the note and the items are of another kind: the contract's check says so
    assert [problem.path for problem in made.missing(asked({"externalId": 5}, header={"X-Id": "1"}, query={"fields": "x"}))] == [
        "tags",
        "note[@type=A].text",
        "item[].kind",
    ]
    twice = "    require:\n      - {path: comment, when: request.count == 1}\n      - {path: comment, when: request.express == true}\n"
    once = translator(twice + "    outcome:\n      - is: accepted\n", checked=False)
    assert once.missing(asked({"count": 1, "express": True})) == [Problem("comment", "is required and missing")]
    with pytest.raises(InvalidMessage) as caught:
        once.request(asked({"count": 1, "express": True}))
    assert [problem.path for problem in caught.value.problems] == ["comment"]


def test_a_condition_that_cannot_be_asked_fails_by_itself() -> None:
    body = "    require:\n      - {path: comment, when: request.id | upper == 'C'}\n    outcome:\n      - is: accepted\n"
    with pytest.raises(InvalidMessage, match="id: text is wanted here, and the value is absent"):
        translator(body, checked=False).request(asked())


# -- both


BOTH = """
    both:
      externalId: reference
      note[@type=Day].text: day
      note[@type~=Place].text: {legacy: job.place, default: "'here'"}
      account.id: job.type | prefixed('#')
      count: {legacy: totalText | number, default: "'none'"}
      express: flagText | yes_no
      tags: joined | separated(',')
      comment: remark
      price: total
      id: field[key=ID].value | suffixed('!') | padded(4)
      item[]:
        legacy: line[]
        both:
          code: code
          kind: kind | code(kinds)
          part[]:
            legacy: sub[]
            both:
              name: n
              value: v
        request:
          quantity: item.amount
        reply:
          amount: item.position
    outcome:
      - is: accepted
"""


def two_way(body: str = BOTH) -> Translator:
    return translator(body, KINDS, checked=False)


REQUEST = {
    "id": "7",
    "externalId": "e",
    "comment": "c",
    "count": 5,
    "price": Decimal("1.5"),
    "express": True,
    "tags": ["a", "b"],
    "account": {"id": "acc"},
    "note": [{"text": "d", "@type": "Day"}, {"text": "p", "@type": "Place"}],
    "item": [{"code": "i", "kind": "addOn", "part": [{"name": "x", "value": "1"}]}, {"code": "j"}],
}
LEGACY = {
    "reference": "e",
    "remark": "c",
    "day": "d",
    "total": Decimal("1.5"),
    "totalText": "5",
    "flagText": "Y",
    "joined": "a,b",
    "job": {"type": "#acc", "place": "p"},
    "field": [{"key": "ID", "value": "0007!"}],
    "line": [{"code": "i", "kind": "A", "sub": [{"n": "x", "v": "1"}]}, {"code": "j"}],
}


def test_one_line_serves_both_directions() -> None:
    made = two_way()
    assert made.request(asked(REQUEST)).document == LEGACY
    assert made.reply(asked(reply=LEGACY)).document == REQUEST


def test_defaults_are_sent_and_come_back_as_they_are() -> None:
    made = two_way(BOTH.replace("number, default: \"'none'\"", "number, default: \"'9'\""))
    sent = made.request(asked({"account": {"id": "a"}, "item": []})).document
    assert sent == {"totalText": "9", "job": {"type": "#a", "place": "here"}, "line": []}
    back = made.reply(asked(reply=sent)).document
    assert back == {"count": 9, "account": {"id": "a"}, "note": [{"text": "here", "@type": "Place"}], "item": []}


def test_null_is_carried_where_both_sides_know_it() -> None:
    made = two_way()
    assert made.request(asked({"comment": None, "externalId": None, "account": {"id": "a"}})).document["remark"] is None
    assert "reference" not in made.request(asked({"externalId": None, "account": {"id": "a"}})).document
    assert made.reply(asked(reply={"remark": None, "reference": None, "line": []})).document == {"comment": None, "item": []}


def test_lists_have_rules_of_one_direction_inside() -> None:
    made = two_way()
    assert made.request(asked({"item": [{"code": "x", "amount": 3}], "account": {"id": "a"}})).document["line"] == [
        {"code": "x", "quantity": 3}
    ]
    assert made.reply(asked(reply={"line": [{"code": "x", "position": 3}]})).document == {"item": [{"code": "x", "amount": 3}]}


def test_an_ambiguous_legacy_code_comes_back_as_the_first_row() -> None:
    assert two_way().reply(asked(reply={"line": [{"code": "x", "kind": "P"}]})).document["item"][0]["kind"] == "package"


def test_an_unknown_legacy_code_is_a_failure_of_the_reply() -> None:
    with pytest.raises(MappingFailed) as caught:
        two_way().reply(asked(reply={"line": [{"code": "x", "kind": "Z"}]}))
    assert caught.value.path == "item[0].kind"
    assert caught.value.text == "the code table kinds has no row for 'Z'"


def test_what_a_converter_refuses_names_the_rule() -> None:
    with pytest.raises(MappingFailed) as caught:
        two_way().reply(asked(reply={"job": {"type": "acc"}}))
    assert (caught.value.text, caught.value.path) == ("the text does not start with '#'", "account.id")


def test_a_required_member_of_a_two_way_object_may_not_be_null() -> None:
    with pytest.raises(InvalidMessage, match=r"account\.id: the backend's contract requires 'type'"):
        two_way().request(asked({"account": {"id": None}}))


@pytest.mark.parametrize("converter", ["cod(kinds)", "padded('x')", "code(nope)", "padded", "number(1)"])
def test_wrong_converters_do_not_compile(converter: str) -> None:
    with pytest.raises((CheckFailed, AssertionError)):
        translator(f"    both:\n      externalId: reference | {converter}\n    outcome:\n      - is: accepted\n", KINDS, checked=False)


# -- reply, outcome, view


REPLY = """
    reply:
      id: reply.number
      comment: warnings | join(', ')
      state: "'acknowledged'"
      item: request.item
      note[@type=Result].text: reply.result
    outcome:
      - when: reply.result == '0' and reply.number is present
        is: accepted
        texts: reply.message
      - when: reply.result == '9'
        is: rejected
        texts: reply.result
        message: "'refused: ' ~ (reply.message | default(['?']) | join)"
        status: 409
      - when: reply.late == true
        is: inDoubt
    view:
      front:
        state: "answer.state | upper"
        comment: absent
        note[@type=Result].text: "'seen'"
        note[@type=New].text: request.id
        account.name: request.id
        tags: answer.note | length | text | split(',')
        item[]:
          each: answer.item
          set: {code: "'*' ~ item.code"}
"""


def test_a_reply_becomes_the_answer() -> None:
    items = [{"code": "a"}]
    answer = (
        translator(REPLY, checked=False).reply(asked({"item": items}, reply={"number": "n", "result": "0"}, warnings=("w1", "w2"))).document
    )
    assert answer == {"id": "n", "comment": "w1, w2", "state": "acknowledged", "item": items, "note": [{"text": "0", "@type": "Result"}]}


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        ({"result": "0", "number": "1", "message": ["w"]}, (OutcomeKind.ACCEPTED, ("w",), "", None, 11)),
        ({"result": "0", "number": "1"}, (OutcomeKind.ACCEPTED, (), "", None, 11)),
        ({"result": "9", "message": ["a", "b"]}, (OutcomeKind.REJECTED, ("9",), "refused: ab", 409, 14)),
        ({"late": True}, (OutcomeKind.IN_DOUBT, (), "", None, 19)),
    ],
)
def test_the_first_outcome_that_fits_counts(reply: dict[str, Any], wanted: tuple[Any, ...]) -> None:
    found = translator(REPLY, checked=False).outcome(asked(reply=reply))
    assert found.rule is not None
    assert (found.kind, found.texts, found.message, found.status, found.rule.line) == wanted


def test_a_reply_that_no_outcome_fits_is_in_doubt() -> None:
    made = translator(REPLY.replace("      - when: reply.late == true\n        is: inDoubt\n", ""), checked=False)
    assert made.outcome(asked(reply={"result": "?"})) == Verdict(OutcomeKind.IN_DOUBT)


def test_texts_of_an_outcome_are_text() -> None:
    with pytest.raises(MappingFailed, match="texts of an outcome are text"):
        translator("    outcome:\n      - is: accepted\n        texts: reply.message\n").outcome(asked(reply={"message": [1]}))


def test_a_view_changes_what_one_face_shows_and_nothing_else() -> None:
    made = translator(REPLY, checked=False)
    assert made.faces == ("front",)
    answer = {
        "id": "n",
        "comment": "c",
        "state": "done",
        "item": [{"code": "a"}],
        "note": [{"text": "0", "@type": "Result", "author": "x"}],
    }
    before = repr(answer)
    shown = made.view("front", asked({"id": "r"}), answer)
    assert repr(answer) == before
    assert shown == {
        "id": "n",
        "state": "DONE",
        "tags": ["1"],
        "account": {"name": "r"},
        "note": [{"text": "seen", "@type": "Result", "author": "x"}, {"text": "r", "@type": "New"}],
        "item": [{"code": "*a"}],
    }
    assert list(shown) == ["id", "state", "tags", "account", "note", "item"]
    assert made.view("other", asked(), answer) is answer


def test_a_face_whose_contract_has_another_order_gets_its_members_in_it() -> None:
    canonical = contracts()
    members = canonical.resource.members
    turned = Shape(Kind.OBJECT, "order", members={name: members[name] for name in ["state", "id", *members]})
    body = "    reply:\n      id: reply.number\n    outcome:\n      - is: accepted\n    view:\n      front:\n        comment: \"'c'\"\n"
    made = translator(body, checked=False, answers={"front": turned, "other": turned, "same": canonical.resource})
    answer = {"id": "1", "externalId": "e", "state": "held", "further": 1}
    assert list(made.view("front", asked(), answer)) == ["state", "id", "externalId", "comment", "further"]
    assert list(made.view("other", asked(), answer)) == ["state", "id", "externalId", "further"]
    assert made.view("same", asked(), answer) is answer
    assert list(answer) == ["id", "externalId", "state", "further"]


def test_what_a_view_leaves_empty_is_not_shown() -> None:
    made = translator(REPLY, checked=False)
    shown = made.view("front", asked(), {"state": "held", "note": [], "item": []})
    assert shown == {"state": "HELD", "tags": ["0"], "note": [{"text": "seen", "@type": "Result"}], "item": []}


# -- the translator


def test_a_translator_may_be_used_by_many_threads() -> None:
    made = two_way()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: made.request(asked({**REQUEST, "externalId": str(number)})).document["reference"], range(200)))
    assert found == [str(number) for number in range(200)]


def test_the_version_changes_with_file_and_tables() -> None:
    one, other = parsed(BOTH), parsed(BOTH.replace("'here'", "'there'"))
    known = tables(KINDS)
    versions = {version_of(one, known), version_of(other, known), version_of(one, tables(KINDS.replace("P,", "Q,"))), version_of(one, {})}
    assert len(versions) == 4
    assert two_way().version == version_of(one, known)
    assert len(two_way().version) == 64


def test_a_translator_says_what_it_is_for() -> None:
    assert (two_way().operation, two_way().legacy, two_way().faces) == ("order.create", "PlaceOrder", ())


# -- whose mistake it is


@pytest.mark.parametrize("holidays", ["setting.mode | split(',')", "['1.1.2026']"])
def test_a_wrong_list_of_holidays_is_no_mistake_of_the_callers(holidays: str) -> None:
    made = translator(
        f"""
        require: [requestedDate]
        refuse:
          - when: request.requestedDate is not working_day({holidays})
            text: "'not on a free day'"
        request:
          day: request.requestedDate | next_working_day({holidays})
        outcome:
          - is: accepted
        """
    )
    asking = asked({"item": [], "requestedDate": "2026-01-02"})
    for run in (made.request, made.refused):
        with pytest.raises(MappingFailed, match="a holiday is no date"):
            run(asking)
