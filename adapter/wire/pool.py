"""The connections of one wire: those in use, and the idle ones that are kept for the next call."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from adapter.wire.connection import Connection

Origin = tuple[bool, str, int]


class Pool:
    """Keeps idle connections for ``keep`` seconds (0: none). How many there are is bounded by who asks."""

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._all: set[Connection] = set()
        self._suspects: set[Connection] = set()  # in use, and not to be kept afterwards
        self._idle: dict[Origin, deque[Connection]] = {}  # the one given back last stands last
        self._sweep: asyncio.TimerHandle | None = None
        self._empty: asyncio.Future[None] | None = None

    def add(self, connection: Connection) -> None:
        """A new connection, open, to be told of by `remove` when it is gone."""
        self._all.add(connection)

    def remove(self, connection: Connection) -> None:
        """A connection that is gone."""
        self._all.discard(connection)
        self._suspects.discard(connection)
        if self._empty is not None and not self._all and not self._empty.done():
            self._empty.set_result(None)

    def take(self, origin: Origin) -> Connection | None:
        """The idle connection that was used last and is still usable."""
        kept = self._idle.get(origin)
        while kept:
            connection = kept.pop()
            if connection.usable:
                return connection
            connection.abort()
        return None

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """A connection whose exchange went well."""
        if not connection.keeps:
            connection.abort()
            return
        if not self._keep or connection in self._suspects or self._empty is not None:
            connection.close()
            return
        connection.since = time.monotonic()
        self._idle.setdefault(origin, deque()).append(connection)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(self._keep, self._drop_old)

    def suspect(self, cause: Connection) -> bool:
        """Drops the idle connections, and those in use once they are done. False where ``cause`` was under suspicion itself."""
        if cause in self._suspects:
            return False
        for kept in self._idle.values():
            for connection in kept:
                connection.close()
            kept.clear()
        self._suspects.update(self._all)
        return True

    async def close(self) -> None:
        """Ends all connections and waits until they are gone."""
        if self._sweep is not None:
            self._sweep.cancel()
        self._empty = asyncio.get_running_loop().create_future()
        for connection in list(self._all):
            connection.abort("this client was closed")
        if self._all:
            await self._empty

    def _drop_old(self) -> None:
        """Drops what was idle for too long; looks again when the next one will have been."""
        until = time.monotonic() - self._keep
        for kept in self._idle.values():
            while kept and kept[0].since <= until:
                kept.popleft().close()
        oldest = min((kept[0].since for kept in self._idle.values() if kept), default=None)
        pause = None if oldest is None else max(oldest - until, 0.001)
        self._sweep = None if pause is None else asyncio.get_running_loop().call_later(pause, self._drop_old)
