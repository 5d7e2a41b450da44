"""Statements over a list of keys. Their text is made once for each of a few lengths; a shorter list is filled up with its last key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Executable, Text, bindparam

from adapter.store.connection import Statement

LENGTHS = (1, 8, 32, 128)


class ListStatement:
    """``build`` gets the parameters that stand for the keys, and makes the statement with them."""

    __slots__ = ("_build", "_made")

    def __init__(self, build: Callable[[list[BindParameter[str]]], Executable]) -> None:
        self._build = build
        self._made: dict[int, Statement] = {}

    def over(self, keys: Sequence[str]) -> Iterator[tuple[Statement, dict[str, Any]]]:
        """The statements that together cover all keys, each with its parameters; none for no keys."""
        for start in range(0, len(keys), LENGTHS[-1]):
            some = keys[start : start + LENGTHS[-1]]
            length = next(length for length in LENGTHS if length >= len(some))
            values = {f"key{index}": some[min(index, len(some) - 1)] for index in range(length)}
            yield self._statement(length), values

    def _statement(self, length: int) -> Statement:
        if length not in self._made:
            self._made[length] = Statement(self._build([bindparam(f"key{index}", type_=Text()) for index in range(length)]))
        return self._made[length]
