"""Filters on lists, and ``default``."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from adapter.contract.shape import Kind
from adapter.mapping.functions.registry import ANY_KIND, TEXT_ONLY, Function, Parameter
from adapter.mapping.functions.texts import as_text, text_of
from adapter.mapping.runtime import ABSENT, refuse
from adapter.mapping.runtime import default as _default
from adapter.mapping.types import Type


def default(value: Any, other: Any) -> Any:
    """`other` where the value is absent or null; `default(absent)` turns null into absent."""
    return _default(value, other)


def _as_list(value: Any) -> list[Any]:
    return list(value) if value.__class__ in (list, tuple) else refuse("a list", value)


def length(value: Any) -> int:
    """How many elements a list, or characters a text has."""
    return len(value) if value.__class__ in (list, tuple, str) else refuse("a list or text", value)


def first(value: Any) -> Any:
    """The first element of a list, absent where it is empty."""
    return next(iter(_as_list(value)), ABSENT)


def last(value: Any) -> Any:
    """The last element of a list, absent where it is empty."""
    return next(reversed(_as_list(value)), ABSENT)


def join(value: Any, separator: str = "") -> str:
    """The texts of a list in one text, with `separator` between them. An empty list gives the empty text."""
    return separator.join(as_text(element, "a list of text") for element in _as_list(value))


def unique(value: Any) -> list[Any]:
    """The list without repetitions; the first of equal elements stays."""
    found: list[Any] = []
    for element in _as_list(value):
        if element not in found:
            found.append(element)
    return found


def concat(value: Any, other: Any) -> list[Any]:
    """The elements of the list, and behind them those of the list `other`."""
    return [*_as_list(value), *_as_list(other)]


def as_in(value: Any, values: Any) -> Any:
    """The one of the list `values` that is written like the text: a number is one again. The text where none is, or several kinds are."""
    written = as_text(value)
    found = [each for each in _as_list(values) if isinstance(each, str | int | float | Decimal) and text_of(each) == written]
    return found[0] if len({each.__class__ for each in found}) == 1 else value


def _one(kind: Type, _arguments: list[Any]) -> Type:
    return replace(kind, many=False, optional=True)


def _same(kind: Type, _arguments: list[Any]) -> Type:
    return kind


LIST_FILTERS = (
    Function("default", default, kinds=ANY_KIND, many=None, parameters=(Parameter("other", ANY_KIND, constant=False),), absent=True),
    Function("length", length, kinds=ANY_KIND, many=None, gives=Kind.INTEGER),
    Function("first", first, kinds=ANY_KIND, many=True, refine=_one),
    Function("last", last, kinds=ANY_KIND, many=True, refine=_one),
    Function("join", join, kinds=TEXT_ONLY, many=True, parameters=(Parameter("separator", default=""),), gives=Kind.TEXT),
    Function(
        "concat",
        concat,
        kinds=ANY_KIND,
        many=True,
        parameters=(Parameter("other", ANY_KIND, constant=False, many=True),),
        gives_many=True,
    ),
    Function("unique", unique, kinds=ANY_KIND, many=True, gives_many=True, refine=_same),
    Function(
        "as_in",
        as_in,
        parameters=(Parameter("values", ANY_KIND, constant=False, many=True),),
        gives=Kind.ANY,
    ),
)
