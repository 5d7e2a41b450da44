"""How the functions of the record reach the database: prebuilt statements, run one by one inside the runner's transaction.

Statements are SQLAlchemy Core. Their text is made once for each engine, when it first runs them, and goes straight to the driver: the
columns are text, integers and bytes only, so nothing has to be converted, and a statement costs a few microseconds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol

from sqlalchemy import Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ClauseElement

Parameters = Mapping[str, Any]

_DIALECT = sqlite.dialect(paramstyle="qmark")  # the driver looks named parameters up one by one, each time by a new text
_DIALECT.insert_returning = False  # nobody asks for the keys: they are all made here


class Statement:
    """One statement of the record. ``core`` is what it was built from; ``text`` and ``ordered``, which puts parameters and the statement's
    own values into the order of the text, are for SQLite's driver.

    ``columns`` are the columns that an INSERT takes from its parameters, beside those it sets itself. ``numbered`` is for the engine
    that numbers its parameters: text, their names in order, and the values that the statement brings along; it is made there.
    An upsert is built with the INSERT of ``sqlalchemy.dialects.sqlite``.
    """

    __slots__ = ("columns", "core", "numbered", "ordered", "text")
    text: str
    ordered: Callable[[Parameters], tuple[Any, ...]]

    def __init__(self, core: Executable, columns: Sequence[str] | None = None) -> None:
        assert isinstance(core, ClauseElement)
        self.core = core
        self.columns = columns
        self.numbered: tuple[str, tuple[str, ...], dict[str, Any]] | None = None

    def __getattr__(self, name: str) -> Any:
        """Asked for what is not there yet only: the statement is compiled for SQLite."""
        if name not in ("ordered", "text"):
            raise AttributeError(name)
        compiled: Any = self.core.compile(dialect=_DIALECT, column_keys=self.columns)
        self.text = str(compiled)
        self.ordered = _in_order(tuple(compiled.positiontup or ()), constants_of(compiled))
        return getattr(self, name)


def constants_of(compiled: Any) -> dict[str, Any]:
    """The values that a compiled statement brings along; what it still has to be given stands there as a symbol."""
    return {name: value for name, value in compiled.params.items() if type(value) in (str, int, bytes)}


def _in_order(names: tuple[str, ...], constants: Parameters) -> Callable[[Parameters], tuple[Any, ...]]:
    """The values of these names, in their order."""
    pick: Callable[[Parameters], tuple[Any, ...]]
    pick = itemgetter(*names) if len(names) > 1 else lambda parameters: tuple(map(parameters.__getitem__, names))
    return (lambda parameters: pick({**constants, **parameters})) if constants else pick


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

    def lock(self, name: str) -> None:
        """Waits until no other transaction holds this name, and holds it to the end of this one. Nothing to do for a single writer."""
        ...

    def hold(self, statement: Statement, parameters: Parameters) -> bool:
        """Runs a SELECT … FOR UPDATE. False, and nothing is done, where there is a single writer: what was read before still stands."""
        ...


class SqliteConnection:
    """The one connection of the one thread that writes the file."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._cursor = driver.cursor()  # one for all: each statement is read to its end before the next
        self._execute = self._cursor.execute

    def rows(self, statement: Statement, parameters: Parameters) -> list[tuple[Any, ...]]:
        """All rows."""
        return self._execute(statement.text, statement.ordered(parameters)).fetchall()

    def row(self, statement: Statement, parameters: Parameters) -> tuple[Any, ...] | None:
        """The first row, or None."""
        found = self._execute(statement.text, statement.ordered(parameters)).fetchall()
        return found[0] if found else None

    def change(self, statement: Statement, parameters: Parameters) -> int:
        """How many rows were written."""
        return self._execute(statement.text, statement.ordered(parameters)).rowcount

    def change_many(self, statement: Statement, parameters: Iterable[Parameters]) -> None:
        """The statement once for each set of parameters."""
        self._cursor.executemany(statement.text, map(statement.ordered, parameters))

    def lock(self, name: str) -> None:
        """This is the only writer."""

    def hold(self, statement: Statement, parameters: Parameters) -> bool:  # noqa: ARG002
        """This is the only writer."""
        return False

    def close(self) -> None:
        """Ends its last statement, which would keep the file open."""
        self._cursor.close()
