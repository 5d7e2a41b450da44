"""Plain data → JSON bytes. Decimals keep their digits (``100.00`` stays ``100.00``), integers may have any length."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson


def write_json(value: Any, *, sort: bool = False) -> bytes:
    """UTF-8 JSON; ``sort`` orders members by name. A text that UTF-8 cannot carry (half a surrogate pair) is written with ``?`` in
    its place."""
    option = orjson.OPT_SORT_KEYS if sort else None
    try:
        return orjson.dumps(value, default=_decimal, option=option)
    except orjson.JSONEncodeError:
        return orjson.dumps(_carried(value), default=_decimal, option=option)


def _decimal(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(f"{value!r} cannot be written as JSON")


def _carried(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int) and not isinstance(value, bool):
        return orjson.Fragment(str(value))  # orjson itself stops at 64 bits
    if isinstance(value, dict):
        return {_carried(key): _carried(item) for key, item in value.items()}
    return [_carried(item) for item in value] if isinstance(value, list | tuple) else value
