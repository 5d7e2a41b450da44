"""Two shapes that hold at once (``allOf``) as one."""

from __future__ import annotations

from dataclasses import replace

from adapter.contract.shape import Kind, Member, Shape

NUMBERS = {Kind.INTEGER, Kind.DECIMAL}


class ContradictionError(ValueError):
    """Nothing fits both. The text says what stands against what."""


def merge(one: Shape, two: Shape) -> Shape:
    """The shape of what fits both. Raises ContradictionError. Neither argument is changed."""
    if one.kind is Kind.ANY or two.kind is Kind.ANY:
        return two if one.kind is Kind.ANY else one
    if one.kind is not two.kind and {one.kind, two.kind} != NUMBERS:
        raise ContradictionError(f"asks for {one.kind} and for {two.kind} at once")
    enum = tuple(value for value in one.enum if value in two.enum) if one.enum and two.enum else one.enum or two.enum
    if one.enum and two.enum and not enum:
        raise ContradictionError("allows no value: its lists of values have none in common")
    return replace(
        one,
        kind=Kind.INTEGER if Kind.INTEGER in {one.kind, two.kind} else one.kind,
        name=one.name or two.name,
        members=_members(one, two),
        open=one.open or two.open,
        format=one.format or two.format,
        enum=enum,
        min_length=most(one.min_length, two.min_length),
        max_length=least(one.max_length, two.max_length),
        pattern=one.pattern or two.pattern,
        minimum=most(one.minimum, two.minimum),
        maximum=least(one.maximum, two.maximum),
        documentation=one.documentation or two.documentation,
    )


def least(one: int | None, two: int | None) -> int | None:
    """The tighter of two upper limits; None is no limit."""
    return min((value for value in (one, two) if value is not None), default=None)


def most(one: int | None, two: int | None) -> int | None:
    """The tighter of two lower limits; None is no limit."""
    return max((value for value in (one, two) if value is not None), default=None)


def _members(one: Shape, two: Shape) -> dict[str, Member]:
    members = dict(one.members)
    for name, member in two.members.items():
        members[name] = _both(members[name], member) if name in members else member
    return members


def _both(one: Member, two: Member) -> Member:
    """A member that two parts name. A part that only requires it (a shape of any kind) leaves the rest to the other."""
    rich, poor = (two, one) if one.shape.kind is Kind.ANY and not one.many else (one, two)
    if rich.many != poor.many and (poor.shape.kind is not Kind.ANY or poor.many):
        raise ContradictionError(f"asks for one '{one.name}' and for a list of them at once")
    try:
        shape = rich.shape if rich.shape is poor.shape else merge(rich.shape, poor.shape)
    except ContradictionError as error:
        raise ContradictionError(f"'{one.name}' {error}") from error
    return replace(
        rich,
        shape=shape,
        required=one.required or two.required,
        nullable=one.nullable and two.nullable,
        min_items=max(one.min_items, two.min_items),
        max_items=least(one.max_items, two.max_items),
    )
