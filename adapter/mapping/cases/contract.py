"""What a case lets the backend say, against the backend's contract: a member that never comes proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from adapter.contract.shape import Kind, Member, Shape
from adapter.finding import suggest

_KINDS: Final[dict[Kind, tuple[type, ...]]] = {
    Kind.OBJECT: (dict,),
    Kind.TEXT: (str,),
    Kind.INTEGER: (int,),
    Kind.DECIMAL: (int, Decimal),
    Kind.BOOLEAN: (bool,),
}


def breaches(document: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """Members that the contract does not have, and values of another kind than it says. What is missing is no breach: a case holds what
    it is about."""
    for name, value in document.items():
        member, at = shape.members.get(name), f"{path}.{name}" if path else name
        if member is not None:
            yield from _member(value, member, at)
        elif not shape.open:
            hint = suggest(name, shape.members, "there are")
            yield f"{at}: the contract has no such member{f'; {hint}' if hint else ''}"


def _member(value: Any, member: Member, at: str) -> Iterator[str]:
    kind = member.shape.kind
    if kind is Kind.ANY or (value is None and member.nullable):
        return
    if isinstance(value, list) != member.many:
        yield f"{at}: the contract has {'a list' if member.many else 'one value'} here"
        return
    for number, each in enumerate(value if member.many else [value]):
        place = f"{at}[{number}]" if member.many else at
        if each is None and member.null_elements:
            continue
        if not isinstance(each, _KINDS[kind]) or isinstance(each, bool) != (kind is Kind.BOOLEAN):
            yield f"{place}: the contract has {kind} here"
        elif kind is Kind.OBJECT:
            yield from breaches(each, member.shape, place)
