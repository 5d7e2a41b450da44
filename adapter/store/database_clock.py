"""The database's clock, as this process sees it between two looks at it.

All nodes go by the one clock of their database. A look costs a journey; between two looks the time since the last one is
added, taken from the clock of this machine that nobody sets. The error is half a journey and what the two clocks drift apart in
the seconds between; where that is too much, for a lease, ``PostgresRunner.now`` looks.
"""

from __future__ import annotations

import time

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # goes on while the machine sleeps
_DRIFT = 1000  # a look loses one microsecond of its worth in so many that pass

QUERY = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


def steady() -> int:
    """Microseconds since some moment; nobody sets this clock."""
    return time.clock_gettime_ns(_STEADY) // 1000


class DatabaseClock:
    """Milliseconds since the epoch, UTC, as the database counts them. It has to be looked at once before it is asked."""

    def __init__(self) -> None:
        self._offset: int | None = None
        self._uncertain = self._taken = self._looked = 0

    def __call__(self) -> int:
        """The time now."""
        if self._offset is None:
            raise RuntimeError("the database's clock has not been looked at")
        return (steady() + self._offset) // 1000

    def age(self) -> float:
        """Seconds since the last look."""
        return (steady() - self._looked) / 1e6

    def take(self, before: int, shown: int, after: int) -> None:
        """What the database's clock showed (microseconds) at some time between two readings of ``steady``."""
        uncertain = (after - before) // 2
        self._looked = after
        if self._offset is None or uncertain <= self._uncertain + (after - self._taken) // _DRIFT:
            self._offset, self._uncertain, self._taken = shown - (before + after) // 2, uncertain, after
