"""Filters on text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from adapter.contract.shape import Kind
from adapter.mapping.functions.registry import Function, Parameter
from adapter.mapping.runtime import RuleFailed, describe, refuse
from adapter.mapping.types import Type


def as_text(value: Any, wanted: str = "text") -> str:
    """The text itself; anything else is an error."""
    return value if value.__class__ is str else refuse(wanted, value)


def lower(value: Any) -> str:
    """The text in lower case."""
    return as_text(value).lower()


def upper(value: Any) -> str:
    """The text in upper case."""
    return as_text(value).upper()


def trim(value: Any) -> str:
    """The text without blanks at both ends."""
    return as_text(value).strip()


def replace_text(value: Any, old: str, new: str) -> str:
    """Every `old` in the text replaced by `new`."""
    return as_text(value).replace(as_text(old), as_text(new))


def strip_prefix(value: Any, prefix: str) -> str:
    """The text without `prefix` at its start; unchanged where it does not start so."""
    return as_text(value).removeprefix(as_text(prefix))


def strip_suffix(value: Any, suffix: str) -> str:
    """The text without `suffix` at its end; unchanged where it does not end so."""
    return as_text(value).removesuffix(as_text(suffix))


def substring(value: Any, start: int, length: int | None = None) -> str:
    """`length` characters (all, if left out) from `start`, which counts from 0. A text that is too short gives what there is."""
    return as_text(value)[start:] if length is None else as_text(value)[start : start + length]


def _substring(start: int, length: int | None = None) -> Callable[[Any], str]:
    if start < 0 or (length is not None and length < 0):
        raise ValueError("start and length are 0 or more")
    return lambda value: substring(value, start, length)


MOST_PADDED = 10_000
"""Characters that a text is filled up to: far more than any field of a backend has, and no burden on memory."""


def pad_left(value: Any, width: int, char: str = "0") -> str:
    """The text filled up to `width` characters with `char` at its start. A text that is longer is an error, never cut."""
    text = as_text(value)
    if len(text) > width:
        raise RuleFailed(f"the text has {len(text)} characters, more than the {width} it is to be filled up to")
    return text.rjust(width, char)


def _pad_left(width: int, char: str = "0") -> Callable[[Any], str]:
    if len(char) != 1:
        raise ValueError("char is one character")
    if not 1 <= width <= MOST_PADDED:
        raise ValueError(f"width is 1 to {MOST_PADDED}")
    return lambda value: pad_left(value, width, char)


def split(value: Any, separator: str) -> list[str]:
    """The parts of the text between `separator`. The empty text has no parts."""
    text = as_text(value)
    return text.split(separator) if text else []


def _split(separator: str) -> Callable[[Any], list[str]]:
    if not separator:
        raise ValueError("separator is not empty")
    return lambda value: split(value, separator)


def text_of(value: Any, yes: str = "true", no: str = "false") -> str:
    """A number or boolean as text: integers in digits, decimals as they are without an exponent, booleans as `yes` or `no`."""
    if value is True:
        return yes
    if value is False:
        return no
    if value.__class__ in (str, int):
        return str(value)
    if value.__class__ is Decimal:
        return format(value, "f")
    if value.__class__ is float:
        return format(value, "f") if abs(value) >= 1e16 else repr(value)
    raise RuleFailed(f"{describe(value)} has no text")


def _plain(kind: Type, _arguments: list[Any]) -> Type:
    """The result is as long as the value at most."""
    return replace(kind, shape=None, enum=())


def _mapped(change: Callable[[str], str]) -> Callable[[Type, list[Any]], Type]:
    def refine(kind: Type, _arguments: list[Any]) -> Type:
        return replace(kind, shape=None, enum=tuple(dict.fromkeys(map(change, kind.enum))))

    return refine


def _free(kind: Type, _arguments: list[Any]) -> Type:
    return replace(kind, shape=None, enum=(), max_length=None)


def _cut(kind: Type, arguments: list[Any]) -> Type:
    length = arguments[1] if len(arguments) > 1 else None
    known = [size for size in (kind.max_length, length) if isinstance(size, int)]
    return replace(_plain(kind, arguments), max_length=min(known, default=None))


def _padded(kind: Type, arguments: list[Any]) -> Type:
    return replace(_free(kind, arguments), max_length=arguments[0] if arguments and isinstance(arguments[0], int) else None)


_COUNT = frozenset({Kind.INTEGER})

TEXT_FILTERS = (
    Function("lower", lower, refine=_mapped(str.lower)),
    Function("upper", upper, refine=_mapped(str.upper)),
    Function("trim", trim, refine=_mapped(str.strip)),
    Function("replace", replace_text, parameters=(Parameter("old", constant=False), Parameter("new", constant=False)), refine=_free),
    Function("strip_prefix", strip_prefix, parameters=(Parameter("prefix", constant=False),), refine=_plain),
    Function("strip_suffix", strip_suffix, parameters=(Parameter("suffix", constant=False),), refine=_plain),
    Function(
        "substring",
        substring,
        parameters=(Parameter("start", _COUNT), Parameter("length", _COUNT, default=None)),
        refine=_cut,
        bind=_substring,
    ),
    Function(
        "pad_left",
        pad_left,
        parameters=(Parameter("width", _COUNT), Parameter("char", default="0")),
        refine=_padded,
        bind=_pad_left,
    ),
    Function("split", split, parameters=(Parameter("separator"),), gives_many=True, refine=_free, bind=_split),
    Function(
        "text",
        text_of,
        kinds=frozenset({Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.BOOLEAN}),
        parameters=(Parameter("yes", default="true"), Parameter("no", default="false")),
        gives=Kind.TEXT,
        refine=_free,
    ),
)
