"""JSON from outside becomes plain data, or a refusal that says where it is wrong.

orjson reads what is well formed. Whatever it refuses, or would read with a loss (a member given twice, a number with a fraction
or too big), is read again by the standard library, which is slower and keeps everything; that also finds the words for a refusal.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import orjson

from adapter.contract.hygiene import MAX_PROBLEMS, member_path, text_problems
from adapter.errors import InvalidMessage, Problem

MAX_DIGITS = 1000
MAX_EXPONENT = 400
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_BOM = b"\xef\xbb\xbf"
_NON_CHARACTER = b"\xef"  # how U+FFFE and U+FFFF begin, and few others; one byte is found at once
_SUSPICIOUS = re.compile(rb"\\[ubf]|\xef\xbf[\xbe\xbf]")  # orjson escapes control characters; these may be some


def parse_json(raw: bytes, *, max_depth: int = 100) -> Any:
    """The document in ``raw`` (UTF-8): dict, list, str, int, Decimal, bool, None.

    Raises InvalidMessage: not UTF-8, malformed (line and column, from 1), nested deeper than ``max_depth``, a member given
    twice, NaN or Infinity, a number out of range, text that cannot be forwarded (naming the member).
    """
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _thorough(raw, max_depth)
    members, depth, lossless = _measure(document, max_depth)
    if depth > max_depth or not lossless or members != _colons(raw):
        return _thorough(raw, max_depth)
    if (b"\\" in raw or _NON_CHARACTER in raw) and _SUSPICIOUS.search(orjson.dumps(document)):
        _refuse_all(text_problems(document, max_depth=max_depth))
    return document


def _measure(document: Any, max_depth: int) -> tuple[int, int, bool]:
    """Counts the members of all objects and the depth, and whether every number is as it was written. Stops below ``max_depth``."""
    if type(document) is not dict and type(document) is not list:
        return 0, 0, type(document) is not float
    members, depth = 0, 0
    level: list[Any] = [document]
    while level and depth <= max_depth:
        depth += 1
        below: list[Any] = []
        for value in level:
            if type(value) is dict:
                members += len(value)
                value = value.values()  # noqa: PLW2901  # this loop is the price of every request
            for child in value:
                kind = type(child)
                if kind is str:
                    continue
                if kind is dict or kind is list:
                    below.append(child)
                elif kind is float:
                    return members, depth, False
        level = below
    return members, depth, True


def _colons(raw: bytes) -> int:
    """At least the number of members written in ``raw``: each has a colon behind a quote, but for blanks. Text may add to it, so
    that some documents are read twice without need; a member given twice always makes it larger than what was read."""
    return raw.translate(None, b" \t\r\n").count(b'":')


class _Doubled(dict[str, Any]):
    """An object some of whose members came twice."""

    names: tuple[str, ...] = ()


def _thorough(raw: bytes, max_depth: int) -> Any:
    """The same with the standard library, which keeps what orjson drops."""
    text = _decode(raw)
    if not text.strip(" \t\r\n"):
        raise InvalidMessage("The request body is empty; a JSON document is expected")
    _refuse_depth(text, max_depth)
    try:
        document = json.loads(text, parse_float=_decimal, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        _malformed(text, error.pos, _words(error.msg))
    except _BadNumberError as error:
        values = _STRING.sub(lambda found: " " * len(found[0]), text)
        _malformed(text, max(values.find(error.text), 0), error.reason)
    problems = text_problems(document, max_depth=max_depth)
    _refuse_all(_doubled(document) + problems)
    return document


def _decode(raw: bytes) -> str:
    if raw.startswith(_BOM):
        raise InvalidMessage("The request body begins with a byte order mark; send plain UTF-8 without one")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        text = f"The request body is not UTF-8: byte 0x{raw[error.start]:02x} at line {line} column {column} cannot be read"
        raise InvalidMessage(f"{text}; encode the body as UTF-8") from error


def _refuse_depth(text: str, max_depth: int) -> None:
    depth = 0
    for token in _BRACKETS.finditer(text):
        char = token.group()
        if char in ("{", "["):
            depth += 1
            if depth > max_depth:
                _malformed(text, token.start(), f"the document is nested deeper than {max_depth} levels; send it flatter")
        elif char in ("}", "]"):
            depth -= 1


class _BadNumberError(Exception):
    """A number that cannot be taken. ``text`` is how it was written."""

    def __init__(self, text: str, reason: str) -> None:
        self.text, self.reason = text, reason
        super().__init__(reason)


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _BadNumberError(text, f"the number has more than {MAX_DIGITS} digits")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_DIGITS:
        raise _BadNumberError(text, f"the number has more than {MAX_DIGITS} digits")
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = None
    if number is None or not -MAX_EXPONENT < number.adjusted() < MAX_EXPONENT:  # written out it would fill the memory
        raise _BadNumberError(text, "the number's exponent is out of range")
    return number


def _constant(text: str) -> NoReturn:
    raise _BadNumberError(text, f"{text} is no JSON value; leave the member out or send null")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    doubled = _Doubled(members)
    doubled.names = tuple(dict.fromkeys(name for name, _ in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
    return doubled


def _doubled(document: Any) -> list[Problem]:
    problems: list[Problem] = []
    todo: list[tuple[str, Any]] = [("", document)]
    while todo and len(problems) < MAX_PROBLEMS:
        path, value = todo.pop()
        if isinstance(value, _Doubled):
            problems += [Problem(member_path(path, name), "the member is given twice; send it once") for name in value.names]
        if isinstance(value, dict):
            todo.extend((member_path(path, name), child) for name, child in reversed(value.items()))
        elif isinstance(value, list):
            todo.extend((f"{path}[{index}]", child) for index, child in reversed(list(enumerate(value))))
    return problems[:MAX_PROBLEMS]


def _refuse_all(problems: list[Problem]) -> None:
    if problems:
        raise InvalidMessage(problems=problems[:MAX_PROBLEMS])


def _malformed(text: str, position: int, reason: str) -> NoReturn:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    raise InvalidMessage(f"The request body is not valid JSON: line {line} column {column}: {reason}")


_WORDS = {
    "Expecting value": "a value is expected here",
    "Expecting property name enclosed in double quotes": "a member name in double quotes is expected here",
    "Expecting ':' delimiter": "a colon is expected after the member name",
    "Expecting ',' delimiter": "a comma or the end of the object or list is expected here",
    "Extra data": "the document ends before this; only one document may be sent",
    "Unterminated string starting at": "the text that begins here is never closed",
    "Invalid control character at": "a line break or control character stands inside a text; escape it",
    "Illegal trailing comma before end of object": "there is a comma before the end of the object",
    "Illegal trailing comma before end of array": "there is a comma before the end of the list",
}


def _words(message: str) -> str:
    return _WORDS.get(message, message[:1].lower() + message[1:])
