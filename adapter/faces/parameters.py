"""Declared headers and query parameters of a request: found under any spelling, checked, given back by canonical name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from adapter.errors import Problem
from adapter.faces.declaration import Face, Kind, Parameter
from adapter.faces.incoming import Incoming, spellings

_TEXT = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]*")
_PATH_VALUE = re.compile(r"[^\x00-\x1f\x7f/\\]{1,128}")


@dataclass(frozen=True, slots=True)
class _Declared:
    name: str
    spec: Parameter
    spellings: tuple[bytes, ...]  # of a header
    pattern: re.Pattern[str] | None
    fits: Callable[[str], object] = field(init=False)
    optional: bool = field(init=False)  # nothing is said, and nothing put in its place, where it is not sent

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", _fits(self))
        object.__setattr__(self, "optional", not self.spec.required and self.spec.default is None)


class Headers:
    """The headers that a face declares."""

    def __init__(self, face: Face) -> None:
        self._declared = [_Declared(name, spec, spellings((name, *spec.aliases)), _compiled(spec)) for name, spec in face.headers.items()]
        self._by_name = {item.name: item for item in self._declared}
        self.echoed = tuple((item.name.encode("ascii"), item.name) for item in self._declared if face.headers[item.name].echo)

    def one(self, incoming: Incoming, name: str) -> str:
        """The value of one declared header where it is sent, unambiguous and right; else ""."""
        item = self._by_name[name]
        values = incoming.values(item.spellings)
        return values[0] if len(values) == 1 and item.fits(values[0]) else ""

    def read(self, incoming: Incoming, market: str, kind: Kind) -> tuple[dict[str, str], list[Problem]]:
        """Values by canonical name, defaults put in, and everything that is wrong with them."""
        found: dict[str, str] = {}
        problems: list[Problem] = []
        for item in self._declared:
            values = incoming.values(item.spellings)
            if not values and item.optional:
                continue
            if len(values) == 1 and values[0] and item.fits(values[0]):
                found[item.name] = values[0]
            elif len(values) > 1:
                problems.append(Problem(item.name, "this header was sent more than once, with different values"))
            else:
                required = item.spec.required_in(market, kind)
                _take(item, values[0] if values else None, found, problems, required=required, what="header")
        return found, problems


class Queries:
    """The query parameters that a route declares; others are none of its business."""

    def __init__(self, declared: Mapping[str, Parameter]) -> None:
        self._declared = [_Declared(name, spec, (), _compiled(spec)) for name, spec in declared.items()]

    def read(self, pairs: Sequence[tuple[str, str]], market: str, kind: Kind) -> tuple[dict[str, str], list[Problem]]:
        """Like ``Headers.read``."""
        found: dict[str, str] = {}
        problems: list[Problem] = []
        for item in self._declared:
            values = list(dict.fromkeys(value for name, value in pairs if name == item.name))
            if len(values) > 1:
                problems.append(Problem(item.name, "this query parameter was sent more than once, with different values"))
            else:
                _take(
                    item,
                    values[0] if values else None,
                    found,
                    problems,
                    required=item.spec.required_in(market, kind),
                    what="query parameter",
                )
        return found, problems


def path_problems(parameters: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the values of a path's parameters."""
    return [
        Problem(name, "is longer than 128 characters or holds characters that no id has")
        for name, value in parameters.items()
        if not _PATH_VALUE.fullmatch(value)
    ]


def _compiled(spec: Parameter) -> re.Pattern[str] | None:
    return re.compile(spec.pattern) if spec.pattern else None


def _take(item: _Declared, value: str | None, found: dict[str, str], problems: list[Problem], *, required: bool, what: str) -> None:
    if not value:
        if required:
            problems.append(Problem(item.name, f"this {what} is required"))
        elif item.spec.default is not None:
            found[item.name] = item.spec.default
        return
    wrong = _wrong(item, value)
    if wrong is None:
        found[item.name] = value
    else:
        problems.append(Problem(item.name, f"this {what} {wrong}"))


def _fits(item: _Declared) -> Callable[[str], object]:
    """What tells, at the least cost, whether ``_wrong`` has nothing to say of a value."""
    spec = item.spec
    if spec.enum:
        return frozenset(value for value in spec.enum if _wrong(item, value) is None).__contains__
    if spec.format:
        return lambda value: _wrong(item, value) is None
    most, text = spec.max_length, _TEXT.fullmatch if spec.text else _plain
    if item.pattern is None:
        return lambda value: len(value) <= most and text(value)
    pattern = item.pattern.fullmatch
    return lambda value: len(value) <= most and text(value) and pattern(value)


def _plain(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _wrong(item: _Declared, value: str) -> str | None:
    spec = item.spec
    if len(value) > spec.max_length:
        return f"is longer than {spec.max_length} characters"
    if not (_TEXT.fullmatch(value) if spec.text else _plain(value)):
        return "holds characters that no text has" if spec.text else "holds characters beyond visible ASCII"
    if spec.enum and value not in spec.enum:
        return f"has to be {' or '.join(spec.enum)}"
    if item.pattern is not None and not item.pattern.fullmatch(value):
        return "holds characters that are not allowed in it, or in the wrong order"
    if spec.format == "date" and not _is_day(value):
        return "has to be a day of the calendar, as 2026-01-31"
    return None


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
