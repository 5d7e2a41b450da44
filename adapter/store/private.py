"""Files that only the service's own user may read: the record holds what customers ordered."""

from __future__ import annotations

from pathlib import Path

from adapter.errors import StoreUnavailable

_LOGS = ("-wal", "-shm", "-journal")


def make_private(file: Path) -> None:
    """Makes an empty file with mode 0600, or gives one that is there, and what SQLite left beside it, this mode.

    SQLite gives the files it makes the mode of their database. One that is there is not opened here: to close it again would
    let go of every lock this process holds on it. Raises StoreUnavailable.
    """
    try:
        file.touch(mode=0o600)
        for each in (file, *(file.with_name(file.name + log) for log in _LOGS)):
            if each.is_file() and each.stat().st_mode & 0o077:
                each.chmod(0o600)
    except OSError as error:
        raise StoreUnavailable(f"{file} cannot be used: {error}; make its folder writable, and the file the service's own") from error
