"""Hypothesis strategies: documents that fit a Shape."""

from __future__ import annotations

import datetime as dt
import re
from base64 import b64encode
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from adapter.contract.shape import Kind, Member, MemberGroup, Shape

# what XML and JSON can both carry; the signs that need escaping come often
_SIGNS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co"))
TEXT = st.one_of(st.sampled_from("&<>\"'\t\n\r é€😀 "), _SIGNS)
_ZONES = st.sampled_from(["", "Z", "+02:00", "-11:30"])
_LOOKAHEAD = re.compile(r"\(\?=\(\?:(.*?)\)\\Z\)")
_FIRST = dt.datetime(1900, 1, 1)  # noqa: DTZ001  (the zone is chosen apart, and may be none)
_DEEP = 4


def documents(shape: Shape, *, optional: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of an object Shape: facets, choices, derived types, list bounds. ``optional=False``: required members only."""

    @st.composite
    def build(draw: st.DrawFn) -> dict[str, Any]:
        return _object(draw, shape, 0, optional)

    return build()


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """Values of one place."""

    @st.composite
    def build(draw: st.DrawFn) -> Any:
        return _value(draw, shape, 0, True)

    return build()


def _value(draw: st.DrawFn, shape: Shape, depth: int, optional: bool) -> Any:
    if shape.kind is Kind.OBJECT:
        return _object(draw, shape, depth, optional)
    if shape.kind is Kind.ANY:
        return draw(st.text(TEXT, max_size=8))
    return draw(_scalar(shape))


def _object(draw: st.DrawFn, shape: Shape, depth: int, optional: bool) -> dict[str, Any]:
    if shape.variants:
        shape = shape.variants[draw(st.sampled_from(sorted(shape.variants)))]
    grouped = {name for group in shape.groups for branch in group.branches for name in branch.members}
    wanted = [name for name in shape.members if name not in grouped and _wanted(draw, shape.members[name].required, depth, optional)]
    for group in shape.groups:
        wanted += _chosen(draw, group, depth, optional)
    return {name: _member(draw, shape.members[name], depth, optional) for name in shape.members if name in wanted}


def _wanted(draw: st.DrawFn, required: bool, depth: int, optional: bool) -> bool:
    return required or (optional and depth < _DEEP and draw(st.booleans()))


def _chosen(draw: st.DrawFn, group: MemberGroup, depth: int, optional: bool) -> list[str]:
    """The members of one branch of a group, or none of an optional group."""
    branches = [branch for branch in group.branches if branch.members]
    if not branches or not _wanted(draw, group.required, depth, optional):
        return []
    branch = draw(st.sampled_from(branches))
    inner = {name for one in branch.groups for each in one.branches for name in each.members}
    free = [name for name in branch.members if name not in inner]
    names = [name for name in free if name in branch.needed or _wanted(draw, False, depth, optional)]
    for one in branch.groups:
        names += _chosen(draw, one, depth, optional)
    # a choice that must be made is not made by an empty branch
    return names or free[:1]


def _member(draw: st.DrawFn, member: Member, depth: int, optional: bool) -> Any:
    if member.many:
        most = min(member.max_items if member.max_items is not None else 3, max(3, member.min_items))
        length = draw(st.integers(member.min_items, most))
        return [_one(draw, member, depth, optional) for _ in range(length)]
    return _one(draw, member, depth, optional)


def _one(draw: st.DrawFn, member: Member, depth: int, optional: bool) -> Any:
    if member.nullable and draw(st.integers(0, 3)) == 0:
        return None
    return _value(draw, member.shape, depth + 1, optional)


def _scalar(shape: Shape) -> st.SearchStrategy[Any]:
    if shape.kind is Kind.BOOLEAN:
        return st.booleans()
    if shape.kind is Kind.INTEGER:
        if shape.enum:
            return st.sampled_from([int(one) for one in shape.enum])
        return _integer(shape)
    if shape.kind is Kind.DECIMAL:
        return _decimal(shape)
    if shape.enum:
        return st.sampled_from(shape.enum)
    return _text(shape)


def _integer(shape: Shape) -> st.SearchStrategy[int]:
    low = -(10**12) if shape.minimum is None else shape.minimum
    high = max(low, 10**12) if shape.maximum is None else shape.maximum
    if shape.total_digits is not None:
        low, high = max(low, 1 - 10**shape.total_digits), min(high, 10**shape.total_digits - 1)
    found = st.integers(low, high)
    if shape.pattern is None:
        return found
    whole = re.compile(shape.pattern)
    return found.filter(lambda number: whole.fullmatch(str(number)))


def _decimal(shape: Shape) -> st.SearchStrategy[Decimal]:
    if shape.enum:
        return st.sampled_from([Decimal(one) for one in shape.enum])
    places = 2 if shape.fraction_digits is None else min(shape.fraction_digits, 2)
    bound = 10 ** (shape.total_digits or 9) - 1
    low = -bound if shape.minimum is None else max(-bound, shape.minimum * 10**places)
    high = bound if shape.maximum is None else min(bound, shape.maximum * 10**places)
    return st.integers(low, high).map(lambda number: Decimal(number).scaleb(-places))


def _text(shape: Shape) -> st.SearchStrategy[str]:
    least = shape.min_length or 0
    if shape.pattern is not None:
        # several patterns that hold together stand as lookaheads before the last
        whole = re.compile(shape.pattern)
        first = _LOOKAHEAD.match(shape.pattern)
        found = st.from_regex(re.compile(first.group(1)) if first else whole, fullmatch=True, alphabet=_SIGNS)
        most = shape.max_length
        return found.filter(lambda text: whole.fullmatch(text) and least <= len(text) <= (len(text) if most is None else most))
    formats = {
        "date-time": st.builds(lambda moment, zone: moment.isoformat() + zone, st.datetimes(_FIRST), _ZONES),
        "date": st.dates(_FIRST.date()).map(dt.date.isoformat),
        "time": st.times().map(dt.time.isoformat),
        "duration": st.builds("P{}DT{}H{}M".format, st.integers(0, 400), st.integers(0, 23), st.integers(0, 59)),
        "uri": st.from_regex(r"urn:[a-z]{1,5}:[a-z0-9]{1,8}", fullmatch=True),
        "base64": st.binary(min_size=least // 4 * 3, max_size=_most(shape, 12) // 4 * 3).map(lambda octets: b64encode(octets).decode()),
        "hex": st.binary(min_size=least // 2, max_size=_most(shape, 12) // 2).map(bytes.hex),
        "gYear": st.integers(1900, 2100).map(str),
        "gYearMonth": st.dates().map(lambda day: f"{day.year:04}-{day.month:02}"),
        "gMonth": st.dates().map(lambda day: f"--{day.month:02}"),
        "gMonthDay": st.dates().map(lambda day: f"--{day.month:02}-{day.day:02}"),
        "gDay": st.dates().map(lambda day: f"---{day.day:02}"),
        "language": st.sampled_from(["en", "es-PR", "de-DE"]),
    }
    if shape.format in formats:
        return formats[shape.format]
    if shape.format in ("NMTOKEN", "Name", "NCName", "ID", "IDREF", "QName"):
        return st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_.\-]{0,8}", fullmatch=True)
    return st.text(TEXT, min_size=least, max_size=_most(shape, 12))


def _most(shape: Shape, usual: int) -> int:
    """The longest text to generate."""
    most = max(shape.min_length or 0, usual)
    return most if shape.max_length is None else min(shape.max_length, most)
