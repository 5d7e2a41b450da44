"""Converters of dates and moments that the other side writes in a form of its own."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, Final

from adapter.mapping.converters.pair import TEXT, Converter, Pair
from adapter.mapping.functions.dates import check_format, instant, moved, written, zone
from adapter.mapping.functions.registry import Parameter
from adapter.mapping.functions.texts import as_text
from adapter.mapping.runtime import RuleFailed


def _date(pattern: str) -> Pair:
    check_format(pattern)
    sample = date(1999, 12, 28)
    if datetime.strptime(sample.strftime(pattern), pattern).date() != sample:  # noqa: DTZ007 - dates have no zone
        raise ValueError(f"'{pattern}' does not name day, month and year, so the date would not come back")
    short = "%y" in pattern or "%D" in pattern or "%x" in pattern

    def fits(value: str) -> bool:
        found = re.fullmatch(r"([0-9]{4})-[0-9]{2}-[0-9]{2}", value)
        return found is not None and (not short or 1969 <= int(found.group(1)) <= 2068) and int(found.group(1)) >= 1000

    def to_legacy(value: Any) -> str:
        text = as_text(value)
        try:
            day = date.fromisoformat(text) if fits(text) else None
        except ValueError:
            day = None
        if day is None:
            raise RuleFailed(f"the text is no date (YYYY-MM-DD) that {pattern} can write")
        return day.strftime(pattern)

    def to_canonical(value: Any) -> str:
        try:
            return datetime.strptime(as_text(value), pattern).date().isoformat()  # noqa: DTZ007 - dates have no zone
        except ValueError as error:
            raise RuleFailed(f"the text is no date of the form {pattern}") from error

    return Pair(to_legacy, to_canonical, fits)


_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")


def _moment(value: Any) -> datetime:
    """The moment of an RFC 3339 text. Raises RuleFailed."""
    if _MOMENT.fullmatch(as_text(value)) is None:
        raise RuleFailed("the text is no RFC 3339 date-time with its offset (such as 2026-01-31T10:20:30Z)")
    return instant(value.upper())


def _date_time(pattern: str, local: str) -> Pair:
    check_format(pattern)
    place = zone(local)
    sample = datetime(1999, 12, 28, 13, 14, 15, tzinfo=UTC)
    if datetime.strptime(sample.strftime(pattern), pattern).replace(tzinfo=UTC) != sample:
        raise ValueError(f"'{pattern}' does not name date and time to the second, so the moment would not come back")
    unit = 1000 if "%f" in pattern else 1_000_000  # microseconds; ``written`` knows no more than milliseconds

    def cut(moment: datetime) -> datetime:
        return moment.replace(microsecond=moment.microsecond // unit * unit)

    def read(text: str) -> datetime:
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is set below
        except ValueError as error:
            raise RuleFailed(f"the text is no date-time of the form {pattern}") from error
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=place)

    def to_legacy(value: Any) -> str:
        moment = cut(_moment(value))
        text = moved(moment, place).strftime(pattern)
        if not comes_back(text, moment):  # the hour that a change of clocks repeats, or a year that the format cannot tell
            raise RuleFailed(f"the moment would not come back from a text of the form {pattern} in the zone {local}")
        return text

    def comes_back(text: str, moment: datetime) -> bool:
        try:
            return read(text) == moment
        except RuleFailed:
            return False

    def fits(value: str) -> bool:
        try:
            return bool(to_legacy(value))
        except RuleFailed:
            return False

    def same(sent: str, back: str) -> bool:
        return written(cut(_moment(sent))) == written(_moment(back))

    return Pair(to_legacy, lambda value: written(read(as_text(value))), fits, same)


DATE_CONVERTERS = (
    Converter("date", TEXT, TEXT, "A date (YYYY-MM-DD) that the legacy side writes as `format`.", (Parameter("format"),), _date),
    Converter(
        "date_time",
        TEXT,
        TEXT,
        "A moment (RFC 3339, any offset) that the legacy side writes as `format` in the time zone `zone`; an answer gives it in UTC.",
        (Parameter("format"), Parameter("zone", default="UTC")),
        _date_time,
    ),
)
