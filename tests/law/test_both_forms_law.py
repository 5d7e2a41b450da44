"""Whatever is sent or received: a section gives the same with and without provenance, and every failure is one of the adapter's own."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.errors import AdapterError
from adapter.mapping.compile.record import Told
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from adapter.mapping.types import MESSAGE_OUTCOMES, Contracts
from tests.mapping_kit import asked, contracts_of_change, contracts_of_message, translator
from tests.strategies import documents

pytestmark = pytest.mark.no_cover  # what generated documents run is measured where examples show it; measuring doubles the time

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
CODES = """
tables:
  kinds: {rows: {package: P, addOn: A}}
  told: {rows: {accepted: "0", unknown: "1", refused: "2"}}
"""
MESSAGE = """
    identity: message.reference | default(message.number)
    both:
      externalId: reference | prefixed('#')
      price: total
      item[]:
        legacy: line[]
        both:
          code: code
        report:
          kind: {value: item.kind, table: kinds}
          part[]:
            each: item.sub
            when: item.n is present
            set:
              name: item.n
    report:
      id: message.number
      requestedDate: message.day | default(now) | add_days(1)
      comment:
        choose:
          - {when: message.late == true and known.comment is present, value: known.comment, note: late}
          - {when: message.flag == true, value: none}
      note[@type=Day].text: message['field[key=DAY].value']
    answer:
      code: {value: outcome.kind, table: told}
      text: outcome.text
      number: report.id | default(absent)
"""
CHANGE = """
    require: [count]
    refuse:
      - when: known is absent
        text: "'nothing known'"
      - when: request.requestedDate is present and request.requestedDate is not working_day(request.tags | default([]))
        text: "'free'"
        code: "1"
      - when: known.price is present and known.price > request.count
        text: request.comment | default('dear')
    request:
      count: request.count
      reference: known.externalId | default(absent)
      line[]:
        each: known.item
        set:
          code: item.code
          position: index
    reply:
      count: reply.count
    subject:
      comment: reply.remark
      item[]:
        each: reply.line
        set:
          code: item.code
          kind: {value: item.kind, table: kinds}
    outcome:
      - when: reply.late == true
        is: rejected
      - is: accepted
        texts: reply.message
"""


@cache
def received() -> tuple[Translator, Contracts]:
    known = contracts_of_message()
    return translator(MESSAGE, CODES, of=known), known


@cache
def changing() -> tuple[Translator, Contracts]:
    known = contracts_of_change()
    return translator(CHANGE, CODES, of=known, checked=False), known


def both_ways(made: Translator, section: str, scope: Scope) -> tuple[Any, Any]:
    """What the plain form and that with provenance give; an error as its kind and text."""
    compiled = made.functions()[section]
    found: list[Any] = []
    for run in (lambda: made._run(compiled, scope), lambda: made._run(compiled, scope, told=list[Told]())):
        try:
            found.append(run())
        except AdapterError as error:
            found.append((type(error), str(error)))
    return found[0], found[1]


def same(made: Translator, scope: Scope) -> None:
    for section in made.functions():
        plain, telling = both_ways(made, section, scope)
        assert repr(plain) == repr(telling), section


@given(st.data())
@FEW
def test_both_forms_of_a_received_message_give_the_same(data: st.DataObject) -> None:
    made, known = received()
    assert known.known is not None
    outcome = {"kind": data.draw(st.sampled_from(MESSAGE_OUTCOMES)), "text": data.draw(st.text(max_size=5))}
    about = data.draw(st.none() | documents(known.known))
    scope = asked(message=data.draw(documents(known.legacy.input)), known=about, outcome=outcome)
    same(made, scope)
    report, _ = both_ways(made, "report", scope)
    taken = report[0] if isinstance(report[0], dict) else None
    same(made, asked(message=scope.message, known=about, outcome=outcome, report=taken))


@given(st.data())
@FEW
def test_both_forms_of_a_change_give_the_same(data: st.DataObject) -> None:
    made, known = changing()
    assert known.known is not None
    about = data.draw(st.none() | documents(known.known))
    same(made, asked(data.draw(documents(known.request)), known=about, reply=data.draw(documents(known.legacy.output)), warnings=("w",)))
