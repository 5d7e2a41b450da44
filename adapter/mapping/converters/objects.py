"""An object whose members the other side holds as a list of named texts."""

from __future__ import annotations

from typing import Any

from adapter.contract.shape import Kind, Shape
from adapter.mapping.converters.pair import Converter, Pair, Side
from adapter.mapping.functions.registry import Parameter
from adapter.mapping.functions.texts import as_text
from adapter.mapping.runtime import ABSENT, RuleFailed, refuse


def _entries(name: str, value: str) -> Pair:
    if not name or not value or name == value:
        raise ValueError("name and value are two different members of the legacy element")

    def fits(members: dict[str, Any]) -> bool:
        return bool(members)

    def to_legacy(members: Any) -> list[dict[str, str]]:
        if members.__class__ is not dict:
            return refuse("an object", members)
        if not fits(members):
            raise RuleFailed("the object has no members, so it would not come back equal")
        return [{name: member, value: as_text(content, "an object of text")} for member, content in members.items()]

    def to_canonical(elements: Any) -> dict[str, str]:
        members: dict[str, str] = {}
        for element in elements if elements.__class__ is list else refuse("a list of objects", elements):
            member = as_text(element.get(name, ABSENT), f"an element with '{name}'")
            if member in members:
                raise RuleFailed(f"two elements have the {name} '{member[:40]}', and an object holds a member once")
            members[member] = as_text(element.get(value, ABSENT), f"an element with '{value}'")
        return members

    return Pair(to_legacy, to_canonical, fits)


def _holds_texts(given: tuple[Any, ...], canonical: Shape, legacy: Shape) -> str:
    """Why an object cannot be a list of named texts; "" where it can."""
    for member in given:
        place = legacy.members.get(member)
        if place is None or place.many or place.shape.kind is not Kind.TEXT:
            return f"an element of the legacy list has no text '{member}'"
    others = [member.name for member in legacy.members.values() if member.required and member.name not in given]
    if others:
        return f"an element of the legacy list needs '{others[0]}' as well"
    wrong = [member.name for member in canonical.members.values() if member.many or member.shape.kind is not Kind.TEXT]
    return f"'{wrong[0]}' of the object is no text" if wrong else ""


OBJECT_CONVERTERS = (
    Converter(
        "entries",
        Side(Kind.OBJECT),
        Side(Kind.OBJECT, many=True),
        "An object whose members are the legacy list's elements: each has the member's name in `name` and its text in `value`.",
        (Parameter("name"), Parameter("value")),
        _entries,
        misfit=_holds_texts,
    ),
)
