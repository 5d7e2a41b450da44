"""What of a request gets as far as the legacy document: the canonical places that the rules of a mapping read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from adapter.mapping.check.used import Used, Way, used
from adapter.mapping.model import MappingFile


class Carried:
    """Worked out once for a mapping. A place is carried where a rule reads it, something in it, or something that it is in."""

    __slots__ = ("_ways",)

    def __init__(self, places: Iterable[Used]) -> None:
        self._ways: Final = tuple(dict.fromkeys(each.way for each in places if not each.walks))

    @classmethod
    def by(cls, mapping: MappingFile) -> Carried:
        """What the request direction of a mapping carries."""
        return cls(used(mapping))

    def reads(self, way: Way) -> bool:
        """Whether the place gets there, at least in part; ``way`` are names of members."""
        return any(each[: len(way)] == way[: len(each)] for each in self._ways)

    @property
    def members(self) -> tuple[str, ...]:
        """The members of the request that are carried, in the order of the rules."""
        return tuple(dict.fromkeys(way[0] for way in self._ways if way))

    def within(self, member: str) -> tuple[str, ...]:
        """What is carried of a member of the request (``text``, ``product.id``)."""
        return tuple(dict.fromkeys(".".join(way[1:]) for way in self._ways if way[:1] == (member,) and way[1:]))
