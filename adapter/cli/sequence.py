"""A sequence of messages as a diagram: Mermaid text, and lanes for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapter.cli.columns import printable

_GAP = 4
_LEAST = 14


@dataclass(frozen=True, slots=True)
class Arrow:
    """One message. ``reply``: it answers an earlier one, and is drawn with a broken line."""

    source: str
    target: str
    text: str
    reply: bool = False


def participants(arrows: Sequence[Arrow]) -> list[str]:
    """Who takes part, in the order in which they first appear."""
    return list(dict.fromkeys(name for arrow in arrows for name in (arrow.source, arrow.target)))


def mermaid(arrows: Sequence[Arrow], order: Sequence[str] = ()) -> str:
    """The diagram as Mermaid reads it. ``order`` goes before the order of appearance."""
    names = _ordered(arrows, order)
    lines = ["sequenceDiagram", "    autonumber"]
    lines += [f"    participant {_id(names, name)} as {_plain(name)}" for name in names]
    for arrow in arrows:
        line = "-->>" if arrow.reply else "->>"
        lines.append(f"    {_id(names, arrow.source)}{line}{_id(names, arrow.target)}: {_plain(arrow.text)}")
    return "\n".join(lines)


def _ordered(arrows: Sequence[Arrow], order: Sequence[str]) -> list[str]:
    found = participants(arrows)
    return [name for name in order if name in found] + [name for name in found if name not in order]


def _id(names: Sequence[str], name: str) -> str:
    return f"p{names.index(name) + 1}"


def _plain(text: str) -> str:
    """Text that Mermaid does not read as its own marks."""
    return printable(text).replace("#", "#35;").replace(";", "#59;").replace("#35#59;", "#35;").replace("\n", " ")


def lanes(arrows: Sequence[Arrow], order: Sequence[str] = (), width: int = 120) -> list[str]:
    """The diagram as lines of text, a lane for each participant; the text of a message stands above its arrow."""
    names = _ordered(arrows, order)
    step = max(_LEAST, (width - _LEAST) // max(1, len(names) - 1) if len(names) > 1 else _LEAST)
    places = {name: _LEAST // 2 + number * step for number, name in enumerate(names)}
    total = max(places.values(), default=0) + _LEAST // 2
    head = [" "] * (total + step)
    for name, place in places.items():
        shown = name[: step - 2]
        _put(head, max(0, place - len(shown) // 2), shown)
    lines = ["".join(head).rstrip()]
    for number, arrow in enumerate(arrows, 1):
        lines += _drawn(arrow, f"{number} {printable(arrow.text)}", places, total, width)
    return lines


def _drawn(arrow: Arrow, text: str, places: dict[str, int], total: int, width: int) -> list[str]:
    """Two lines: the text, and the arrow below it. A text that finds no room between its lanes goes over the next ones."""
    start, end = places[arrow.source], places[arrow.target]
    above, line = _rails(places, total), _rails(places, total)
    left, right = min(start, end), max(start, end)
    room = max(width, total) - left - 2
    shown = text if len(text) <= room else text[: room - 1] + "…"
    above += [" "] * (left + 2 + len(shown) - len(above))
    _put(above, left + 2, shown)
    if start == end:
        _put(line, start, "↺")
    else:
        _put(line, left + 1, ("╌" if arrow.reply else "─") * (right - left - 1))
        _put(line, end + (-1 if end > start else 1), ">" if end > start else "<")
    return ["".join(above).rstrip(), "".join(line).rstrip()]


def _rails(places: dict[str, int], total: int) -> list[str]:
    cells = [" "] * total
    for place in places.values():
        cells[place] = "│"
    return cells


def _put(cells: list[str], at: int, text: str) -> None:
    cells[at : at + len(text)] = text
