"""The right side of a two-way rule: ``order.line.kind | code(lineKind) | padded(4, '0')``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<number>-?[0-9]+)|'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<sign>[|(),]))""",
)
_WORDS = {"true": True, "false": False}


class LegacyTextError(ValueError):
    """What stands behind the path is no chain of converters. ``offset`` counts characters from the start of the text."""

    def __init__(self, text: str, offset: int) -> None:
        self.text, self.offset = text, offset
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Call:
    """One converter as written; ``offset`` is where its name begins. A bare word is a text."""

    name: str
    arguments: tuple[str | int | bool, ...]
    offset: int


def path_part(text: str) -> str:
    """The path in front of the first ``|`` that stands in no bracket or quote, with its blanks."""
    quote, depth = "", 0
    for offset, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "[]":
            depth += 1 if char == "[" else -1
        elif char == "|" and depth == 0:
            return text[:offset]
    return text


def converter_calls(text: str, start: int) -> tuple[Call, ...]:
    """The converters in ``text`` from ``start`` (the first ``|``, or the end) on. Raises LegacyTextError."""
    tokens = _tokens(text, start)
    calls: list[Call] = []
    at = 0
    while at < len(tokens) - 1:
        _expect(tokens, at, "|")
        kind, name, offset = tokens[at + 1]
        if kind != "name":
            raise LegacyTextError("the name of a converter is wanted here", offset)
        at, arguments = _arguments(tokens, at + 2)
        calls.append(Call(str(name), arguments, offset))
    return tuple(calls)


_Token = tuple[str, str | int | bool, int]


def _tokens(text: str, start: int) -> list[_Token]:
    tokens: list[_Token] = []
    at = start
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise LegacyTextError(f"{text[at]!r} cannot stand here", at)
        kind = found.lastgroup or ""
        value = found.group(kind)
        tokens.append((kind, int(value) if kind == "number" else value, found.start(kind)))
        at = found.end()
    return [*tokens, ("end", "the end", len(text.rstrip()))]


def _expect(tokens: list[_Token], at: int, sign: str) -> None:
    kind, value, offset = tokens[at]
    if kind != "sign" or value != sign:
        raise LegacyTextError(f"'{sign}' is wanted here", offset)


def _arguments(tokens: list[_Token], at: int) -> tuple[int, tuple[str | int | bool, ...]]:
    if tokens[at][:2] != ("sign", "("):
        return at, ()
    arguments: list[str | int | bool] = []
    if tokens[at + 1][:2] == ("sign", ")"):
        return at + 2, ()
    while True:
        kind, value, offset = tokens[at + 1]
        if kind in ("sign", "end"):
            raise LegacyTextError("a constant is wanted here", offset)
        arguments.append(_WORDS.get(str(value), value) if kind == "name" else value)
        if tokens[at + 2][:2] == ("sign", ")"):
            return at + 3, tuple(arguments)
        _expect_comma(tokens[at + 2])
        at += 2


def _expect_comma(token: _Token) -> None:
    if token[:2] != ("sign", ","):
        raise LegacyTextError("',' or ')' is wanted here", token[2])
