"""Tables to look things up in: what a source says of a code. Advice for people; nothing is refused by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """Rows of named columns; the ``key`` columns together are in one row only."""

    name: str
    key: tuple[str, ...]
    rows: tuple[Row, ...]
    source: str = ""

    def find(self, **columns: str) -> tuple[Row, ...]:
        """All rows with these values, in the order declared; none for what is not known."""
        return tuple(row for row in self.rows if all(row.get(name) == value for name, value in columns.items()))

    def one(self, **columns: str) -> Row | None:
        """The first such row, or None."""
        return next(iter(self.find(**columns)), None)
