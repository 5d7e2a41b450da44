"""Declared files as texts: where in a market's file stands what is declared, and what may be shown of any of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from adapter.declared import COVERED, Places, places_of
from adapter.finding import Finding
from adapter.settings import Home
from adapter.yaml_text import Block, Items, Node, Scalar, numbered, read_document, split_lines

_VARIABLE = re.compile(r"\$\{\w+\}")


def market_places(home: Home, market: str) -> Places:
    """Where the parts of a market's file stand, which has been read before."""
    return places_of(home.market_file(market), _name(market))


def framed(home: Home, findings: Iterable[Finding], texts: Mapping[str, str]) -> dict[str, str]:
    """``texts`` with those of every file that findings name; see ``shown``."""
    missing = {each.at.file for each in findings} - texts.keys()
    return {**texts, **{name: shown(home, name) or "" for name in missing}}


def shown(home: Home, file: str) -> str | None:
    """The text of a file for frames. Credentials, and addresses that may hold some, are covered up in what is declared below ``config/``;
    of such a file that cannot be read nothing is shown, since they cannot be told from the rest. None: nothing."""
    path = home.path(file).resolve()
    if not path.is_relative_to(home.path("config").resolve()):
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
    document = read_document(path, file, numbered("F"))
    if document.root is None:
        return None
    lines = split_lines(document.text)
    for scalar in _secrets(document.root, secret=False):
        number, last = scalar.line - 1, scalar.line - 1 + len(split_lines(scalar.source)) - 1
        for line in range(number, last + 1):
            begin = scalar.column - 1 if line == number else 0
            length = len(split_lines(scalar.source)[line - number])
            lines[line] = lines[line][:begin] + "*" * length + lines[line][begin + length :]
    return "\n".join(lines)


def _name(market: str) -> str:
    return f"config/markets/{market}.yaml"


def _secrets(node: Node, *, secret: bool) -> Iterator[Scalar]:
    """Every text that may be a credential; the name of a variable is none."""
    if isinstance(node, Block):
        for entry in node:
            yield from _secrets(entry.value, secret=secret or entry.key.value in COVERED)
    elif isinstance(node, Items):
        for child in node:
            yield from _secrets(child, secret=secret)
    elif secret and not _VARIABLE.fullmatch(node.value):
        yield node
