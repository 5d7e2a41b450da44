"""How far dates are from each other, and which of them are working days. Nothing is shifted unless a rule says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from adapter.contract.shape import Kind
from adapter.mapping.functions.dates import instant, moved, zone
from adapter.mapping.functions.registry import Function, Parameter
from adapter.mapping.functions.texts import as_text
from adapter.mapping.runtime import RuleFailed, refuse
from adapter.mapping.types import Type

_SATURDAY: Final = 5
_MICROSECOND: Final = timedelta(microseconds=1)
_AN_HOUR: Final = Decimal(3_600_000_000)  # microseconds
_LENGTH_OF_DATE: Final = 10


def hours_between(value: Any, other: Any, local: str = "") -> Decimal:
    """The hours from the date-time to `other`, less than 0 where `other` is earlier. `local` is the zone of texts without an offset."""
    passed = _moment(other, local) - _moment(value, local)
    return Decimal(passed // _MICROSECOND) / _AN_HOUR


def _hours_between(other: Any, local: str = "") -> Callable[[Any], Decimal]:
    if local:
        zone(local)
    return lambda value: hours_between(value, other, local)


def _moment(value: Any, local: str) -> datetime:
    """In UTC: Python counts wall clock hours between two moments of one zone."""
    moment = instant(as_text(value))
    if moment.tzinfo is None:
        if not local:
            raise RuleFailed("the date-time has no offset, and the rule names no zone", value)
        moment = moment.replace(tzinfo=zone(local))
    return moved(moment, UTC)


def days_between(value: Any, other: Any) -> int:
    """The days in the calendar from the date to `other`, less than 0 where `other` is earlier; of a date-time the date counts."""
    return (_day(other) - _day(value)).days


def add_days(value: Any, days: int) -> str:
    """The date, or date-time, so many days later (earlier, if `days` is less than 0); time of day and offset stay as written."""
    day = _day(value)
    if not value.startswith(day.isoformat()):
        raise RuleFailed("the text is no date of the form 2026-01-31, with or without a time", value)
    try:
        return (day + timedelta(days=days)).isoformat() + as_text(value)[_LENGTH_OF_DATE:]
    except OverflowError as error:
        raise RuleFailed("the date lies outside of the years 1 to 9999", value) from error


def next_working_day(value: Any, holidays: Any) -> str:
    """The first working day after the date: neither Saturday nor Sunday, nor in the list `holidays`. It has no time of day."""
    free = _holidays(holidays)
    day = _day(add_days(value, 1))
    while _is_free(day, free):
        day = _day(add_days(day.isoformat(), 1))
    return day.isoformat()


def working_day(value: Any, holidays: Any) -> bool:
    """The date is neither Saturday nor Sunday, nor in the list `holidays`; of a date-time the date as written counts."""
    return not _is_free(_day(value), _holidays(holidays))


def _is_free(day: date, holidays: frozenset[date]) -> bool:
    return day.weekday() >= _SATURDAY or day in holidays


def _day(value: Any) -> date:
    return instant(as_text(value)).date()


def _holidays(values: Any) -> frozenset[date]:
    found = set()
    for value in values if values.__class__ in (list, tuple) else refuse("a list of dates", values):
        try:
            found.add(date.fromisoformat(as_text(value, "a list of dates").strip()))
        except ValueError as error:
            raise RuleFailed("a holiday is no date such as 2026-01-01", values, ours=True) from error
    return frozenset(found)


def _as_long(kind: Type, _arguments: list[Any]) -> Type:
    return Type(Kind.TEXT, max_length=kind.max_length)


def _a_date(_kind: Type, _arguments: list[Any]) -> Type:
    return Type(Kind.TEXT, max_length=_LENGTH_OF_DATE)


_OTHER: Final = Parameter("other", constant=False)
_HOLIDAYS: Final = Parameter("holidays", constant=False, many=True)

CALENDAR_FILTERS = (
    Function("hours_between", hours_between, parameters=(_OTHER, Parameter("local", default="")), gives=Kind.DECIMAL, bind=_hours_between),
    Function("days_between", days_between, parameters=(_OTHER,), gives=Kind.INTEGER),
    Function("add_days", add_days, parameters=(Parameter("days", frozenset({Kind.INTEGER}), constant=False),), refine=_as_long),
    Function("next_working_day", next_working_day, parameters=(_HOLIDAYS,), refine=_a_date),
)
CALENDAR_TESTS = (Function("working_day", working_day, parameters=(_HOLIDAYS,), gives=Kind.BOOLEAN),)
