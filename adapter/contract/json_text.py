"""JSON from outside becomes plain data, or a refusal that says where it is wrong.

orjson reads what is well formed. Whatever it refuses, or may have read with a loss (a member given twice, a number with a fraction
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
_ESCAPED_COLON = b"\\u003"  # and a few other characters
_SHAPE = bytes.maketrans(b"[123456789", b"{000000000")
_REST = bytes(code for code in range(256) if code not in b'{[}]0123456789.,e+-" ')  # but the ends of texts, and of words that are none
_POINT = re.compile(rb"\.0[0e+\-]*+(?:[,}\]]|\Z)")  # the numbers that are not whole ones, as orjson writes them, in the shape of a document
_EXPONENT = re.compile(rb"0e[+\-]?0++(?:[,}\]]|\Z)")
_SUSPICIOUS = re.compile(rb"\\[ubf]|\xef\xbf[\xbe\xbf]")  # orjson escapes control characters; these may be some


def parse_json(raw: bytes, *, max_depth: int = 100) -> Any:
    """The document in ``raw`` (UTF-8): dict, list, str, int, Decimal, bool, None.

    Raises InvalidMessage: not UTF-8, malformed (line and column, from 1), nested deeper than ``max_depth``, a member given
    twice, NaN or Infinity, a number out of range, text that cannot be forwarded (naming the member).
    """
    return read_json(raw, max_depth=max_depth)[0]


def read_json(raw: bytes, *, max_depth: int = 100) -> tuple[Any, bytes]:
    """The same, and the document as ``write_json`` writes it; b"" where nobody has written it yet."""
    try:
        document = orjson.loads(raw)
        text = orjson.dumps(document)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # the latter where it is nested too deep to be written
        return _thorough(raw, max_depth), b""
    if not (_is_whole(raw, text) and _is_plain(document, text, max_depth)):
        return _thorough(raw, max_depth), b""
    if (raw.find(b"\\") >= 0 or raw.find(_NON_CHARACTER) >= 0) and _SUSPICIOUS.search(text):
        _refuse_all(text_problems(document, max_depth=max_depth))
    return document, text


def _is_whole(raw: bytes, text: bytes) -> bool:
    """Whether every member of ``raw`` is in ``text``, which was written from what was read. A member given twice takes a colon with it, and
    nothing puts one in its place but a text with an escaped one; such a document is read twice without need."""
    return raw == text or (_colons(raw) == _colons(text) and (raw.find(b"\\") < 0 or raw.find(_ESCAPED_COLON) < 0))


def _colons(text: bytes) -> int:
    return len(text) - len(text.replace(b":", b""))  # counts them in half of the time that ``count`` takes


def _is_plain(document: Any, text: bytes, max_depth: int) -> bool:
    """Whether every number is as it was written, and nothing is nested deeper than that. Of a document with no more brackets than that, and
    nothing that looks like a fraction, its text tells it for a third of what it costs to go through all values."""
    shape = text.translate(_SHAPE, _REST)
    if shape.count(b"{") <= max_depth and not (_POINT.search(shape) or _EXPONENT.search(shape)):
        return True
    level: list[Any] = [[document]]
    for _ in range(max_depth + 1):
        below: list[Any] = []
        for value in level:
            for child in value.values() if type(value) is dict else value:
                kind = type(child)
                if kind is str:
                    continue
                if kind is dict or kind is list:
                    below.append(child)
                elif kind is float:
                    return False
        if not below:
            return True
        level = below
    return False


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
    return number if number.as_tuple().exponent else Decimal(f"{number}.0")  # 1e0 would not be known from 1 any more, which is an integer


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
