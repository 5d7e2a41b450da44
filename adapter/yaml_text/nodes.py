"""What a YAML text is read as: scalars, blocks of keys and lists, each with its place."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adapter.finding import Position
from adapter.yaml_text.places import BREAK, first_line, offsets

_LITERAL = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A scalar as text. ``at`` is the place of the value, without quotes; ``source`` is its spelling in the file (quotes and
    folds included), which begins at ``line`` and ``column`` (from 1); ``style`` is the YAML style, None for plain."""

    value: str
    at: Position
    style: str | None
    source: str
    line: int
    column: int

    @property
    def quoted(self) -> bool:
        """Whether it is anything but a plain scalar, so that empty means the empty text."""
        return self.style is not None

    @property
    def whole(self) -> Position:
        """The place of the spelling, quotes included, as far as its first line goes."""
        return Position(self.at.file, self.line, self.column, first_line(self.source))

    def part(self, offset: int, length: int) -> Position:
        """The place of ``length`` characters of the value from ``offset`` on, cut at the end of their first line."""
        if self.value and self.source == self._spelt_plainly() and BREAK.search(self.source) is None:
            column = self.column + min(offset, len(self.value)) + (self.style is not None)
            return Position(self.at.file, self.line, column, max(min(length, len(self.value) - offset), 1))
        places = _places(self.value, self.source, self.style, self.line, self.column)[: offset + max(length, 1)]
        if not places:
            return self.at
        if offset >= len(places):  # behind the last character
            line, column = places[-1]
            return Position(self.at.file, line, column + 1, 1)
        line, column = places[offset]
        end = max(last for last_line, last in places[offset:] if last_line == line)
        return Position(self.at.file, line, column, end - column + 1)

    def _spelt_plainly(self) -> str:
        """How the value is written where nothing has to be escaped; most values are, and need not be walked along."""
        return f"{self.style}{self.value}{self.style}" if self.style in ("'", '"') else self.value if self.style is None else ""


@lru_cache(maxsize=64)  # an expression asks for the place of each of its parts
def _places(value: str, source: str, style: str | None, line: int, column: int) -> tuple[tuple[int, int], ...]:
    """Line and column of each character of the value, whose spelling begins at ``line`` and ``column``."""
    starts = [found.end() for found in BREAK.finditer(source)]
    places = []
    for offset in offsets(value, source, style):
        breaks = bisect_right(starts, offset)
        places.append((line + breaks, offset - starts[breaks - 1] + 1) if breaks else (line, column + offset))
    return tuple(places)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One ``key: value``. ``only`` is empty in what is read; who joins files may keep one direction of a two-way rule by it
    ("request" or "reply")."""

    key: Scalar
    value: Node
    only: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """``key: value`` lines, in the order written; keys are unique."""

    entries: tuple[Entry, ...]
    at: Position

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def get(self, key: str) -> Node | None:
        """The value of ``key``, None where it does not stand."""
        return next((entry.value for entry in self.entries if entry.key.value == key), None)

    def entry(self, key: str) -> Entry | None:
        """The whole entry of ``key``."""
        return next((entry for entry in self.entries if entry.key.value == key), None)


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """``- item`` lines."""

    nodes: tuple[Node, ...]
    at: Position

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)


Node = Scalar | Block | Items


def json_value(node: Node) -> Any:
    """The node as JSON data: unquoted true, false, null and numbers are what JSON takes them for, all else is text."""
    if isinstance(node, Block):
        return {entry.key.value: json_value(entry.value) for entry in node}
    if isinstance(node, Items):
        return [json_value(child) for child in node]
    untagged = not node.quoted and not node.source.startswith("!")  # !!str makes text of a number
    return json.loads(node.value) if untagged and _LITERAL.fullmatch(node.value) else node.value
