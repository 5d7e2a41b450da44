"""Python values on disk, for the next start of the same program: whole models that take longer to make than to read.

Reading a pickle runs what it says, so a file is read only from a folder that nobody but this user can write to. Each file names what
its value was made from (``key``) and the digest of its own text: one that is of something else, or damaged, is no file at all. Of each
name the newest few stay.
"""

from __future__ import annotations

import contextlib
import copyreg
import functools
import hashlib
import io
import os
import pickle
import stat
from dataclasses import fields
from pathlib import Path
from typing import Any

from adapter.contract.cache import write_whole

_DIGEST = 32
_MOST = 4  # of one name: services with other settings may share the folder


def load(folder: Path, name: str, key: bytes) -> Any | None:
    """The value stored under ``name`` if it was made from ``key`` (32 bytes), else None."""
    path = _file(folder, name, key)
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
    """Stores a value. What cannot be stored is not: that costs time only."""
    with contextlib.suppress(OSError, pickle.PicklingError, TypeError, AttributeError, RecursionError):
        file = io.BytesIO()
        _Pickler(file).dump(value)
        text = file.getvalue()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(_file(folder, name, key), key + _digest(text) + text)
        for old in sorted(folder.glob(f"{name}.*.pickle"), key=lambda path: path.stat().st_mtime_ns)[:-_MOST]:
            old.unlink(missing_ok=True)


def _file(folder: Path, name: str, key: bytes) -> Path:
    return folder / f"{name}.{key.hex()[:16]}.pickle"


class _Pickler(pickle.Pickler):
    """Writes frozen dataclasses with slots, of which models are full, so that reading does not ask each of them for its fields."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)

    def reducer_override(self, value: Any) -> Any:
        kind: Any = type(value)
        names = _frozen(kind)
        if not names:
            return NotImplemented
        return copyreg.__newobj__, (kind,), tuple([getattr(value, name) for name in names]), None, None, _fill  # type: ignore[attr-defined]


@functools.cache
def _frozen(kind: type) -> tuple[str, ...]:
    """The fields of a frozen dataclass with slots; none of any other class."""
    known = kind.__dict__.get("__dataclass_params__")
    return tuple(each.name for each in fields(kind)) if known is not None and known.frozen and "__slots__" in kind.__dict__ else ()


def _fill(value: Any, state: tuple[Any, ...]) -> None:
    kind: Any = type(value)
    for name, each in zip(_frozen(kind), state, strict=True):
        object.__setattr__(value, name, each)


def _private(path: Path, kind: Any) -> bool:
    found = path.lstat()
    return kind(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _digest(text: bytes | memoryview) -> bytes:
    return hashlib.blake2b(text, digest_size=_DIGEST).digest()
