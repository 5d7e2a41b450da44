"""YAML as text with places: every scalar is the text that was written, every key and value knows its line and column.

For the declared files of a market that are not mappings. Duplicate keys, aliases and tags are refused: they hide where a
value comes from. ``json_value`` reads the same nodes as JSON data, for schemas written in YAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from adapter.finding import Finding, Position

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq")}
_LITERAL = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. ``plain`` where it was written without quotes."""

    value: str
    at: Position
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    items: tuple[Node, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Block:
    """``key: value`` lines in the order written. ``keys`` says where each key stands."""

    entries: dict[str, Node]
    keys: dict[str, Position]
    at: Position

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        return iter(self.entries.items())


Node = Scalar | Sequence | Block


def compose(text: str, file: str, prefix: str) -> tuple[Node | None, list[Finding]]:
    """The root of the only document in ``text``, None where it is empty or cannot be read, and what is wrong with it.

    Findings have the codes ``prefix``101 (broken YAML), 102 (duplicate key), 103 (a feature that is not allowed).
    """
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file, 1, 1)
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        hint = "look at this line and the one before: a quote, a bracket, a missing blank after ':', or the indentation"
        return None, [Finding(f"{prefix}101", f"broken YAML: {problem}", at, hint)]
    except yaml.YAMLError as error:
        return None, [Finding(f"{prefix}101", f"broken YAML: {str(error).splitlines()[0]}", Position(file, 1, 1), "save the file as UTF-8")]
    if root is None:
        return None, []
    reader = _Reader(file, prefix)
    return reader.node(root), reader.findings


class _Reader:
    """Turns composed nodes into ours."""

    def __init__(self, file: str, prefix: str) -> None:
        self.findings: list[Finding] = []
        self._file = file
        self._prefix = prefix
        self._seen: set[int] = set()

    def node(self, node: yaml.Node) -> Node:
        at = self._at(node)
        if id(node) in self._seen:
            self._report("103", "an alias is not allowed", at, "write the value out")
            return Scalar("", at)
        self._seen.add(id(node))
        if node.tag not in _TAGS:
            self._report("103", f"the tag {node.tag} is not allowed", at, "every scalar is text; remove the tag")
        if isinstance(node, yaml.MappingNode):
            return self._block(node, at)
        if isinstance(node, yaml.SequenceNode):
            return Sequence(tuple(self.node(item) for item in node.value), at)
        return Scalar(str(node.value), at, plain=not getattr(node, "style", None))

    def _block(self, node: yaml.MappingNode, at: Position) -> Block:
        block = Block({}, {}, at)
        for key_node, value_node in node.value:
            key = self._at(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._report("103", "a key must be text", key, "")
                continue
            name = str(key_node.value)
            if name in block.keys:
                text = f"'{name}' stands here a second time; the first is on line {block.keys[name].line}"
                self._report("102", text, key, "remove one of the two")
                continue
            block.keys[name] = key
            block.entries[name] = self.node(value_node)
        return block

    def _at(self, node: yaml.Node) -> Position:
        start, end = node.start_mark, node.end_mark
        length = end.column - start.column if end.line == start.line else 1
        return Position(self._file, start.line + 1, start.column + 1, max(length, 1))

    def _report(self, code: str, text: str, at: Position, hint: str) -> None:
        self.findings.append(Finding(self._prefix + code, text, at, hint))


def json_value(node: Node) -> Any:
    """The node as JSON data: unquoted true, false, null and numbers are what JSON takes them for, all else is text."""
    if isinstance(node, Block):
        return {name: json_value(child) for name, child in node}
    if isinstance(node, Sequence):
        return [json_value(child) for child in node.items]
    if node.plain and _LITERAL.fullmatch(node.value):
        return json.loads(node.value)
    return node.value
