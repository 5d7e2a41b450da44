"""How the functions of the record reach the database: prebuilt statements, run one by one inside the runner's transaction.

Statements are SQLAlchemy Core. On SQLite their text is made once and goes straight to the driver: the columns are text,
integers and bytes only, so nothing has to be converted, and a statement costs a few microseconds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ClauseElement

Parameters = Mapping[str, Any]

_DIALECT = sqlite.dialect(paramstyle="named")


class Statement:
    """One statement of the record. ``core`` is for engines that run Core themselves, ``text`` for SQLite's driver.

    ``columns`` are the columns that an INSERT takes from its parameters, beside those it sets itself.
    """

    __slots__ = ("constants", "core", "text")

    def __init__(self, core: Executable, columns: Sequence[str] | None = None) -> None:
        assert isinstance(core, ClauseElement)
        self.core = core
        compiled = core.compile(dialect=_DIALECT, column_keys=columns)
        self.text = str(compiled)
        self.constants = {name: value for name, value in compiled.params.items() if value is not None}


class Connection(Protocol):
    """What a function of the record may do. It neither begins nor ends the transaction."""

    def rows(self, statement: Statement, parameters: Parameters) -> list[tuple[Any, ...]]:
        """All rows."""
        ...

    def row(self, statement: Statement, parameters: Parameters) -> tuple[Any, ...] | None:
        """The first row, or None."""
        ...

    def change(self, statement: Statement, parameters: Parameters) -> int:
        """How many rows were written."""
        ...

    def change_many(self, statement: Statement, parameters: Iterable[Parameters]) -> None:
        """The statement once for each set of parameters."""
        ...


class SqliteConnection:
    """The one connection of the one thread that writes the file."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def rows(self, statement: Statement, parameters: Parameters) -> list[tuple[Any, ...]]:
        """All rows."""
        return self._run(statement, parameters).fetchall()

    def row(self, statement: Statement, parameters: Parameters) -> tuple[Any, ...] | None:
        """The first row, or None."""
        cursor = self._run(statement, parameters)
        found: tuple[Any, ...] | None = cursor.fetchone()
        cursor.close()
        return found

    def change(self, statement: Statement, parameters: Parameters) -> int:
        """How many rows were written."""
        return self._run(statement, parameters).rowcount

    def change_many(self, statement: Statement, parameters: Iterable[Parameters]) -> None:
        """The statement once for each set of parameters."""
        self._driver.executemany(statement.text, parameters)

    def _run(self, statement: Statement, parameters: Parameters) -> sqlite3.Cursor:
        if statement.constants:
            parameters = {**statement.constants, **parameters}
        return self._driver.execute(statement.text, parameters)
