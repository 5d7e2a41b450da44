"""F20: closed windows, half-open, in the backend's own time zone, also where the clocks change and where windows overlap."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from adapter.work.windows import Closed, Windows

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = "UTC") -> int:
    """Milliseconds since the epoch of a moment as the wall clock of the zone shows it."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def shown(closed: Closed | None, zone: str) -> tuple[str, str]:
    assert closed is not None
    start, end = (datetime.fromtimestamp(moment / 1000, UTC).astimezone(ZoneInfo(zone)) for moment in (closed.start, closed.end))
    return start.strftime("%d. %H:%M %Z"), end.strftime("%d. %H:%M %Z")


def test_f20_a_window_is_half_open():
    windows = Windows([("0 2 * * *", 120)])
    start, end = at("2026-01-10T02:00:00"), at("2026-01-10T04:00:00")
    assert [windows.open(moment) for moment in (start - 1, start, end - 1, end)] == [True, False, False, True]
    assert [windows.next_open(moment) for moment in (start - 1, start, end - 1, end)] == [start - 1, end, end, end]
    assert windows.next_closed(end) == Closed(at("2026-01-11T02:00:00"), at("2026-01-11T04:00:00"))


def test_f20_no_call_begins_that_would_reach_into_a_window():
    windows = Windows([("0 2 * * *", 120)])
    start = at("2026-01-10T02:00:00")
    assert not windows.closes_within(start - 8_000, 8_000)
    assert windows.closes_within(start - 7_999, 8_000)
    assert not windows.closes_within(start - 1, 0)
    assert windows.closes_within(start, 0)
    assert not windows.closes_within(at("2026-01-10T04:00:00"), 8_000)


def test_a_backend_without_windows_is_always_open():
    windows = Windows([])
    assert windows.open(0)
    assert not windows.closes_within(0, 10**9)
    assert windows.next_open(5) == 5
    assert windows.next_closed(0) is None


def test_a_window_that_never_comes_again_closes_nothing():
    assert Windows([("0 0 30 2 *", 60)]).open(at("2026-01-10T02:00:00"))


@pytest.mark.parametrize(("cron", "comes"), [("0 0 31 2 *", False), ("0 0 29 2 mon", True), ("0 0 31 4,6 *", False), ("0 2 * * *", True)])
def test_it_is_known_whether_a_window_ever_comes(cron: str, comes: bool):
    assert Windows([(cron, 60)]).never(at("2026-01-10T02:00:00")) is not comes


@pytest.mark.parametrize(
    ("declared", "closed"),
    [
        ([("0 * * * *", 60)], True),
        ([("0 * * * *", 59)], False),
        ([("0 0 * * *", 720), ("0 12 * * *", 720)], True),
        ([("0 0 * * *", 720), ("0 12 * * mon-sat", 720)], False),
        ([("* * * * *", 1)], True),  # cut off after two thousand windows in a row
        ([("* * * * *", 10_080)], True),
        ([("0 0 * * sun", 10_080)], True),
        ([("0 0 31 2 *", 60)], False),
        ([], False),
    ],
)
def test_it_is_known_whether_windows_ever_let_a_call_through(declared: list[tuple[str, float]], closed: bool):
    assert Windows(declared).always(at("2026-01-10T02:00:00")) is closed


@pytest.mark.parametrize(
    ("zone", "opens"),
    [("America/Puerto_Rico", "2026-01-10T08:00:00"), ("Asia/Kolkata", "2026-01-09T22:30:00"), ("UTC", "2026-01-10T04:00:00")],
)
def test_windows_are_in_the_time_zone_of_the_backend(zone: str, opens: str):
    windows = Windows([("0 2 * * *", 120)], zone)
    assert windows.next_open(at(opens) - 1) == at(opens)
    assert windows.open(at(opens))


def test_f20_when_the_clocks_go_forward_a_window_lasts_as_long_as_ever():
    """2026-03-29 in Berlin: 01:59 CET is followed by 03:00 CEST."""
    windows = Windows([("0 1 * * *", 120)], BERLIN)
    closed = windows.next_closed(at("2026-03-28T12:00:00", BERLIN))
    assert shown(closed, BERLIN) == ("29. 01:00 CET", "29. 04:00 CEST")
    assert closed is not None
    assert closed.end - closed.start == 120 * 60_000


