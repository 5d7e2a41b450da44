"""What changes an order on record: refusals before anything is sent, and what becomes of the subject of an accepted call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapter.contract.json_schema import to_shape
from adapter.errors import InvalidMessage, MappingFailed
from adapter.mapping.check import Canonical, check_mapping, part, task
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Refusal, Translator
from adapter.mapping.types import Contracts
from tests.mapping_kit import CALL, ORDER, around, asked, contracts, contracts_of_change, parsed, translator

BODY = """
    require:
      - requestedDate
    refuse:
      - when: known is absent
        text: "'no such order'"
        status: 422
      - when: known.state == 'done'
        text: "'the order ' ~ (known.externalId | default('?')) ~ ' is done'"
        code: "1087"
      - when: now | hours_between(request.requestedDate, 'Europe/Berlin') < 36
        text: "'too late'"
        code: "1085"
        status: 400
    both:
      comment: remark
    request:
      reference: known.externalId
      day: request.requestedDate
    reply:
      count: reply.count
    subject:
      state: "'held'"
      requestedDate: request.requestedDate
      tags: warnings
      item[]:
        each: reply.line
        set:
          code: item.code
          amount: item.quantity
    outcome:
      - is: accepted
        texts: reply.message
"""


def changing(body: str = BODY, **given: Any) -> Translator:
    return translator(body, of=contracts_of_change(**given))


def scope(**given: Any) -> Scope:
    return asked(**{"request": {"requestedDate": "2026-02-01"}, "known": {"externalId": "A-1", "state": "held"}, **given})


def test_a_request_that_nothing_speaks_against_is_sent() -> None:
    made = changing()
    assert made.refused(scope()) == []
    assert made.request(scope()).document == {"reference": "A-1", "day": "2026-02-01"}


@pytest.mark.parametrize(
    ("given", "refusals"),
    [
        ({"known": None}, [(422, "", "no such order")]),
        ({"known": {"state": "done"}}, [(409, "1087", "the order ? is done")]),
        (
            {"known": {"state": "done", "externalId": "A-1"}, "request": {"requestedDate": "2026-01-02T10:00:00Z"}},
            [(409, "1087", "the order A-1 is done"), (400, "1085", "too late")],
        ),
    ],
)
def test_all_refusals_that_hold_are_told(given: dict[str, Any], refusals: list[tuple[int, str, str]]) -> None:
    assert changing().refused(scope(**given)) == refusals
    assert all(isinstance(each, Refusal) for each in changing().refused(scope(**given)))


def test_what_is_missing_comes_before_refusals() -> None:
    with pytest.raises(InvalidMessage) as missing:
        changing().refused(scope(request={}, known=None))
    assert [problem.path for problem in missing.value.problems] == ["requestedDate"]


def test_a_value_that_a_condition_cannot_take_is_the_callers() -> None:
    with pytest.raises(InvalidMessage, match=r"requestedDate: the text is no ISO 8601"):
        changing().refused(scope(request={"requestedDate": "soon"}))


def test_a_value_on_record_that_a_condition_cannot_take_is_not_the_callers() -> None:
    body = BODY.replace("known.state == 'done'", "known.requestedDate | default(now) | days_between(request.requestedDate) < 1")
    with pytest.raises(MappingFailed, match=r"text is wanted here, and the value is an integer"):
        changing(body).refused(scope(known={"requestedDate": 5}))


def test_the_subject_of_an_accepted_call() -> None:
    reply = {"line": [{"code": "TV", "quantity": 2}], "count": 3, "remark": "x"}
    made = changing()
    answered = scope(reply=reply, warnings=("late",))
    written = made.subject(answered)
    assert written is not None
    assert written.document == {
        "state": "held",
        "requestedDate": "2026-02-01",
        "tags": ["late"],
        "item": [{"code": "TV", "amount": 2}],
    }
    assert made.reply(answered).document == {"comment": "x", "count": 3}
    _, found = made.explain("subject", answered)
    assert {origin.target: origin.sources for origin in found}["item[0].code"] == ("reply.line[0].code",)
    assert translator("    request:\n      day: now\n    outcome:\n      - is: accepted\n").subject(asked(reply={})) is None


def test_a_change_may_take_a_member_away() -> None:
    made = changing()
    assert made.request(scope(request={"requestedDate": "2026-02-01", "comment": None})).document["remark"] is None


def test_in_a_change_nothing_is_required_but_keys() -> None:
    body = BODY.replace("          code: item.code\n", "")
    known = around(contracts_of_change(), {})
    strict = replace(known, canonical={"order": replace(known.canonical["order"], supplied=frozenset())})
    assert check_mapping(parsed(BODY), strict) == []
    found = check_mapping(parsed(body), strict)
    assert [(each.code, each.text) for each in found] == [("M401", "'item[].code' is required by Item, and no rule writes it")]


def test_a_task_is_about_another_document() -> None:
    cancel = to_shape({"title": "Cancel", "type": "object", "properties": {"reason": {"type": "string"}, "id": {"type": "string"}}})
    order = to_shape(ORDER)
    canonical = task(Canonical(cancel, cancel), order, {"item": "code"})
    base = contracts()
    known = Contracts(cancel, cancel, base.legacy, header=base.header, known=canonical.known, subject=canonical.subject)
    body = """
        refuse:
          - when: known.state == 'done'
            text: "'too late'"
        request:
          remark: request.reason
          reference: known.externalId
        reply:
          id: reply.number
        subject:
          comment: request.reason
        outcome:
          - is: accepted
    """
    made = translator(body, of=known)
    assert made.refused(asked({}, known={"state": "done"})) == [(409, "", "too late")]
    cancelled = made.subject(asked({"reason": "moved"}, reply={}))
    assert cancelled is not None
    assert cancelled.document == {"comment": "moved"}


def test_a_part_of_a_resource_keeps_the_kinds_of_its_members() -> None:
    whole = to_shape(CALL)
    loose = part(whole, {"line": "code"}, "reference")
    assert [name for name, member in loose.members.items() if member.required] == ["reference"]
    assert loose.members["count"].shape is whole.members["count"].shape
    assert [name for name, member in loose.members["line"].shape.members.items() if member.required] == ["code"]
