"""Python values on disk, for the next start of the same program: whole models that take longer to make than to read.

Reading a pickle runs what it says, so a file is read only from a folder that nobody but this user can write to. Each file names what
its value was made from (``key``) and the digest of its own text: one that is of something else, or damaged, is no file at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import stat
from pathlib import Path
from typing import Any

from adapter.contract.cache import write_whole

_DIGEST = 32


def load(folder: Path, name: str, key: bytes) -> Any | None:
    """The value stored under ``name`` if it was made from ``key`` (32 bytes), else None."""
    path = folder / f"{name}.pickle"
    try:
        if not (_private(folder, stat.S_ISDIR) and _private(path, stat.S_ISREG)):
            return None
        data = path.read_bytes()
    except OSError:
        return None
    text = memoryview(data)[2 * _DIGEST :]
    if data[:_DIGEST] != key or data[_DIGEST : 2 * _DIGEST] != _digest(text):
        return None
    with contextlib.suppress(Exception):  # whatever a class says that is no longer what it was
        return pickle.loads(text)  # noqa: S301 - this user wrote it, see above
    return None


def store(folder: Path, name: str, key: bytes, value: Any) -> None:
    """Stores a value in place of the one before it. What cannot be stored is not: that costs time only."""
    with contextlib.suppress(OSError, pickle.PicklingError, TypeError, AttributeError, RecursionError):
        text = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / f"{name}.pickle", key + _digest(text) + text)


def _private(path: Path, kind: Any) -> bool:
    found = path.lstat()
    return kind(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _digest(text: bytes | memoryview) -> bytes:
    return hashlib.blake2b(text, digest_size=_DIGEST).digest()
