"""Looking up code tables, with what each says about a miss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapter.mapping.model import Direction
from adapter.mapping.runtime import CodeRefused, refuse
from adapter.mapping.tables import CodeTable

# called for each value without a row: table, direction, value
MissHook = Callable[[str, Direction, str], None]


def no_hook(_table: str, _direction: Direction, _value: str) -> None:
    """For whoever does not count misses."""


def lookup(table: CodeTable, direction: Direction, on_miss: MissHook) -> Callable[[Any], Any]:
    """One direction of a table as a function. It raises CodeRefused for a miss that the table refuses."""
    codes, miss, name = table.codes(direction), table.miss(direction), table.name.value

    def find(value: Any) -> Any:
        if value.__class__ is not str:
            refuse(f"a text for the code table {name}", value)
        found = codes.get(value)
        if found is not None:
            return found
        on_miss(name, direction, value)
        if miss.passes:
            return value
        if miss.default is not None:
            return miss.default
        raise CodeRefused(name, value)

    return find
