"""XSD regular expressions as Python ones. XSD has no anchors, other class escapes and class subtraction."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata

_NAME_START = "A-Z_a-z:\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff"
_NAME = _NAME_START + "\\-.0-9\u00b7\u0300-\u036f\u203f\u2040"
_ESCAPES = {"i": _NAME_START, "c": _NAME, "d": r"\d", "w": r"\w", "s": r" \t\n\r"}
_SINGLE = {"n": r"\n", "r": r"\r", "t": r"\t"}


class UnknownPattern(ValueError):
    """The expression uses something that is not translated; the text says what."""


def to_python(pattern: str) -> str:
    """The Python expression that matches (with ``fullmatch``) what the XSD one does. Raises UnknownPattern."""
    translated = "".join(_translate(pattern))
    try:
        re.compile(translated)
    except re.error as wrong:
        raise UnknownPattern(f"the pattern {pattern!r} cannot be compiled: {wrong}") from None
    return translated


def _translate(pattern: str) -> list[str]:
    out: list[str] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "[":
            text, at = _character_class(pattern, at)
            out.append(text)
            continue
        if sign == "\\":
            inner, negated, at = _escape(pattern, at)
            out.append(f"[{'^' if negated else ''}{inner}]" if len(inner) > 2 or negated else inner)
            continue
        if sign == ".":
            out.append(r"[^\n\r]")
        elif sign in "^$":
            out.append("\\" + sign)
        elif pattern.startswith("(?", at):
            raise UnknownPattern(f"the pattern {pattern!r} has a group '(?', which XSD does not know")
        else:
            out.append("(?:" if sign == "(" else sign)
        at += 1
    return out


def _escape(pattern: str, at: int) -> tuple[str, bool, int]:
    """The inner text of a class for the escape at ``at``, whether it is negated, and where it ends."""
    letter = pattern[at + 1 : at + 2]
    if letter in "pP" and letter:
        end = pattern.find("}", at)
        if not pattern.startswith("{", at + 2) or end < 0:
            raise UnknownPattern(f"the pattern {pattern!r} has \\{letter} without {{…}}")
        return _category(pattern[at + 3 : end]), letter == "P", end + 1
    if letter.lower() in _ESCAPES and letter:
        return _ESCAPES[letter.lower()], letter.isupper(), at + 2
    if letter in _SINGLE:
        return _SINGLE[letter], False, at + 2
    if not letter or letter.isalnum():
        raise UnknownPattern(f"the pattern {pattern!r} has the unknown escape \\{letter}")
    return "\\" + letter, False, at + 2


def _character_class(pattern: str, start: int) -> tuple[str, int]:
    """A class ``[…]`` with its end; negated escapes and subtraction become lookaheads."""
    at = start + 1
    negated = pattern.startswith("^", at)
    at += negated
    inner: list[str] = []
    alternatives: list[str] = []
    while True:
        if at >= len(pattern):
            raise UnknownPattern(f"the pattern {pattern!r} has a '[' without ']'")
        sign = pattern[at]
        if sign == "]":
            return _assemble(inner, alternatives, negated, ""), at + 1
        if pattern.startswith("-[", at):
            minus, at = _character_class(pattern, at + 1)
            if not pattern.startswith("]", at):
                raise UnknownPattern(f"the pattern {pattern!r} goes on after a class subtraction")
            return _assemble(inner, alternatives, negated, minus), at + 1
        if sign == "\\":
            text, reverse, at = _escape(pattern, at)
            (alternatives if reverse else inner).append(f"[^{text}]" if reverse else text)
            continue
        inner.append("\\" + sign if sign in "[^&~|" else sign)
        at += 1


def _assemble(inner: list[str], alternatives: list[str], negated: bool, minus: str) -> str:
    parts = ([f"[{''.join(inner)}]"] if inner else []) + alternatives
    positive = parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
    if not negated:
        text = positive
    elif not alternatives:
        text = f"[^{''.join(inner)}]"
    else:
        text = rf"(?:(?!{positive})[\s\S])"
    return f"(?:(?!{minus}){text})" if minus else text


@functools.lru_cache(maxsize=64)
def _category(name: str) -> str:
    """The characters of a Unicode category (``L``, ``Lu``, …) as ranges of a class."""
    if not re.fullmatch(r"[LMNPZSC][a-z]?", name):
        raise UnknownPattern(f"the block or category \\p{{{name}}} is not known")
    ranges: list[str] = []
    first = last = -2
    for code in (*range(sys.maxunicode + 1), -1):
        if code >= 0 and not unicodedata.category(chr(code)).startswith(name):
            continue
        if code == last + 1:
            last = code
            continue
        if first >= 0:
            ranges.append(f"\\U{first:08x}-\\U{last:08x}")
        first = last = code
    return "".join(ranges)
