"""Whether a value can stand at a place: how many, kind, null, enumeration, length, pattern, range, copied shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from adapter.contract.hygiene import UNWRITABLE
from adapter.contract.shape import Kind, Member, Place, Shape
from adapter.finding import Finding, Position, suggest
from adapter.mapping.catalogue import finding
from adapter.mapping.types import Type, kind_of

_FILTERS = {
    (Kind.INTEGER, Kind.TEXT): "turn it into text: … | text",
    (Kind.DECIMAL, Kind.TEXT): "turn it into text: … | text",
    (Kind.DECIMAL, Kind.INTEGER): "turn it into a whole number, where it is one: (…) | integer",
    (Kind.TEXT, Kind.INTEGER): "turn it into a number: … | integer",
    (Kind.TEXT, Kind.DECIMAL): "turn it into a number: … | decimal",
    (Kind.TEXT, Kind.BOOLEAN): "turn it into true or false: … | boolean('Y', 'N')",
}


def misfit(value: Type, place: Place, at: Position, name: str) -> Iterator[Finding]:
    """What is certainly, or (as a warning) possibly wrong with writing ``value`` to the place called ``name``."""
    if value.never:
        return
    if value.constant is None:
        if not (place.nullable or place.shape.kind is Kind.ANY):
            yield finding("M310", f"{name} cannot be null", at, "write a value, or absent to leave it out")
        return
    if value.kind is Kind.ANY and not value.many:
        return
    if value.many != place.many:
        if place.shape.kind is not Kind.ANY or place.many:
            yield _cardinality(value, at, name)
        return
    if not _kinds_go(value.kind, place.shape.kind):
        hint = _FILTERS.get((value.kind, place.shape.kind), "")
        if value.known and place.shape.kind is Kind.TEXT and isinstance(value.constant, int | float | Decimal):
            hint = f"to write the text itself, quote it inside: \"'{str(value.constant).lower()}'\""
        yield finding("M301", f"{name} takes {_word(place)}, this is {value}", at, hint)
        return
    if value.known and value.many and value.kind is Kind.ANY:
        yield from _mixed(value, place, at, name)
        return
    if value.nullable and not (place.nullable or place.shape.kind is Kind.ANY):
        yield finding(
            "M313", f"{name} takes no null, and the value may be null", at, "write … | default(absent) to leave it out, or … | default(…)"
        )
    yield from _contents(value, place, at, name)


def _mixed(value: Type, place: Place, at: Position, name: str) -> Iterator[Finding]:
    """A list of constants of several kinds: its first element that cannot stand there."""
    for each in value.constant:
        kind = kind_of(each)
        if each is None and not (place.nullable or place.shape.kind is Kind.ANY):
            yield finding("M310", f"{name} takes no null, and an element of the list is null", at, "remove it")
            return
        if each is not None and not _kinds_go(kind, place.shape.kind):
            text = f"{name} takes {_word(place)}, and an element of the list is {kind}"
            yield finding("M301", text, at, "give all elements the same kind")
            return


def _contents(value: Type, place: Place, at: Position, name: str) -> Iterator[Finding]:
    if value.kind is Kind.OBJECT:
        wrong = None if value.shape is None else shape_misfit(value.shape, place.shape)
        if wrong is not None:
            yield finding("M312", f"{name} cannot be copied as a whole: {wrong}", at, "write its members one by one")
    elif value.known and not value.many:
        wrong_constant = constant_misfit(value.constant, place.shape)
        if wrong_constant is not None:
            code, text, hint = wrong_constant
            yield finding(code, f"{name} {text}", at, hint)
    else:
        yield from _facets(value, place.shape, at, name)


def _facets(value: Type, shape: Shape, at: Position, name: str) -> Iterator[Finding]:
    if value.enum and shape.enum:
        outside = [each for each in value.enum if each not in shape.enum]
        if outside:
            said = ", ".join(f"'{each}'" for each in outside[:5]) + (" …" if len(outside) > 5 else "")
            hint = f"use a code table; it takes {', '.join(shape.enum[:8])}"
            yield finding("M305", f"{name} does not take {said}, which the value can be", at, hint)
    elif value.max_length is not None and shape.max_length is not None and value.max_length > shape.max_length:
        text = f"{name} takes {shape.max_length} characters, the value may have {value.max_length}"
        yield finding("M308", text, at, f"cut it if that is right: … | substring(0, {shape.max_length})")


def _cardinality(value: Type, at: Position, name: str) -> Finding:
    if value.many:
        return finding(
            "M302", f"{name} takes one value, this is a {value}", at, "pick one ([key=value], first, last), or join texts with | join(',')"
        )
    return finding(
        "M303",
        f"{name} takes a list, this is one {value}",
        at,
        "write a list block with each and set, or pick the element to write: name[key=value]",
    )


def constant_misfit(value: object, shape: Shape) -> tuple[str, str, str] | None:
    """Code, text and hint of what is wrong with a constant at a place of this shape."""
    if isinstance(value, str):
        return _text_misfit(value, shape)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        low, high = shape.minimum, shape.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            span = f"{'…' if low is None else low} to {'…' if high is None else high}"
            return "M311", f"takes numbers from {span}, not {value}", ""
    return None


def _text_misfit(value: str, shape: Shape) -> tuple[str, str, str] | None:
    if (found := UNWRITABLE.search(value)) is not None:
        return "M107", f"takes text that can be forwarded, and no message carries the character U+{ord(found.group()):04X}", "remove it"
    if shape.enum and value not in shape.enum:
        return "M305", f"does not take '{value}'", suggest(value, shape.enum, "it takes")
    if shape.max_length is not None and len(value) > shape.max_length:
        return "M306", f"takes at most {shape.max_length} characters, '{value}' has {len(value)}", ""
    if shape.min_length is not None and len(value) < shape.min_length:
        return "M306", f"takes at least {shape.min_length} characters, '{value}' has {len(value)}", ""
    if shape.pattern is not None and re.fullmatch(shape.pattern, value) is None:
        return "M307", f"takes text that matches {shape.pattern}, '{value}' does not", ""
    return None


def shape_misfit(source: Shape, target: Shape) -> str | None:
    """Why an object of one shape cannot be copied to a place of the other; None where it can."""
    return _shape_misfit(source, target, "", set())


def _shape_misfit(source: Shape, target: Shape, where: str, seen: set[tuple[int, int]]) -> str | None:
    if source is target or Kind.ANY in (source.kind, target.kind) or (id(source), id(target)) in seen:
        return None
    seen.add((id(source), id(target)))
    if not _kinds_go(source.kind, target.kind):
        return f"{where or 'it'} is {source.kind} here and {target.kind} there"
    outside = [each for each in source.enum if target.enum and each not in target.enum]
    if outside:
        return f"{where or 'it'} can be '{outside[0]}', which its place does not take"
    for member in target.members.values():
        wrong = _member_misfit(source.members.get(member.name), member, f"{where}.{member.name}" if where else member.name, seen)
        if wrong is not None:
            return wrong
    extra = [] if target.open else [name for name in source.members if name not in target.members]
    return f"there is no '{where + '.' if where else ''}{extra[0]}' there" if extra else None


def _member_misfit(own: Member | None, member: Member, path: str, seen: set[tuple[int, int]]) -> str | None:
    if own is None:
        return f"'{path}' is required there and does not exist here" if member.required else None
    if member.required and not own.required:
        return f"'{path}' is required there and may be absent here"
    if own.nullable and not member.nullable and member.shape.kind is not Kind.ANY:
        return f"'{path}' may be null here and takes no null there"
    if own.many != member.many:
        return f"'{path}' is {'a list' if own.many else 'one value'} here and {'a list' if member.many else 'one value'} there"
    return _shape_misfit(own.shape, member.shape, path, seen)


def _kinds_go(source: Kind, target: Kind) -> bool:
    return source is target or Kind.ANY in (source, target) or (source is Kind.INTEGER and target is Kind.DECIMAL)


def _word(place: Place) -> str:
    return f"list of {place.shape.kind}" if place.many else str(place.shape.kind)
