"""A value outside what its type is restricted to is read as it is, and noted: by the kind of restriction, in place and out of it."""

from __future__ import annotations

import pytest

from adapter.contract.wsdl_model import Facets, SimpleType
from connectors.deviations import Notes
from connectors.soap import tolerant
from connectors.soap.facets import restriction


def noted(simple: SimpleType, text: str) -> list[str]:
    notes = Notes()
    tolerant.value(simple)(text, "order", "code", notes)
    return [f"{note.kind} {note.path}" for note in notes.found]


def text(**facets: object) -> SimpleType:
    base = str(facets.pop("base", "string"))
    return SimpleType("k", "text", base, Facets(**facets))  # type: ignore[arg-type]


def whole(**facets: object) -> SimpleType:
    return SimpleType("k", "integer", "integer", Facets(**facets))  # type: ignore[arg-type]


CASES = [
    (text(min_length=1, max_length=3), ["a", "abc", " a "], ["", "abcd"]),
    (text(min_length=2), ["ab"], ["a"]),
    (text(enum=("A", "M")), ["A"], ["B", "", "a", " A"]),
    (text(base="token", enum=("A b",)), ["A b", " A  b "], ["Ab"]),
    (text(base="token", max_length=3), [" abc "], ["abcd"]),
    (text(patterns=("[0-9]{2}", ".*7")), ["17"], ["18", "177"]),
    (text(base="hexBinary", max_length=2), ["abcd"], ["abcdef"]),
    (whole(min_inclusive="1"), ["1", "+7", " 3 "], ["0", "-1"]),
    (whole(min_inclusive="-5", max_inclusive="0100"), ["-5", "100", "99"], ["101", "-6"]),
    (whole(patterns=("[0-9]{3}",)), ["007"], ["7"]),
    (whole(min_exclusive="10", max_exclusive="20"), ["11"], ["10", "20"]),
    (SimpleType("k", "decimal", "decimal", Facets(total_digits=4, fraction_digits=2)), ["12.34"], ["1.234", "12345"]),
]


@pytest.mark.parametrize(("simple", "kept", "broken"), CASES)
def test_what_keeps_to_its_restriction_and_what_does_not(simple: SimpleType, kept: list[str], broken: list[str]) -> None:
    assert [noted(simple, each) for each in kept] == [[] for _ in kept]
    assert [noted(simple, each) for each in broken] == [["facet order.code"] for _ in broken]


@pytest.mark.parametrize(("simple", "kept", "broken"), CASES)
def test_the_question_in_place_overlooks_nothing(simple: SimpleType, kept: list[str], broken: list[str]) -> None:
    found = restriction(simple)
    assert found is not None
    plain = [each for each in broken if each and (simple.kind != "integer" or each.isdecimal())]
    if found.suspect is not None:
        asked = found.suspect.format(allowed="allowed") or "False"
        assert all(eval(asked, {"v": each, "allowed": found.allowed}) for each in plain)


def test_a_value_of_another_kind_is_noted_once() -> None:
    assert noted(whole(min_inclusive="1"), "many") == ["type order.code"]


def test_a_type_without_restriction_is_asked_nothing() -> None:
    assert restriction(text()) is None
    assert restriction(None) is None


def test_the_words_say_what_the_contract_has_and_nothing_of_the_value() -> None:
    found = restriction(text(patterns=("[0-9]{2}",), enum=("17", "27")))
    assert found is not None
    assert found.words == "does not fit the contract, which has the pattern [0-9]{2}, one of 17 27 here"
