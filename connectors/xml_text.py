"""Values as the text of XML, both ways, and the refusal of a document that breaks its contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.deviations import Note

_ESCAPED = re.compile(r'[&<>"\t\n\r\x00-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_KINDS = {"NoneType": "null", "str": "text", "bool": "true or false", "int": "a whole number", "dict": "an object", "list": "a list"}
_INTEGER = re.compile(r"[ \t\r\n]*[+-]?[0-9]{1,4000}[ \t\r\n]*").fullmatch
_DECIMAL = re.compile(r"[ \t\r\n]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[ \t\r\n]*").fullmatch
_FLOAT = re.compile(r"[ \t\r\n]*(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?|-?INF|NaN)[ \t\r\n]*").fullmatch
BOOLEANS = {"true": True, "false": False, "1": True, "0": False}

ReadLeaf = Callable[[str], Any]


class Refused(Exception):
    """The document breaks the contract. ``steps`` is the way to the place, innermost first."""

    def __init__(self, text: str, *steps: str) -> None:
        self.text = text
        self.steps = list(steps)
        super().__init__(text)

    def up(self, step: str) -> Refused:
        """The same, seen from one level further up."""
        if step:
            self.steps.append(step)
        return self

    @property
    def path(self) -> str:
        """The place in the document: ``order.line[3].quantity``."""
        return ".".join(reversed(self.steps))


def escape(text: str) -> str:
    """The text as it may stand in elements and attributes. Raises Refused for characters that XML cannot carry."""
    if text.isprintable() and "&" not in text and "<" not in text and ">" not in text and '"' not in text:
        return text  # as nearly always
    return _ESCAPED.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    sign = match.group()
    known = _ESCAPES.get(sign)
    if known is None:
        raise Refused(f"the character U+{ord(sign):04X} at position {match.start() + 1} cannot be carried by XML; take it out")
    return known


def described(value: Any) -> str:
    """The kind of a value in words, for messages; never the value itself."""
    return _KINDS.get(type(value).__name__, type(value).__name__)


def wrong_kind(value: Any, wanted: str) -> Refused:
    """The value is not of the kind that the contract has here."""
    if value is None:
        return Refused(f"null cannot stand here (not nillable); give {wanted} or leave the member out")
    return Refused(f"{wanted} is needed here, not {described(value)}")


def integer(text: str) -> int:
    """An integer of XSD. Raises ValueError."""
    if _INTEGER(text) is None:
        raise ValueError("a whole number")
    return int(text)


def decimal(text: str) -> Decimal:
    """A decimal of XSD. Raises ValueError."""
    if _DECIMAL(text) is None:
        raise ValueError("a number")
    return Decimal(text.strip())


def floating(text: str) -> Decimal:
    """A float or double of XSD, kept exactly. Raises ValueError."""
    if _FLOAT(text) is None:
        raise ValueError("a number")
    return Decimal(text.strip().replace("INF", "Infinity"))


def boolean(text: str) -> bool:
    """A boolean of XSD. Raises ValueError."""
    found = BOOLEANS.get(text.strip())
    if found is None:
        raise ValueError("true or false")
    return found


def converted(convert: ReadLeaf | None, text: str, path: str, name: str, note: Note) -> Any:
    """The value of a text; text that is of another kind stays text and is noted."""
    if convert is None:
        return text
    try:
        return convert(text)
    except ValueError as wanted:
        note("type", path, name, f"the contract has {wanted} here, the reply has text")
        return text
