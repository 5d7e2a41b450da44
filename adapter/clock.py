"""The one clock: milliseconds since the epoch, UTC. Parts that need the time are given this function or another."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def iso(milliseconds: int) -> str:
    """The instant as TMF wants it: ISO 8601 with milliseconds and ``Z``."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"