def test_f20_a_window_whose_beginning_is_left_out_by_the_clocks_is_kept_all_the_same():
    windows = Windows([("30 2 * * *", 60)], BERLIN)
    assert shown(windows.next_closed(at("2026-03-28T12:00:00", BERLIN)), BERLIN) == ("29. 03:30 CEST", "29. 04:30 CEST")


def test_f20_when_the_clocks_go_back_the_hour_that_comes_twice_is_closed_twice():
    """2026-10-25 in Berlin: 02:59 CEST is followed by 02:00 CET."""
    windows = Windows([("0 2 * * *", 30)], BERLIN)
    first = windows.next_closed(at("2026-10-24T12:00:00", BERLIN))
    assert shown(first, BERLIN) == ("25. 02:00 CEST", "25. 02:30 CEST")
    assert first is not None
    assert windows.open(first.end)
    second = windows.next_closed(first.end)
    assert shown(second, BERLIN) == ("25. 02:00 CET", "25. 02:30 CET")
    assert second is not None
    assert shown(windows.next_closed(second.end), BERLIN) == ("26. 02:00 CET", "26. 02:30 CET")


def test_f20_windows_that_overlap_or_touch_are_one_closed_time():
    windows = Windows([("0 2 * * *", 90), ("0 3 * * *", 60), ("0 4 * * *", 15), ("0 12 * * *", 10)])
    closed = windows.next_closed(at("2026-01-10T02:30:00"))
    assert closed == Closed(at("2026-01-10T02:00:00"), at("2026-01-10T04:15:00"))
    assert windows.next_closed(at("2026-01-10T04:15:00")) == Closed(at("2026-01-10T12:00:00"), at("2026-01-10T12:10:00"))


def test_a_window_that_began_before_now_is_known_as_a_whole():
    """Asked in the middle of a long one, with a short one before it that it has swallowed."""
    windows = Windows([("0 22 * * *", 480), ("0 23 * * *", 10)])
    assert windows.next_closed(at("2026-01-11T03:00:00")) == Closed(at("2026-01-10T22:00:00"), at("2026-01-11T06:00:00"))


def test_a_window_across_midnight_of_one_weekday():
    windows = Windows([("0 23 * * sun", 120)])
    assert not windows.open(at("2026-01-12T00:30:00"))  # Monday
    assert windows.open(at("2026-01-13T00:30:00"))


def test_windows_without_an_end_are_closed_for_as_long_as_anyone_looks():
    windows = Windows([("* * * * *", 2)])
    now = at("2026-01-10T02:00:00")
    assert not windows.open(now)
    assert windows.next_open(now) > now + 3_600_000


def test_time_that_is_set_back_is_looked_up_again():
    windows = Windows([("0 2 * * *", 120)])
    assert windows.open(at("2026-01-10T12:00:00"))
    assert not windows.open(at("2026-01-10T03:00:00"))


@pytest.mark.parametrize(
    ("weekdays", "closed"),
    [
        ("0", "Sun"),
        ("7", "Sun"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("5-1", "Fri Sat Sun Mon"),
        ("*/2", "Sun Tue Thu Sat"),
        ("mon,Wed", "Mon Wed"),
        ("*", "Sun Mon Tue Wed Thu Fri Sat"),
    ],
)
def test_weekdays_are_those_of_cron(weekdays: str, closed: str):
    """0 and 7 are Sunday; the library counts from Monday."""
    windows = Windows([(f"0 2 * * {weekdays}", 60)])
    days = {day: datetime(2026, 1, day, tzinfo=UTC).strftime("%a") for day in range(4, 11)}
    assert {name for day, name in days.items() if not windows.open(at(f"2026-01-{day:02}T02:30:00"))} == set(closed.split())


@pytest.mark.parametrize(
    ("cron", "why"),
    [
        ("0 2 * *", "has 4 parts"),
        ("0 2 * * 8", "'8' is no weekday"),
        ("0 2 * * mon/x", "is no step of weekdays"),
        ("0 2 * * mon/0", "is no step of weekdays"),
        ("61 2 * * *", "61"),
        ("0 2 * * tues", "'tues' is no weekday"),
    ],
)
def test_what_is_no_cron_expression_is_named(cron: str, why: str):
    with pytest.raises(ValueError, match=why):
        Windows([(cron, 60)])
