"""Text for systems that take ASCII only: the same text always gives the same letters."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from adapter.mapping.runtime import refuse

_SPELLED: Final = {
    "AE": "\u00c6",
    "ae": "\u00e6",
    "OE": "\u0152",
    "oe": "\u0153",
    "SS": "\u1e9e",
    "ss": "\u00df",
    "O": "\u00d8",
    "o": "\u00f8",
    "D": "\u0110\u00d0",
    "d": "\u0111\u00f0",
    "TH": "\u00de",
    "th": "\u00fe",
    "L": "\u0141",
    "l": "\u0142",
    "H": "\u0126",
    "h": "\u0127",
    "i": "\u0131",
    "EUR": "\u20ac",
    "...": "\u2026",
    "'": "\u2018\u2019\u201a\u201b\u2032",
    '"': "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
}
_LETTERS: Final = str.maketrans({char: spelling for spelling, chars in _SPELLED.items() for char in chars})
_SLASH: Final = "\u2044"  # stands in the parts of a fraction such as a half


def ascii_only(value: Any, other: str = "?") -> str:
    """The text in ASCII: letters lose their accents, other letters and signs are spelled out, what has no spelling is ``other``."""
    text = value if value.__class__ is str else refuse("text", value)
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).replace(_SLASH, "/")
    return "".join(char if char.isascii() else "" if unicodedata.combining(char) else other for char in plain)
