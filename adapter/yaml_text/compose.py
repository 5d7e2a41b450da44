"""YAML text → nodes. PyYAML scans, parses and composes; nothing is constructed, and nothing raises on content.

Texts without a fault go through libyaml, which gives the same nodes in a tenth of the time. The words for what is wrong come from
PyYAML's own parser, which then reads the text again.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.resolver import BaseResolver

from adapter.finding import Finding, Position
from adapter.yaml_text.findings import Codes, Kind
from adapter.yaml_text.nodes import Block, Entry, Items, Node, Scalar
from adapter.yaml_text.places import BREAK, first_line, line_and_column, split_lines

MAX_DEPTH = 40
_KEY = re.compile(r"\s*(?:- +)?(?:\"[^\"]*\"|'[^']*'|[^\s#'\"][^#]*?):(?:\s|$)")
_SURROGATE = re.compile("[\ud800-\udfff]")  # written as an escape; no output could show it
_ALIAS = "an alias, reported already"
_TEXT = "tag:yaml.org,2002:str"


def compose(text: str, file: str, codes: Codes) -> tuple[Node | None, list[Finding]]:
    """The root of the only document, None where there is none or it cannot be read, and what is wrong with it."""
    if _FastComposer is not None and "\ufeff" not in text:  # libyaml counts a byte order mark as no character
        reader = _Reader(file, text, codes, [])
        with contextlib.suppress(yaml.YAMLError, _TooDeepError):
            root = _only_root(_FastComposer(text, reader), reader)
            if not reader.findings:
                return root, []
    reader = _Reader(file, text, codes, [])
    try:
        composer = _Composer(text, reader)
    except yaml.reader.ReaderError as error:
        at = Position(file, *line_and_column(text, error.position))
        what = f"broken YAML: the character U+{error.character:04X} cannot stand in it"
        reader.report(Kind.CHARACTER, what, at, "remove it, or write it as an escape in double quotes")
        return None, reader.findings
    return _root(composer, reader), reader.findings


def _root(composer: _Composer, reader: _Reader) -> Node | None:
    try:
        return _only_root(composer, reader)
    except _TooDeepError as error:
        at = reader.mark(error.mark)
        reader.report(Kind.DEPTH, f"more than {MAX_DEPTH} levels of nesting", at, "a declared file needs a few levels only")
    except yaml.MarkedYAMLError as error:
        reader.broken(error)
    finally:
        composer.dispose()
    return None


def _only_root(composer: _Composing, reader: _Reader) -> Node | None:
    if not composer.check_node():
        return None
    node = composer.get_node()
    if composer.check_node():
        at = reader.mark(composer.ahead().start_mark, 3)
        reader.report(Kind.DOCUMENTS, "a second document begins here", at, "remove '---' or move what follows")
    return None if node is None else reader.node(node)


class _TooDeepError(Exception):
    def __init__(self, mark: Any) -> None:
        self.mark = mark
        super().__init__("too deep")


class _Composing(Composer):
    """Composes nodes; what hides a value's origin is reported and composed without it. An alias composes to nothing."""

    places: _Reader
    depth = 0

    def ahead(self) -> yaml.Event:
        return self.peek_event()  # type: ignore[no-any-return, attr-defined]  # of the parser that this is mixed with

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:  # noqa: ARG002 - named by the base class
        """Nobody asks what a scalar might stand for: each is text."""
        return _TEXT

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """As ``resolve``: nothing hangs on where a scalar stands."""

    def ascend_resolver(self) -> None:
        """As ``descend_resolver``."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.ahead()
        if isinstance(event, yaml.AliasEvent):
            self.places.refuse("an alias", f"*{event.anchor}", event.start_mark)
            self.get_event()  # type: ignore[attr-defined]
            alias: Any = event
            return yaml.ScalarNode(_ALIAS, "", alias.start_mark, alias.end_mark)
        if event.anchor is not None:
            self.places.refuse("an anchor", f"&{event.anchor}", event.start_mark)
            event.anchor = None
        if event.tag is not None:
            if not (isinstance(event, yaml.ScalarEvent) and event.tag == _TEXT):  # text is what every scalar is
                self.places.refuse_tag(event)
            event.tag = None
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeepError(event.start_mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


class _Composer(_Composing, yaml.BaseLoader):
    """With PyYAML's own parser."""

    def __init__(self, text: str, reader: _Reader) -> None:
        yaml.BaseLoader.__init__(self, text)
        self.places = reader


