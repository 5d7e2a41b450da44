"""The one clock: milliseconds since the epoch, UTC. Parts that need the time are given this function or another."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache


def now() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def iso(milliseconds: int) -> str:
    """The instant as TMF wants it: ISO 8601 with milliseconds and ``Z``."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=64)
def second(seconds: int) -> str:
    """A whole second since the epoch, as the beginning of ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
