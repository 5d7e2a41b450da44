"""Order ids: 26 characters that sort by time, and their short form for the backends.

The first 10 characters are the milliseconds since the epoch, the other 16 are random; within one millisecond they count up, so
that the ids of one process sort as they were made. Crockford's alphabet: no I, L, O, U to be misread on the telephone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHIFTS = range(120, -10, -10)


class Entropy:
    """Random numbers of the operating system, fetched many at a time: each fetch hands the interpreter to other threads."""

    _BLOCK = 4_096

    def __init__(self) -> None:
        self._block = b""

    def __call__(self, bits: int) -> int:
        """A number below ``2 ** bits``; ``bits`` is a multiple of 8."""
        size = bits // 8
        if len(self._block) < size:
            self._block = secrets.token_bytes(self._BLOCK)
        taken, self._block = self._block[:size], self._block[size:]
        return int.from_bytes(taken)


class OrderIds:
    """Makes ids. ``clock`` gives milliseconds since the epoch, ``entropy(bits)`` random numbers."""

    def __init__(self, clock: Callable[[], int], entropy: Callable[[int], int] | None = None) -> None:
        self._clock = clock
        self._entropy = entropy or Entropy()
        self._last = -1

    def __call__(self) -> str:
        """The next id."""
        value = self._clock() << _RANDOM_BITS | self._entropy(_RANDOM_BITS)
        if value >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:  # the same millisecond, or a clock that was set back
            value = self._last + 1
        self._last = value
        return "".join(map(_PAIRS.__getitem__, [value >> shift & 1023 for shift in _SHIFTS]))


def short_form(order_id: str) -> str:
    """16 characters that stand for the order at its backend: the time and the end of the random part."""
    return order_id[:10] + order_id[-6:]
