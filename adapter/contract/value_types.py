"""Values that are none of their type: the 30th of February where the contract has a date, text where it has a number.

Names, lengths, patterns and enumerations are not looked at: what is new may be understood, or shown to a person; what is no value is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from adapter.contract.hygiene import member_path
from adapter.contract.shape import Kind, Shape
from adapter.errors import Problem

_ZONE: Final = r"(?:Z|z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])?"
_DAY: Final = r"-?([0-9]{4,})-([0-9]{2})-([0-9]{2})"
_TIME: Final = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?|23:59:60(?:\.[0-9]+)?|24:00:00(?:\.0+)?)"
_DATES: Final = {"date": re.compile(_DAY + _ZONE), "date-time": re.compile(f"{_DAY}[Tt ]{_TIME}{_ZONE}")}
_WORDS: Final = {
    "date": "a date such as 2024-05-31",
    "date-time": "a date and time such as 2024-05-31T09:30:00Z",
    Kind.INTEGER: "a whole number",
    Kind.DECIMAL: "a number",
    Kind.BOOLEAN: "true or false",
}
_PYTHON: Final[dict[Kind, type | tuple[type, ...]]] = {Kind.INTEGER: int, Kind.DECIMAL: (int, float, Decimal), Kind.BOOLEAN: bool}


def no_values(shape: Shape, document: Any, path: str = "") -> Iterator[Problem]:
    """What is no value of its type. ``document`` is as a tolerant reader gives it, so that a value that is none is still its text."""
    if isinstance(document, list):
        for number, element in enumerate(document):
            yield from no_values(shape, element, f"{path}[{number}]")
    elif isinstance(document, dict):
        for name, value in document.items():
            if (member := shape.members.get(name)) is not None:
                yield from no_values(member.shape, value, member_path(path, name))
    elif document is not None and not _is_value(shape, document):
        yield Problem(path, f"is not {_WORDS[shape.format if shape.kind is Kind.TEXT else shape.kind]}")


def _is_value(shape: Shape, value: Any) -> bool:
    if shape.kind is Kind.TEXT:
        return shape.format not in _DATES or (isinstance(value, str) and _is_date(value, shape.format))
    wanted = _PYTHON.get(shape.kind)
    return wanted is None or (isinstance(value, wanted) and (shape.kind is Kind.BOOLEAN or not isinstance(value, bool)))


def _is_date(text: str, format_: str) -> bool:
    found = _DATES[format_].fullmatch(text.strip())
    if found is None:
        return False
    year, month, day = (int(part) for part in found.groups())
    try:
        date(year if 1 <= year <= 9999 else 2000, month, day)
    except ValueError:
        return False
    return True
