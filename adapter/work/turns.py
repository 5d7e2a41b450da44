"""Whose turn it is while nobody gets through: nearly always the first one's, so that an outage changes nothing about the order.

Of a backend that replies, but takes nothing, nobody can see from outside whether it is out of order, or only the first order is one that it
cannot take. So now and then another one is tried in its place, and ever more rarely: some pauses of the breaker after it has opened the
second one, twice as many after it the third one, and so on. Where that one gets through, the first one's trouble is its own, and it steps
aside.
"""

from __future__ import annotations

_FIRST = 4


class Turns:
    """Counts the calls of one lane that were replied to in vain. It is soft knowledge: forgetting it costs some tries."""

    def __init__(self) -> None:
        self._failed = 0

    def failed(self) -> None:
        """The backend replied, and took nothing."""
        self._failed += 1

    def passed(self) -> None:
        """One got through."""
        self._failed = 0

    def passed_over(self, threshold: int) -> int:
        """How many of those who stand first are passed over this time. None as long as the breaker counts, to ``threshold``."""
        turn = self._failed - threshold
        return 0 if turn < _FIRST or turn & (turn - 1) else turn.bit_length() - _FIRST.bit_length() + 1
