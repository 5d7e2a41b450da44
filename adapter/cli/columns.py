"""Rows as aligned plain lines: none is wrapped or cut at any width, so that they can be copied and searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """One line a row under a line of heads, two blanks between columns; an empty cell is ``-``."""
    cells = [tuple(heads), *(tuple(printable(cell) or "-" for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def printable(text: str, keep: str = "") -> str:
    """The text with control characters spelled out: what a backend said must neither break a line nor steer a terminal."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in keep else sign.encode("unicode_escape").decode() for sign in text)
