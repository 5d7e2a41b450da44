"""YAML read as text with places: every scalar is a string as written, every key and value knows its line and column.

PyYAML scans, parses and composes; nothing is constructed. What a mapping file must not hold (anchors, aliases, tags, merge
keys, duplicate keys, several documents) is reported, and so is broken YAML: the loader never raises on content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from adapter.finding import Finding, Position
from adapter.mapping.catalogue import finding

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_CONTINUED = re.compile(r"\\(\r\n|[\n\r\x85\u2028\u2029])[ \t]*")
_ESCAPE_WIDTH = {"x": 4, "u": 6, "U": 10}


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A scalar as text. ``source`` is its spelling in the file (quotes and folds included), which begins at
    ``line`` and ``column`` (from 1); ``style`` is the YAML style, None for plain."""

    value: str
    at: Position
    style: str | None
    source: str
    line: int
    column: int

    @property
    def quoted(self) -> bool:
        """Whether it is anything but a plain scalar, so that empty means the empty text."""
        return self.style is not None

    def part(self, offset: int, length: int) -> Position:
        """The place of ``length`` characters of the value from ``offset`` on, cut at the end of their first line."""
        places = [self._place(index) for index in islice(_offsets(self.value, self.source, self.style), offset + max(length, 1))]
        if not places:
            return self.at
        if offset >= len(places):  # behind the last character
            line, column = places[-1]
            return Position(self.at.file, line, column + 1, 1)
        line, column = places[offset]
        end = max(last for last_line, last in places[offset:] if last_line == line)
        return Position(self.at.file, line, column, end - column + 1)

    def _place(self, offset: int) -> tuple[int, int]:
        breaks = list(_BREAK.finditer(self.source, 0, offset))
        if not breaks:
            return self.line, self.column + offset
        return self.line + len(breaks), offset - breaks[-1].end() + 1


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One ``key: value``. ``only`` is "request" or "reply" where an overlay takes one direction of a two-way rule."""

    key: Scalar
    value: Node
    only: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """``key: value`` lines, in the order written; keys are unique."""

    entries: tuple[Entry, ...]
    at: Position

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def get(self, key: str) -> Node | None:
        """The value of ``key``, None where it does not stand."""
        return next((entry.value for entry in self.entries if entry.key.value == key), None)

    def entry(self, key: str) -> Entry | None:
        """The whole entry of ``key``."""
        return next((entry for entry in self.entries if entry.key.value == key), None)


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """``- item`` lines."""

    nodes: tuple[Node, ...]
    at: Position

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)


Node = Scalar | Block | Items


@dataclass(frozen=True, slots=True)
class Loaded:
    """``root`` is None where the text cannot be read as one block of keys. ``text`` is what positions refer to."""

    root: Block | None
    text: str
    findings: tuple[Finding, ...]


def split_lines(text: str) -> list[str]:
    """The lines as YAML counts them (``str.splitlines`` breaks at more characters)."""
    return _BREAK.split(text)


def read_yaml(path: Path, shown: str) -> Loaded:
    """Reads and loads a file; ``shown`` is its name in positions. A file that cannot be read is a finding (M109)."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        missing = finding(
            "M109", f"{shown} cannot be read: {error.strerror or error}", Position(shown, 1, 1), "check the name and the rights"
        )
        return Loaded(None, "", (missing,))
    return load_yaml(data, shown)


def load_yaml(data: bytes | str, file: str) -> Loaded:
    """Loads one document whose root is a block of keys."""
    start = Position(file, 1, 1)
    if len(data) > MAX_BYTES:
        text = f"the file is larger than {MAX_BYTES // 1024} KiB"
        return Loaded(None, "", (finding("M108", text, start, "split it; long lists of codes belong into codes.yaml"),))
    try:
        content = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        text = f"byte 0x{error.object[error.start]:02X} is not UTF-8"
        return Loaded(None, before, (finding("M107", text, _place(file, before, len(before)), "save the file as UTF-8"),))
    findings: list[Finding] = []
    if content.startswith("\ufeff"):
        content = content[1:]
        findings.append(finding("M107", "the file begins with a byte order mark", start, "save it as UTF-8 without one"))
    root = _compose(content, file, findings)
    if root is not None and not isinstance(root, Block):
        what = "a list" if isinstance(root, Items) else "text"
        findings.append(finding("M106", f"the file is {what}, not a block of 'key: value' lines", root.at, "begin with 'operation: …'"))
        root = None
    return Loaded(root, content, tuple(findings))


