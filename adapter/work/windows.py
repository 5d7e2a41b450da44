"""When a backend must not be called: closed windows, half-open, in the backend's own time zone.

A window begins at each moment its cron expression names and lasts so many minutes of real time, whatever the clocks on the wall do
meanwhile. Where windows overlap or touch, the backend is closed from the first beginning to the last end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CHAIN = 1_000
_LOOK = 2_000
_MINUTE = 60_000
_YEAR = 366 * 24 * 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed time, ``[start, end)``, milliseconds since the epoch."""

    start: int
    end: int


class Windows:
    """The closed windows of one backend. ``declared`` are cron expressions (minute hour day month weekday, where 0 and 7 are Sunday)
    with minutes. Raises ValueError for what is no cron expression. Without windows the backend is always open.
    """

    def __init__(self, declared: Iterable[tuple[str, float]], timezone: str = "UTC") -> None:
        self._zone = ZoneInfo(timezone)
        self._parts = [(_trigger(cron, self._zone), int(minutes * _MINUTE)) for cron, minutes in declared]
        self._known: tuple[int, Closed | None] | None = None

    def open(self, now: int) -> bool:
        """Whether the backend may be called at ``now`` (milliseconds since the epoch)."""
        closed = self.next_closed(now)
        return closed is None or now < closed.start

    def closes_within(self, now: int, milliseconds: int) -> bool:
        """Whether a call that begins at ``now`` and lasts so long would reach into a closed time; True while it is closed."""
        closed = self.next_closed(now)
        return closed is not None and (now >= closed.start or now + milliseconds > closed.start)

    def next_open(self, now: int) -> int:
        """``now`` where the backend is open, else the end of the closed time."""
        closed = self.next_closed(now)
        return now if closed is None or now < closed.start else closed.end

    def next_closed(self, now: int) -> Closed | None:
        """The closed time at ``now``, else the next one; None where there is none any more."""
        if not self._parts:
            return None
        # Asked for at each tick of each lane, and the same until its end: cron arithmetic is done once per closed time.
        if self._known is None or now < self._known[0] or (self._known[1] is not None and now >= self._known[1].end):
            self._known = (now, self._search(now))
        return self._known[1]

    def never(self, now: int) -> bool:
        """Whether there is no closed time any more after ``now``."""
        return all(_fire(trigger, now, self._zone) is None for trigger, _ in self._parts)

    def always(self, now: int) -> bool:
        """Whether the backend is closed from its next closed time on as far as anyone looks: a year, or two thousand windows in a row."""
        begins = [(at, at + lasts) for trigger, lasts in self._parts if (at := _fire(trigger, now, self._zone)) is not None]
        if not begins:
            return False
        start, end = min(begins)
        for _ in range(_LOOK):
            reaching = (
                (at, at + lasts)
                for trigger, lasts in self._parts
                if (at := _fire(trigger, end - lasts + 1, self._zone)) is not None and at <= end
            )
            longest = max((until for _, until in reaching), default=end)
            if longest <= end:
                return False
            end = longest
            if end - start > _YEAR:
                return True
        return True

    def _search(self, now: int) -> Closed | None:
        """The first closed time that ends after ``now``, with all that overlaps it."""
        firsts = [found for trigger, lasts in self._parts if (found := _first(trigger, lasts, now, self._zone)) is not None]
        if not firsts:
            return None
        start, end = min((closed.start, closed.end) for closed in firsts)
        for _ in range(_CHAIN):  # windows that never end, because each reaches the next, are closed for good as far as anyone looks
            reaching = [
                beginning + lasts
                for trigger, lasts in self._parts
                if (beginning := _last_before(trigger, end, self._zone, end - lasts + 1)) is not None
            ]
            longest = max([end, *reaching])
            if longest == end:
                break
            end = longest
        return Closed(start, end)


def _first(trigger: CronTrigger, lasts: int, now: int, zone: ZoneInfo) -> Closed | None:
    """The first window of one expression that ends after ``now``."""
    beginning = _fire(trigger, now - lasts + 1, zone)
    return None if beginning is None else Closed(beginning, beginning + lasts)


def _last_before(trigger: CronTrigger, until: int, zone: ZoneInfo, since: int) -> int | None:
    """The last beginning at or before ``until``, as far as there is one after ``since``."""
    last, beginning = None, _fire(trigger, since, zone)
    for _ in range(_CHAIN):
        if beginning is None or beginning > until:
            break
        last, beginning = beginning, _fire(trigger, beginning + 1, zone)
    return last


def _fire(trigger: CronTrigger, since: int, zone: ZoneInfo) -> int | None:
    """The first beginning at or after ``since``."""
    # Cron looks at whole seconds: one that has begun does not count.
    whole = -(-since // 1000)
    found = trigger.get_next_fire_time(None, datetime.fromtimestamp(whole, zone))
    return None if found is None else round(found.timestamp() * 1000)


def _trigger(cron: str, zone: ZoneInfo) -> CronTrigger:
    parts = cron.split()
    if len(parts) != 5:
        raise ValueError(f"'{cron}' has {len(parts)} parts; a cron expression has five: minute hour day month weekday")
    minute, hour, day, month, weekday = parts
    return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=_weekdays(weekday), timezone=zone)


def _weekdays(text: str) -> str:
    """Cron counts weekdays from Sunday, the library from Monday; so they go to it by name."""
    days: list[str] = []
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            if not step:
                return "*"
            span = "0-6"
        first, dash, last = span.partition("-")
        begin = _weekday(first, text)
        end = _weekday(last, text) if dash else begin
        end += 7 if end < begin else 0
        if step and not (step.isdecimal() and int(step)):
            raise ValueError(f"'{text}': '/{step}' is no step of weekdays")
        days += [_DAYS[number % 7] for number in range(begin, end + 1, int(step or 1))]
    return ",".join(dict.fromkeys(days))


def _weekday(name: str, text: str) -> int:
    if name.lower() in _DAYS:
        return _DAYS.index(name.lower())
    if name.isdecimal() and int(name) <= 7:
        return int(name)
    raise ValueError(f"'{text}': '{name}' is no weekday; write 0 to 7 (0 and 7 are Sunday) or sun to sat")
