"""The record's statements on PostgreSQL: the functions stay plain and synchronous, the driver is asyncpg.

A function runs in a greenlet; each statement gives the event loop back until its rows are there. SQLAlchemy compiles a statement
once, asyncpg prepares it once per connection, and nothing else stands between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.dialects.postgresql import asyncpg as dialects
from sqlalchemy.dialects.postgresql import dml as postgresql_dml
from sqlalchemy.dialects.sqlite import dml as sqlite_dml
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import greenlet_spawn

from adapter.store.connection import Connection, Parameters, Statement, constants_of

T = TypeVar("T")

_DIALECT: Any = dialects.dialect()  # type: ignore[no-untyped-call]
_DIALECT.insert_returning = False  # nobody asks for the keys: they are all made here
_LOCK = "SELECT pg_advisory_xact_lock($1)"


@compiles(sqlite_dml.OnConflictDoNothing, "postgresql")
def _do_nothing(clause: Any, compiler: Any, **options: Any) -> str:
    target = postgresql_dml.OnConflictDoNothing(
        index_elements=clause.inferred_target_elements, index_where=clause.inferred_target_whereclause
    )
    return str(compiler.process(target, **options))


@compiles(sqlite_dml.OnConflictDoUpdate, "postgresql")
def _do_update(clause: Any, compiler: Any, **options: Any) -> str:
    target = postgresql_dml.OnConflictDoUpdate(
        index_elements=clause.inferred_target_elements,
        index_where=clause.inferred_target_whereclause,
        set_=clause.update_values_to_set,
        where=clause.update_whereclause,
    )
    return str(compiler.process(target, **options))


def numbered(statement: Statement) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """The statement's text with ``$1``, ``$2`` …, the names of these parameters, and the values it brings along. Made once."""
    found = statement.numbered
    if found is None:
        compiled: Any = statement.core.compile(dialect=_DIALECT, column_keys=statement.columns)
        names = tuple(compiled.positiontup or ())
        found = statement.numbered = (str(compiled), names, constants_of(compiled))
    return found


def key_of(name: str) -> int:
    """A name as the 64 bits of an advisory lock. Two names that share them would wait for each other, and nothing worse."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)


async def run(function: Callable[..., T], connection: Connection, arguments: tuple[Any, ...]) -> T:
    """Runs a function of the record; its statements may wait."""
    return await greenlet_spawn(function, connection, *arguments)


class PostgresConnection:
    """One connection of the pool, inside a transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    def rows(self, statement: Statement, parameters: Parameters) -> list[tuple[Any, ...]]:
        """All rows."""
        text, names, constants = statement.numbered or numbered(statement)
        if constants:
            parameters = {**constants, **parameters}
        return [tuple(row) for row in await_only(self._driver.fetch(text, *[parameters[name] for name in names]))]

    def row(self, statement: Statement, parameters: Parameters) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self.rows(statement, parameters)
        return rows[0] if rows else None

    def change(self, statement: Statement, parameters: Parameters) -> int:
        """How many rows were written."""
        text, names, constants = statement.numbered or numbered(statement)
        if constants:
            parameters = {**constants, **parameters}
        values = [parameters[name] for name in names]
        status: str = await_only(self._driver.execute(text, *values))
        return int(status.rpartition(" ")[2])

    def change_many(self, statement: Statement, parameters: Iterable[Parameters]) -> None:
        """The statement once for each set of parameters, sent together."""
        text, names, constants = statement.numbered or numbered(statement)
        sets = [[values[name] for name in names] for values in _complete(constants, parameters)]
        if len(sets) == 1:
            await_only(self._driver.execute(text, *sets[0]))
        elif sets:
            await_only(self._driver.executemany(text, sets))

    def lock(self, name: str) -> None:
        """Waits until no other transaction holds this name, and holds it to the end of this one."""
        await_only(self._driver.fetch(_LOCK, key_of(name)))

    def hold(self, statement: Statement, parameters: Parameters) -> bool:
        """Locks the rows of a SELECT … FOR UPDATE; what was read of them before may have changed meanwhile."""
        self.rows(statement, parameters)
        return True


def _complete(constants: Parameters, parameters: Iterable[Parameters]) -> Iterable[Parameters]:
    return ({**constants, **each} for each in parameters) if constants else parameters
