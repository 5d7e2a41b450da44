"""What a check has to say about a file: a stable code, the exact place, the remedy; what the author of a misspelt name probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_MOST = 8


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


_PLACED = re.compile(r"(?P<file>[^\n]+?):(?P<line>\d+):(?P<column>\d+): (?P<text>.*)", re.DOTALL)


def placed(code: str, text: str, elsewhere: Position) -> Finding:
    """The finding of an error's text: at the place that the text begins with (``file:line:column:``), else ``elsewhere``."""
    found = _PLACED.fullmatch(text)
    if found is None:
        return Finding(code, text.removeprefix(f"{elsewhere.file}: "), elsewhere)
    return Finding(code, found["text"], Position(found["file"], int(found["line"]), int(found["column"])))


def once(findings: Iterable[Finding]) -> list[Finding]:
    """Each code, place and text once, in the order given: a file that others start from is read with each of them."""
    return list({(each.code, each.at, each.text): each for each in reversed(list(findings))}.values())[::-1]


def suggest(name: str, known: Iterable[str], what: str = "known are") -> str:
    """``did you mean 'x'?``; where no name is near, the few names that would do; "" where those are many or none."""
    names = list(dict.fromkeys(known))
    near = nearest(name, names)
    if near:
        return f"did you mean '{near}'?"
    return f"{what}: {', '.join(names)}" if 0 < len(names) <= _MOST else ""


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The nearest of ``known``, "" where none is as near as ``cutoff`` (0 to 1: the same). Case counts least."""
    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(candidate.casefold(), candidate)
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=cutoff)
    return folded[close[0]] if close else ""
