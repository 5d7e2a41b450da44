"""A value of JSON, XML or a parameter outside what its schema restricts it to is read as it is, and noted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapter.contract.shape import Kind, Member, Shape
from connectors.deviations import Notes
from connectors.rest.tolerant import from_text, read_member

CODE = Shape(Kind.TEXT, min_length=1, max_length=3)
LISTED = Shape(Kind.TEXT, enum=("new", "change"))
MATCHED = Shape(Kind.TEXT, pattern="[A-Z]{3}")
COUNT = Shape(Kind.INTEGER, minimum=1, maximum=9)
AMOUNT = Shape(Kind.DECIMAL, minimum=0)


@pytest.mark.parametrize(
    ("shape", "value", "words"),
    [
        (CODE, "", "has 0 characters, the contract has at least 1"),
        (CODE, "abcd", "has 4 characters, the contract has at most 3"),
        (LISTED, "gone", "is none of what the contract lists: new change"),
        (MATCHED, "abc", "does not fit the pattern of the contract: [A-Z]{3}"),
        (COUNT, 0, "is less than 1, the least that the contract has"),
        (COUNT, 10, "is more than 9, the most that the contract has"),
        (AMOUNT, Decimal("-0.5"), "is less than 0, the least that the contract has"),
    ],
)
def test_a_breach_is_noted_and_the_value_read(shape: Shape, value: Any, words: str) -> None:
    outer = Shape(Kind.OBJECT, members={"one": Member("one", shape), "many": Member("many", shape, many=True)})
    notes = Notes()
    document = {"one": value, "many": [value]}
    assert read_member(Member("body", outer), document, "body", notes) == document
    assert [(note.kind, note.path, note.text) for note in notes.found] == [("facet", "body.one", words), ("facet", "body.many[0]", words)]
    notes = Notes()
    assert from_text(shape, str(value), "query.one", notes) == value
    assert [(note.kind, note.path, note.text) for note in notes.found] == [("facet", "query.one", words)]


def test_what_keeps_to_it_is_not_noted() -> None:
    notes = Notes()
    for shape, value in (
        (CODE, "abc"),
        (LISTED, "new"),
        (MATCHED, "ABC"),
        (COUNT, 9),
        (AMOUNT, Decimal("0.5")),
        (Shape(Kind.BOOLEAN), True),
    ):
        assert read_member(Member("body", shape), value, "body", notes) == value
    assert notes.found == []
