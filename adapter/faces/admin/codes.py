"""The codes that backends have used, as operators see them."""

from __future__ import annotations

from typing import Any

from adapter import clock
from adapter.store import CodeRow


def code_row(row: CodeRow) -> dict[str, Any]:
    """A code as operators see it."""
    return {
        "market": row.market,
        "code": row.code,
        "name": row.name,
        "severity": row.severity,
        "count": row.count,
        "firstSeen": clock.iso(row.first_seen),
        "lastSeen": clock.iso(row.last_seen),
        "sample": row.sample,
    }
