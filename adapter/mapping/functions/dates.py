"""Filters on dates. A date is text all the way: it is read, and written again, only where a rule says so."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapter.contract.shape import Kind
from adapter.mapping.functions.registry import Function, Parameter
from adapter.mapping.functions.texts import as_text
from adapter.mapping.runtime import RuleFailed
from adapter.mapping.types import Type

_LETTERS = (("yyyy", "%Y"), ("YYYY", "%Y"), ("MM", "%m"), ("dd", "%d"), ("DD", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"))
"""How others write the parts of a date, and how they are written here."""


def zone(name: str) -> tzinfo:
    """The time zone of this name. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"'{name}' is no time zone (such as America/Puerto_Rico)") from error


def instant(text: str) -> datetime:
    """An ISO 8601 date-time, with or without offset. Raises RuleFailed."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise RuleFailed("the text is no ISO 8601 date or date-time") from error


def moved(moment: datetime, place: tzinfo) -> datetime:
    """The same moment in another zone. Raises RuleFailed where its year would not be one of 1 to 9999."""
    try:
        return moment.astimezone(place)
    except OverflowError as error:
        raise RuleFailed("the moment lies outside of the years 1 to 9999") from error


def written(moment: datetime) -> str:
    """``2026-01-31T10:00:00.000Z``. Raises RuleFailed as ``moved`` does."""
    return moved(moment, UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def check_format(pattern: str) -> str:
    """The pattern itself. Raises ValueError where a date written with it cannot be read again."""
    sample = datetime(2026, 1, 31, 10, 20, 30, tzinfo=timezone.utc)  # noqa: UP017 - any fixed moment will do
    if not pattern or "%" not in pattern:
        meant = functools.reduce(lambda text, pair: text.replace(*pair), _LETTERS, pattern)
        wanted = f"write '{meant}'" if meant != pattern else "such as %d/%m/%Y"
        raise ValueError(f"'{pattern}' names no part of a date ({wanted})")
    try:
        datetime.strptime(sample.strftime(pattern), pattern)  # noqa: DTZ007 - only whether it can be read matters
    except ValueError as error:
        raise ValueError(f"'{pattern}' is no date format: {error}") from error
    return pattern


def reformat_date(value: Any, old: str, new: str) -> str:
    """A date written as `old` (such as '%Y-%m-%d') written as `new` instead; the time of day and zone are not shifted."""
    try:
        moment = datetime.strptime(as_text(value), old)  # noqa: DTZ007 - the zone, if any, stays what it is
    except ValueError as error:
        raise RuleFailed(f"the text is no date of the form {old}") from error
    return moment.strftime(new)


def _reformat_date(old: str, new: str) -> Callable[[Any], str]:
    check_format(old)
    check_format(new)
    return lambda value: reformat_date(value, old, new)


def to_utc(value: Any, local: str = "") -> str:
    """An ISO date-time as UTC with milliseconds and Z. `local` is the zone of a text without an offset."""
    moment = instant(as_text(value))
    if moment.tzinfo is None:
        if not local:
            raise RuleFailed("the date-time has no offset, and the rule names no zone")
        moment = moment.replace(tzinfo=zone(local))
    return written(moment)


def _to_utc(local: str = "") -> Callable[[Any], str]:
    if local:
        zone(local)
    return lambda value: to_utc(value, local)


def in_zone(value: Any, name: str) -> str:
    """An ISO date-time with offset as the same moment in the zone `name`, with that zone's offset."""
    moment = instant(as_text(value))
    if moment.tzinfo is None:
        raise RuleFailed("the date-time has no offset, so its moment is not known")
    return moved(moment, zone(name)).isoformat()


def _in_zone(name: str) -> Callable[[Any], str]:
    zone(name)
    return lambda value: in_zone(value, name)


def _computed(kind: Type, _arguments: list[Any]) -> Type:
    return Type(Kind.TEXT, optional=kind.optional)


DATE_FILTERS = (
    Function("reformat_date", reformat_date, parameters=(Parameter("old"), Parameter("new")), refine=_computed, bind=_reformat_date),
    Function("to_utc", to_utc, parameters=(Parameter("local", default=""),), refine=_computed, bind=_to_utc),
    Function("in_zone", in_zone, parameters=(Parameter("name"),), refine=_computed, bind=_in_zone),
)
