"""Near names: what the author of a misspelt name probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 8


def suggest(name: str, known: Iterable[str], what: str = "known are") -> str:
    """``did you mean 'x'?``; where no name is near, the few names that would do; "" where those are many or none."""
    names = list(dict.fromkeys(known))
    near = nearest(name, names)
    if near:
        return f"did you mean '{near}'?"
    return f"{what}: {', '.join(names)}" if 0 < len(names) <= _MOST else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The nearest of ``known``, "" where none is near. Case counts least."""
    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(candidate.casefold(), candidate)
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else ""
