"""Text → Jinja expression tree whose nodes know their exact place.

Jinja's nodes know a line only. The tokens are handed to its parser with their character offset in place of the line,
so ``node.lineno`` is the offset of the token a node is about; ``place`` turns it into a Position. Expressions are never
rendered by Jinja, and nothing in them is called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from adapter.contract.path import PathError, parse_path
from adapter.finding import Finding, Position
from adapter.mapping.expression.codes import DISALLOWED, SYNTAX
from adapter.mapping.model import Expr

Locate = Callable[[int, int], Position]  # (offset into the text, length) → where that stands in the file

_AT: Final = "at"  # attributes that parse_expression sets on Jinja's nodes
_LOCATE: Final = "locate"
MAX_DEPTH: Final = 64
"""Levels of an expression: a person can follow fewer, and everything that walks over it may call itself once for each."""

MAX_LENGTH: Final = 10_000
"""Characters of an expression: what asks for the place of each part takes time with the square of it, and nobody reads one as long."""

_MOST_DIGITS: Final = 1_000  # as of a number in JSON
_TOO_DEEP: Final = f"it is nested too deeply, more than {MAX_DEPTH} levels"
_SPLIT: Final = "look codes up in a table of codes.yaml; choose between values with branches: choose, with when and otherwise"
_ENVIRONMENT: Final = Environment(autoescape=False)  # noqa: S701 - only its lexer is used, nothing is rendered

_STRING: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_TOKEN: Final = re.compile(rf"{_STRING.pattern}|\w+|[=!<>]=|//|\*\*|.", re.DOTALL)
_QUOTES: Final = ("'", '"')
_BARE_PATH: Final = re.compile(r"(?<![\w.\]])(?P<root>[A-Za-z_]\w*)\.(?P<path>(?:[\w@#$:.]|\[[^\]'\"]*\])+)")
_PLAIN: Final = re.compile(r"[\w.]+")

_OF_OTHERS: Final = tuple(
    (re.compile(sign), hint)
    for sign, hint in (
        ("[\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb]", "write straight quotes: ' or \""),
        (r"\{%", "write the bare expression; to choose between values, write branches: choose, with when and otherwise"),
        (r"\{\{", "write the bare expression, without {{ }}"),
        (r"&&", "write 'and' for '&&'"),
        (r"\|\|", "write 'or' for '||'"),
        (r"!(?!=)", "write 'not' for '!'"),
        (r"(?<![=!<>])=(?!=)", "write '==' to compare"),
    )
)
"""What other languages write, and what is written here."""

_ALLOWED: Final = (
    nodes.Const,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Concat,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Neg,
    nodes.List,
    nodes.Keyword,
)
_INSTEAD: Final[dict[type[nodes.Node], tuple[str, str]]] = {
    nodes.Call: ("nothing can be called in an expression", "use a filter: value | name(argument)"),
    nodes.Slice: ("a part of a list cannot be cut out", "use first, last or substring"),
    nodes.Dict: ("objects are not written in expressions", "write the members as rules of their own"),
    nodes.Tuple: ("values in round brackets are no list", "write a list: ['a', 'b']"),
    nodes.Div: ("'/' is not offered, because its result is not exact", "use // for whole numbers"),
    nodes.Pow: ("'**' is not offered", "multiply"),
    nodes.Pos: ("a leading '+' has no meaning", "leave it out"),
}


class ExpressionError(Exception):
    """The text is no allowed expression; ``findings`` say where and why."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__("; ".join(map(str, findings)))


def parse_expression(text: str, at: Position, locate: Locate | None = None) -> Expr:
    """Parses one expression that starts at ``at``.

    ``locate`` says where a character of ``text`` stands in the file; without it the text is taken to stand unfolded
    and unescaped from ``at`` on. Raises ExpressionError.
    """
    where = locate or _straight(text, at)
    if len(text) > MAX_LENGTH:
        said = f"the expression cannot be read: it is too long, {len(text)} characters, and {MAX_LENGTH} are the most"
        raise ExpressionError([Finding(SYNTAX, said, where(0, 1), _SPLIT)])
    try:
        node = _parse(text)
    except _Unreadable as error:
        offset = min(error.offset, max(len(text) - 1, 0))
        raise ExpressionError(
            [Finding(SYNTAX, f"the expression cannot be read: {error}", where(offset, error.length), _hint(text))]
        ) from error
    findings: list[Finding] = []
    _place(node, text, where, findings)
    if findings:
        raise ExpressionError(findings)
    return Expr(text, at, node)


def position(node: nodes.Node) -> Position:
    """Where the part of an expression stands that ``node`` is about: the name of a filter, a member, a constant."""
    found = getattr(node, _AT, None)
    if not isinstance(found, Position):
        raise TypeError("the node does not come from parse_expression")
    return found


def position_in(node: nodes.Node, offset: int, length: int) -> Position:
    """Where a part of the text constant ``node`` stands; ``offset`` counts from the first character of its value."""
    locate: Locate = getattr(node, _LOCATE)
    return locate(node.lineno + 1 + offset, length)


def _straight(text: str, at: Position) -> Locate:
    def locate(offset: int, length: int) -> Position:
        before = text[:offset]
        line = before.count("\n")
        column = offset - (before.rfind("\n") + 1) + (at.column if line == 0 else 1)
        return Position(at.file, at.line + line, column, length)

    return locate


class _Unreadable(Exception):
    """What is wrong, and where: ``offset`` and ``length`` in characters of the text."""

    def __init__(self, text: str, offset: int, length: int = 1) -> None:
        self.offset, self.length = offset, length
        super().__init__(text)


