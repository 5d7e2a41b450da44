"""A codes file becomes a Catalogue, or a list of findings with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from adapter.codes.catalogue import SEVERITIES, Catalogue, Meaning, Unknown, ignore
from adapter.codes.grammar import BLANKS, Grammar
from adapter.codes.reference import ReferenceTable
from adapter.errors import CheckFailed
from adapter.finding import Finding, Position
from adapter.yaml_text import Block, Node, Scalar, Sequence, compose

_FILE = {"source", "grammar", "messages", "tables", "reference"}
_GRAMMAR = {"source", "fragments", "head", "split", "trim", "entries"}
_MESSAGE = {"name", "severity", "retryable", "advice", "sample", "source"}
_TABLE = {"source", "key", "rows"}
_KEBAB = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_FRAGMENT = re.compile(r"\{([A-Za-z_]\w*)\}")
_YES = {"yes": True, "true": True, "no": False, "false": False}


def load_catalogue(path: Path, *, shown: str = "", unknown: Unknown = ignore) -> Catalogue:
    """Reads a codes file; ``shown`` is its name in findings. Raises CheckFailed with all of them."""
    shown = shown or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckFailed(
            [Finding("C104", f"{shown} cannot be read: {error}", Position(shown, 1, 1), "check the name, the rights, and that it is UTF-8")]
        ) from error
    catalogue, findings = read_catalogue(text, shown, unknown=unknown)
    if findings:
        raise CheckFailed(findings)
    return catalogue


def read_catalogue(text: str, file: str, *, unknown: Unknown = ignore) -> tuple[Catalogue, list[Finding]]:
    """The catalogue in ``text`` as far as it can be read, and all that is wrong with it. An empty file is an empty catalogue."""
    root, findings = compose(text, file, "C")
    loader = _Loader(findings)
    block = loader.block(root, "the file", _FILE) if root is not None else None
    if block is None:
        return Catalogue(unknown=unknown), findings
    before = len(findings)
    grammar = loader.grammar(block.entries.get("grammar"))
    messages = loader.messages(block.entries.get("messages"), grammar if len(findings) == before else None)
    reference = loader.reference(block.entries.get("reference"))
    return Catalogue(grammar, messages, reference, unknown), findings


class _Loader:
    """Collects findings while it reads; what cannot be read is left out."""

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings

    # -- forms

    def _report(self, code: str, text: str, at: Position, hint: str = "") -> None:
        self._findings.append(Finding(code, text, at, hint))

    def block(self, node: Node, what: str, known: set[str] | None = None) -> Block | None:
        if not isinstance(node, Block):
            self._report("C107", f"{what} must be 'key: value' lines", node.at)
            return None
        for name, at in node.keys.items():
            if known is not None and name not in known:
                close = get_close_matches(name, known, 1)
                hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(sorted(known))}"
                self._report("C105", f"'{name}' means nothing in {what}", at, hint)
        return node

    def _text(self, block: Block, key: str, what: str, *, required: bool = False) -> Scalar | None:
        node = block.entries.get(key)
        if node is None:
            if required:
                self._report("C106", f"{what} has no '{key}'", block.at, f"add '{key}: …'")
            return None
        if not isinstance(node, Scalar):
            self._report("C107", f"'{key}' of {what} must be text", node.at)
            return None
        if required and not node.value.strip():
            self._report("C106", f"'{key}' of {what} is empty", node.at)
        return node

    def _named(self, node: Node | None, what: str) -> Iterator[tuple[str, Position, Node]]:
        block = self.block(node, what) if node is not None else None
        for name, child in block or ():
            yield name, block.keys[name] if block else child.at, child

    # -- grammar

    def grammar(self, node: Node | None) -> Grammar:
        block = self.block(node, "'grammar'", _GRAMMAR) if node is not None else None
        if block is None:
            return Grammar()
        fragments: dict[str, str | None] = {}
        for name, _, child in self._named(block.entries.get("fragments"), "'fragments'"):
            found = self._expression(child, fragments, f"the fragment '{name}'")
            fragments[name] = f"(?:{found.pattern})" if found else None
        entries: dict[str, re.Pattern[str]] = {}
        for name, _, child in self._named(block.entries.get("entries"), "'entries'"):
            found = self._expression(child, fragments, f"the entry '{name}'")
            if found is None:
                continue
            entries[name] = found
            if not {"field", "code"} & found.groupindex.keys():
                self._report(
                    "C113", f"the entry '{name}' names neither (?P<code>…) nor (?P<field>…)", child.at, "without one it tells nothing"
                )
            if "ret" in found.groupindex:
                self._report("C113", f"the entry '{name}' names (?P<ret>…)", child.at, "the return code stands once, in 'head'")
        head = self._optional(block, "head", fragments)
        if head is not None and "ret" not in head.groupindex:
            self._report("C113", "'head' does not name (?P<ret>…)", block.entries["head"].at, "mark the return code with it")
            head = None
        split = self._optional(block, "split", fragments)
        if split is not None and split.groups:
            self._report("C113", "'split' has groups that capture", block.entries["split"].at, "write (?:…) instead of (…)")
            split = None
        trim = self._text(block, "trim", "'grammar'")
        return Grammar(head, split, (trim.value if trim else "") + BLANKS, entries)

    def _optional(self, block: Block, key: str, fragments: dict[str, str | None]) -> re.Pattern[str] | None:
        node = block.entries.get(key)
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
                    self._inside(node, found.start(), len(found[0])),
                    hint,
                )
                return None
            if fragments[found[1]] is None:  # broken, which was said where it stands
                return None
        try:
            return re.compile(_FRAGMENT.sub(lambda found: fragments[found[1]] or "", node.value), re.DOTALL)
        except re.error as error:
            plain = not _FRAGMENT.search(node.value)
            at = self._inside(node, error.pos or 0, 1) if plain else node.at
            self._report("C111", f"{what} is no regular expression: {error.msg}", at, "between single quotes no backslash is doubled")
            return None

    @staticmethod
    def _inside(node: Scalar, offset: int, length: int) -> Position:
        """The place of a part of a text that stands on one line."""
        return Position(node.at.file, node.at.line, node.at.column + offset + (0 if node.plain else 1), length)

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
                    "C108", f"'{name.value}' is no normalised code", name.at, "lower case words joined by '-', like order-signed-off"
                )
            if severity.value not in SEVERITIES:
                self._report("C108", f"'{severity.value}' is no severity", severity.at, f"one of {', '.join(SEVERITIES)}")
            if retryable.value not in _YES:
                self._report("C108", f"'{retryable.value}' is neither yes nor no", retryable.at)
            source = self._text(block, "source", what)
            messages[key] = Meaning(
                key,
                name.value,
                severity.value,
                _YES.get(retryable.value, False),
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
                sample.at if sample.value else at,
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
        node = block.entries.get("key")
        nodes = node.items if isinstance(node, Sequence) else (node,) if node is not None else ()
        columns = tuple(item.value for item in nodes if isinstance(item, Scalar) and item.value)
        if not columns or len(columns) < len(nodes):
            self._report(
                "C106",
                f"{what} has no 'key'",
                node.at if node else block.at,
                "name the column, or the list of columns, that tells its rows apart",
            )
        return columns

    def _rows(self, block: Block, key: tuple[str, ...], what: str) -> Iterator[dict[str, str]]:
        rows = block.entries.get("rows")
        if not isinstance(rows, Sequence):
            self._report(
                "C107", f"{what} needs a list of rows", rows.at if rows else block.at, "write '- {column: value, …}' lines below 'rows'"
            )
            return
        seen: dict[tuple[str, ...], int] = {}
        for node in rows.items:
            row = self.block(node, f"a row of {what}")
            if row is None:
                continue
            values = {name: child.value for name, child in row if isinstance(child, Scalar)}
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
