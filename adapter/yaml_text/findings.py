"""What can be wrong with a YAML text, and how each user of the reader calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache

from adapter.finding import Finding, Position


class Kind(Enum):
    """One way in which a text cannot be read, or is not meant to be written."""

    FILE = auto()  # the file cannot be opened
    ENCODING = auto()  # a byte that is not UTF-8
    CHARACTER = auto()  # a byte order mark or a control character
    SIZE = auto()  # more than MAX_BYTES
    DEPTH = auto()  # more than MAX_DEPTH levels
    BROKEN = auto()  # no YAML
    TAIL = auto()  # something behind the quote that ends a value
    TAB = auto()  # a tab where blanks are wanted
    DOCUMENTS = auto()  # more than one document
    DUPLICATE = auto()  # a key that stands in its block already
    KEY = auto()  # a key that is no text
    ALIAS = auto()  # anchor, alias, merge key
    TAG = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """The code of each kind of finding, and the hint where the reader's own can be bettered by who knows the file's purpose."""

    codes: Mapping[Kind, str]
    hints: Mapping[Kind, str] = field(default_factory=dict)

    def finding(self, kind: Kind, text: str, at: Position, hint: str = "") -> Finding:
        """A finding of this kind; ``hint`` is the reader's own."""
        return Finding(self.codes[kind], text, at, self.hints.get(kind, hint))


_NUMBERS = {Kind.DUPLICATE: 102, Kind.KEY: 103, Kind.ALIAS: 103, Kind.TAG: 103, Kind.FILE: 104, Kind.ENCODING: 104}


@cache
def numbered(prefix: str) -> Codes:
    """``prefix``101: no YAML that can be read; 102: a duplicate key; 103: a feature that is not allowed; 104: no such file, or
    no UTF-8."""
    return Codes({kind: f"{prefix}{_NUMBERS.get(kind, 101)}" for kind in Kind})
