"""What a market's codes mean, and the reading of one text by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from adapter.codes.grammar import Grammar, Piece
from adapter.codes.reference import ReferenceTable
from adapter.ports import Issue, IssuePart

SEVERITIES = ("error", "warning", "information")
Unknown = Callable[[str | None, str], None]


def ignore(code: str | None, text: str) -> None:
    """Counts nothing."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one code stands for. ``key`` is the code, or the field where a system tells by that; ``name`` the normalised
    code, which never changes; ``retryable``: the same request may succeed if it is sent again; ``advice`` is for the caller."""

    key: str
    name: str
    severity: str
    retryable: bool
    advice: str
    sample: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One market's grammar, messages and reference tables.

    ``unknown`` hears of each code that no message declares (None where a text holds no code), with the whole text.
    """

    grammar: Grammar = field(default_factory=Grammar)
    messages: Mapping[str, Meaning] = field(default_factory=dict)
    reference: Mapping[str, ReferenceTable] = field(default_factory=dict)
    unknown: Unknown = ignore

    def read(self, text: str, severity: str, code: str = "") -> list[Issue]:
        """One issue for the text, which it keeps unchanged; none for a blank warning, which says nothing. ``code`` is what the system gives
        beside the text: it counts where the text itself holds none.

        ``severity`` is what the outcome was judged to be (``error`` or ``warning``). The return code decides that, never a
        code's own letter: a catalogue may call a warning information, but it makes no error of a warning nor the reverse.
        The issue's own field, code and advice are those of its first known part; ``parts`` are all of them.
        """
        if severity != "error" and not text.strip():
            return []
        ret, pieces = self.grammar.read(text)
        if code and all(piece.code is None and self.meaning(piece) is None for piece in pieces):
            pieces = (replace(pieces[0], code=code), *pieces[1:])
        read = [(piece, self.meaning(piece)) for piece in pieces]
        for piece, meaning in read:
            if meaning is None:
                self.unknown(piece.code, text)
        piece, meaning = next((pair for pair in read if pair[1] is not None), read[0])
        parts = tuple(_part(*pair) for pair in read)
        if meaning is None:
            return [Issue(text, severity, ret, piece.field, piece.code, piece.words, parts=parts)]
        if severity != "error" and meaning.severity == "information":
            severity = "information"
        named = (meaning.name, meaning.retryable, meaning.advice)
        return [Issue(text, severity, ret, piece.field, piece.code, piece.words, *named, parts=parts)]

    def read_all(self, texts: Iterable[str], severity: str) -> tuple[Issue, ...]:
        """The issues of several texts, in their order."""
        issues: list[Issue] = []
        for text in texts:
            issues += self.read(text, severity)
        return tuple(issues)

    def meaning(self, piece: Piece) -> Meaning | None:
        """What is declared for the piece's code, else for its field."""
        return self.messages.get(piece.code or "") or self.messages.get(piece.field or "")


def _part(piece: Piece, meaning: Meaning | None) -> IssuePart:
    return IssuePart(piece.field, piece.code, piece.words, meaning.name if meaning else "", piece.named)
