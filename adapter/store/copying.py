"""A complete copy of the record's file, made by the process that has it open."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from adapter.errors import ConfigError
from adapter.store import restoring
from adapter.store.private import make_private


def copier(path: Path, now: int) -> Callable[[sqlite3.Connection], None]:
    """Writes a copy to the new file ``path``, which says of itself that it is one. Raises ConfigError if it exists."""
    part = path.with_name(f"{path.name}.part")

    def copy(driver: sqlite3.Connection) -> None:
        if path.exists():
            raise ConfigError(f"{path} exists already; name a new file for the backup")
        part.unlink(missing_ok=True)
        make_private(part)
        driver.execute("VACUUM INTO ?", (str(part),))
        with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copied:
            restoring.mark(copied, now)
        to_disk(part)
        part.replace(path)
        to_disk(path.parent)

    return copy


def to_disk(path: Path) -> None:
    """Returns when the file, or the folder's list of its files, is safely on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
