"""The tolerant side: what came is read as the contract has it, as far as it can be, and every departure is noted."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from adapter.contract.hygiene import member_path
from adapter.contract.shape import Kind, Member, Shape
from connectors.deviations import Note
from connectors.xml_text import boolean, described, floating, integer

_TEXTS = {Kind.INTEGER: integer, Kind.DECIMAL: floating, Kind.BOOLEAN: boolean}
_WORDS = {
    Kind.TEXT: "text",
    Kind.INTEGER: "a whole number",
    Kind.DECIMAL: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.OBJECT: "an object",
}
_PLAIN = {Kind.TEXT: str, Kind.INTEGER: int, Kind.BOOLEAN: bool}
_MOST_LISTED = 300
ABSENT: Any = object()
"""What a place holds that cannot be read: nothing."""


def from_text(shape: Shape, text: str, path: str, note: Note) -> Any:
    """A text of a parameter or form as the value it stands for; text that stands for none stays text and is noted."""
    convert = _TEXTS.get(shape.kind)
    if convert is None:
        restricted(shape, text, path, note)
        return text
    try:
        value = convert(text)
    except ValueError:
        note("type", path, "", f"the contract has {_WORDS[shape.kind]} here, there is text")
        return text
    if isinstance(value, Decimal) and not value.is_finite():
        note("type", path, "", "the contract has a number here")
        return text
    restricted(shape, value, path, note)
    return value


def restricted(shape: Shape, value: Any, path: str, note: Note) -> None:
    """Notes a value of the shape's kind that is none of those it has. The note says nothing of the value, which may be personal."""
    if shape.kind is Kind.TEXT:
        if shape.min_length is not None and len(value) < shape.min_length:
            note("facet", path, "", f"has {len(value)} characters, the contract has at least {shape.min_length}")
        elif shape.max_length is not None and len(value) > shape.max_length:
            note("facet", path, "", f"has {len(value)} characters, the contract has at most {shape.max_length}")
        elif shape.enum and value not in shape.enum:
            note("facet", path, "", f"is none of what the contract lists: {' '.join(shape.enum)[:_MOST_LISTED]}")
        elif shape.pattern is not None and re.fullmatch(shape.pattern, value) is None:
            note("facet", path, "", f"does not fit the pattern of the contract: {shape.pattern[:_MOST_LISTED]}")
    elif shape.minimum is not None and value < shape.minimum:
        note("facet", path, "", f"is less than {shape.minimum}, the least that the contract has")
    elif shape.maximum is not None and value > shape.maximum:
        note("facet", path, "", f"is more than {shape.maximum}, the most that the contract has")


def read_member(member: Member, value: Any, path: str, note: Note) -> Any:
    """The value of a JSON member as the contract has it; ABSENT where nothing of it can be."""
    if value is None:
        if member.nullable:
            return None
        note("nil", path, "", "is null, which the contract does not allow here; read as not there")
        return ABSENT
    if not member.many:
        if isinstance(value, list) and member.shape.kind is not Kind.ANY:
            note("repeated", path, "", f"is a list of {len(value)}, the contract has one; the first is read")
            return _value(member.shape, value[0], path, note) if value else ABSENT
        return _value(member.shape, value, path, note)
    if not isinstance(value, list):
        note("type", path, "", "is one value, the contract has a list; read as a list of one")
        value = [value]
    elements = (_element(member, one, f"{path}[{index}]", note) for index, one in enumerate(value))
    return [one for one in elements if one is not ABSENT]


def _element(member: Member, value: Any, path: str, note: Note) -> Any:
    return None if value is None and member.null_elements else _value(member.shape, value, path, note)


def read_object(shape: Shape, document: dict[str, Any], path: str, note: Note) -> dict[str, Any]:
    """An object of the contract. What it does not have is noted and left out."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        member = shape.members.get(name)
        if member is not None and not member.many and value.__class__ is _PLAIN.get(member.shape.kind):
            found[name] = value  # nearly every member is just what it should be
            restricted(member.shape, value, member_path(path, name), note)
        elif member is not None:
            read = read_member(member, value, member_path(path, name), note)
            if read is not ABSENT:
                found[name] = read
        elif shape.open:
            found[name] = value
        else:
            note("extra", member_path(path, name), "", "the contract has no such member here")
    missing(shape, found, path, note)
    return found


def missing(shape: Shape, found: dict[str, Any], path: str, note: Note) -> None:
    """Notes each required member that is not there."""
    for name, member in shape.members.items():
        if member.required and name not in found:
            note("missing", member_path(path, name), "", "is required by the contract but not there")


def _value(shape: Shape, value: Any, path: str, note: Note) -> Any:
    if shape.kind is Kind.ANY:
        return value
    if shape.kind is Kind.OBJECT:
        if isinstance(value, dict):
            return read_object(shape, value, path, note)
    elif isinstance(value, str):
        if shape.kind is not Kind.TEXT:
            return _other_kind(shape, value, path, note)
        restricted(shape, value, path, note)
        return value
    elif not isinstance(value, dict | list) and value is not None:
        return _plain(shape, value, path, note)
    note("type", path, "", f"the contract has {_WORDS[shape.kind]} here, there is {described(value)}, which is not read")
    return ABSENT


def _other_kind(shape: Shape, value: str, path: str, note: Note) -> Any:
    """A number or truth value that came as text."""
    read = from_text(shape, value, path, note)
    if read is not value:
        note("type", path, "", f"the contract has {_WORDS[shape.kind]} here, there is the text of one")
    return read


def _plain(shape: Shape, value: Any, path: str, note: Note) -> Any:
    """A number or truth value: as it is where it fits, as text where text is to be."""
    kind = Kind.BOOLEAN if isinstance(value, bool) else Kind.DECIMAL if isinstance(value, Decimal) else Kind.INTEGER
    if kind is shape.kind or (shape.kind is Kind.DECIMAL and kind is Kind.INTEGER):
        restricted(shape, value, path, note)
        return value
    note("type", path, "", f"the contract has {_WORDS[shape.kind]} here, there is {_WORDS[kind]}")
    if shape.kind is Kind.TEXT:
        return ("true" if value else "false") if kind is Kind.BOOLEAN else str(value)
    if shape.kind is Kind.INTEGER and kind is Kind.DECIMAL and value == value.to_integral_value():
        return int(value)
    return value
