"""Requests that wait for the end of an attempt which another request is making."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from adapter.store.rows import InFlight, Settlement

LOOK_SECONDS = 0.1
"""How often an attempt is looked at that another process may be making."""


class Waiting:
    """Who waits for which attempt. ``is_open`` tells whether an attempt has no outcome at all yet."""

    def __init__(self, is_open: Callable[[str, int], Awaitable[bool]], clock: Callable[[], int]) -> None:
        self._is_open = is_open
        self._clock = clock
        self._waiting: dict[tuple[str, int], list[asyncio.Future[Settlement | None]]] = {}
        self._looking: dict[tuple[str, int], asyncio.Task[None]] = {}

    async def settled(self, flight: InFlight) -> Settlement | None:
        """The end of the attempt; None where it had ended before, another process ended it, or its deadline passed."""
        future: asyncio.Future[Settlement | None] = asyncio.get_running_loop().create_future()
        place = (flight.order_id, flight.attempt)
        waiting = self._waiting.setdefault(place, [])
        waiting.append(future)
        try:
            if not await self._is_open(*place):
                return future.result() if future.done() else None
            if flight.elsewhere and place not in self._looking:
                self._looking[place] = asyncio.create_task(self._look(place))
            async with asyncio.timeout(max(0, flight.until - self._clock()) / 1000):
                return await future
        except TimeoutError:
            return None
        finally:
            waiting.remove(future)
            if not waiting:
                self._waiting.pop(place, None)

    def tell(self, order_id: str, attempt: int, settlement: Settlement | None) -> None:
        """Wakes those who wait; None where what became of the attempt has to be asked of the record."""
        for future in self._waiting.get((order_id, attempt), ()):
            if not future.done():
                future.set_result(settlement)

    async def _look(self, place: tuple[str, int]) -> None:
        """Looks whether another process has ended the attempt, for all who wait for it and as long as somebody does."""
        try:
            while place in self._waiting:
                await asyncio.sleep(LOOK_SECONDS)
                if not await self._is_open(*place):
                    self.tell(*place, None)
                    return
        except Exception:
            self.tell(*place, None)  # asked again, the record says what is wrong with it
            raise
        finally:
            del self._looking[place]
