"""Converters: what goes to the legacy side comes back equal, or is refused on the way there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapter.contract.shape import Kind, Member, Shape
from adapter.mapping.converters import CONVERTERS, arguments_for, bind_converter
from adapter.mapping.runtime import RuleFailed
from tests.mapping_kit import ACCEPTED, check, contracts, parsed


@pytest.mark.parametrize(
    ("name", "arguments", "canonical", "legacy"),
    [
        ("padded", (6,), "42", "000042"),
        ("padded", (4, " "), "x y", " x y"),
        ("prefixed", ("#",), "12", "#12"),
        ("suffixed", ("-PR",), "12", "12-PR"),
        ("separated", (",",), ["a", "b"], "a,b"),
        ("separated", (" ; ",), ["a"], "a"),
        ("yes_no", (), True, "Y"),
        ("yes_no", ("1", "0"), False, "0"),
        ("number", (), -17, "-17"),
        ("digits", (), "4730301", 4730301),
        ("decimal", (), Decimal("1.50"), "1.50"),
        ("decimal", (2,), Decimal("1.5"), "1.50"),
        ("decimal", (0,), Decimal(7), "7"),
        ("date", ("%d/%m/%Y",), "2026-01-31", "31/01/2026"),
        ("date", ("%d.%m.%y",), "2026-01-31", "31.01.26"),
        ("date_time", ("%Y%m%d%H%M%S",), "2026-01-31T10:20:30.000Z", "20260131102030"),
        ("date_time", ("%d/%m/%Y %H:%M:%S", "America/Puerto_Rico"), "2026-01-31T10:20:30.000Z", "31/01/2026 06:20:30"),
        ("entries", ("name", "value"), {"b_TP": "1", "a": ""}, [{"name": "b_TP", "value": "1"}, {"name": "a", "value": ""}]),
    ],
)
def test_there_and_back(name: str, arguments: tuple[Any, ...], canonical: Any, legacy: Any) -> None:
    pair = bind_converter(name, arguments)
    assert pair.fits(canonical)
    assert pair.to_legacy(canonical) == legacy
    back = pair.to_canonical(legacy)
    assert back == canonical
    assert type(back) is type(canonical)


@pytest.mark.parametrize(
    ("name", "arguments", "canonical"),
    [
        ("padded", (3,), "0012"),
        ("padded", (3,), "012"),
        ("padded", (3,), "1234"),
        ("padded", (3,), ""),
        ("padded", (3,), 12),
        ("prefixed", ("#",), None),
        ("separated", (",",), []),
        ("separated", (",",), [""]),
        ("separated", (",",), ["a,b"]),
        ("separated", ("aa",), ["xa", "ay"]),
        ("separated", (",",), "a,b"),
        ("separated", (",",), [1]),
        ("yes_no", (), "Y"),
        ("number", (), True),
        ("number", (), "1"),
        ("digits", (), "007"),
        ("digits", (), "-0"),
        ("digits", (), 7),
        ("decimal", (2,), Decimal("1.234")),
        ("decimal", (), Decimal("NaN")),
        ("decimal", (), "1.5"),
        ("date", ("%d/%m/%Y",), "2026-13-31"),
        ("date", ("%d/%m/%Y",), "2026-02-30"),
        ("date", ("%d/%m/%Y",), "31/01/2026"),
        ("date", ("%d/%m/%y",), "1926-01-31"),
        ("date_time", ("%Y%m%d%H%M%S",), "2026-01-31T10:20:30"),
        ("date_time", ("%Y%m%d%H%M%S",), "2026-01-31"),
        ("date_time", ("%Y%m%d%H%M%S",), "2026-02-30T10:20:30Z"),
        ("date_time", ("%d/%m/%Y %H:%M:%S",), "0999-01-31T10:20:30Z"),
        ("date_time", ("%Y%m%d%H%M%S",), "0001-01-01T00:20:30+05:00"),
        ("date_time", ("%y%m%d%H%M%S",), "1926-01-31T10:20:30Z"),
        ("date_time", ("%Y%m%d%H%M%S", "Europe/Berlin"), "2026-10-25T01:30:00.000Z"),
        ("entries", ("name", "value"), {}),
        ("entries", ("name", "value"), {"a": None}),
        ("entries", ("name", "value"), [{"a": "b"}]),
    ],
)
def test_what_would_not_come_back_is_refused(name: str, arguments: tuple[Any, ...], canonical: Any) -> None:
    with pytest.raises(RuleFailed):
        bind_converter(name, arguments).to_legacy(canonical)


@pytest.mark.parametrize(
    ("arguments", "client", "legacy", "back"),
    [
        (("%Y%m%d%H%M%S",), "2026-01-31T10:20:30Z", "20260131102030", "2026-01-31T10:20:30.000Z"),
        (("%Y%m%d%H%M%S",), "2026-01-31t10:20:30.999999z", "20260131102030", "2026-01-31T10:20:30.000Z"),
        (("%Y%m%d%H%M%S", "America/Puerto_Rico"), "2026-01-31T10:20:30.5+02:00", "20260131042030", "2026-01-31T08:20:30.000Z"),
        (("%Y%m%d%H%M%S.%f",), "2026-01-31T10:20:30.1239-00:30", "20260131105030.123000", "2026-01-31T10:50:30.123Z"),
        (("%Y%m%d%H%M%S%z", "Europe/Berlin"), "2026-10-25T01:30:00Z", "20261025023000+0100", "2026-10-25T01:30:00.000Z"),
    ],
)
def test_a_moment_comes_back_as_the_same_moment(arguments: tuple[str, ...], client: str, legacy: str, back: str) -> None:
    pair = bind_converter("date_time", arguments)
    assert (pair.to_legacy(client), pair.to_canonical(legacy)) == (legacy, back)
    assert pair.fits(client)
    assert pair.same(client, back)
    assert not pair.same("2026-01-31T10:20:31Z", "2026-01-31T10:20:30.000Z")
    assert not pair.fits("soon")


@pytest.mark.parametrize(
    ("name", "arguments", "legacy"),
    [
        ("prefixed", ("#",), "12"),
        ("suffixed", ("#",), "12"),
        ("yes_no", (), "X"),
        ("number", (), "x"),
        ("number", (), 1),
        ("digits", (), "1"),
        ("decimal", (), "1,5"),
        ("date", ("%d/%m/%Y",), "2026-01-31"),
        ("date_time", ("%Y%m%d%H%M%S",), "soon"),
        ("separated", (",",), None),
        ("entries", ("name", "value"), {"name": "a", "value": "b"}),
        ("entries", ("name", "value"), [{"name": "a"}]),
        ("entries", ("name", "value"), [{"value": "b"}]),
        ("entries", ("name", "value"), [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]),
    ],
)
def test_what_the_legacy_side_should_not_say_is_refused(name: str, arguments: tuple[Any, ...], legacy: Any) -> None:
    with pytest.raises(RuleFailed):
        bind_converter(name, arguments).to_canonical(legacy)


@pytest.mark.parametrize(
    ("arguments", "client", "legacy"),
    [
        ((), "plain ~ text", "plain ~ text"),
        ((), "Calle Santo Tomás Ñuñoa", "Calle Santo Tomas Nunoa"),
        ((), "Straße Nº 5 \u2013 \u201cŁódź\u201d…", 'Strasse No 5 - "Lodz"...'),
        ((), "東京 a", "?? a"),
        (("",), "東京 a", " a"),
        ((), "", ""),
        ((), "½", "1/2"),
    ],
)
def test_a_text_in_ascii_comes_back_in_ascii(arguments: tuple[str, ...], client: str, legacy: str) -> None:
    pair = bind_converter("ascii", arguments)
    assert pair.to_legacy(client) == legacy
    assert pair.to_canonical(legacy) == legacy
    assert pair.same(client, legacy)
    assert not pair.same("other", legacy)


def test_an_empty_legacy_text_is_an_empty_list() -> None:
    assert bind_converter("separated", (",",)).to_canonical("") == []


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("padded", (), "has 0 arguments, wanted is padded"),
        ("padded", (3, "0", "x"), "has 3 arguments"),
        ("padded", ("3",), "is integer, not text"),
        ("padded", (0,), "1 to 10000"),
        ("padded", (3, "ab"), "one character"),
        ("prefixed", (3,), "is text, not integer"),
        ("prefixed", (True,), "is text, not boolean"),
        ("prefixed", ("",), "not empty"),
        ("suffixed", ("",), "not empty"),
        ("separated", ("",), "not empty"),
        ("yes_no", ("Y", "Y"), "different"),
        ("ascii", ("é",), "ASCII itself"),
        ("entries", ("name", "name"), "two different members"),
        ("decimal", (-2,), "digits after the point"),
        ("date", ("%m/%Y",), "would not come back"),
        ("date", ("",), "names no part"),
        ("date_time", ("%d/%m/%Y",), "would not come back"),
        ("date_time", ("%Y%m%d%H%M%S", "Mars"), "no time zone"),
        ("code", ("kinds",), "needs a code table"),
    ],
)
def test_wrong_arguments_are_told(name: str, arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bind_converter(name, arguments)


def test_each_converter_shows_its_use() -> None:
    assert CONVERTERS["padded"].signature == "padded(width, char='0')"
    assert CONVERTERS["number"].signature == "number"
    assert all(converter.documentation.endswith(".") for converter in CONVERTERS.values())
    assert str(CONVERTERS["separated"].canonical) == "list of text"
    assert str(CONVERTERS["separated"].legacy) == "text"
    assert arguments_for(CONVERTERS["padded"], (3,)) == (3, "0")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("extra: field | entries('key', 'value')", ""),
        ("extra: field | entries('key', 'content')", "an element of the legacy list has no text 'content'"),
        ("extra: line | entries('kind', 'position')", "an element of the legacy list has no text 'position'"),
        ("extra: line | entries('kind', 'kind2')", "has no text 'kind2'"),
        ("account: field | entries('key', 'value')", ""),
        ("item: field | entries('key', 'value')", "the result of 'entries' is object, 'item' is list of object"),
    ],
)
def test_entries_are_texts_on_both_sides(rule: str, said: str) -> None:
    found = [each for each in check(parsed(f"both:\n  {rule}\n{ACCEPTED}"), contracts(), {}) if each.code == "M501"]
    assert [each.text for each in found if said and said in each.text] == [each.text for each in found]
    assert bool(found) is bool(said)


def test_entries_need_texts_in_the_object_and_nothing_else_in_the_elements() -> None:
    misfit = CONVERTERS["entries"].misfit
    assert misfit is not None
    text, number = Shape(Kind.TEXT), Shape(Kind.INTEGER)
    element = Shape(Kind.OBJECT, members={"n": Member("n", text, required=True), "v": Member("v", text, required=True)})
    more = Shape(Kind.OBJECT, members={**element.members, "unit": Member("unit", text, required=True)})
    counted = Shape(Kind.OBJECT, members={"count": Member("count", number)}, open=True)
    several = Shape(Kind.OBJECT, members={"names": Member("names", text, many=True)})
    assert misfit(("n", "v"), Shape(Kind.OBJECT, open=True), element) == ""
    assert misfit(("n", "v"), Shape(Kind.OBJECT, open=True), more) == "an element of the legacy list needs 'unit' as well"
    assert misfit(("n", "v"), counted, element) == "'count' of the object is no text"
    assert misfit(("n", "v"), several, element) == "'names' of the object is no text"
