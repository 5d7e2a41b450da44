"""Messages that the backend sends of its own accord: their identity, what they report, what they are answered."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.contract.json_schema import to_shape
from adapter.contract.shape import Kind, OperationContract, Shape
from adapter.errors import CheckFailed, MappingFailed, UnknownCode
from adapter.mapping.model import Direction
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from tests.mapping_kit import ANSWER, asked, contracts_of_message, translator

CODES = """
tables:
  states:
    rows: {done: D, held: H}
  told:
    rows: {accepted: "0", unknown: "1", refused: "2"}
"""
BODY = """
    identity: message.reference
    both:
      externalId: reference
      requestedDate: day | date('%d/%m/%Y')
      item[]:
        legacy: line[]
        both:
          code: code
        report:
          amount: item.quantity
          kind: {value: item.kind, table: states}
    report:
      id: message.number
      state: {value: message.result, table: states}
      comment:
        choose:
          - when: known.comment is present
            value: known.comment
            note: the old comment stays
          - otherwise: message.remark
    answer:
      code: {value: outcome.kind, table: told}
      text: outcome.text
      number: report.id
"""
MESSAGE = {
    "number": "4711",
    "reference": "A-1",
    "day": "31/01/2026",
    "result": "D",
    "remark": "fine",
    "line": [{"code": "TV", "quantity": 2, "kind": "H"}],
}
REPORT = {
    "id": "4711",
    "externalId": "A-1",
    "requestedDate": "2026-01-31",
    "state": "done",
    "comment": "fine",
    "item": [{"code": "TV", "amount": 2, "kind": "held"}],
}


def received(body: str = BODY, **given: Any) -> Translator:
    return translator(body, CODES, of=contracts_of_message(**given))


def scope(message: dict[str, Any], **given: Any) -> Scope:
    return asked(message=message, **given)


def test_a_message_becomes_a_report() -> None:
    made = received()
    assert made.received
    assert made.legacy == "Progress"
    assert made.report(scope(MESSAGE)).document == REPORT
    written = made.report(scope(MESSAGE, known={"comment": "as before"}))
    assert (written.document["comment"], written.notices) == ("as before", ("the old comment stays",))


@pytest.mark.parametrize(("kind", "code"), [("accepted", "0"), ("unknown", "1"), ("refused", "2")])
def test_the_backend_is_answered_what_became_of_its_message(kind: str, code: str) -> None:
    outcome = {"kind": kind, "text": "why"}
    assert received().answer(scope(MESSAGE, report=REPORT, outcome=outcome)).document == {"code": code, "text": "why", "number": "4711"}
    assert received().answer(scope(MESSAGE, outcome=outcome)).document == {"code": code, "text": "why"}


@pytest.mark.parametrize(("message", "identity"), [(MESSAGE, "A-1"), ({}, None), ({"reference": None}, None)])
def test_the_identity_of_a_message(message: dict[str, Any], identity: str | None) -> None:
    assert received().identity(scope(message)) == identity
    assert received(BODY.replace("    identity: message.reference\n", "")).identity(scope(message)) is None


def test_an_identity_that_is_no_text_names_its_place() -> None:
    with pytest.raises(MappingFailed, match=r"the identity of a message is text") as failed:
        received().identity(scope({"reference": 5}))
    assert failed.value.rule == "mappings/zz/order.create.yaml:4:11"
    with pytest.raises(MappingFailed, match="text is wanted"):
        received(BODY.replace("message.reference\n", "message.reference | default('') | upper\n", 1)).identity(scope({"reference": 5}))


def test_each_field_of_a_report_and_an_answer_has_its_rule() -> None:
    made = received()
    _, found = made.explain("report", scope(MESSAGE))
    by = {origin.target: origin for origin in found}
    assert by["state"].sources == ("message.result",)
    assert (by["state"].table, by["state"].row and by["state"].row.line) == ("states", 4)
    assert by["item[0].amount"].sources == ("message.line[0].quantity",)
    assert by["externalId"].sources == ("message.reference",)
    assert by["comment"].branch == "otherwise"
    _, found = made.explain("answer", scope(MESSAGE, report=REPORT, outcome={"kind": "unknown", "text": ""}))
    by = {origin.target: origin for origin in found}
    assert by["code"].sources == ("outcome.kind",)
    assert by["code"].row is not None
    assert by["code"].row.line == 6
    assert by["number"].sources == ("report.id",)


def test_what_a_rule_cannot_take_is_the_backends_and_names_the_rule() -> None:
    made = received()
    with pytest.raises(UnknownCode) as unknown:
        made.report(scope({**MESSAGE, "result": "SIGNED_OFF"}))
    assert (unknown.value.path, unknown.value.value, unknown.value.table) == ("state", "SIGNED_OFF", "states")
    with pytest.raises(MappingFailed, match="no date of the form") as failed:
        made.report(scope({**MESSAGE, "day": "soon"}))
    assert failed.value.path == "requestedDate"
    with pytest.raises(UnknownCode):  # not even what an answer cannot take is a caller's mistake
        made.answer(scope(MESSAGE, outcome={"kind": "lost", "text": ""}))


def test_a_file_has_the_sections_of_its_kind_only() -> None:
    made = received()
    assert set(made.functions()) == {"identity", "report", "answer"}
    for wrong in (made.request, made.reply, made.outcome):
        with pytest.raises(LookupError, match=r"order\.message \(received\) has no section"):
            wrong(scope(MESSAGE))
    assert made.subject(scope(MESSAGE)) is None
    assert made.refused(scope(MESSAGE)) == []
    called = translator("    request:\n      day: now\n    outcome:\n      - is: accepted\n")
    assert not called.received
    assert called.identity(asked()) is None
    with pytest.raises(LookupError, match=r"\(called\) has no section 'report'"):
        called.report(asked())


def test_a_one_way_message_has_no_answer() -> None:
    notice = OperationContract("Progress", to_shape(ANSWER), Shape(Kind.OBJECT), one_way=True)
    body = BODY[: BODY.index("    answer:")]
    made = received(body, legacy=notice)
    assert made.report(scope(MESSAGE)).document == REPORT
    assert made.answer(scope(MESSAGE, outcome={"kind": "accepted", "text": ""})).document == {}
    with pytest.raises(CheckFailed, match="M215"):
        received(BODY, legacy=notice)


def test_ambiguous_rows_do_no_harm_where_there_is_one_direction() -> None:
    codes = CODES.replace("rows: {done: D, held: H}", "rows: {done: D, held: H, acknowledged: H}")
    body = BODY.replace("externalId: reference\n", "externalId: reference\n      state: result | code(states)\n")
    body = body.replace("      state: {value: message.result, table: states}\n", "")
    made = translator(body, codes, of=contracts_of_message())
    assert made.report(scope(MESSAGE)).document["state"] == "done"
    assert made.functions()["report"].records[0].direction is Direction.REPLY
