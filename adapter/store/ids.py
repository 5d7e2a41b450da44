"""Order ids: 26 characters that sort by time, and their short form for the backends.

The first 10 characters are the milliseconds since the epoch, the other 16 are random; within one millisecond they count up, so
that the ids of one process sort as they were made. Crockford's alphabet: no I, L, O, U to be misread on the telephone.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_LETTERS = bytes(ord(_ALPHABET[byte & 31]) for byte in range(256))  # each as often as any other
_NEXT = dict(itertools.pairwise(_ALPHABET))
_RANDOM = 16


class Entropy:
    """Random bytes of the operating system, fetched many at a time: each fetch hands the interpreter to other threads."""

    _BLOCK = 4_096

    def __init__(self) -> None:
        self._block = b""
        self._at = 0

    def __call__(self, size: int) -> bytes:
        """The next ``size`` of them."""
        at = self._at
        if len(self._block) - at < size:
            self._block, at = secrets.token_bytes(self._BLOCK), 0
        self._at = at + size
        return self._block[at : at + size]


class OrderIds:
    """Makes ids. ``clock`` gives milliseconds since the epoch, ``entropy(size)`` random bytes."""

    def __init__(self, clock: Callable[[], int], entropy: Callable[[int], bytes] | None = None) -> None:
        self._clock = clock
        self._entropy = entropy or Entropy()
        self._last = ""

    def __call__(self) -> str:
        """The next id."""
        now = self._clock()
        high, low = now >> 30, now & 0x3FFFFFFF
        time = f"{_PAIRS[high >> 10]}{_PAIRS[high & 1023]}{_PAIRS[low >> 20]}{_PAIRS[low >> 10 & 1023]}{_PAIRS[low & 1023]}"
        if time > self._last[:10]:
            self._last = time + self._entropy(_RANDOM).translate(_LETTERS).decode()
        else:  # the same millisecond, or a clock that was set back
            self._last = _after(self._last)
        return self._last


def _after(text: str) -> str:
    """The text that follows, counted in the alphabet."""
    kept = text.rstrip(_ALPHABET[-1])
    return f"{kept[:-1]}{_NEXT[kept[-1]]}".ljust(len(text), _ALPHABET[0])


def short_form(order_id: str) -> str:
    """16 characters that stand for the order at its backend: the time and the end of the random part."""
    return order_id[:10] + order_id[-6:]
