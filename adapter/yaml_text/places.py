"""Where the characters of a text stand: lines as YAML counts them, and the spelling of a scalar behind its value."""

from __future__ import annotations

import re
from collections.abc import Iterator

BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_CONTINUED = re.compile(r"\\(\r\n|[\n\r\x85\u2028\u2029])[ \t]*")
_PROPERTIES = re.compile(r"(?:[!&]\S*\s*)*")  # tag and anchor before a value; no value begins with their signs
_ESCAPE_WIDTH = {"x": 4, "u": 6, "U": 10}


def split_lines(text: str) -> list[str]:
    """The lines as YAML counts them (``str.splitlines`` breaks at more characters)."""
    return BREAK.split(text)


def first_line(text: str) -> int:
    """How many characters stand on the first line, without blanks at its end; 1 at least, so that there is a place to show."""
    return max(len(BREAK.split(text, maxsplit=1)[0].rstrip()), 1)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The place of a character of the text, both from 1."""
    lines = BREAK.split(text[:offset])
    return len(lines), len(lines[-1]) + 1


def offsets(value: str, source: str, style: str | None) -> Iterator[int]:
    """The offset in ``source`` of each character of the value. Folding turns breaks into blanks, escapes become one
    character; all other characters stand in the source in the same order."""
    at = _content(source, style)
    for char in value:
        width = 1
        if style == '"':
            at = _skip_folds(source, at, char)
            if source[at : at + 1] == "\\":
                width = _ESCAPE_WIDTH.get(source[at + 1 : at + 2], 2)
        elif not char.isspace():
            at = _skip_blanks(source, at)
            width = 2 if style == "'" and char == "'" else 1
        yield min(at, max(len(source) - 1, 0))
        at += width


def _content(source: str, style: str | None) -> int:
    properties = _PROPERTIES.match(source)
    at = properties.end() if properties else 0
    if style in ("|", ">"):
        header = BREAK.search(source, at)
        return header.end() if header else at
    return at + 1 if style else at


def _skip_blanks(source: str, at: int) -> int:
    while at < len(source) and source[at].isspace():
        at += 1
    return at


def _skip_folds(source: str, at: int, char: str) -> int:
    while (continued := _CONTINUED.match(source, at)) is not None:
        at = continued.end()
    return at if char.isspace() else _skip_blanks(source, at)
