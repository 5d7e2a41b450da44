"""The reports in one answer about many orders: what cannot be mapped of one keeps back no other."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.contract.json_schema import to_shape
from adapter.contract.shape import OperationContract
from adapter.mapping.check import question_for_many
from adapter.mapping.check.surroundings import Canonical, Surroundings
from adapter.mapping.translator import Translator, make_translator
from adapter.reports import reports_of
from tests.mapping_kit import ACCEPTED, ANSWER, CALL, asked, check, contracts, parsed, tables

CODES = "tables:\n  states:\n    on_miss: reject\n    rows: {held: H, done: D}\n"
RULES = """\
request:
  codes: asked['orders[].id']
reply:
  orders[]:
    each: EACH
    set:
      id: item.code
      state: {value: item.kind | default(absent), table: states}
"""
LINES: list[dict[str, Any]] = [{"code": "A", "kind": "H"}, {"code": "B", "kind": "?"}, {"code": "C", "kind": "D"}]


def made(each: str) -> Translator:
    one, known = contracts(), tables(CODES)
    nested = {"type": "object", "properties": {"list": {"type": "object", "properties": {"line": ANSWER["properties"]["line"]}}}}
    answer = {**ANSWER, "properties": {**ANSWER["properties"], "result": nested}}
    legacy = OperationContract("PlaceOrder", to_shape(CALL), to_shape(answer))
    around = Surroundings(canonical={}, legacy={}, settings=dict(one.setting))
    found = around.contracts(question_for_many(Canonical(one.request, one.resource), {"item": "code"}, "id"), legacy)
    file = parsed(RULES.replace("EACH", each) + ACCEPTED)
    assert [each for each in check(file, found, known) if each.severity == "error"] == []
    return make_translator(file, known, found)


@pytest.mark.parametrize(
    ("each", "reply"), [("reply.line", {"line": LINES}), ("reply.result.list.line", {"result": {"list": {"line": LINES}}})]
)
def test_the_others_are_read_and_the_one_is_told(each: str, reply: dict[str, Any]) -> None:
    scope = asked(reply=reply)
    found, why = reports_of(made(each), scope)
    assert {name: report.document["state"] for name, report in found.items()} == {"A": "held", "C": "done"}
    assert "no row for '?'" in why
    for name, report in found.items():
        _, origins = made(each).explain("reply", report.scope)
        assert report.target == "orders[0]"
        assert next(origin.value for origin in origins if origin.target == f"{report.target}.id") == name
    assert scope.reply == reply, "what was read stays as it is"


def test_where_all_can_be_mapped_nothing_is_taken_apart() -> None:
    scope = asked(reply={"line": [LINES[0], LINES[2]]})
    found, why = reports_of(made("reply.line"), scope)
    assert why == ""
    assert {name: (report.target, report.scope is scope) for name, report in found.items()} == {
        "A": ("orders[0]", True),
        "C": ("orders[1]", True),
    }
    assert reports_of(made("reply.line"), asked(reply={})) == ({}, "")


@pytest.mark.parametrize("each", ["(reply.line | default([]))", "reply.line if reply.flag is absent else []"])
def test_a_list_that_is_computed_is_not_taken_apart(each: str) -> None:
    found, why = reports_of(made(each), asked(reply={"line": LINES}))
    assert found == {}
    assert "no row for '?'" in why
