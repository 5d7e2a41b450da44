"""What a check has to say about a file: a stable code, the exact place, the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text file. ``line`` and ``column`` count from 1; ``length`` is in characters, on that line."""

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``code`` never changes its meaning (``docs/findings.md``); ``hint`` says how to mend it."""

    code: str
    text: str
    at: Position
    hint: str = ""
    severity: str = "error"  # or "warning"

    def __str__(self) -> str:
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.at}: {self.severity}: {self.code}: {self.text}{tail}"


def once(findings: Iterable[Finding]) -> list[Finding]:
    """Each code, place and text once, in the order given: a file that others start from is read with each of them."""
    return list({(each.code, each.at, each.text): each for each in reversed(list(findings))}.values())[::-1]
