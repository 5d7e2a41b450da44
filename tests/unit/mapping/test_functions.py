"""Every filter and test: what it gives, what it refuses; the same through a compiled mapping and through its signature."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapter.mapping.functions import FILTERS, TESTS, Function
from adapter.mapping.runtime import ABSENT, RuleFailed

FUNCTIONS = {**FILTERS, **TESTS}


def run(name: str, value: Any, *arguments: Any) -> Any:
    """Both ways of calling it must agree."""
    function: Function = FUNCTIONS[name]
    padded = (*arguments, *(parameter.default for parameter in function.parameters[len(arguments) :]))
    if function.bind is None:
        return function.call(value, *padded)
    bound = function.bind(*padded)
    assert bound(value) == function.call(value, *padded)
    return bound(value)


@pytest.mark.parametrize(
    ("name", "value", "arguments", "wanted"),
    [
        ("default", ABSENT, ("x",), "x"),
        ("default", None, ("x",), "x"),
        ("default", "", ("x",), ""),
        ("as_in", "1000", ([7, 1000, "x", None, {}],), 1000),
        ("as_in", "1000", ([1000, "1000"],), "1000"),  # which of the two it was, nobody can tell
        ("as_in", "true", ([True, "yes"],), True),
        ("as_in", "1.50", ([Decimal("1.50")],), Decimal("1.50")),
        ("as_in", "x", (["x", "y"],), "x"),
        ("as_in", "z", ([],), "z"),
        ("lower", "ÀB", (), "àb"),
        ("upper", "ß", (), "SS"),
        ("trim", " a b ", (), "a b"),
        ("replace", "a-b-c", ("-", "+"), "a+b+c"),
        ("strip_prefix", "#12", ("#",), "12"),
        ("strip_prefix", "12", ("#",), "12"),
        ("strip_suffix", "12kg", ("kg",), "12"),
        ("substring", "abcdef", (2,), "cdef"),
        ("substring", "abcdef", (2, 3), "cde"),
        ("substring", "ab", (5, 2), ""),
        ("pad_left", "7", (3,), "007"),
        ("pad_left", "7", (3, " "), "  7"),
        ("split", "a,b,", (",",), ["a", "b", ""]),
        ("split", "", (",",), []),
        ("text", 12, (), "12"),
        ("text", Decimal("1E+3"), (), "1000"),
        ("text", Decimal("1.50"), (), "1.50"),
        ("text", True, (), "true"),
        ("text", False, ("Y", "N"), "N"),
        ("text", "x", (), "x"),
        ("text", 1.5, (), "1.5"),
        ("text", 1e20, (), "100000000000000000000.000000"),
        ("integer", "0012", (), 12),
        ("integer", "-3", (), -3),
        ("integer", Decimal("4.00"), (), 4),
        ("integer", 5, (), 5),
        ("decimal", "1.50", (), Decimal("1.50")),
        ("decimal", 2, (), Decimal(2)),
        ("decimal", Decimal("0.1"), (), Decimal("0.1")),
        ("decimal", 0.1, (), Decimal("0.1")),
        ("boolean", "true", (), True),
        ("boolean", "N", ("Y", "N"), False),
        ("length", [1, 2], (), 2),
        ("length", "abc", (), 3),
        ("first", ["a", "b"], (), "a"),
        ("last", ["a", "b"], (), "b"),
        ("join", ["a", "b"], (", ",), "a, b"),
        ("join", [], (",",), ""),
        ("unique", ["b", "a", "b"], (), ["b", "a"]),
        ("unique", [{"a": 1}, {"a": 1}], (), [{"a": 1}]),
        ("reformat_date", "2026-01-31", ("%Y-%m-%d", "%d/%m/%Y"), "31/01/2026"),
        ("to_utc", "2026-01-31T10:00:00+02:00", (), "2026-01-31T08:00:00.000Z"),
        ("to_utc", "2026-01-31T10:00:00.1239", ("America/Puerto_Rico",), "2026-01-31T14:00:00.123Z"),
        ("to_utc", "2026-01-31T10:00:00Z", ("America/Puerto_Rico",), "2026-01-31T10:00:00.000Z"),
        ("in_zone", "2026-01-31T10:00:00.000Z", ("America/Puerto_Rico",), "2026-01-31T06:00:00-04:00"),
        ("present", None, (), True),
        ("present", ABSENT, (), False),
        ("absent", ABSENT, (), True),
        ("absent", "", (), False),
        ("null", None, (), True),
        ("null", ABSENT, (), False),
        ("matching", "A12", ("[A-Z][0-9]+",), True),
        ("matching", "A12x", ("[A-Z][0-9]+",), False),
        ("starting", "abc", ("ab",), True),
        ("ending", "abc", ("ab",), False),
    ],
)
def test_what_it_gives(name: str, value: Any, arguments: tuple[Any, ...], wanted: Any) -> None:
    got = run(name, value, *arguments)
    assert got == wanted
    assert type(got) is type(wanted)


@pytest.mark.parametrize("name", ["first", "last"])
def test_an_empty_list_has_no_element(name: str) -> None:
    assert run(name, []) is ABSENT


@pytest.mark.parametrize(
    ("name", "value", "arguments", "said"),
    [
        ("lower", 3, (), "text is wanted here, and the value is an integer"),
        ("upper", ABSENT, (), "the value is absent"),
        ("trim", None, (), "the value is null"),
        ("replace", "a", (1, "b"), "an integer"),
        ("pad_left", "1234", (3,), "4 characters, more than the 3"),
        ("text", ABSENT, (), "absent has no text"),
        ("text", {}, (), "an object has no text"),
        ("integer", "1.5", (), "no whole number"),
        ("integer", "9" * 500, (), "no whole number"),
        ("integer", Decimal("1.5"), (), "a fraction"),
        ("integer", True, (), "the value is a boolean"),
        ("decimal", "1,5", (), "no decimal number"),
        ("decimal", "NaN", (), "no decimal number"),
        ("decimal", None, (), "the value is null"),
        ("boolean", "yes", (), "neither 'true' nor 'false'"),
        ("boolean", True, (), "the value is a boolean"),
        ("length", 3, (), "a list or text"),
        ("join", "a", (), "a list is wanted"),
        ("join", ["a", 1], (), "a list of text"),
        ("reformat_date", "31.1.", ("%Y", "%y"), "no date of the form %Y"),
        ("to_utc", "2026-01-31T10:00:00", (), "names no zone"),
        ("to_utc", "soon", (), "no ISO 8601"),
        ("in_zone", "2026-01-31T10:00:00", ("UTC",), "no offset"),
        ("matching", 1, ("x",), "an integer"),
        ("hours_between", "2026-01-31T10:00:00", ("2026-01-31T10:00:00Z",), "names no zone"),
        ("hours_between", "2026-01-31T10:00:00Z", (5,), "an integer"),
        ("hours_between", "soon", ("2026-01-31T10:00:00Z",), "no ISO 8601"),
        ("days_between", "2026-01-31", ("soon",), "no ISO 8601"),
        ("days_between", 5, ("2026-01-31",), "an integer"),
        ("add_days", "20260131", (1,), "no date of the form 2026-01-31"),
        ("add_days", "9999-12-31", (1,), "outside of the years"),
        ("next_working_day", "2026-01-31", ("2026-01-01",), "a list of dates"),
        ("next_working_day", "2026-01-31", (["1.1."],), "a holiday is no date"),
        ("working_day", "2026-01-31", ([5],), "a list of dates"),
        ("working_day", ABSENT, ([],), "the value is absent"),
    ],
)
def test_what_it_refuses(name: str, value: Any, arguments: tuple[Any, ...], said: str) -> None:
    function = FUNCTIONS[name]
    padded = (*arguments, *(parameter.default for parameter in function.parameters[len(arguments) :]))
    with pytest.raises(RuleFailed) as caught:
        function.call(value, *padded)
    assert said in str(caught.value)
    if function.bind is not None:
        with pytest.raises(RuleFailed):
            function.bind(*padded)(value)


@pytest.mark.parametrize(
    ("start", "end", "local", "hours"),
    [
        ("2026-01-31T10:00:00Z", "2026-02-01T22:00:00Z", "", "36"),
        ("2026-01-31T10:00:00+01:00", "2026-01-31T09:00:00Z", "", "0"),
        ("2026-01-31T10:00:00Z", "2026-01-31T09:30:00Z", "", "-0.5"),
        ("2026-01-31T10:00:00Z", "2026-02-01", "Europe/Berlin", "13"),
        ("2026-03-28", "2026-03-29", "Europe/Berlin", "24"),
        ("2026-03-29", "2026-03-30", "Europe/Berlin", "23"),  # the clocks change
    ],
)
def test_hours_are_counted_across_offsets_and_changes_of_clocks(start: str, end: str, local: str, hours: str) -> None:
    assert FUNCTIONS["hours_between"].call(start, end, local) == Decimal(hours)
    assert FUNCTIONS["hours_between"].bind is not None
    assert FUNCTIONS["hours_between"].bind(end, local)(start) == Decimal(hours)


@pytest.mark.parametrize(
    ("day", "holidays", "works", "following"),
    [
        ("2026-01-30", [], True, "2026-02-02"),  # a Friday
        ("2026-01-31", [], False, "2026-02-02"),
        ("2026-02-01T23:59:59-11:00", [], False, "2026-02-02"),
        ("2026-02-02", ["2026-02-02", " 2026-02-03 "], False, "2026-02-04"),
        ("2026-12-24", ["2026-12-25", "2026-12-26"], True, "2026-12-28"),
    ],
)
def test_working_days(day: str, holidays: list[str], works: bool, following: str) -> None:
    assert FUNCTIONS["working_day"].call(day, holidays) is works
    assert FUNCTIONS["next_working_day"].call(day, holidays) == following


@pytest.mark.parametrize(
    ("day", "days", "result"),
    [("2026-12-31", 1, "2027-01-01"), ("2026-03-01T08:00:00+01:00", -1, "2026-02-28T08:00:00+01:00"), ("2026-01-01", 0, "2026-01-01")],
)
def test_days_are_added_as_written(day: str, days: int, result: str) -> None:
    assert FUNCTIONS["add_days"].call(day, days) == result
    assert FUNCTIONS["days_between"].call(day, result) == days


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("substring", (-1, None), "0 or more"),
        ("substring", (0, -1), "0 or more"),
        ("pad_left", (0, "0"), "1 to 10000"),
        ("pad_left", (3, "ab"), "one character"),
        ("split", ("",), "not empty"),
        ("boolean", ("Y", "Y"), "different"),
        ("reformat_date", ("", "%Y"), "names no part of a date"),
        ("reformat_date", ("%Y", "%Q"), "no date format"),
        ("to_utc", ("Mars/Base",), "no time zone"),
        ("in_zone", ("../etc/passwd",), "no time zone"),
        ("matching", ("(",), "no regular expression"),
        ("hours_between", ("2026-01-31T10:00:00Z", "Berlin"), "no time zone"),
    ],
)
def test_wrong_arguments_are_found_before_any_message(name: str, arguments: tuple[Any, ...], said: str) -> None:
    bind = FUNCTIONS[name].bind
    assert bind is not None
    with pytest.raises(ValueError, match=said):
        bind(*arguments)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_says_what_it_does(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.documentation.endswith(".")
    assert function.signature.startswith(name)


def test_signatures_show_what_may_be_left_out() -> None:
    assert FILTERS["pad_left"].signature == "pad_left(width, char='0')"
    assert FILTERS["lower"].signature == "lower"
    assert repr(FILTERS["split"].parameters[0].default) == "REQUIRED"