def _tokens(text: str) -> Iterator[tuple[int, str, str]]:
    """Jinja's raw tokens with offsets in place of lines. Raises _Unreadable."""
    offset = 0
    try:
        for _, kind, value in _ENVIRONMENT.lexer.tokeniter(text, None, None, "variable"):
            if kind in {"integer", "float"}:
                _kept(kind, value, offset)
            yield offset, kind, value
            offset += len(value)
    except TemplateSyntaxError as error:
        offset += len(text[offset:]) - len(text[offset:].lstrip())
        raise _unexpected(text, offset) from error


def _kept(kind: str, number: str, offset: int) -> None:
    """Raises _Unreadable for a number that would be read as another one."""
    if len(number) > _MOST_DIGITS:
        raise _Unreadable(f"the number has more than {_MOST_DIGITS} digits", offset, len(number))
    if kind == "float" and Decimal(number) != Decimal(repr(float(number))):
        raise _Unreadable("the number is out of range, or has more digits than are kept", offset, len(number))


def _parse(text: str) -> nodes.Expr:
    """The tree. Raises _Unreadable, in words that do not speak of Jinja's templates."""
    if not text.strip():
        raise _Unreadable("it is empty", 0)
    parser = Parser(_ENVIRONMENT, "", state="variable")
    parser.stream = TokenStream(_ENVIRONMENT.lexer.wrap(_tokens(text)), None, None)
    try:
        node = parser.parse_expression()
    except RecursionError:
        raise _Unreadable(_TOO_DEEP, 0) from None
    except TemplateSyntaxError as error:
        if parser.stream.eos:
            raise _Unreadable("it ends too early", len(text.rstrip()) - 1) from error
        raise _unexpected(text, error.lineno) from error
    if not parser.stream.eos:
        raise _unexpected(text, parser.stream.current.lineno)
    level: list[nodes.Node] = [node]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in parent.iter_child_nodes()]
        if not level:
            return node
    raise _Unreadable(_TOO_DEEP, 0)


def _unexpected(text: str, offset: int) -> _Unreadable:
    if text[offset : offset + 1] in {"'", '"'} and _STRING.match(text, offset) is None:
        return _Unreadable("the text that begins here has no closing quote", offset)
    found = _TOKEN.match(text, offset)
    shown = found.group() if found is not None else text[offset : offset + 1]
    return _Unreadable(f"{shown if shown[:1] in _QUOTES else repr(shown)} cannot stand here", offset, len(shown))


def _hint(text: str) -> str:
    words = text.split()
    if any(words[index] == "is" and "if" in words[index + 1 :] for index in range(len(words))):
        return "put a test before 'if' in round brackets: x if (y is present) else z"
    outside = _STRING.sub("''", text)
    if (path := _bare_path(outside)) is not None:
        return path
    return next((hint for sign, hint in _OF_OTHERS if sign.search(outside)), "")


def _bare_path(text: str) -> str | None:
    """The hint for a path that stands outside of quotes and needs them, as it would stand on the left side of a rule."""
    for found in _BARE_PATH.finditer(text):
        try:
            parse_path(found["path"])
        except PathError:
            continue
        if _PLAIN.fullmatch(found["path"]) is None:
            return f"a path like this stands in brackets and quotes: {found['root']}['{found['path']}']"
    return None


def _place(node: nodes.Node, text: str, locate: Locate, findings: list[Finding]) -> None:
    """Sets the place of every node and gathers what is not allowed."""
    at = locate(*_span(node, text))
    setattr(node, _AT, at)
    setattr(node, _LOCATE, locate)
    if not isinstance(node, _ALLOWED):
        said, hint = _INSTEAD.get(type(node), (f"{type(node).__name__} cannot stand in an expression", ""))
        if isinstance(node, nodes.Tuple) and not node.items and (path := _bare_path(_STRING.sub("''", text))):
            said, hint = "'[]' cannot stand here", path  # of item[].code the empty brackets are read, and the path is meant
        findings.append(Finding(DISALLOWED, said, at, hint))
        return
    if isinstance(node, nodes.Filter | nodes.Test) and (node.dyn_args is not None or node.dyn_kwargs is not None):
        findings.append(Finding(DISALLOWED, "arguments are written one by one, without * or **", at))
        return
    for child in node.iter_child_nodes():
        _place(child, text, locate, findings)


def _root(node: nodes.Node) -> nodes.Node:
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return node


def _closed(node: nodes.Getitem, text: str) -> int:
    """The offset behind the bracket that closes a subscript; of one that is no text, behind its first character."""
    quoted = _STRING.match(text, node.arg.lineno)
    return node.lineno + 1 if quoted is None else text.index("]", quoted.end()) + 1


def _span(node: nodes.Node, text: str) -> tuple[int, int]:
    """Offset and length of what the node is about. The token in ``lineno`` may be a dot, a bracket or ``is``."""
    if isinstance(node, nodes.Operand):
        node = node.expr  # the parser gives the operand no place of its own
    offset = node.lineno
    if isinstance(node, nodes.Name | nodes.Filter):
        return offset, len(node.name)
    if isinstance(node, nodes.Getitem):
        start = _span(_root(node), text)[0]
        return start, _closed(node, text) - start
    if isinstance(node, nodes.Getattr | nodes.Test):
        name, sign = (node.attr, ".") if isinstance(node, nodes.Getattr) else (node.name, "is")
        return text.index(name, offset + len(sign)), len(name)
    if isinstance(node, nodes.Const):
        return offset, len(node.value) + 2 if isinstance(node.value, str) else len(str(node.value))
    return offset, 1