def _with_libyaml() -> Any:
    """The composer with libyaml's parser, None where PyYAML was built without it."""
    parser: Any = getattr(getattr(yaml, "cyaml", None), "CParser", None)
    if parser is None:  # pragma: no cover  (it depends on how PyYAML was installed)
        return None

    class Fast(_Composing, parser, BaseResolver):  # type: ignore[misc]
        def __init__(self, text: str, reader: _Reader) -> None:
            parser.__init__(self, text)
            Composer.__init__(self)
            BaseResolver.__init__(self)
            self.places = reader

    return Fast


_FastComposer = _with_libyaml()


@dataclass(slots=True)
class _Reader:
    """Turns composed nodes into ours, with places."""

    file: str
    text: str
    codes: Codes
    findings: list[Finding]

    def report(self, kind: Kind, text: str, at: Position, hint: str) -> None:
        self.findings.append(self.codes.finding(kind, text, at, hint))

    def mark(self, mark: Any, length: int = 1) -> Position:
        if mark.index >= len(self.text):  # libyaml counts one line more than the text has, where it does not end with a break
            return Position(self.file, *line_and_column(self.text, len(self.text)), length)
        return Position(self.file, mark.line + 1, mark.column + 1, length)

    def span(self, part: Any) -> Position:
        """The place of a node or event, as far as its first line goes."""
        return self.mark(part.start_mark, first_line(self.text[part.start_mark.index : part.end_mark.index]))

    def refuse(self, what: str, spelling: str, mark: Any) -> None:
        self.report(Kind.ALIAS, f"{what} ({spelling}) is not allowed", self.mark(mark, len(spelling)), "write the value out")

    def refuse_tag(self, event: Any) -> None:
        spelling = event.tag.replace("tag:yaml.org,2002:", "!!")
        self.report(Kind.TAG, f"the tag {spelling} is not allowed", self.span(event), "every scalar is text; remove the tag")

    def broken(self, error: yaml.MarkedYAMLError) -> None:
        problem = error.problem or "unreadable"
        open_end = "end of stream" in problem or "<stream end>" in problem  # then the place where it began says more
        mark = (error.context_mark if open_end else None) or error.problem_mark
        at = Position(self.file, 1, 1) if mark is None else self.mark(mark)
        if "'\\t'" in problem:
            self.report(Kind.TAB, "a tab stands where YAML wants blanks", at, "replace it by blanks")
            return
        context = f"{error.context}, " if error.context else ""
        hint = "look at this line and the one before: a quote, a bracket, a missing blank after ':', or the indentation"
        if "flow" in context:
            hint = "between { } and [ ], a value that holds one of [ ] { } , needs quotes around it"
        if open_end and "quoted" in context:
            hint = "the quote that begins here is not closed"
        kind = Kind.BROKEN
        if "'<scalar>'" in problem:
            kind, hint = Kind.TAIL, "a value that begins with a quote needs quotes around all of it"
        if "could not find expected ':'" in problem and error.context_mark is not None:
            problem, context, at = "no ':' behind the key of this line", "", self.mark(error.context_mark)
            hint = "write 'key: value', with a blank behind the ':'"
        if "mapping values are not allowed" in problem:
            problem, at, hint = self.second_colon(at)
        if "'<block mapping start>'" in problem and error.context_mark is not None:
            context = ""
            problem, hint = self.between_blocks(at, self.mark(error.context_mark))
        self.report(kind, f"broken YAML: {context}{problem}", at, hint)

    def between_blocks(self, at: Position, block: Position) -> tuple[str, str]:
        """What is wrong with a key that begins in the column of no block: problem and hint. ``block`` is the one that it stands in."""
        before = self.line_before(at)
        own = split_lines(self.text)[before - 1]
        column = len(own) - len(own.lstrip()) + 1
        hint = f"begin it in column {block.column}, as line {block.line} does"
        if column > block.column:
            hint = f"begin it in column {column}, as line {before} does, or in column {block.column} as line {block.line}"
        return f"this line begins in column {at.column}, where no block of keys does", hint

    def line_before(self, at: Position) -> int:
        """The number of the line before that is neither empty nor a comment, 0 where there is none."""
        lines = split_lines(self.text)[: at.line - 1]
        return next(
            (number for number in range(len(lines), 0, -1) if lines[number - 1].strip() and lines[number - 1].lstrip()[0] != "#"), 0
        )

    def second_colon(self, at: Position) -> tuple[str, Position, str]:
        """What brings about a ':' where a value has begun: problem, place and hint. The value begins on this line or on one before."""
        lines = split_lines(self.text)
        own = lines[at.line - 1]
        before = self.line_before(at) - 1
        if before < 0 or _KEY.match(own[: at.column - 1]) is not None:
            return "a second ': ' stands in this value", at, "a value that holds ': ' needs quotes around it"
        said = lines[before].partition(" #")[0].rstrip()
        indent = len(said) - len(said.lstrip())
        if _KEY.match(said) is None:
            return (
                "no ':' behind the key of this line",
                Position(self.file, before + 1, indent + 1, len(said) - indent),
                "write 'key: value', with a blank behind the ':'",
            )
        start = len(own) - len(own.lstrip()) + 1
        here = Position(self.file, at.line, start, max(at.column - start, 1))
        text = f"this line is further in than line {before + 1}, which has its value already"
        return text, here, "begin it in the same column as the other keys of its block; or the key above it, such as 'set:', is missing"

    def node(self, node: Any) -> Node:
        at = self.span(node)
        if isinstance(node, yaml.MappingNode):
            return Block(tuple(self.entries(node)), at)
        if isinstance(node, yaml.SequenceNode):
            return Items(tuple(self.node(item) for item in node.value if item.tag != _ALIAS), at)
        return self.scalar(node, at)

    def scalar(self, node: Any, at: Position) -> Scalar:
        source = self.text[node.start_mark.index : node.end_mark.index]
        if (half := _SURROGATE.search(node.value)) is not None:
            what = f"half of a surrogate pair (U+{ord(half.group()):04X}) is no character"
            self.report(Kind.CHARACTER, what, at, "write the whole character, or remove the escape")
            node.value = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", node.value)
        whole = Scalar(node.value, at, node.style or None, source, at.line, at.column)
        if source == node.value and at.length == len(source):  # written as it is read, on one line
            return whole
        ends = BREAK.search(node.value)
        return replace(whole, at=whole.part(0, ends.start() if ends else len(node.value)))

    def entries(self, node: yaml.MappingNode) -> Iterator[Entry]:
        seen: dict[str, Position] = {}
        for key, value in node.value:
            if _ALIAS in (key.tag, value.tag):
                continue
            if not isinstance(key, yaml.ScalarNode):
                self.report(Kind.KEY, "a key must be text", self.span(key), "")
                continue
            name = self.scalar(key, self.span(key))
            if name.value == "<<" and not name.quoted:
                self.refuse("a merge key", "<<", key.start_mark)
                continue
            if name.value in seen:
                text = f"'{name.value}' stands here a second time; the first is on line {seen[name.value].line}"
                self.report(Kind.DUPLICATE, text, name.at, "remove one of the two")
                continue
            seen[name.value] = name.at
            yield Entry(name, self.node(value))
