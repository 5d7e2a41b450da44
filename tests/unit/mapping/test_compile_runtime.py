"""The small things that compiled rules lean on: the absent value, picking by keys of any kind, numbers, the output border."""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal
from typing import Any

import pytest

from adapter.contract.path import parse_path
from adapter.contract.shape import Kind
from adapter.errors import MappingFailed
from adapter.mapping.compile.code import Suite, finish
from adapter.mapping.compile.record import fill
from adapter.mapping.runtime import ABSENT, RuleFailed, border, compare, default, describe, member, number, pick, pick_fold, reach
from tests.mapping_kit import asked, translator


def test_absent_equals_nothing_and_holds_nothing() -> None:
    same: Any = ABSENT
    assert not same == ABSENT  # noqa: SIM201 - this is about ==
    assert same != ABSENT
    assert "x" not in ABSENT
    assert not ABSENT == "x"  # noqa: SIM201
    assert ABSENT not in ("x", None)
    assert repr(ABSENT) == "absent"
    assert {ABSENT: 1}[ABSENT] == 1  # one object only, so it can be a key all the same


@pytest.mark.parametrize(
    ("value", "said"),
    [(ABSENT, "absent"), (None, "null"), (1, "an integer"), (True, "a boolean"), (1.5, "a decimal"), ({}, "an object"), (set(), "set")],
)
def test_values_are_described_and_not_told(value: Any, said: str) -> None:
    assert describe(value) == said


def test_members_are_read_from_any_mapping() -> None:
    assert member(OrderedDict(a=1), "a") == 1
    assert member(OrderedDict(), "a") is ABSENT


ELEMENTS: list[Any] = [
    "no object",
    {"text": "without a key"},
    {"key": ["odd"], "text": "list"},
    {"key": 5, "text": "five"},
    {"key": Decimal("1.50"), "text": "amount"},
    {"key": True, "text": "yes"},
    {"key": False, "text": "no"},
    {"key": "Word", "text": "word"},
    {"key": "Word", "text": "second"},
]


@pytest.mark.parametrize(
    ("wanted", "text"), [("5", "five"), ("1.50", "amount"), ("true", "yes"), ("false", "no"), ("Word", "word"), ("x", None)]
)
def test_elements_are_picked_by_keys_of_any_kind(wanted: str, text: str | None) -> None:
    found = pick(ELEMENTS, "key", wanted)
    assert found is ABSENT if text is None else found["text"] == text
    folded = pick_fold(ELEMENTS, "key", wanted.lower())
    assert folded is ABSENT if text is None else folded["text"] == text


def test_many_picks_from_one_list_give_what_single_picks_give() -> None:
    def rules(sign: str) -> str:
        return "\n".join(
            f"      field[key={key}].value: request['extra.list[key{sign}{key}].text']" for key in ("5", "1.50", "true", "Word", "nix")
        )

    for sign in ("=", "~="):
        made = translator("    request:\n" + rules(sign) + "\n    outcome:\n      - is: accepted\n", checked=False)
        document = made.request(asked({"extra": {"list": ELEMENTS}})).document
        assert [each["value"] for each in document["field"]] == ["five", "amount", "yes", "word"]
        assert made.request(asked({"extra": {}})).document == {}


def test_computed_values_are_reached_into() -> None:
    steps = parse_path("list[key~=word].text").steps
    assert reach({"list": ELEMENTS}, steps) == "word"
    assert reach({"a": [{"b": [{"c": 1}, {}]}, {"b": None}]}, parse_path("a[].b[]").steps) == [[{"c": 1}, {}], None]
    assert reach(ABSENT, steps) is ABSENT


def test_floats_are_taken_as_they_were_written() -> None:
    assert number(0.1) == Decimal("0.1")
    assert border(Kind.DECIMAL, many=False, nullable=False)(0.1) == Decimal("0.1")
    assert compare(0.1, "lteq", Decimal("0.1"))
    assert default(0, 1) == 0


@pytest.mark.parametrize(
    ("kind", "many", "nullable", "value", "wanted"),
    [
        (Kind.TEXT, False, True, None, None),
        (Kind.TEXT, True, True, None, None),
        (Kind.TEXT, True, False, ("a", "b"), ["a", "b"]),
        (Kind.DECIMAL, True, False, [1, 1.5], [Decimal(1), Decimal("1.5")]),
        (Kind.ANY, False, False, {"x": 1}, {"x": 1}),
        (Kind.OBJECT, True, False, [{}], [{}]),
    ],
)
def test_the_border_lets_pass_what_fits(kind: Kind, many: bool, nullable: bool, value: Any, wanted: Any) -> None:
    assert border(kind, many, nullable)(value) == wanted


@pytest.mark.parametrize(
    ("kind", "many", "value"),
    [
        (Kind.TEXT, False, 1),
        (Kind.INTEGER, False, True),
        (Kind.TEXT, True, "a"),
        (Kind.TEXT, True, ["a", None]),
        (Kind.ANY, False, None),
        (Kind.OBJECT, True, [1]),
    ],
)
def test_the_border_refuses_what_does_not(kind: Kind, many: bool, value: Any) -> None:
    with pytest.raises(RuleFailed):
        border(kind, many, nullable=False)(value)


def test_indices_are_filled_in_from_the_left() -> None:
    assert fill("a[].b[].c", (1, 2)) == "a[1].b[2].c"
    assert fill("a[].b[].c", [1]) == "a[1].b[].c"
    assert fill("a", (3,)) == "a"


def test_an_empty_block_is_still_python() -> None:
    suite = Suite()
    suite.block("if True")
    source = finish([("def run():", suite)])
    assert source.text == "def run():\n    if True:\n        pass\n"


def test_a_kind_that_the_contract_does_not_know_is_an_error_of_the_rule() -> None:
    made = translator("    request:\n      joined: \"'x' if now in 3 else 'y'\"\n    outcome:\n      - is: accepted\n", checked=False)
    with pytest.raises(MappingFailed, match="a list"):
        made.request(asked())


def test_what_happens_outside_of_generated_text_has_no_rule() -> None:
    compiled = translator("    request:\n      day: now\n    outcome:\n      - is: accepted\n").program.documents["request"]
    found = compiled.failed(TypeError("no frame"))
    assert isinstance(found, MappingFailed)
    assert (found.rule, found.path) == ("", "")
    assert "another kind than its contract says" in found.text
