"""A codes file becomes a Catalogue, or a list of findings with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from difflib import get_close_matches
from pathlib import Path

from adapter.codes import keys
from adapter.codes.catalogue import SEVERITIES, Catalogue, Meaning, Unknown, ignore
from adapter.codes.grammar import BLANKS, Grammar
from adapter.codes.reference import ReferenceTable
from adapter.errors import CheckFailed
from adapter.finding import Finding, Position
from adapter.yaml_text import Block, Document, Items, Node, Scalar, load_document, numbered, read_document

_FILE = keys.names(keys.FILE) | keys.OF_MAPPINGS
_GRAMMAR, _MESSAGE, _TABLE = map(keys.names, (keys.GRAMMAR, keys.MESSAGE, keys.REFERENCE))
_CODES = numbered("C")
_KEBAB = re.compile(keys.KEBAB)
_FRAGMENT = re.compile(r"\{([A-Za-z_]\w*)\}")


def load_catalogue(path: Path, *, shown: str = "", unknown: Unknown = ignore) -> Catalogue:
    """Reads a codes file; ``shown`` is its name in findings. Raises CheckFailed with all of them."""
    catalogue, findings = _catalogue(read_document(path, shown or str(path), _CODES), unknown)
    if findings:
        raise CheckFailed(findings)
    return catalogue


def read_catalogue(text: str, file: str, *, unknown: Unknown = ignore) -> tuple[Catalogue, list[Finding]]:
    """The catalogue in ``text`` as far as it can be read, and all that is wrong with it. An empty file is an empty catalogue."""
    return _catalogue(load_document(text, file, _CODES), unknown)


def _catalogue(document: Document, unknown: Unknown) -> tuple[Catalogue, list[Finding]]:
    catalogue, findings = catalogue_in(document.root, unknown=unknown)
    return catalogue, [*document.findings, *findings]


def catalogue_in(root: Node | None, *, unknown: Unknown = ignore) -> tuple[Catalogue, list[Finding]]:
    """The catalogue in a codes file that somebody has read already, and what is wrong with it beyond its YAML."""
    findings: list[Finding] = []
    loader = _Loader(findings)
    block = loader.block(root, "the file", _FILE) if root is not None else None
    if block is None:
        return Catalogue(unknown=unknown), findings
    grammar = loader.grammar(block.get("grammar"))
    messages = loader.messages(block.get("messages"), None if findings else grammar)
    reference = loader.reference(block.get("reference"))
    return Catalogue(grammar, messages, reference, unknown), findings


def _start(node: Node) -> Position:
    """Where the node begins."""
    at = _place(node)
    return Position(at.file, at.line, at.column)


def _place(node: Node) -> Position:
    """All of the node's first line, with the quotes around a text."""
    return node.whole if isinstance(node, Scalar) else node.at


def _at(block: Block, key: str) -> Position:
    """The place of the key's value; where it should stand, if it does not."""
    node = block.get(key)
    return _start(block) if node is None else _place(node)


