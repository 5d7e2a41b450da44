"""Two-way rules come back equal; both forms of a compiled mapping give the same; and the laws notice planted faults."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.contract.shape import Kind
from adapter.errors import AdapterError
from adapter.mapping.converters import CONVERTERS, Converter, Pair, Side, bind_converter
from adapter.mapping.runtime import RuleFailed
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator, make_translator
from tests.law.round_trip import DOMAINS, LETTERS, Law
from tests.mapping_kit import SAMPLES, asked, contracts, market, tables, translator
from tests.strategies import documents

pytestmark = pytest.mark.no_cover  # what generated documents run is measured where examples show it; measuring doubles the time

KINDS = """
tables:
  kinds:
    on_miss: reject
    rows: {package: [P, PACK], addOn: A, bundle: P}
  levels:
    on_miss: pass
    rows: {high: ['3', '4'], low: '1'}
"""
BOTH = """
    both:
      externalId: reference
      note[@type=Day].text: day | date('%d.%m.%Y')
      note[@type~=Place].text: {legacy: job.place, default: "'here'"}
      note[@type=Level].text: field[key=LEVEL].value | code(levels)
      account.id: job.type | prefixed('#')
      count: totalText | number
      express: flagText | yes_no('1', '0')
      tags: joined | separated(';')
      comment: remark
      price: field[key=PRICE].value | decimal(2)
      requestedDate: field[key=WHEN].value | date_time('%d/%m/%Y %H:%M:%S', 'Europe/Berlin')
      id: field[key=ID].value | suffixed('!') | padded(9)
      item[]:
        legacy: line[]
        both:
          code: code
          kind: kind | code(kinds)
          amount: quantity
          part[]:
            legacy: sub[]
            both:
              name: n
              value: v
    outcome:
      - is: accepted
