"""A complete copy of the record's file, made by the process that has it open."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from adapter.errors import ConfigError
from adapter.store.private import make_private


def copier(path: Path) -> Callable[[sqlite3.Connection], None]:
    """Writes a copy to the new file ``path``. Raises ConfigError if it exists."""
    part = path.with_name(f"{path.name}.part")

    def copy(driver: sqlite3.Connection) -> None:
        if path.exists():
            raise ConfigError(f"{path} exists already; name a new file for the backup")
        part.unlink(missing_ok=True)
        make_private(part)
        driver.execute("VACUUM INTO ?", (str(part),))
        _to_disk(part)
        part.replace(path)
        _to_disk(path.parent)

    return copy


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