def _compose(text: str, file: str, findings: list[Finding]) -> Node | None:
    try:
        loader = _Composer(text)
    except yaml.reader.ReaderError as error:
        what = f"the character U+{error.character:04X} cannot stand in YAML"
        findings.append(finding("M107", what, _place(file, text, error.position), "remove it, or write it as an escape in double quotes"))
        return None
    reader = loader.reader = _Reader(file, text, findings)
    try:
        if not loader.check_node():
            findings.append(finding("M106", "the file is empty", Position(file, 1, 1), "begin with 'operation: …'"))
            return None
        node = loader.get_node()
        if loader.check_node():
            at = reader.mark(loader.ahead().start_mark, 3)
            findings.append(
                finding("M105", "a second document begins here", at, "one file holds one mapping; remove '---' or move what follows")
            )
        return None if node is None else reader.node(node)
    except _TooDeepError as error:
        hint = "a mapping needs a few levels only"
        findings.append(finding("M108", f"more than {MAX_DEPTH} levels of nesting", reader.mark(error.mark), hint))
    except yaml.MarkedYAMLError as error:
        findings.append(reader.broken(error))
    finally:
        loader.dispose()
    return None


class _TooDeepError(Exception):
    def __init__(self, mark: Any) -> None:
        self.mark = mark
        super().__init__("too deep")


