"""How long to wait before the next try: exponential with full jitter up to a cap, and what the other side asks for."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

Random = Callable[[], float]
"""Gives numbers from 0 (inclusive) to 1 (exclusive)."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """``first`` and ``cap`` in seconds: the n-th wait is anything up to ``first * 2 ** (n - 1)``, and never above ``cap``.

    Full jitter, so that what failed together does not come back together; no wait is shorter than ``least``.
    """

    first: float = 1.0
    cap: float = 300.0
    least: float = 0.05

    def seconds(self, failures: int, random: Random) -> float:
        """The wait after so many failures in a row (1 is the first)."""
        longest = self.cap if failures > 40 else min(self.cap, self.first * 2.0 ** (max(1, failures) - 1))
        return max(self.least, longest * random())


class Failures:
    """How often in a row something failed, by name. It is soft knowledge: forgetting it costs one early call, so it is bounded
    and does not outlive the process."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._counts: OrderedDict[str, int] = OrderedDict()

    def count(self, name: str) -> int:
        """One more; how many there are now."""
        number = self._counts.pop(name, 0) + 1
        self._counts[name] = number
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return number

    def forget(self, name: str) -> None:
        """It worked, or is over."""
        self._counts.pop(name, None)


class OwnTrouble:
    """Tells the trouble of one from an outage of all: by whether others of the group got through between two of its failures.

    Soft knowledge as well, and bounded.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._passed: Counter[str] = Counter()
        self._failed: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def passed(self, group: str, name: str) -> None:
        """This one got through."""
        self._passed[group] += 1
        self._failed.pop(name, None)

    def failed(self, group: str, name: str) -> int:
        """How many of its failures in a row came after a success of another one; 0 as long as it may be an outage."""
        passed = self._passed[group]
        before, own = self._failed.pop(name, (passed, 0))
        own += passed > before
        self._failed[name] = (passed, own)
        if len(self._failed) > self._most:
            self._failed.popitem(last=False)
        return own


def retry_after(value: str | None, now: int) -> float | None:
    """Seconds that a ``Retry-After`` asks for (a number of seconds or an HTTP date); None where it says nothing readable."""
    if value is None or not (text := value.strip()):
        return None
    if text.isdecimal():
        return float(text) if len(text) < 8 else None
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.fromtimestamp(now / 1000, UTC)).total_seconds())