class _Loader:
    """Collects findings while it reads; what cannot be read is left out."""

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings

    # -- forms

    def _report(self, code: str, text: str, at: Position, hint: str = "") -> None:
        self._findings.append(Finding(code, text, at, hint))

    def block(self, node: Node, what: str, known: Set[str] | None = None) -> Block | None:
        if not isinstance(node, Block):
            self._report("C107", f"{what} must be 'key: value' lines", _start(node))
            return None
        for name, at in ((entry.key.value, entry.key.at) for entry in node):
            if known is not None and name not in known:
                close = get_close_matches(name, known, 1)
                hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(sorted(known))}"
                self._report("C105", f"'{name}' means nothing in {what}", at, hint)
        return node

    def _text(self, block: Block, key: str, what: str, *, required: bool = False) -> Scalar | None:
        node = block.get(key)
        if node is None:
            if required:
                self._report("C106", f"{what} has no '{key}'", _at(block, key), f"add '{key}: …'")
            return None
        if not isinstance(node, Scalar):
            self._report("C107", f"'{key}' of {what} must be text", node.at)
            return None
        if required and not node.value.strip():
            self._report("C106", f"'{key}' of {what} is empty", _place(node))
        return node

    def _named(self, node: Node | None, what: str) -> Iterator[tuple[str, Position, Node]]:
        block = self.block(node, what) if node is not None else None
        for entry in block or ():
            yield entry.key.value, entry.key.at, entry.value

    # -- grammar

    def grammar(self, node: Node | None) -> Grammar:
        block = self.block(node, "'grammar'", _GRAMMAR) if node is not None else None
        if block is None:
            return Grammar()
        fragments: dict[str, str | None] = {}
        for name, _, child in self._named(block.get("fragments"), "'fragments'"):
            found = self._expression(child, fragments, f"the fragment '{name}'")
            fragments[name] = f"(?:{found.pattern})" if found else None
        entries: dict[str, re.Pattern[str]] = {}
        for name, _, child in self._named(block.get("entries"), "'entries'"):
            found = self._expression(child, fragments, f"the entry '{name}'")
            if found is None:
                continue
            entries[name] = found
            if not {"field", "code"} & found.groupindex.keys():
                self._report(
                    "C113", f"the entry '{name}' names neither (?P<code>…) nor (?P<field>…)", _place(child), "without one it tells nothing"
                )
            if "ret" in found.groupindex:
                self._report("C113", f"the entry '{name}' names (?P<ret>…)", _place(child), "the return code stands once, in 'head'")
        head = self._optional(block, "head", fragments)
        if head is not None and "ret" not in head.groupindex:
            self._report("C113", "'head' does not name (?P<ret>…)", _at(block, "head"), "mark the return code with it")
            head = None
        split = self._optional(block, "split", fragments)
        if split is not None and split.groups:
            self._report("C113", "'split' has groups that capture", _at(block, "split"), "write (?:…) instead of (…)")
            split = None
        trim = self._text(block, "trim", "'grammar'")
        return Grammar(head, split, (trim.value if trim else "") + BLANKS, entries)

    def _optional(self, block: Block, key: str, fragments: dict[str, str | None]) -> re.Pattern[str] | None:
        node = block.get(key)
        return None if node is None else self._expression(node, fragments, f"'{key}'")

    def _expression(self, node: Node, fragments: dict[str, str | None], what: str) -> re.Pattern[str] | None:
        if not isinstance(node, Scalar):
            self._report("C107", f"{what} must be one expression", node.at)
            return None
        for found in _FRAGMENT.finditer(node.value):
            if found[1] not in fragments:
                close = get_close_matches(found[1], fragments, 1)
                hint = f"did you mean '{close[0]}'?" if close else "declare it above, under 'fragments'"
                self._report(
                    "C112",
                    f"{what} uses the fragment '{found[1]}', which is not declared before it",
                    node.part(found.start(), len(found[0])),
                    hint,
                )
                return None
            if fragments[found[1]] is None:  # broken, which was said where it stands
                return None
        try:
            return re.compile(_FRAGMENT.sub(lambda found: fragments[found[1]] or "", node.value), re.DOTALL)
        except re.error as error:
            plain = not _FRAGMENT.search(node.value)
            at = node.part(error.pos or 0, 1) if plain else _place(node)
            self._report("C111", f"{what} is no regular expression: {error.msg}", at, "between single quotes no backslash is doubled")
            return None

    # -- messages

    def messages(self, node: Node | None, grammar: Grammar | None) -> dict[str, Meaning]:
        """Reads the messages; samples are tried where there is a ``grammar``, i.e. nothing is wrong with it."""
        messages: dict[str, Meaning] = {}
        for key, at, child in self._named(node, "'messages'"):
            what = f"the message '{key}'"
            block = self.block(child, what, _MESSAGE)
            if block is None:
                continue
            name, severity, retryable, advice, sample = (
                self._text(block, part, what, required=True) for part in ("name", "severity", "retryable", "advice", "sample")
            )
            if name is None or severity is None or retryable is None or advice is None or sample is None:
                continue
            if not _KEBAB.fullmatch(name.value):
                self._report(
                    "C108", f"'{name.value}' is no normalised code", _place(name), "lower case words joined by '-', like order-signed-off"
                )
            if severity.value not in SEVERITIES:
                self._report("C108", f"'{severity.value}' is no severity", _place(severity), f"one of {', '.join(SEVERITIES)}")
            if retryable.value not in keys.YES:
                self._report("C108", f"'{retryable.value}' is neither yes nor no", _place(retryable))
            source = self._text(block, "source", what)
            messages[key] = Meaning(
                key,
                name.value,
                severity.value,
                keys.YES.get(retryable.value, False),
                advice.value,
                sample.value,
                source.value if source else "",
            )
            if grammar is not None:
                self._sample(key, at, sample, grammar)
        return messages

    def _sample(self, key: str, at: Position, sample: Scalar, grammar: Grammar) -> None:
        """A message whose own sample is not read as it would never be found."""
        _, pieces = grammar.read(sample.value)
        codes = {piece.code for piece in pieces} | {piece.field for piece in pieces}
        if key not in codes:
            found = ", ".join(sorted(code for code in codes if code)) or "no code"
            self._report(
                "C121",
                f"the grammar reads {found} in the sample of '{key}'",
                _place(sample) if sample.value else at,
                "mend the sample, the code, or the grammar",
            )

    # -- reference tables

    def reference(self, node: Node | None) -> dict[str, ReferenceTable]:
        tables: dict[str, ReferenceTable] = {}
        for name, _, child in self._named(node, "'reference'"):
            what = f"the reference table '{name}'"
            block = self.block(child, what, _TABLE)
            if block is None:
                continue
            source = self._text(block, "source", what)
            key = self._columns(block, what)
            tables[name] = ReferenceTable(name, key, tuple(self._rows(block, key, what)), source.value if source else "")
        return tables

    def _columns(self, block: Block, what: str) -> tuple[str, ...]:
        node = block.get("key")
        nodes = node.nodes if isinstance(node, Items) else (node,) if node is not None else ()
        columns = tuple(item.value for item in nodes if isinstance(item, Scalar) and item.value)
        if not columns or len(columns) < len(nodes):
            self._report(
                "C106",
                f"{what} has no 'key'",
                _at(block, "key"),
                "name the column, or the list of columns, that tells its rows apart",
            )
        return columns

    def _rows(self, block: Block, key: tuple[str, ...], what: str) -> Iterator[dict[str, str]]:
        rows = block.get("rows")
        if not isinstance(rows, Items):
            self._report("C107", f"{what} needs a list of rows", _at(block, "rows"), "write '- {column: value, …}' lines below 'rows'")
            return
        seen: dict[tuple[str, ...], int] = {}
        for node in rows:
            row = self.block(node, f"a row of {what}")
            if row is None:
                continue
            values = {entry.key.value: entry.value.value for entry in row if isinstance(entry.value, Scalar)}
            if len(values) < len(row.entries):
                self._report("C107", f"a row of {what} holds more than texts", row.at)
            missing = [column for column in key if not values.get(column)]
            if missing:
                self._report("C131", f"a row of {what} has no '{missing[0]}'", row.at, "each row has the key columns")
                continue
            identity = tuple(values[column] for column in key)
            if identity in seen:
                self._report("C131", f"{what} has a second row for {' '.join(identity)}; the first is on line {seen[identity]}", row.at)
            seen.setdefault(identity, row.at.line)
            yield values
