"""Whatever a caller writes into members of the right kind: a request is mapped, or refused with a text that says what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.errors import InvalidMessage
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from tests.mapping_kit import MAPPINGS, SAMPLES, asked, contracts, market, translator
from tests.strategies import documents

pytestmark = pytest.mark.no_cover  # what generated documents run is measured where examples show it; measuring doubles the time

Document = dict[str, Any]
WORDS = [
    "",
    " ",
    "0",
    "-1",
    "007",
    "P",
    "Y",
    "2026-01-31",
    "2026-02-30",
    "4444-12-31T00:00:00.000Z",
    "0001-01-01T00:00:00+14:00",
    "9" * 5000,
]
TEXT = st.one_of(
    st.sampled_from(WORDS), st.text(max_size=8), st.integers().map(str), st.datetimes().map(lambda moment: moment.isoformat() + "Z")
)
NONSENSE: dict[type, st.SearchStrategy[Any]] = {
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(-(10**40), 10**40),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
}
PATH = re.compile(r"[\w@$]+(\[\d+\]|\[[^\]]+\])?(\.[\w@$]+(\[\d+\]|\[[^\]]+\])?)*|(header|query|path) [\w-]+")
MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
DATES = """
    require: [id]
    both:
      externalId: reference | date('%d/%m/%y')
      requestedDate: day | date_time('%d/%m/%y %H:%M:%S', 'Europe/Berlin')
      comment: remark | number | digits
      tags: joined | separated(',')
    request:
      count: request.count // (request.id | length)
      total: request.price * 3
      totalText: request.price | text
      flag: request.id | boolean('Y', 'N')
      line[]:
        each: request.item
        when: item.kind is absent or item.kind | length < 30
        set:
          code: item.code | pad_left(9)
          quantity: item.code | integer
          position: item.amount % 7
          kind: item.kind | in_zone('Europe/Berlin') | reformat_date('%Y-%m-%dT%H:%M:%S%z', '%y')
    outcome:
      - is: accepted
"""


@cache
def mapped(name: str) -> tuple[Translator, Document, st.SearchStrategy[Document]]:
    """A mapping, an order that it takes, and orders that its contract allows."""
    if name == "zz":
        order = {
            "id": "Y",
            "count": 4,
            "price": Decimal("1.5"),
            "item": [{"code": "7", "kind": "2026-01-31T10:00:00Z", "amount": 3}],
            "tags": ["a", "b"],
        }
        made = translator(DATES, checked=False)
        return (
            made,
            {**order, "externalId": "2026-01-31", "requestedDate": "2026-01-31T10:00:00Z", "comment": "5"},
            documents(contracts().request),
        )
    made, known, _ = market(name, "productOrder.create")
    if name == "lab":
        return made, json.loads((MAPPINGS / "lab/cases/01-create-full.json").read_text())["request"], documents(known.request)
    return made, json.loads((SAMPLES / "pr/selfinstall.request.json").read_text()), documents(known.request)


def scope_of(request: Document, header: dict[str, str]) -> Scope:
    return asked(request, header=header)


def leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container with the key of a scalar or a list in it."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from leaves(inner)
        if not isinstance(inner, dict):
            yield value, key


@st.composite
def spoilt(draw: st.DrawFn, order: Document) -> Document:
    """The order with a few values replaced by others of their kind, and lists cut or repeated."""
    document = deepcopy(order)
    places = list(leaves(document))
    for number in draw(st.sets(st.integers(0, len(places) - 1), min_size=1, max_size=5)):
        holder, key = places[number]
        old = holder[key]
        holder[key] = draw(st.sampled_from([[], old * 2])) if isinstance(old, list) else draw(NONSENSE.get(type(old), st.none()))
    return document


@pytest.mark.parametrize("name", ["pr", "lab", "zz"])
def test_a_request_is_mapped_or_refused_as_the_callers_mistake(name: str) -> None:
    made, order, allowed = mapped(name)
    lawful = {"X-Conversation-Id": "QAHA017633E52B68CF0000", "channelId": "ECOM", "lob": "FIXED"}
    assert made.request(scope_of(order, lawful)).document
    refused: list[str] = []

    @given(
        st.one_of(spoilt(order), spoilt(order), allowed),
        st.one_of(st.just(lawful), st.dictionaries(st.sampled_from(sorted(lawful)), TEXT)),
    )
    @MANY
    def check(request: Document, header: dict[str, str]) -> None:
        try:
            made.request(scope_of(request, header))
            return
        except InvalidMessage as error:
            problems = error.problems
        assert problems
        for problem in problems:
            assert PATH.fullmatch(problem.path), problem.path
            assert len(problem.text) < 250, problem.text
            refused.append(problem.text)

    check()
    assert any("rule mappings/" in text or "is required" in text for text in refused), "nothing was refused, so nothing was shown"
