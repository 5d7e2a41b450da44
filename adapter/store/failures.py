"""What went wrong with the database file, and what to do about it."""

from __future__ import annotations

import sqlite3

from adapter.errors import StoreUnavailable


class OutcomeUnknown(StoreUnavailable):
    """The connection was lost during the COMMIT: it may have been written, or not."""


_REMEDIES = {
    "SQLITE_FULL": "free space on that disk, or raise max_page_count in the store's URL; nothing of this request was written",
    "SQLITE_IOERR": "look at the disk and at the system log; nothing of this request was written",
    "SQLITE_BUSY": "another process has the file open: stop it, or give this one a file of its own (ADAPTER_DATA or 'store')",
    "SQLITE_LOCKED": "another process has the file open: stop it, or give this one a file of its own (ADAPTER_DATA or 'store')",
    "SQLITE_READONLY": "make the file and its folder writable for the user that runs the service",
    "SQLITE_PERM": "make the file and its folder writable for the user that runs the service",
    "SQLITE_CANTOPEN": "make sure that the folder exists and is writable, and that the path names a file",
    "SQLITE_CORRUPT": "stop the service, keep the file, and restore the last backup (adapter backup makes one)",
    "SQLITE_NOTADB": "the path names a file that is no SQLite database: move it away or name another one",
}


def unavailable(error: sqlite3.Error, file: str) -> StoreUnavailable:
    """The driver's error as one that names the file, the cause and the remedy."""
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    family = "_".join(name.split("_")[:2])
    remedy = _REMEDIES.get(family, "this is a fault of the program, not of the disk; please report it with this text")
    return StoreUnavailable(f"the record {file} cannot be used: {error} ({name}); {remedy}")
