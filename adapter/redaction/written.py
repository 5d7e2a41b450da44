"""Masks in an envelope whose document is at hand: it tells which texts to look for.

Each text that a declared path leads to is looked for with its element's name. Where it stands in the body as often as paths lead to it, it
is masked there. Where it stands there more often (an element elsewhere has the same name and says the same), or is more than a plain text,
``masked`` gives None: that is for ``XmlMasks``, which goes through everything. So what it gives is what that would give, to the byte.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from adapter.contract.shape import Kind, Shape
from adapter.redaction.documents import MASK

Places = tuple[tuple[str, "Places"], ...]
"""The members of an object to look into, each with the places in it; none in it: it is a text to be masked, or a list of such."""
Around = tuple[int, ...]  # of each path, how many of its names stand around a place

_MOST = 20  # texts; each is looked for in all of the body
_PLAIN = re.compile(r'[^\s&<>"\x00-\x1f\ud800-\udfff][^&<>"\x00-\x1f\ud800-\udfff]*').fullmatch  # written as it is, and not blank


def masked(body: bytes, document: Any, places: Places) -> bytes | None:
    """The body with the texts at these places masked; None where that cannot be done here."""
    wanted: dict[tuple[str, str], int] = {}
    try:
        _look(document, places, wanted)
    except (AttributeError, TypeError):  # no object on the way there, or no plain text at its end
        return None
    if len(wanted) > _MOST:
        return None
    for (name, text), times in wanted.items():
        parts = body.split(f"{name}>{text}</".encode())
        if len(parts) != times + 1:
            return None
        body = f"{name}>{MASK}</".encode().join(parts)
    return body


def _look(value: Any, places: Places, wanted: dict[tuple[str, str], int]) -> None:
    """Counts the texts with the names of their elements."""
    for name, inside in places:
        member = value.get(name)
        if member is None:
            continue
        for one in member if member.__class__ is list else (member,):
            if inside:
                _look(one, inside, wanted)
            elif one != "":
                if _PLAIN(one) is None:
                    raise TypeError
                wanted[name, one] = wanted.get((name, one), 0) + 1


def places_of(shape: Shape, paths: Collection[tuple[str, ...]]) -> Places | None:
    """The places that paths of names, one inside the other at any depth, lead to in documents of a shape that are the body of an envelope.
    None where they lead to more than texts, or where the contract does not tell: what it leaves open, what holds itself, header parts."""
    walk = _Walk(paths)
    around = walk.outside
    for name in ("Envelope", "Body", shape.name):
        if walk.hits(name, around) or walk.hits("Header", around):
            return None
        around = walk.inside(name, around)
    try:
        return walk.below(shape, around)
    except _Unclear:
        return None


class _Unclear(Exception):
    """The contract does not tell all places, or there is more than texts at one."""


class _Walk:
    """Goes through a contract for what paths lead to. Which of their names stand around a place is all that matters there."""

    def __init__(self, paths: Collection[tuple[str, ...]]) -> None:
        owners = [(path[:-1], False) if path[-1].startswith("@") else (path, True) for path in paths]
        self._paths = [(names[:-1], names[-1], whole) for names, whole in owners if names]
        self._found: dict[tuple[Shape, Around], Places | None] = {}
        self.outside: Around = (0,) * len(self._paths)

    def hits(self, name: str, around: Around) -> list[bool]:
        """One for each path that leads to an element: whether to all of it, or to an attribute."""
        return [whole for (before, last, whole), at in zip(self._paths, around, strict=True) if at == len(before) and last == name]

    def inside(self, name: str, around: Around) -> Around:
        """What is around the members of an element."""
        return tuple(at + (before[at : at + 1] == (name,)) for (before, _, _), at in zip(self._paths, around, strict=True))

    def below(self, shape: Shape, around: Around) -> Places:
        """The places in a document of this shape. Raises _Unclear."""
        if (shape, around) not in self._found:
            self._found[shape, around] = None  # until all of it has been seen
            self._found[shape, around] = tuple(self._members(shape, around))
        found = self._found[shape, around]
        if found is None:
            raise _Unclear
        return found

    def _members(self, shape: Shape, around: Around) -> list[tuple[str, Places]]:
        if shape.kind is Kind.ANY or shape.open or "#header" in shape.members:
            raise _Unclear
        found: list[tuple[str, Places]] = []
        for name, member in shape.members.items():
            if name[0] in "@#":
                continue
            hits = self.hits(name, around)
            if hits and (member.shape.kind is not Kind.TEXT or not all(hits)):
                raise _Unclear
            inside = () if hits else self.below(member.shape, self.inside(name, around))
            if hits or inside:
                found.append((name, inside))
        return found
