"""The functions of the record on a bare connection, without the runner around them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.util.concurrency import greenlet_spawn

from adapter.ports import OutcomeKind
from adapter.store import Acceptance, Direction, MessageRow, OrderRow, Response, Settlement, Store, Version
from adapter.store.accepting import Asker, accept, intend
from adapter.store.connection import Parameters, SqliteConnection, Statement
from adapter.store.migrating import migrate
from adapter.store.postgres_connection import PostgresConnection
from adapter.store.reading import find_order, order_row
from adapter.store.schema import metadata
from adapter.store.settling import pack_settlement, settle
from tests import postgres_kit

AS_PLACED = Version(0, "acknowledged", "", "", None, "", "B-1", None)
"""An order as ``place`` leaves it."""

TABLES = tuple(sorted(metadata.tables))


class Memory(SqliteConnection):
    """A record in memory, and a way to look at its tables."""

    def __init__(self) -> None:
        self.driver = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.driver, Path("unused"))
        super().__init__(self.driver)

    def look(self, query: str) -> list[tuple[Any, ...]]:
        return self.driver.execute(query).fetchall()

    def table(self, name: str) -> list[tuple[Any, ...]]:
        return self.look(f"SELECT * FROM {name} ORDER BY 1, 2")

    def count(self, *names: str) -> list[int]:
        return [self.look(f"SELECT count(*) FROM {name}")[0][0] for name in names]

    def state(self) -> Any:
        """Two of these are equal if nothing was written between them, be it the same once more."""
        return self.driver.total_changes

    def close(self) -> None:
        self.driver.close()


class Database(Memory):
    """A record on PostgreSQL, each statement a transaction."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._pg = self._loop.run_until_complete(asyncpg.connect(url))
        self._inner = PostgresConnection(self._pg)

    def _wait(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._loop.run_until_complete(greenlet_spawn(function, *arguments))

    def rows(self, statement: Statement, parameters: Parameters) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._wait(self._inner.rows, statement, parameters)
        return found

    def row(self, statement: Statement, parameters: Parameters) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._wait(self._inner.row, statement, parameters)
        return found

    def change(self, statement: Statement, parameters: Parameters) -> int:
        return int(self._wait(self._inner.change, statement, parameters))

    def change_many(self, statement: Statement, parameters: Iterable[Parameters]) -> None:
        self._wait(self._inner.change_many, statement, parameters)

    def lock(self, name: str) -> None:
        self._wait(self._inner.lock, name)

    def hold(self, statement: Statement, parameters: Parameters) -> bool:
        return bool(self._wait(self._inner.hold, statement, parameters))

    def look(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._loop.run_until_complete(self._pg.fetch(query))]

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """As ``look``, of a text with ``$1``, ``$2`` …"""
        return [tuple(row) for row in self._loop.run_until_complete(self._pg.fetch(query, *values))]

    def state(self) -> Any:
        return [self.look(f"SELECT xmin::text, ctid::text FROM {name} ORDER BY 1, 2") for name in TABLES]

    def close(self) -> None:
        self._loop.run_until_complete(self._pg.close())
        self._loop.close()


@contextmanager
def record(engine: str) -> Iterator[Memory]:
    """An empty record on this engine."""
    if engine == "sqlite":
        with closing(Memory()) as memory:
            yield memory
    else:
        with postgres_kit.database() as url, closing(Database(url)) as made:
            yield made


def order_of(c: SqliteConnection, order_id: str) -> OrderRow:
    row = find_order(c, None, order_id)
    assert row is not None
    return order_row(row)


def place(c: SqliteConnection, order_id: str, at: int = 0, outcome: OutcomeKind | None = OutcomeKind.ACCEPTED, **changes: Any) -> OrderRow:
    """An order with one attempt and its messages, settled as ``outcome``; None leaves the attempt open."""
    values: dict[str, Any] = {
        "scope": "shop/productOrder.create",
        "key": f"key of {order_id}",
        "fingerprint": "f",
        "market": "north",
        "operation": "productOrder.create",
        "client": "shop",
        "face": "tmf",
        "correlation_id": "c-1",
        "request": b"{}",
        "deadline": at + 20_000,
        "messages": (MessageRow(Direction.CLIENT_REQUEST, "op", b"{}", at),),
    }
    accept(c, intend(Acceptance(**{**values, **changes}), order_id, Asker("n1", at)))
    if outcome is not None:
        reply = MessageRow(Direction.BACKEND_REPLY, "op", b"<ok/>", at)
        reference = "B-1" if outcome is OutcomeKind.ACCEPTED else ""
        settlement = Settlement(outcome, at, backend_ref=reference, response=Response(201, b"{}"), messages=(reply,))
        assert settle(c, *pack_settlement(order_id, 1, settlement))
    return order_of(c, order_id)


def on_store(url: str, scenario: Callable[[Store], Awaitable[Any]], **options: Any) -> Any:
    """Opens the record at this URL, runs ``scenario(store)``, closes it. ``options`` are those of ``Store.open``."""

    async def opened() -> Any:
        store = await Store.open(url, **options)
        try:
            return await scenario(store)
        finally:
            await store.close()

    return asyncio.run(opened())