class _Composer(yaml.BaseLoader):
    """Composes nodes; what hides a value's origin is reported and composed without it. An alias composes to nothing."""

    reader: _Reader

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0

    def ahead(self) -> yaml.Event:
        return self.peek_event()  # type: ignore[no-any-return, no-untyped-call]  # the stubs leave it untyped

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.ahead()
        if isinstance(event, yaml.AliasEvent):
            self.reader.refuse("an alias", f"*{event.anchor}", event.start_mark)
            self.get_event()  # type: ignore[no-untyped-call]
            alias: Any = event
            return yaml.ScalarNode(_ALIAS, "", alias.start_mark, alias.end_mark)
        if event.anchor is not None:
            self.reader.refuse("an anchor", f"&{event.anchor}", event.start_mark)
            event.anchor = None
        if event.tag is not None:
            self.reader.refuse("a tag", event.tag.replace("tag:yaml.org,2002:", "!!"), event.start_mark)
            event.tag = None
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeepError(event.start_mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


_ALIAS = "an alias, reported already"


@dataclass(slots=True)
class _Reader:
    """Turns composed nodes into ours, with places."""

    file: str
    text: str
    findings: list[Finding]

    def mark(self, mark: Any, length: int = 1) -> Position:
        return Position(self.file, mark.line + 1, mark.column + 1, length)

    def refuse(self, what: str, spelling: str, mark: Any) -> None:
        hint = "write the value out; 'like:' shares rules between files"
        self.findings.append(finding("M104", f"{what} ({spelling}) is not allowed", self.mark(mark, len(spelling)), hint))

    def broken(self, error: yaml.MarkedYAMLError) -> Finding:
        problem = error.problem or "unreadable"
        open_end = "end of stream" in problem or "<stream end>" in problem  # then the place where it began says more
        mark = (error.context_mark if open_end else None) or error.problem_mark
        at = Position(self.file, 1, 1) if mark is None else self.mark(mark)
        if "'\\t'" in problem:
            return finding("M102", "a tab stands where YAML wants blanks", at, "replace it by blanks")
        context = f"{error.context}, " if error.context else ""
        hint = "look at this line and the one before: a quote, a bracket, a missing blank after ':', or the indentation"
        if "flow" in context:
            hint = "between { } and [ ], a value that holds one of [ ] { } , needs quotes around it"
        if open_end and "quoted" in context:
            hint = "the quote that begins here is not closed"
        if "'<scalar>'" in problem:
            hint = "a value that begins with a quote needs quotes around all of it, such as \"'a' ~ request.b\""
        if "mapping values are not allowed" in problem:
            hint = "a value that holds ': ' needs quotes around it; keys of one block begin in the same column"
        return finding("M101", f"broken YAML: {context}{problem}", at, hint)

    def node(self, node: Any) -> Node:
        at = self.mark(node.start_mark, _first_line(self.text, node))
        if isinstance(node, yaml.MappingNode):
            return Block(tuple(self.entries(node)), at)
        if isinstance(node, yaml.SequenceNode):
            return Items(tuple(self.node(item) for item in node.value if item.tag != _ALIAS), at)
        return self.scalar(node, at)

    def scalar(self, node: Any, at: Position) -> Scalar:
        source = self.text[node.start_mark.index : node.end_mark.index]
        whole = Scalar(node.value, at, node.style, source, at.line, at.column)
        return replace(whole, at=whole.part(0, _first_break(node.value)))

    def entries(self, node: yaml.MappingNode) -> Iterator[Entry]:
        seen: dict[str, Position] = {}
        for key, value in node.value:
            if _ALIAS in (key.tag, value.tag):
                continue
            if not isinstance(key, yaml.ScalarNode):
                at = self.mark(key.start_mark)
                self.findings.append(finding("M112", "a key must be text", at, "keys are paths or words of the language"))
                continue
            name = self.scalar(key, self.mark(key.start_mark, _first_line(self.text, key)))
            if name.value == "<<" and not name.quoted:
                self.refuse("a merge key", "<<", key.start_mark)
                continue
            if name.value in seen:
                text = f"'{name.value}' stands here a second time; the first is on line {seen[name.value].line}"
                self.findings.append(finding("M103", text, name.at, "remove one of the two, or join them in one 'choose'"))
                continue
            seen[name.value] = name.at
            yield Entry(name, self.node(value))


def _first_line(text: str, node: yaml.Node) -> int:
    source = text[node.start_mark.index : node.end_mark.index]
    return max(len(_BREAK.split(source, maxsplit=1)[0].rstrip()), 1)


def _first_break(value: str) -> int:
    found = _BREAK.search(value)
    return found.start() if found else len(value)


def _offsets(value: str, source: str, style: str | None) -> Iterator[int]:
    """The offset in ``source`` of each character of the value. Folding turns breaks into blanks, escapes become one
    character; all other characters stand in the source in the same order."""
    at = _content(source, style)
    for char in value:
        width = 1
        if style == '"':
            at = _skip_folds(source, at, char)
            if source[at : at + 1] == "\\":
                width = _ESCAPE_WIDTH.get(source[at + 1 : at + 2], 2)
        elif not char.isspace():
            at = _skip_blanks(source, at)
            width = 2 if style == "'" and char == "'" else 1
        yield min(at, max(len(source) - 1, 0))
        at += width


def _content(source: str, style: str | None) -> int:
    if style in ("|", ">"):
        header = _BREAK.search(source)
        return header.end() if header else 0
    return 1 if style else 0


def _skip_blanks(source: str, at: int) -> int:
    while at < len(source) and source[at].isspace():
        at += 1
    return at


def _skip_folds(source: str, at: int, char: str) -> int:
    while (continued := _CONTINUED.match(source, at)) is not None:
        at = continued.end()
    return at if char.isspace() else _skip_blanks(source, at)


def _place(file: str, text: str, offset: int) -> Position:
    lines = _BREAK.split(text[:offset])
    return Position(file, len(lines), len(lines[-1]) + 1)
