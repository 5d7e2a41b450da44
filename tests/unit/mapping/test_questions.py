"""Questions for a state: reports of one order and of many, and a status that nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.contract.tmf import resource
from adapter.errors import InvalidMessage, MappingFailed, UnknownCode
from adapter.mapping.check import question
from adapter.mapping.check.surroundings import Canonical
from adapter.mapping.translator import make_translator
from tests.mapping_kit import ACCEPTED, asked, check, contracts, contracts_for_many, parsed, tables, translator

CODES = "tables:\n  states:\n    on_miss: reject\n    rows: {held: H, done: D}\n"
STATE = "reply:\n  state: {value: reply.flagText, table: states}\n"
MANY = """\
request:
  codes: asked['orders[].id']
  line[]:
    each: asked.orders
    when: item.answer.state != 'done'
    set:
      code: item.id
reply:
  orders[]:
    each: reply.line
    set:
      id: item.code
      state: {value: item.kind, table: states}
"""


def many() -> Any:
    known, codes = contracts_for_many(), tables(CODES)
    file = parsed(MANY + ACCEPTED)
    assert check(file, known, codes) == []
    return make_translator(file, codes, known)


def test_an_unknown_status_is_told_with_its_own_word_and_its_table() -> None:
    with pytest.raises(UnknownCode) as unknown:
        translator(STATE + ACCEPTED, CODES).reply(asked(reply={"flagText": "SIGNED_OFF"}))
    assert (unknown.value.value, unknown.value.table, unknown.value.path) == ("SIGNED_OFF", "states", "state")
    assert unknown.value.rule == "mappings/zz/order.create.yaml:4:3"
    assert str(unknown.value).startswith("the code table states has no row for 'SIGNED_OFF' (rule ")
    assert isinstance(unknown.value, MappingFailed)


def test_a_code_of_the_callers_is_the_callers_mistake_and_no_unknown_code() -> None:
    made = translator("request:\n  joined: {value: request.externalId, table: states}\n" + ACCEPTED, CODES)
    with pytest.raises(InvalidMessage, match="externalId: the code table states has no row"):
        made.request(asked({"externalId": "X"}))


def test_another_failure_is_no_unknown_code() -> None:
    with pytest.raises(MappingFailed) as failed:
        translator("reply:\n  count: reply.totalText | default('x') | integer\n" + ACCEPTED).reply(asked(reply={}))
    assert not isinstance(failed.value, UnknownCode)


def test_many_orders_become_one_question_and_many_reports() -> None:
    orders = [{"id": "1", "request": {}}, {"id": "2", "request": {}, "answer": {"state": "done"}}]
    made = many()
    assert made.request(asked(asked={"orders": orders})).document == {"codes": ["1", "2"], "line": [{"code": "1"}]}
    reply = {"line": [{"code": "2", "kind": "D"}, {"code": "1", "kind": "H"}]}
    assert made.reply(asked(reply=reply)).document == {"orders": [{"id": "2", "state": "done"}, {"id": "1", "state": "held"}]}
    assert made.reply(asked(reply={})).document == {}


def test_one_unknown_status_among_many_says_whose_it_is() -> None:
    with pytest.raises(UnknownCode) as unknown:
        many().reply(asked(reply={"line": [{"code": "2", "kind": "D"}, {"code": "1", "kind": "?"}]}))
    assert (unknown.value.path, unknown.value.value) == ("orders[1].state", "?")


def test_what_is_wrong_with_a_question_is_never_blamed_on_a_caller() -> None:
    file = parsed("request:\n  codes: asked['orders[].id']\n  joined: asked.orders | first\n" + ACCEPTED)
    with pytest.raises(MappingFailed, match="text is wanted here, and the value is an object"):
        make_translator(file, {}, contracts_for_many()).request(asked(asked={"orders": [{"id": "1"}]}))


def test_a_report_needs_nothing_but_the_keys_of_its_parts() -> None:
    whole = contracts()
    report = question(Canonical(whole.request, whole.resource), {"item": "code"}).resource
    assert whole.resource.members["item"].required
    assert not any(member.required for member in report.members.values())
    item = report.members["item"].shape
    assert [name for name, member in item.members.items() if member.required] == ["code"]
    assert report.members["note"].shape is whole.resource.members["note"].shape


def test_the_parts_of_a_part_are_such_parts_again() -> None:
    order = resource("productOrder")
    report = question(Canonical(order.create, order.full), {"productOrderItem": "id"}).resource
    item = report.members["productOrderItem"].shape
    assert item.members["productOrderItem"].shape is item
    assert [name for name, member in item.members.items() if member.required] == ["id"]
    assert order.full.members["productOrderItem"].shape.members["action"].required
