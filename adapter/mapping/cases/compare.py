"""Where two documents differ, member by member. Numbers are equal by value: 1, 1.0 and Decimal("1.00")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the documents differ. ``missing`` says on which side nothing is there: expected, got, or ""."""

    path: str
    expected: Any
    got: Any
    missing: str = ""


def compare(expected: Any, got: Any, path: str = "") -> Iterator[Difference]:
    """All differences. Members may stand in any order, elements of lists may not."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for name, value in expected.items():
            below = f"{path}.{name}" if path else str(name)
            if name in got:
                yield from compare(value, got[name], below)
            else:
                yield Difference(below, value, None, "got")
        for name in got.keys() - expected.keys():
            yield Difference(f"{path}.{name}" if path else str(name), None, got[name], "expected")
    elif isinstance(expected, list) and isinstance(got, list):
        for number, (left, right) in enumerate(zip(expected, got, strict=False)):
            yield from compare(left, right, f"{path}[{number}]")
        for number in range(len(got), len(expected)):
            yield Difference(f"{path}[{number}]", expected[number], None, "got")
        for number in range(len(expected), len(got)):
            yield Difference(f"{path}[{number}]", None, got[number], "expected")
    elif not _equal(expected, got):
        yield Difference(path, expected, got)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
        return isinstance(left, bool) is isinstance(right, bool) and left == right
    return type(left) is type(right) and bool(left == right)
