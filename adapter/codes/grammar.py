"""How a backend writes its messages, as declared named expressions: text → return code and entries.

    text  = [ head ] piece { split piece } , with the ``trim`` characters taken off both ends
    piece = the first of the declared entries that fits all of it

``head`` has the group ``ret``; entries have ``field``, ``code``, ``text`` and, for whatever else a system writes, groups of
their own. An entry that yields a field alone heads the pieces behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

BLANKS = " \t\r\n"
MAX_READ = 4000  # characters that are taken apart; no documented text has more than 200


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of a text. ``named`` holds the groups that are not field, code or text."""

    field: str | None = None
    code: str | None = None
    words: str = ""
    named: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Grammar:
    """Compiled expressions. A grammar without entries takes nothing apart: a text is one piece, its words."""

    head: re.Pattern[str] | None = None
    split: re.Pattern[str] | None = None
    trim: str = BLANKS
    entries: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    def read(self, text: str) -> tuple[str | None, tuple[Piece, ...]]:
        """The return code (None if there is none) and the pieces in their order, one at least."""
        rest = text[:MAX_READ].strip(self.trim)
        ret = None
        if self.head is not None and (found := self.head.match(rest)):
            ret, rest = found["ret"], rest[found.end() :].strip(self.trim)
        heading: str | None = None
        pieces: list[Piece] = []
        parts = self.split.split(rest) if self.split is not None else [rest]
        for index, part in enumerate(parts):
            piece = self._piece(part, heading)
            if piece.code is None and not piece.words and piece.field is not None and index < len(parts) - 1:
                heading = piece.field
            else:
                pieces.append(piece)
        return ret, tuple(pieces)

    def _piece(self, text: str, heading: str | None) -> Piece:
        text = text.strip(self.trim)
        for expression in self.entries.values():
            found = expression.fullmatch(text)
            if found is None:
                continue
            groups = {name: value for name, value in found.groupdict().items() if value is not None}
            own = groups.pop("field", None)
            return Piece(own or heading, groups.pop("code", None), groups.pop("text", "").strip(), groups or None)
        return Piece(heading, None, text)
