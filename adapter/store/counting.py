"""Backend codes that were seen, gathered for a moment and written together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from adapter.errors import StoreUnavailable
from adapter.ports import Issue
from adapter.store import codes
from adapter.store.rows import CodeRow

FLUSH_SECONDS = 1.0
"""Counts of codes are written this long after the first of them; a crash loses no more than that, and of nothing else."""


class Transactions(Protocol):
    """Runs a function of the record in a transaction."""

    async def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """See ``Store.tx``."""


class CodeCounts:
    """What was counted and is not written yet."""

    def __init__(self, tx: Transactions, clock: Callable[[], int]) -> None:
        self._tx = tx
        self._clock = clock
        self._counts: codes.Tally = {}
        self._flush: asyncio.TimerHandle | None = None
        self._flushing: set[asyncio.Future[None]] = set()

    def add(self, market: str, issues: Iterable[Issue]) -> None:
        """Counts backend codes."""
        codes.tally(self._counts, market, issues, self._clock())
        if self._counts and self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._start)

    async def all(self) -> list[CodeRow]:
        """All codes seen so far, by market, most frequent first."""
        await self.write()
        rows: list[CodeRow] = await self._tx(codes.read_codes)
        return rows

    async def write(self) -> None:
        """Writes what waits. Raises StoreUnavailable; then it waits on."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            await self._tx(codes.write_counts, counts)
        except StoreUnavailable:
            codes.merge(counts, self._counts)
            self._counts = counts
            raise

    @property
    def waiting(self) -> bool:
        """Whether a write is due or under way."""
        return self._flush is not None or bool(self._flushing)

    def _start(self) -> None:
        future = asyncio.ensure_future(self.write())
        self._flushing.add(future)
        future.add_done_callback(self._end)

    def _end(self, future: asyncio.Future[None]) -> None:
        self._flushing.discard(future)
        if not future.cancelled():
            future.exception()  # a disk that is full is reported by those who need it; the counts are kept for the next time
