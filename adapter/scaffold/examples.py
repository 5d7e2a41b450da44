"""An example for every place of a contract, and what the place takes in words."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from rstr import Rstr

from adapter.contract.shape import Kind, Member, MemberGroup, Shape

DEPTH = 12
"""Contracts that contain themselves are followed so far."""

_FORMATS = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "duration": "P1D",
    "uri": "https://example.com/",
    "base64": "RVhBTVBMRQ==",
    "hex": "0a",
}
_WORD = "EXAMPLE"


def example(shape: Shape) -> Any:
    """The least document that fits: required members only, one element where a list needs any, of a choice the first branch."""
    return _example(shape, 0)


def _example(shape: Shape, depth: int) -> Any:
    if shape.kind is not Kind.OBJECT:
        return leaf(shape)
    if depth > DEPTH:
        return {}
    return {
        member.name: [_example(member.shape, depth + 1)] * max(1, member.min_items) if member.many else _example(member.shape, depth + 1)
        for member in needed(shape)
    }


def needed(shape: Shape) -> list[Member]:
    """The members that a document has to have, in the contract's order; of each choice that has to be made, the first branch."""
    chosen = {name for group in shape.groups for name in _first_branch(group)}
    return [member for member in shape.members.values() if member.required or member.min_items > 0 or member.name in chosen]


def _first_branch(group: MemberGroup) -> set[str]:
    if not group.required or not group.branches:
        return set()
    first = group.branches[0]
    return {*first.needed, *(name for inner in first.groups for name in _first_branch(inner))}


def leaf(shape: Shape) -> Any:
    """A value of a place that holds one."""
    if shape.enum:
        return shape.enum[0]
    match shape.kind:
        case Kind.INTEGER:
            return 1 if shape.minimum is None and shape.maximum is None else _within(shape)
        case Kind.DECIMAL:
            return Decimal(1 if shape.minimum is None and shape.maximum is None else _within(shape))
        case Kind.BOOLEAN:
            return True
    if shape.pattern is not None:
        return Rstr(random.Random(0)).xeger(shape.pattern)  # noqa: S311 - the same example every time
    text = _FORMATS.get(shape.format, _WORD)
    text = text[: shape.max_length] if shape.max_length is not None else text
    return text.ljust(shape.min_length or 0, "X")


def _within(shape: Shape) -> int:
    low = shape.minimum if shape.minimum is not None else min(1, shape.maximum or 1)
    return low if shape.maximum is None else min(max(low, 1), shape.maximum)


def described(shape: Shape) -> str:
    """What may stand at a place, in a few words: ``text, 1 to 64 characters``, ``one of NEW, CHG``."""
    if shape.enum:
        shown = ", ".join(shape.enum[:8])
        return f"one of {shown}" + (", …" if len(shape.enum) > 8 else "")
    parts = [
        {Kind.INTEGER: "whole number", Kind.DECIMAL: "number", Kind.BOOLEAN: "true or false", Kind.ANY: "anything"}.get(shape.kind, "text")
    ]
    parts += [shape.format] if shape.format else []
    parts += [_bounds(shape.min_length, shape.max_length, " characters")] if shape.min_length or shape.max_length is not None else []
    parts += [_bounds(shape.minimum, shape.maximum, "")] if shape.minimum is not None or shape.maximum is not None else []
    parts += [f"pattern {shape.pattern}"] if shape.pattern is not None else []
    return ", ".join(parts)


def _bounds(low: int | None, high: int | None, unit: str) -> str:
    if high is None:
        return f"at least {low}{unit}"
    if low is None:
        return f"at most {high}{unit}"
    return f"{low} to {high}{unit}" if low != high else f"{high}{unit}"
