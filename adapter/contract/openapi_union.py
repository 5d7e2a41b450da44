"""The shape of what is one of several: the replies of an operation, whichever status comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapter.contract.merge import NUMBERS
from adapter.contract.shape import Kind, Member, Shape


def union(shapes: Sequence[Shape]) -> Shape:
    """The shape that fits whatever fits one of ``shapes`` (one at least). A member is required where all of them require it; one
    that is now this, now that, is of any kind."""
    joined, join = shapes[0], _Join()
    for shape in shapes[1:]:
        joined = join.shapes(joined, shape)
    return joined


def join_bodies(one: Member, two: Member) -> Member:
    """A body that is now this, now that. Where one is a list and the other is not, the union is a list: a single one is its element."""
    return _Join().members(replace(one, many=one.many or two.many), replace(two, many=one.many or two.many))


class _Join:
    """Joins pairs; recursive types come to the same pair again."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Shape, Shape, Shape]] = {}

    def shapes(self, one: Shape, two: Shape) -> Shape:
        if one is two:
            return one
        known = self._known.get((id(one), id(two)))
        if known is not None:
            return known[2]
        if one.kind is not two.kind:
            return Shape(Kind.DECIMAL if {one.kind, two.kind} == NUMBERS else Kind.ANY)
        if one.kind is not Kind.OBJECT:
            return _values(one, two)
        joined = Shape(Kind.OBJECT, one.name if one.name == two.name else "", open=one.open or two.open)
        self._known[id(one), id(two)] = (one, two, joined)
        for name in [*one.members, *(name for name in two.members if name not in one.members)]:
            first, second = one.members.get(name), two.members.get(name)
            if first is not None and second is not None:
                joined.members[name] = self.members(first, second)
            else:
                only = first or second
                assert only is not None
                joined.members[name] = replace(only, required=False)
        return joined

    def members(self, one: Member, two: Member) -> Member:
        required, nullable = one.required and two.required, one.nullable or two.nullable
        if one.many != two.many:
            return Member(one.name, Shape(Kind.ANY), required, nullable=nullable)
        most = None if one.max_items is None or two.max_items is None else max(one.max_items, two.max_items)
        return Member(
            one.name,
            self.shapes(one.shape, two.shape),
            required,
            many=one.many,
            nullable=nullable,
            null_elements=one.null_elements or two.null_elements,
            min_items=min(one.min_items, two.min_items),
            max_items=most,
            documentation=one.documentation if one.documentation == two.documentation else "",
        )


def _values(one: Shape, two: Shape) -> Shape:
    """A value that is one of two of the same kind: a limit stays where both have one, and is the wider."""
    lengths = (one.min_length, two.min_length), (one.max_length, two.max_length)
    limits = (one.minimum, two.minimum), (one.maximum, two.maximum)
    return Shape(
        one.kind,
        one.name if one.name == two.name else "",
        format=one.format if one.format == two.format else "",
        enum=(*one.enum, *(value for value in two.enum if value not in one.enum)) if one.enum and two.enum else (),
        min_length=_wider(lengths[0], least=True),
        max_length=_wider(lengths[1], least=False),
        pattern=one.pattern if one.pattern == two.pattern else None,
        minimum=_wider(limits[0], least=True),
        maximum=_wider(limits[1], least=False),
        documentation=one.documentation if one.documentation == two.documentation else "",
    )


def _wider(limits: tuple[int | None, int | None], *, least: bool) -> int | None:
    one, two = limits
    if one is None or two is None:
        return None
    return min(one, two) if least else max(one, two)
