"""Compiled contracts on disk, so that a start does not load a WSDL again that has not changed.

A file is named by the digest of everything it was made from, so it never goes stale; one that cannot be read is made
again. Writing is atomic, and a cache that cannot be written costs time only.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


def cached(directory: Path | None, name: str, adapter: TypeAdapter[T], make: Callable[[], T]) -> T:
    """The value stored under ``name``, else what ``make`` gives, which is then stored. No directory: nothing is kept."""
    if directory is None:
        return make()
    path = directory / f"{name}.json"
    # a file that is missing, cut short, or of another form is made again
    with contextlib.suppress(OSError, ValidationError):
        return adapter.validate_json(path.read_bytes())
    value = make()
    with contextlib.suppress(OSError):
        write_whole(path, adapter.dump_json(value))
    return value


def write_whole(path: Path, text: bytes) -> None:
    """Writes beside the place and renames, so that a reader sees a whole file or none. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.stem[:16]}", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.close()
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
