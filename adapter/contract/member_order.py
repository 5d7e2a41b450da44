"""Places of a document in the order in which their contract lists them."""

from __future__ import annotations

import re

from adapter.contract.shape import Shape

_STEP = re.compile(r"""('[^']*'|[^.\[]+)(\[(\d*)[^=\]]*(?:=(?:'[^']*'|"[^"]*"|[^\]]*))?\])?\.?""")
Rank = tuple[tuple[int, str, float], ...]


def rank(contract: Shape, place: str) -> Rank:
    """A sort key: the contract's order of members, then elements by number, then those that are picked or meant all together.

    ``place`` is a path (``note[@type=JobType].text``) or the place of a problem (``item[2].code``). What the contract does not have
    comes last, by name.
    """
    found: list[tuple[int, str, float]] = []
    shape: Shape | None = contract
    for step in _STEP.finditer(place):
        name, bracket, number = step.groups()
        members = shape.members if shape is not None else {}
        position = list(members).index(name) if name in members else len(members)
        shape = members[name].shape if name in members else None
        found.append((position, "" if shape is not None else name, -1 if bracket is None else float(number or "inf")))
    return tuple(found)
