"""What is no value of its type: days that no calendar has, text where a number is to be."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapter.contract.shape import Kind, Member, Shape
from adapter.contract.value_types import no_values


def shape_of(kind: Kind, format_: str = "") -> Shape:
    return Shape(kind, format=format_)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (shape_of(Kind.TEXT, "date-time"), "2026-02-28T00:00:00Z"),
        (shape_of(Kind.TEXT, "date-time"), "2024-02-29T23:59:59.123456789+14:00"),
        (shape_of(Kind.TEXT, "date-time"), "2026-01-01T24:00:00"),
        (shape_of(Kind.TEXT, "date-time"), "2026-01-01 08:00Z"),
        (shape_of(Kind.TEXT, "date-time"), "-12026-01-31T00:00:00Z"),
        (shape_of(Kind.TEXT, "date"), " 2026-12-31+01:00 "),
        (shape_of(Kind.TEXT, "uri"), "anything"),
        (shape_of(Kind.TEXT), ""),
        (shape_of(Kind.INTEGER), 7),
        (shape_of(Kind.DECIMAL), Decimal("7.5")),
        (shape_of(Kind.DECIMAL), 7),
        (shape_of(Kind.BOOLEAN), False),
        (shape_of(Kind.ANY), "x"),
        (shape_of(Kind.TEXT, "date"), None),
    ],
)
def test_values_of_their_type(shape, value):
    assert list(no_values(shape, value)) == []


@pytest.mark.parametrize(
    ("shape", "value", "text"),
    [
        (shape_of(Kind.TEXT, "date-time"), "2026-02-30T00:00:00Z", "is not a date and time such as 2024-05-31T09:30:00Z"),
        (shape_of(Kind.TEXT, "date-time"), "2025-02-29T00:00:00Z", "is not a date and time such as 2024-05-31T09:30:00Z"),
        (shape_of(Kind.TEXT, "date-time"), "2026-02-28T25:00:00Z", "is not a date and time such as 2024-05-31T09:30:00Z"),
        (shape_of(Kind.TEXT, "date-time"), "2026-02-28", "is not a date and time such as 2024-05-31T09:30:00Z"),
        (shape_of(Kind.TEXT, "date-time"), "", "is not a date and time such as 2024-05-31T09:30:00Z"),
        (shape_of(Kind.TEXT, "date"), "2026-13-01", "is not a date such as 2024-05-31"),
        (shape_of(Kind.TEXT, "date"), "tomorrow", "is not a date such as 2024-05-31"),
        (shape_of(Kind.INTEGER), "many", "is not a whole number"),
        (shape_of(Kind.INTEGER), True, "is not a whole number"),
        (shape_of(Kind.INTEGER), Decimal("1.5"), "is not a whole number"),
        (shape_of(Kind.DECIMAL), "NaN", "is not a number"),
        (shape_of(Kind.BOOLEAN), "yes", "is not true or false"),
    ],
)
def test_what_is_no_value_is_named(shape, value, text):
    [problem] = no_values(shape, value, "a.b")
    assert (problem.path, problem.text) == ("a.b", text)


def test_every_place_of_a_document_is_named_and_what_the_contract_does_not_have_is_left_alone():
    line = Shape(Kind.OBJECT, members={"day": Member("day", shape_of(Kind.TEXT, "date")), "count": Member("count", shape_of(Kind.INTEGER))})
    root = Shape(Kind.OBJECT, members={"line": Member("line", line, many=True), "day": Member("day", shape_of(Kind.TEXT, "date"))})
    document = {"day": "2026-02-31", "line": [{"day": "2026-01-01", "count": 1}, {"day": "x", "count": "2", "other": "y"}], "new": "z"}
    assert [problem.path for problem in no_values(root, document)] == ["day", "line[1].day", "line[1].count"]
