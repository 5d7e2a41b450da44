"""Converters of numbers that the other side writes as text."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from adapter.contract.shape import Kind
from adapter.mapping.converters.pair import COUNT, TEXT, Converter, Pair, Side
from adapter.mapping.functions.numbers import decimal, integer
from adapter.mapping.functions.registry import Parameter
from adapter.mapping.functions.texts import as_text
from adapter.mapping.runtime import RuleFailed, refuse


def _number() -> Pair:
    return Pair(lambda value: str(_whole(value)), lambda value: integer(as_text(value)), lambda _value: True)


def _whole(value: Any) -> int:
    return int(value) if value.__class__ is int else refuse("an integer", value)


_DIGITS: Final = re.compile(r"0|-?[1-9][0-9]*")


def _digits() -> Pair:
    def fits(value: str) -> bool:
        return _DIGITS.fullmatch(value) is not None

    def to_legacy(value: Any) -> int:
        if not fits(as_text(value)):
            raise RuleFailed("the text is no whole number without leading zeros, so it would not come back equal")
        return integer(value)

    return Pair(to_legacy, lambda value: str(_whole(value)), fits)


_PLACES: Final = 200  # before and after the point; far beyond any amount


def _decimal(fraction: int = -1) -> Pair:
    if fraction < -1:
        raise ValueError("fraction is the number of digits after the point")

    def fits(value: Decimal) -> bool:
        if not value.is_finite() or not -_PLACES < value.adjusted() < _PLACES or len(value.as_tuple().digits) > _PLACES:
            return False
        return fraction < 0 or Decimal(format(value, f".{fraction}f")) == value

    def to_legacy(value: Any) -> str:
        amount = decimal(value) if value.__class__ is not str else refuse("a number", value)
        if not fits(amount):
            raise RuleFailed("the number is out of range, or has more digits after the point than the legacy text")
        return format(amount, "f") if fraction < 0 else format(amount, f".{fraction}f")

    return Pair(to_legacy, lambda value: decimal(as_text(value)), fits)


NUMBER_CONVERTERS = (
    Converter("number", Side(Kind.INTEGER), TEXT, "An integer that the legacy side writes as text.", (), _number),
    Converter("digits", TEXT, Side(Kind.INTEGER), "A text of digits that the legacy side holds as an integer.", (), _digits),
    Converter(
        "decimal",
        Side(Kind.DECIMAL),
        TEXT,
        "A decimal that the legacy side writes as text, with `fraction` digits after the point (-1: as many as there are).",
        (Parameter("fraction", COUNT, default=-1),),
        _decimal,
    ),
)