"""
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
QUICK = settings(max_examples=100, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


def small(body: str = BOTH) -> Law:
    made = translator(body, KINDS, checked=False)
    return Law(made, contracts(), tables(KINDS), kept=frozenset({"item[]", "code", "account.id"}), scope=asked)


@cache
def puerto_rico() -> Law:
    made, known, codes = market("pr", "productOrder.create")
    frame = json.loads((SAMPLES / "pr/selfinstall.request.json").read_text())
    frame["note"] = []
    header = {"X-Conversation-Id": "QAHA017633E52B68CF0000", "channelId": "ECOM", "lob": "FIXED"}

    def scope(**given: Any) -> Scope:
        fixed = {"correlation_id": "c", "client_reference": "r", "now": "2026-01-01T00:00:00.000Z"}
        return Scope(header=header, setting={"selfInstallDate": "keep"}, **{**fixed, **given})

    required = {str(entry.path.path) for entry in made.mapping.require if entry.path is not None}
    answer = {"result": {"returnCode": "0000"}, "orderNumber": "1200047552281013"}
    return Law(made, known, codes, frame, frozenset(required), answer, scope)


@cache
def lab() -> Law:
    made, known, codes = market("lab", "productOrder.create")
    kept = frozenset({"externalId", "productOrderItem[]", "id", "action", "productOffering.id", "@referredType", "name", "text"})
    return Law(made, known, codes, kept=kept, answer={"receipt": {"status": "OK"}, "@orderNo": "L-1", "@state": "BOOKED"}, scope=asked)


@given(st.data())
@FEW
def test_two_way_rules_of_the_lab_come_back_equal(data: st.DataObject) -> None:
    law = lab()
    law.holds(data.draw(law.documents().filter(lambda order: order["productOrderItem"])))


@given(st.data())
@FEW
def test_two_way_rules_come_back_equal(data: st.DataObject) -> None:
    law = small()
    law.holds(data.draw(law.documents()))


@given(st.data())
@FEW
def test_two_way_rules_of_puerto_rico_come_back_equal(data: st.DataObject) -> None:
    law = puerto_rico()
    law.holds(data.draw(law.documents()))


# -- both forms give the same


def result(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except AdapterError as error:
        return type(error), str(error)


def same(made: Translator, request: dict[str, Any], reply: dict[str, Any], scope: Callable[..., Scope]) -> None:
    sending, answering = scope(request=request), scope(request=request, reply=reply)
    assert result(lambda: made.request(sending)) == result(lambda: made.explain("request", sending)[0])
    answer = result(lambda: made.reply(answering))
    assert answer == result(lambda: made.explain("reply", answering)[0])
    if not isinstance(answer, tuple):
        for face in made.faces:
            shown = result(lambda face=face: made.view(face, answering, answer.document))
            assert shown == result(lambda face=face: made.explain_view(face, answering, answer.document)[0])


@given(st.data())
@FEW
def test_both_forms_give_the_same(data: st.DataObject) -> None:
    law = small()
    request = data.draw(st.one_of(law.documents(), documents(law.contracts.request)))
    same(law.translator, request, data.draw(documents(law.contracts.legacy.output)), asked)


@given(st.data())
@FEW
def test_both_forms_of_puerto_rico_give_the_same(data: st.DataObject) -> None:
    law = puerto_rico()
    request = data.draw(law.documents())
    extra = data.draw(documents(law.contracts.request, optional=False))
    same(law.translator, {**request, **extra}, data.draw(documents(law.contracts.legacy.output)), law.scope)


# -- every converter by itself, for any value: it comes back equal or is refused


ARGUMENTS: dict[str, list[tuple[Any, ...]]] = {
    "padded": [(4,), (9, " ")],
    "prefixed": [("#",), ("aa",)],
    "suffixed": [("#",), ("aa",)],
    "separated": [(",",), ("aa",)],
    "yes_no": [(), ("a", "b")],
    "number": [()],
    "digits": [()],
    "decimal": [(), (0,), (2,)],
    "date": [("%d/%m/%Y",), ("%d.%m.%y",), ("%Y%j",)],
    "date_time": [
        ("%Y%m%d%H%M%S",),
        ("%d/%m/%Y %H:%M:%S", "America/Puerto_Rico"),
        ("%Y-%m-%dT%H:%M:%S", "Europe/Berlin"),
        ("%Y%m%d %H:%M:%S.%f",),
        ("%y%m%d%H%M%S%z", "Europe/Berlin"),
    ],
    "ascii": [(), ("",)],
    "entries": [("name", "value"), ("@key", "text")],
}
ANYTHING = st.one_of(
    LETTERS,
    st.text(max_size=5),
    st.text("0a,", max_size=6),
    st.integers(),
    st.booleans(),
    st.none(),
    st.decimals(),
    st.lists(st.text("a,", max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.one_of(st.text(max_size=3), st.none(), st.integers()), max_size=3),
)


def converter_law(pair: Pair, value: Any) -> None:
    try:
        legacy = pair.to_legacy(value)
    except RuleFailed:
        return
    back = pair.to_canonical(legacy)
    assert pair.same(value, back), f"{value!r} came back as {back!r}"
    assert type(back) is type(value) or isinstance(value, int)


@pytest.mark.parametrize(("name", "arguments"), [(name, arguments) for name in ARGUMENTS for arguments in ARGUMENTS[name]])
def test_any_value_comes_back_equal_or_is_refused(name: str, arguments: tuple[Any, ...]) -> None:
    pair = bind_converter(name, arguments)

    @given(st.one_of(DOMAINS[name], ANYTHING))
    @settings(FEW, max_examples=100)
    def check(value: Any) -> None:
        converter_law(pair, value)

    check()


def test_the_laws_cover_every_converter() -> None:
    assert set(ARGUMENTS) | {"code"} == set(CONVERTERS)


# -- planted faults: the laws can fail


def broken(law: Law) -> None:
    """Looks for a document that breaks the law; AssertionError where there is one."""

    @given(law.documents())
    @QUICK
    def check(document: dict[str, Any]) -> None:
        law.holds(document)

    check()


def test_the_plain_law_holds_where_faults_are_planted_below() -> None:
    broken(small())


def test_a_wrongly_inverted_row_breaks_the_law() -> None:
    law = small()
    table = law.tables["levels"]
    crossed = dataclasses.replace(table, rows=(*table.rows, dataclasses.replace(table.rows[0], legacy=table.rows[1].legacy)))
    known = {**law.tables, "levels": crossed}
    planted = make_translator(law.translator.mapping, known, law.contracts)
    with pytest.raises(AssertionError, match=r"note\[@type=Level\]\.text: 'high' came back as 'low'"):
        broken(dataclasses.replace(law, translator=planted))


def test_a_converter_without_a_law_breaks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lossy = Converter(
        "shouted", Side(Kind.TEXT), Side(Kind.TEXT), "Upper case.", (), lambda: Pair(str.upper, str.lower, lambda _value: True)
    )
    monkeypatch.setitem(CONVERTERS, "shouted", lossy)
    monkeypatch.setattr("tests.law.round_trip.DOMAINS", {**DOMAINS, "shouted": LETTERS})
    law = small(BOTH.replace("externalId: reference", "externalId: reference | shouted"))
    with pytest.raises(AssertionError, match=r"externalId: .* came back as"):
        broken(law)
    with pytest.raises(AssertionError, match="came back as"):
        converter_law(bind_converter("shouted", ()), "A")


def test_a_rule_that_writes_elsewhere_on_the_way_back_breaks_the_law() -> None:
    law = small()
    other = translator(
        BOTH.replace("tags: joined | separated(';')", "").replace("comment: remark", "comment: joined"), KINDS, checked=False
    )
    documents = {**law.translator.program.documents, "reply": other.program.documents["reply"]}
    crossed = dataclasses.replace(law.translator, program=dataclasses.replace(law.translator.program, documents=documents))
    with pytest.raises(AssertionError, match="comment: "):
        broken(dataclasses.replace(law, translator=crossed))


def test_a_form_that_gives_something_else_is_noticed() -> None:
    law = small()
    program = law.translator.program
    request = program.documents["request"]

    def made(telling: bool) -> Any:
        function, *rest = request.make(telling)
        return ((lambda scope, tell: ({**function(scope, tell)[0], "count": 1}, [])) if telling else function, *rest)

    faulty = dataclasses.replace(request, make=made)
    documents = {**program.documents, "request": faulty}
    planted = dataclasses.replace(law.translator, program=dataclasses.replace(program, documents=documents))
    with pytest.raises(AssertionError):
        same(planted, {"account": {"id": "a"}, "item": []}, {"line": []}, asked)
    same(law.translator, {"account": {"id": "a"}, "item": []}, {"line": []}, asked)


def test_amounts_are_compared_as_decimals() -> None:
    pair = bind_converter("decimal", (2,))
    assert pair.to_canonical(pair.to_legacy(Decimal("1.5"))) == Decimal("1.50")
