"""Filters that make numbers and booleans of text, and never silently."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapter.contract.shape import Kind
from adapter.mapping.functions.registry import Function, Parameter
from adapter.mapping.runtime import RuleFailed, refuse

_INTEGER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DIGITS_AT_MOST = 400  # far beyond any identifier or amount, and below what makes conversion slow


def integer(value: Any) -> int:
    """Text of digits, or a decimal without a fraction, as an integer. Anything else is an error."""
    if value.__class__ is int:
        return int(value)
    if value.__class__ is str:
        if len(value) > _DIGITS_AT_MOST or _INTEGER.fullmatch(value) is None:
            raise RuleFailed("the text is no whole number")
        return int(value)
    if value.__class__ is Decimal or value.__class__ is float:
        if value % 1 != 0:
            raise RuleFailed("the decimal has a fraction, so it is no integer")
        return int(value)
    return refuse("text or a number", value)


def decimal(value: Any) -> Decimal:
    """Text of digits with a point, or an integer, as a decimal. Anything else is an error."""
    if value.__class__ is Decimal:
        return Decimal(value)
    if value.__class__ is int:
        return Decimal(value)
    if value.__class__ is float:
        return Decimal(repr(value))
    if value.__class__ is str:
        if len(value) > _DIGITS_AT_MOST or _DECIMAL.fullmatch(value) is None:
            raise RuleFailed("the text is no decimal number")
        return Decimal(value)
    return refuse("text or a number", value)


def boolean(value: Any, yes: str = "true", no: str = "false") -> bool:
    """True for the text `yes`, false for the text `no`. Any other text is an error."""
    if value.__class__ is not str:
        refuse("text", value)
    if value == yes:
        return True
    if value == no:
        return False
    raise RuleFailed(f"the text is neither {yes!r} nor {no!r}")


def _boolean(yes: str = "true", no: str = "false") -> Callable[[Any], bool]:
    if yes == no:
        raise ValueError("yes and no are different texts")
    return lambda value: boolean(value, yes, no)


_SOURCES = frozenset({Kind.TEXT, Kind.INTEGER, Kind.DECIMAL})

NUMBER_FILTERS = (
    Function("integer", integer, kinds=_SOURCES, gives=Kind.INTEGER),
    Function("decimal", decimal, kinds=_SOURCES, gives=Kind.DECIMAL),
    Function(
        "boolean",
        boolean,
        parameters=(Parameter("yes", default="true"), Parameter("no", default="false")),
        gives=Kind.BOOLEAN,
        bind=_boolean,
    ),
)
