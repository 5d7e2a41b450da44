"""The closed windows of a market, tried before anything relies on them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from adapter.declared import At, Mistake, Places
from adapter.finding import Finding
from adapter.market import Market
from adapter.work.windows import Windows

_HINT = "write five parts: minute hour day month weekday, e.g. '30 2 * * mon-fri'"


def check_windows(market: Market, places: Places) -> list[Finding]:
    """K106: a ``cron`` that nobody can read; K109: one that never comes, or windows that never end; K110: one that cron reads otherwise."""
    found = [mistake for number in range(len(market.windows)) for mistake in _window(market, number)]
    if not any(mistake.severity == "error" for mistake in found):
        found += _together(market)
    return [places.finding(mistake) for mistake in found]


def _window(market: Market, number: int) -> Iterator[Mistake]:
    window, at = market.windows[number], ("windows", number, "cron")
    try:
        windows = Windows([(window.cron, float(window.minutes))], market.timezone)
    except ValueError as error:
        yield Mistake(at, f"'{window.cron}' is no cron expression: {error}", _HINT, "K106", value=True)
        return
    if windows.never(_now()):
        text = f"'{window.cron}' never comes: no year has such a day"
        yield Mistake(at, text, "correct the day or the month", "K109", value=True)
        return
    yield from _days(at, window.cron)


def _days(at: At, cron: str) -> Iterator[Mistake]:
    """A day and a weekday: cron means either of them, and here both have to hold."""
    _, _, day, month, weekday = cron.split()
    if not day.startswith("*") and not weekday.startswith("*"):
        text = f"closes on days on which both hold, {day} of the month and {weekday} of the week; cron elsewhere takes either of them"
        days = f"'{cron.rsplit(' ', 1)[0]} *' and '{' '.join(cron.split()[:2])} * {month} {weekday}'"
        hint = f"write * for one of the two; where either is meant, declare two windows: {days}"
        yield Mistake(at, text, hint, "K110", True, "warning")


def _together(market: Market) -> Iterator[Mistake]:
    windows = Windows([(window.cron, float(window.minutes)) for window in market.windows], market.timezone)
    if market.windows and windows.always(_now()):
        text = "the backend would never be open: each window begins before the one before it is over"
        yield Mistake(("windows",), text, "make them shorter, or let them begin less often", "K109")


def _now() -> int:
    return round(time.time() * 1000)
