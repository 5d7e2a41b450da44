"""The law of two-way rules: what goes to the legacy side comes back equal, field by field. Documents are generated from the
rules themselves: each field from its converter's domain, the rows of its code table, or the facets of both contracts."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from adapter.contract.path import Path, Step
from adapter.contract.shape import Shape, resolve
from adapter.mapping.converters import bind_converter
from adapter.mapping.model import BothRule, TwoWayList, TwoWayRule
from adapter.mapping.runtime import ABSENT, pick, pick_fold
from adapter.mapping.scope import Scope
from adapter.mapping.tables import CodeTable
from adapter.mapping.translator import Translator
from adapter.mapping.types import Contracts
from tests.strategies import values

Document = dict[str, Any]
LETTERS = st.text("abcXYZ019 .,#-é&<", min_size=1, max_size=12)
DATES = st.dates(dt.date(1970, 1, 1), dt.date(2068, 12, 31)).map(str)
MOMENTS = st.builds(
    "{}{}{}".format,
    st.datetimes(*map(dt.datetime.fromisoformat, ("1971-01-01", "2068-12-31"))).map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S")),
    st.sampled_from(["", ".000", ".7", ".999999"]),
    st.sampled_from(["Z", "z", "+00:00", "+05:30", "-11:00", "-00:00"]),
)
AMOUNTS = st.integers(-(10**9), 10**9).map(lambda number: Decimal(number).scaleb(-2))
# what a converter's canonical side is made of; all else is filtered by its own ``fits``
DOMAINS: Mapping[str, st.SearchStrategy[Any]] = {
    "padded": st.text("123456789", min_size=1, max_size=4),
    "prefixed": LETTERS,
    "suffixed": LETTERS,
    "separated": st.lists(st.text("abc ", max_size=4), min_size=1, max_size=4),
    "yes_no": st.booleans(),
    "number": st.integers(),
    "digits": st.integers().map(str),
    "decimal": AMOUNTS,
    "date": DATES,
    "date_time": MOMENTS,
    "ascii": LETTERS,
    "entries": st.dictionaries(st.text("abcXYZ_019", min_size=1, max_size=8), LETTERS, min_size=1, max_size=4),
}


@dataclass(frozen=True)
class Law:
    """One mapping under the law. ``frame`` is a canonical request that passes ``require`` without the two-way fields;
    ``kept`` are paths that must be there; ``answer`` is added to the legacy document that is fed back."""

    translator: Translator
    contracts: Contracts
    tables: Mapping[str, CodeTable]
    frame: Document = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    answer: Document = field(default_factory=dict)
    scope: Callable[..., Scope] = Scope

    def documents(self) -> st.SearchStrategy[Document]:
        """Canonical requests in which each two-way field is there or not."""
        rules = self.translator.mapping.both

        @st.composite
        def build(draw: st.DrawFn) -> Document:
            document = deepcopy(self.frame)
            for rule in rules:
                self._draw(draw, rule, document, self.contracts.request, self.contracts.legacy.input)
            return document

        return build()

    def _draw(self, draw: st.DrawFn, rule: BothRule, document: Document, canonical: Shape, legacy: Shape) -> None:
        path = rule.canonical.path
        if str(path) not in self.kept and draw(st.integers(0, 3)) == 0:
            return
        place = resolve(canonical, path)
        if isinstance(rule, TwoWayList):
            inner = resolve(legacy, rule.legacy.path).shape
            elements: list[Document] = [{} for _ in range(draw(st.integers(0, 3)))]
            for element in elements:
                for below in rule.both:
                    self._draw(draw, below, element, place.shape, inner)
            put(document, path.steps, elements)
            return
        there = resolve(legacy, rule.legacy.path).shape
        put(document, path.steps, draw(self._values(rule, place.shape, there, place.many)))

    def _values(self, rule: TwoWayRule, canonical: Shape, legacy: Shape, many: bool) -> st.SearchStrategy[Any]:
        if not rule.converters:
            one = values(legacy if canonical.kind is legacy.kind and not canonical.enum else canonical)
            return st.lists(one, max_size=3) if many else one
        last = rule.converters[-1]
        if last.name == "code":
            table = self.tables[str(last.arguments[0])]
            ambiguous = {row.canonical.value for row in table.ambiguous}
            return st.sampled_from([row.canonical.value for row in table.rows if row.canonical.value not in ambiguous])
        return DOMAINS[last.name].filter(lambda value: self._fits(rule, value))

    def _fits(self, rule: TwoWayRule, value: Any) -> bool:
        for call in reversed(rule.converters):
            if call.name == "code":
                return True
            pair = bind_converter(call.name, call.arguments)
            if not pair.fits(value):
                return False
            value = pair.to_legacy(value)
        return True

    def holds(self, request: Document) -> None:
        """Sends the request there and back, and compares every two-way field."""
        scope = self.scope(request=request)
        sent = self.translator.request(scope).document
        back = self.translator.reply(self.scope(request=request, reply={**sent, **self.answer})).document
        compare(self.translator.mapping.both, request, back, "")
        again = self.scope(request={**request, **back})
        fed = {**self.translator.request(again).document, **self.answer}
        stable = self.translator.reply(self.scope(request=request, reply=fed)).document
        assert stable == back, "what came back does not go there and back"


def compare(rules: tuple[BothRule, ...], sent: Document, back: Document, where: str) -> None:
    for rule in rules:
        if rule.only is not None:
            continue  # inherited in one direction only, so it has no way back
        before, after = get(sent, rule.canonical.path), get(back, rule.canonical.path)
        name = f"{where}{rule.canonical.path}"
        if isinstance(rule, TwoWayList):
            left, right = before if isinstance(before, list) else [], after if isinstance(after, list) else []
            left = [element for element in left if element]  # an element of which nothing is written is not there
            assert len(left) == len(right), f"{name}: {len(left)} elements came back as {len(right)}"
            for number, (one, other) in enumerate(zip(left, right, strict=True)):
                compare(rule.both, one, other, f"{name}[{number}].")
        elif before is ABSENT or before is None:
            assert (after is not ABSENT) is (rule.default is not None), f"{name}: absent came back as {after!r}"
        else:
            same = operator.eq
            if isinstance(rule, TwoWayRule) and rule.converters and rule.converters[-1].name != "code":
                same = bind_converter(rule.converters[-1].name, rule.converters[-1].arguments).same
            assert same(before, after), f"{name}: {before!r} came back as {after!r}"
            assert type(after) is type(before), f"{name}: {before!r} came back as another kind"


def get(document: Any, path: Path) -> Any:
    for step in path.steps:
        document = document.get(step.name, ABSENT) if isinstance(document, dict) else ABSENT
        if step.pick is not None:
            document = (
                pick_fold(document, step.pick.key, step.pick.value.lower())
                if step.pick.fold
                else pick(document, step.pick.key, step.pick.value)
            )
    return document


def put(document: Document, steps: tuple[Step, ...], value: Any) -> None:
    step, rest = steps[0], steps[1:]
    if step.pick is not None:
        listed = document.setdefault(step.name, [])
        element = next((each for each in listed if each.get(step.pick.key) == step.pick.value), None)
        if element is None:
            element = {step.pick.key: step.pick.value}
            listed.append(element)
        put(element, rest, value)
    elif rest:
        put(document.setdefault(step.name, {}), rest, value)
    else:
        document[step.name] = value
