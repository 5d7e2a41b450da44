"""The dictionaries that bodies are packed with: what most bodies have in common is in there, and no longer in each of them.

A packed body names its dictionary by number. One that has shipped stays as it is for ever, because bodies on record cannot be read without
it; ``benchmarks/words.py`` makes the next.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import zstandard

from adapter.errors import StoreUnavailable

KNOWN = {
    32769: "335cc765e269adfb04fced35679609ca11d6612646c259d6c1cc929e778befc2",
}
"""The number of each dictionary, with the SHA-256 of its file: what is packed with a damaged one is lost."""

WRITTEN = 32769
"""The one that this version packs with. A release that knows a new one comes before the one that packs with it: both run at once."""

NONE = 0
"""The number that a body packed without any has: those of older releases."""


def file_of(number: int) -> Path:
    """Where a dictionary is."""
    return Path(__file__).with_name(f"words-{number}.zdict")


@functools.cache
def words(number: int) -> zstandard.ZstdCompressionDict:
    """A known dictionary, read once. Raises StoreUnavailable where it is not what was shipped."""
    file = file_of(number)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise StoreUnavailable(
            f"{file}, by which the record is read, cannot be read ({error.strerror}); install the adapter again"
        ) from error
    if hashlib.sha256(raw).hexdigest() != KNOWN[number]:
        raise StoreUnavailable(f"{file}, by which the record is read, is not what this version was shipped with; install the adapter again")
    return zstandard.ZstdCompressionDict(raw)
