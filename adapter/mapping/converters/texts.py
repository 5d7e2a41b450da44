"""Converters of text: padded, with a prefix or suffix, in ASCII, joined, and yes or no."""

from __future__ import annotations

from typing import Any

from adapter.contract.shape import Kind
from adapter.mapping.converters.pair import COUNT, TEXT, Converter, Pair, Side
from adapter.mapping.functions.numbers import boolean
from adapter.mapping.functions.registry import Parameter
from adapter.mapping.functions.texts import MOST_PADDED, as_text
from adapter.mapping.functions.transliteration import ascii_only
from adapter.mapping.runtime import RuleFailed, refuse


def _padded(width: int, char: str = "0") -> Pair:
    if not 1 <= width <= MOST_PADDED or len(char) != 1:
        raise ValueError(f"width is 1 to {MOST_PADDED}, char one character")

    def fits(value: str) -> bool:
        return 0 < len(value) <= width and not value.startswith(char)

    def to_legacy(value: Any) -> str:
        text = as_text(value)
        if not fits(text):
            raise RuleFailed(f"the text is empty, longer than {width} characters or starts with {char!r}, so it would not come back equal")
        return text.rjust(width, char)

    return Pair(to_legacy, lambda value: as_text(value).lstrip(char), fits)


def _prefixed(prefix: str) -> Pair:
    if not prefix:
        raise ValueError("the text is not empty")

    def to_canonical(value: Any) -> str:
        if not as_text(value).startswith(prefix):
            raise RuleFailed(f"the text does not start with {prefix!r}")
        return str(value[len(prefix) :])

    return Pair(lambda value: prefix + as_text(value), to_canonical, lambda _value: True)


def _suffixed(suffix: str) -> Pair:
    if not suffix:
        raise ValueError("the text is not empty")

    def to_canonical(value: Any) -> str:
        if not as_text(value).endswith(suffix):
            raise RuleFailed(f"the text does not end with {suffix!r}")
        return str(value[: -len(suffix)])

    return Pair(lambda value: as_text(value) + suffix, to_canonical, lambda _value: True)


def _ascii(other: str = "?") -> Pair:
    if not other.isascii():
        raise ValueError("other is ASCII itself")

    def to_legacy(value: Any) -> str:
        return ascii_only(value, other)

    return Pair(to_legacy, as_text, lambda _value: True, lambda sent, back: to_legacy(sent) == back)


def _separated(separator: str) -> Pair:
    if not separator:
        raise ValueError("separator is not empty")

    def fits(values: list[str]) -> bool:
        joined = separator.join(values)
        return bool(values) and values != [""] and joined.split(separator) == values

    def to_legacy(values: Any) -> str:
        texts = [as_text(value, "a list of text") for value in values] if values.__class__ is list else refuse("a list of text", values)
        if not fits(texts):
            raise RuleFailed(f"the list is empty, or an element holds {separator!r}, so it would not come back equal")
        return separator.join(texts)

    return Pair(to_legacy, lambda value: as_text(value).split(separator) if as_text(value) else [], fits)


def _yes_no(yes: str, no: str) -> Pair:
    if yes == no:
        raise ValueError("yes and no are different texts")
    return Pair(lambda value: yes if _truth(value) else no, lambda value: boolean(value, yes, no), lambda _value: True)


def _truth(value: Any) -> bool:
    return bool(value) if value.__class__ is bool else refuse("true or false", value)


TEXT_CONVERTERS = (
    Converter(
        "padded",
        TEXT,
        TEXT,
        "The legacy text is filled up to `width` characters with `char` at its start.",
        (Parameter("width", COUNT), Parameter("char", default="0")),
        _padded,
    ),
    Converter("prefixed", TEXT, TEXT, "The legacy text has `prefix` before the canonical one.", (Parameter("prefix"),), _prefixed),
    Converter("suffixed", TEXT, TEXT, "The legacy text has `suffix` behind the canonical one.", (Parameter("suffix"),), _suffixed),
    Converter(
        "ascii",
        TEXT,
        TEXT,
        "The legacy text in ASCII: no accents, other letters and signs spelled out (ß is ss); what has no spelling is `other`.",
        (Parameter("other", default="?"),),
        _ascii,
    ),
    Converter(
        "separated",
        Side(Kind.TEXT, many=True),
        TEXT,
        "The legacy text holds the list's texts with `separator` between.",
        (Parameter("separator"),),
        _separated,
    ),
    Converter(
        "yes_no",
        Side(Kind.BOOLEAN),
        TEXT,
        "True is the legacy text `yes`, false `no`.",
        (Parameter("yes", default="Y"), Parameter("no", default="N")),
        _yes_no,
    ),
)
