"""Named converters of two-way rules: each a pair of functions that undo each other.

``TMF path: legacy path | first | second``: read from the legacy path on, as filters are: a reply goes through ``first``, then
``second``; a request through the inverse of ``second``, then that of ``first``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from adapter.contract.shape import Kind, Shape
from adapter.mapping.functions.dates import check_format, instant, moved, written, zone
from adapter.mapping.functions.numbers import boolean, decimal, integer
from adapter.mapping.functions.registry import Parameter, signature
from adapter.mapping.functions.texts import as_text
from adapter.mapping.functions.transliteration import ascii_only
from adapter.mapping.runtime import ABSENT, RuleFailed, refuse

_COUNT: Final = frozenset({Kind.INTEGER})


@dataclass(frozen=True, slots=True)
class Pair:
    """Both directions with their arguments bound; each raises RuleFailed for a value it cannot convert.

    ``fits(value)``: a canonical value that comes back equal. What does not fit is refused on the way to the legacy side,
    never changed in silence. ``same(sent, back)`` says what equal means where that is not ``==``.
    """

    to_legacy: Callable[[Any], Any]
    to_canonical: Callable[[Any], Any]
    fits: Callable[[Any], bool]
    same: Callable[[Any, Any], bool] = operator.eq


@dataclass(frozen=True, slots=True)
class Side:
    """What a converter takes or gives on one side."""

    kind: Kind
    many: bool = False

    def __str__(self) -> str:
        return f"list of {self.kind}" if self.many else str(self.kind)


@dataclass(frozen=True, slots=True)
class Converter:
    """``bind(*arguments)`` raises ValueError where the arguments are wrong. ``table``: its argument names a code table,
    which is looked up elsewhere, so that ``bind`` is None. ``misfit(arguments, canonical, legacy)`` says why an object's shape
    cannot be converted, "" where it can; such a converter stands alone."""

    name: str
    canonical: Side
    legacy: Side
    documentation: str
    parameters: tuple[Parameter, ...] = ()
    bind: Callable[..., Pair] | None = None
    table: bool = field(default=False)
    misfit: Callable[[tuple[Any, ...], Shape, Shape], str] | None = None

    @property
    def signature(self) -> str:
        """``padded(width, char='0')``."""
        return signature(self.name, self.parameters)


def arguments_for(converter: Converter, given: tuple[str | int | bool, ...]) -> tuple[Any, ...]:
    """The arguments with defaults filled in. Raises ValueError that says what is wanted."""
    parameters = converter.parameters
    needed = sum(parameter.required for parameter in parameters)
    if not needed <= len(given) <= len(parameters):
        raise ValueError(f"'{converter.name}' has {len(given)} arguments, wanted is {converter.signature}")
    for parameter, value in zip(parameters, given, strict=False):
        kind = Kind.BOOLEAN if isinstance(value, bool) else Kind.INTEGER if isinstance(value, int) else Kind.TEXT
        if parameter.kinds and kind not in parameter.kinds:
            raise ValueError(f"'{parameter.name}' of '{converter.name}' is {' or '.join(sorted(parameter.kinds))}, not {kind}")
    return (*given, *(parameter.default for parameter in parameters[len(given) :]))


def bind_converter(name: str, given: tuple[str | int | bool, ...]) -> Pair:
    """The bound pair of any converter but ``code``. Raises KeyError (unknown name) and ValueError (wrong arguments)."""
    converter = CONVERTERS[name]
    if converter.bind is None:
        raise ValueError(f"'{name}' needs a code table")
    return converter.bind(*arguments_for(converter, given))


def _padded(width: int, char: str = "0") -> Pair:
    if width < 1 or len(char) != 1:
        raise ValueError("width is 1 or more, char one character")

    def fits(value: str) -> bool:
        return 0 < len(value) <= width and not value.startswith(char)

    def to_legacy(value: Any) -> str:
        text = as_text(value)
        if not fits(text):
            raise RuleFailed(f"the text is empty, longer than {width} characters or starts with {char!r}, so it would not come back equal")
        return text.rjust(width, char)

    return Pair(to_legacy, lambda value: as_text(value).lstrip(char), fits)


def _prefixed(prefix: str) -> Pair:
    if not prefix:
        raise ValueError("the text is not empty")

    def to_canonical(value: Any) -> str:
        if not as_text(value).startswith(prefix):
            raise RuleFailed(f"the text does not start with {prefix!r}")
        return str(value[len(prefix) :])

    return Pair(lambda value: prefix + as_text(value), to_canonical, lambda _value: True)


def _suffixed(suffix: str) -> Pair:
    if not suffix:
        raise ValueError("the text is not empty")

    def to_canonical(value: Any) -> str:
        if not as_text(value).endswith(suffix):
            raise RuleFailed(f"the text does not end with {suffix!r}")
        return str(value[: -len(suffix)])

    return Pair(lambda value: as_text(value) + suffix, to_canonical, lambda _value: True)


def _ascii(other: str = "?") -> Pair:
    if not other.isascii():
        raise ValueError("other is ASCII itself")

    def to_legacy(value: Any) -> str:
        return ascii_only(value, other)

    return Pair(to_legacy, as_text, lambda _value: True, lambda sent, back: to_legacy(sent) == back)


def _separated(separator: str) -> Pair:
    if not separator:
        raise ValueError("separator is not empty")

    def fits(values: list[str]) -> bool:
        joined = separator.join(values)
        return bool(values) and values != [""] and joined.split(separator) == values

    def to_legacy(values: Any) -> str:
        texts = [as_text(value, "a list of text") for value in values] if values.__class__ is list else refuse("a list of text", values)
        if not fits(texts):
            raise RuleFailed(f"the list is empty, or an element holds {separator!r}, so it would not come back equal")
        return separator.join(texts)

    return Pair(to_legacy, lambda value: as_text(value).split(separator) if as_text(value) else [], fits)


def _yes_no(yes: str, no: str) -> Pair:
    if yes == no:
        raise ValueError("yes and no are different texts")
    return Pair(lambda value: yes if _truth(value) else no, lambda value: boolean(value, yes, no), lambda _value: True)


def _truth(value: Any) -> bool:
    return bool(value) if value.__class__ is bool else refuse("true or false", value)


def _number() -> Pair:
    return Pair(lambda value: str(_whole(value)), lambda value: integer(as_text(value)), lambda _value: True)


def _whole(value: Any) -> int:
    return int(value) if value.__class__ is int else refuse("an integer", value)


_DIGITS: Final = re.compile(r"0|-?[1-9][0-9]*")


def _digits() -> Pair:
    def fits(value: str) -> bool:
        return _DIGITS.fullmatch(value) is not None

    def to_legacy(value: Any) -> int:
        if not fits(as_text(value)):
            raise RuleFailed("the text is no whole number without leading zeros, so it would not come back equal")
        return integer(value)

    return Pair(to_legacy, lambda value: str(_whole(value)), fits)


def _entries(name: str, value: str) -> Pair:
    if not name or not value or name == value:
        raise ValueError("name and value are two different members of the legacy element")

    def fits(members: dict[str, Any]) -> bool:
        return bool(members)

    def to_legacy(members: Any) -> list[dict[str, str]]:
        if members.__class__ is not dict:
            return refuse("an object", members)
        if not fits(members):
            raise RuleFailed("the object has no members, so it would not come back equal")
        return [{name: member, value: as_text(content, "an object of text")} for member, content in members.items()]

    def to_canonical(elements: Any) -> dict[str, str]:
        members: dict[str, str] = {}
        for element in elements if elements.__class__ is list else refuse("a list of objects", elements):
            member = as_text(element.get(name, ABSENT), f"an element with '{name}'")
            if member in members:
                raise RuleFailed(f"two elements have the {name} '{member[:40]}', and an object holds a member once")
            members[member] = as_text(element.get(value, ABSENT), f"an element with '{value}'")
        return members

    return Pair(to_legacy, to_canonical, fits)


def _holds_texts(given: tuple[Any, ...], canonical: Shape, legacy: Shape) -> str:
    """Why an object cannot be a list of named texts; "" where it can."""
    for member in given:
        place = legacy.members.get(member)
        if place is None or place.many or place.shape.kind is not Kind.TEXT:
            return f"an element of the legacy list has no text '{member}'"
    others = [member.name for member in legacy.members.values() if member.required and member.name not in given]
    if others:
        return f"an element of the legacy list needs '{others[0]}' as well"
    wrong = [member.name for member in canonical.members.values() if member.many or member.shape.kind is not Kind.TEXT]
    return f"'{wrong[0]}' of the object is no text" if wrong else ""


_PLACES: Final = 200  # before and after the point; far beyond any amount


def _decimal(fraction: int = -1) -> Pair:
    if fraction < -1:
        raise ValueError("fraction is the number of digits after the point")

    def fits(value: Decimal) -> bool:
        if not value.is_finite() or not -_PLACES < value.adjusted() < _PLACES or len(value.as_tuple().digits) > _PLACES:
            return False
        return fraction < 0 or Decimal(format(value, f".{fraction}f")) == value

    def to_legacy(value: Any) -> str:
        amount = decimal(value) if value.__class__ is not str else refuse("a number", value)
        if not fits(amount):
            raise RuleFailed("the number is out of range, or has more digits after the point than the legacy text")
        return format(amount, "f") if fraction < 0 else format(amount, f".{fraction}f")

    return Pair(to_legacy, lambda value: decimal(as_text(value)), fits)


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


_TEXT, _TEXTS = Side(Kind.TEXT), Side(Kind.TEXT, many=True)

CONVERTERS: Final[dict[str, Converter]] = {
    converter.name: converter
    for converter in (
        Converter("code", _TEXT, _TEXT, "Both codes of a row of the code table `table`.", (Parameter("table"),), table=True),
        Converter(
            "padded",
            _TEXT,
            _TEXT,
            "The legacy text is filled up to `width` characters with `char` at its start.",
            (Parameter("width", _COUNT), Parameter("char", default="0")),
            _padded,
        ),
        Converter("prefixed", _TEXT, _TEXT, "The legacy text has `prefix` before the canonical one.", (Parameter("prefix"),), _prefixed),
        Converter("suffixed", _TEXT, _TEXT, "The legacy text has `suffix` behind the canonical one.", (Parameter("suffix"),), _suffixed),
        Converter(
            "ascii",
            _TEXT,
            _TEXT,
            "The legacy text in ASCII: no accents, other letters and signs spelled out (ß is ss); what has no spelling is `other`.",
            (Parameter("other", default="?"),),
            _ascii,
        ),
        Converter(
            "separated",
            _TEXTS,
            _TEXT,
            "The legacy text holds the list's texts with `separator` between.",
            (Parameter("separator"),),
            _separated,
        ),
        Converter(
            "yes_no",
            Side(Kind.BOOLEAN),
            _TEXT,
            "True is the legacy text `yes`, false `no`.",
            (Parameter("yes", default="Y"), Parameter("no", default="N")),
            _yes_no,
        ),
        Converter("number", Side(Kind.INTEGER), _TEXT, "An integer that the legacy side writes as text.", (), _number),
        Converter("digits", _TEXT, Side(Kind.INTEGER), "A text of digits that the legacy side holds as an integer.", (), _digits),
        Converter(
            "decimal",
            Side(Kind.DECIMAL),
            _TEXT,
            "A decimal that the legacy side writes as text, with `fraction` digits after the point (-1: as many as there are).",
            (Parameter("fraction", _COUNT, default=-1),),
            _decimal,
        ),
        Converter("date", _TEXT, _TEXT, "A date (YYYY-MM-DD) that the legacy side writes as `format`.", (Parameter("format"),), _date),
        Converter(
            "date_time",
            _TEXT,
            _TEXT,
            "A moment (RFC 3339, any offset) that the legacy side writes as `format` in the time zone `zone`; an answer gives it in UTC.",
            (Parameter("format"), Parameter("zone", default="UTC")),
            _date_time,
        ),
        Converter(
            "entries",
            Side(Kind.OBJECT),
            Side(Kind.OBJECT, many=True),
            "An object whose members are the legacy list's elements: each has the member's name in `name` and its text in `value`.",
            (Parameter("name"), Parameter("value")),
            _entries,
            misfit=_holds_texts,
        ),
    )
}
