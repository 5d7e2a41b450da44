"""The filter language of TM Forum lists: ``state=held&orderDate.gt=2024-01-01&note.text.regex=^late``.

Parameters are joined by AND. A repeated parameter, a comma list and ``a=x;b=y`` are OR. Paths step into arrays, where any
element may match. Everything here is pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote_plus

import jsonschema_rs

from adapter.errors import InvalidMessage, Problem

OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "regex")
MAX_CONDITIONS, MAX_VALUE, MAX_REGEX = 64, 512, 128

_NEXT_NAME = re.compile(r";(?=[@\w.]+=)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*")
_LOST_PLUS = re.compile(r"(T[\d:.]+) (\d{2}:?\d{2})")

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: any value at ``path`` fits one of ``values`` by ``operator``; ``ne`` holds where none is equal."""

    path: tuple[str, ...]
    operator: str
    values: tuple[str, ...]
    tests: tuple[Test, ...]

    def matches(self, document: Any) -> bool:
        """Whether the document fits."""
        found = any(test(value) for value in values_at(document, self.path) for test in self.tests)
        return found != (self.operator == "ne")


@dataclass(frozen=True, slots=True)
class Filter:
    """Groups joined by AND; the conditions of a group are joined by OR."""

    groups: tuple[tuple[Condition, ...], ...] = ()

    def matches(self, document: Any) -> bool:
        """Whether the document fits every group."""
        return all(any(condition.matches(document) for condition in group) for group in self.groups)

    def equal(self, attribute: str) -> str | None:
        """The one text that ``attribute`` has to be, None where the filter does not pin it down so or means a day or instant."""
        for group in self.groups:
            only = group[0]
            if len(group) == len(only.values) == 1 and only.operator == "eq" and ".".join(only.path) == attribute:
                value = only.values[0]
                return None if _DAY.fullmatch(value) or instant(value) else value
        return None


def split_query(query: bytes) -> list[tuple[str, str]]:
    """Names and values of a query string, decoded. Raises InvalidMessage for one that is too long or not UTF-8."""
    pairs: list[tuple[str, str]] = []
    for part in query.split(b"&"):
        if not part:
            continue
        name, _, value = part.partition(b"=")
        try:
            pair = tuple(unquote_plus(text.decode("ascii"), errors="strict") for text in (name, value))
        except UnicodeDecodeError:
            raise InvalidMessage("The query string is not UTF-8 in percent-encoding") from None
        pairs.append((pair[0], pair[1]))
    if len(pairs) > MAX_CONDITIONS:
        raise InvalidMessage(f"The query string has more than {MAX_CONDITIONS} parameters")
    return pairs


def parse_filter(pairs: Sequence[tuple[str, str]], known: Callable[[tuple[str, ...]], bool]) -> Filter:
    """Builds the filter. Raises InvalidMessage with one problem per unknown attribute or value that cannot be compared."""
    problems: list[Problem] = []
    merged: dict[tuple[str, str], list[str]] = {}
    groups: list[tuple[Condition, ...]] = []
    for name, value in pairs:
        first, *others = _NEXT_NAME.split(value) if not name.endswith(".regex") else [value]
        if not others:
            merged.setdefault(_attribute(name), []).extend(_alternatives(name, first))
            continue
        alternatives = [(name, first), *[(part.partition("=")[0], part.partition("=")[2]) for part in others]]
        conditions = [_condition(_attribute(each), _alternatives(each, text), known, problems) for each, text in alternatives]
        groups.append(tuple(condition for condition in conditions if condition is not None))
    for attribute, values in merged.items():
        condition = _condition(attribute, values, known, problems)
        if condition is not None:
            groups.append((condition,))
    if problems:
        raise InvalidMessage("The filter cannot be applied", problems)
    return Filter(tuple(groups))


def values_at(document: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """The values at a path; arrays on the way and at the end are walked."""
    if isinstance(document, list):
        for item in document:
            yield from values_at(item, path)
    elif not path:
        yield document
    elif isinstance(document, dict) and path[0] in document:
        yield from values_at(document[path[0]], path[1:])


def instant(text: str) -> datetime | None:
    """A date-time as an instant in UTC, None where the text is none. Without an offset it is taken as UTC."""
    text = _LOST_PLUS.sub(r"\1+\2", text)  # a plus sign that was not percent-encoded arrives as a blank
    if not _INSTANT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _attribute(name: str) -> tuple[str, str]:
    stem, _, last = name.rpartition(".")
    return (stem, last) if stem and last in OPERATORS else (name, "eq")


def _alternatives(name: str, value: str) -> list[str]:
    operator = _attribute(name)[1]
    if operator not in ("eq", "ne"):
        return [_unquoted(value)]
    parts = re.findall(r'("[^"]*"|[^,]*)(?:,|$)', value)
    return [_unquoted(part) for part in (parts[:-1] if parts[-1] == "" and len(parts) > 1 and not value.endswith(",") else parts)]


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _condition(
    attribute: tuple[str, str], values: list[str], known: Callable[[tuple[str, ...]], bool], problems: list[Problem]
) -> Condition | None:
    name, operator = attribute
    path = tuple(name.split("."))
    if not known(path):
        problems.append(Problem(name or "''", "is not an attribute that can be filtered"))
        return None
    if any(len(value) > MAX_VALUE for value in values):
        problems.append(Problem(name, f"the value is longer than {MAX_VALUE} characters"))
        return None
    try:
        tests = tuple(_TESTS[operator](value) for value in values)
    except ValueError as error:
        problems.append(Problem(name, str(error)))
        return None
    return Condition(path, operator, tuple(values), tests)


def _equal(wanted: str) -> Test:
    moment, day, number = instant(wanted), _DAY.fullmatch(wanted), _number(wanted)

    def test(value: Any) -> bool:
        if isinstance(value, bool):
            return wanted == ("true" if value else "false")
        if isinstance(value, int | float | Decimal):
            return number is not None and Decimal(str(value)) == number
        if not isinstance(value, str):
            return False
        if value == wanted:
            return True
        if day:
            return value.startswith(wanted + "T")
        return moment is not None and instant(value) == moment

    return test


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[str], Test]:
    def build(wanted: str) -> Test:
        def test(value: Any) -> bool:
            if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
                return False
            left, right = _comparable(str(value), wanted)
            return compare(left, right)

        return test

    return build


def _comparable(value: str, wanted: str) -> tuple[Any, Any]:
    """Both as instants, else both as numbers, else both as text. A bare day is its first moment, UTC."""
    moments = [instant(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text) for text in (value, wanted)]
    if None not in moments:
        return moments[0], moments[1]
    numbers = [_number(value), _number(wanted)]
    return (numbers[0], numbers[1]) if None not in numbers else (value, wanted)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _regex(pattern: str) -> Test:
    if len(pattern) > MAX_REGEX:
        raise ValueError(f"the regular expression is longer than {MAX_REGEX} characters")
    try:
        # matched in linear time whatever the expression is, which Python's own engine cannot promise
        compiled = jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions(size_limit=100_000))
    except (ValueError, jsonschema_rs.ValidationError):
        raise ValueError("is not a regular expression that can be used here (no look-around, no back-references, no huge counts)") from None
    return lambda value: isinstance(value, str) and bool(compiled.is_valid(value))


_TESTS: dict[str, Callable[[str], Test]] = {
    "eq": _equal,
    "ne": _equal,
    "gt": _ordered(lambda left, right: left > right),
    "gte": _ordered(lambda left, right: left >= right),
    "lt": _ordered(lambda left, right: left < right),
    "lte": _ordered(lambda left, right: left <= right),
    "regex": _regex,
}
