"""A mapping file as text → MappingFile, with every finding about its syntax and never only the first.

The form of each block is checked against ``keys`` beforehand; what does not fit is reported there and left out here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from adapter.finding import Finding, suggest
from adapter.mapping.catalogue import finding
from adapter.mapping.expression.codes import SYNTAX
from adapter.mapping.forms import misfits
from adapter.mapping.keys import CALL, NAMED, OUTCOMES, RECEIVED, mapping_form
from adapter.mapping.load import load_yaml
from adapter.mapping.model import Drop, MappingFile, OutcomeRule, Refuse, Require, Text, View
from adapter.mapping.overlay import Folder, Layered, layered
from adapter.mapping.parse_rules import RuleReader
from adapter.mapping.sections import sections_of
from adapter.yaml_text import Block, Items, Node, Scalar, split_lines

_CUT = ("it ends too early", "has no closing quote")
_CONFLICT, _REFUSALS = 409, ("400", "409", "422")
_Part = TypeVar("_Part", Require, Refuse, Drop, OutcomeRule)


@dataclass(frozen=True, slots=True)
class Parsed:
    """``file`` is None where nothing sensible can be said about it; ``files`` are the texts read, by their shown name.

    With errors among the findings, rules that could not be read are missing in ``file``.
    """

    file: MappingFile | None
    findings: tuple[Finding, ...]
    files: dict[str, str]


def load_mapping(root: Path, market: str, operation: str, *, shown: str | None = None) -> Parsed:
    """Reads ``root/market/operation.yaml`` and the mappings it starts from. ``shown`` stands for the root in positions
    (default: the root's own name), so that they are the same on every machine."""
    folder = Folder(root, shown or root.name)
    joined = layered(folder, market, operation)
    parsed = _parse(joined)
    if parsed.file is None or parsed.file.operation.value in ("", operation):
        return parsed
    named = parsed.file.operation
    hint = f"rename the file to {named.value}.yaml, or write 'operation: {operation}'"
    text = f"the file is {operation}.yaml, but its operation is {named.value}"
    return Parsed(parsed.file, (*parsed.findings, finding("M213", text, named.at, hint)), parsed.files)


def parse_mapping(text: str | bytes, file: str, layer: str = "") -> Parsed:
    """Parses one text that stands alone. ``like`` cannot be followed here and is a finding."""
    loaded = load_yaml(text, file)
    findings = list(loaded.findings)
    if loaded.root is not None and (like := loaded.root.entry("like")) is not None:
        findings.append(finding("M701", "a text on its own has no other mapping to start from", like.key.at, "load it from its folder"))
    return _parse(Layered(loaded.root, {file: loaded.text}, {file: layer}, tuple(findings)))


def _parse(joined: Layered) -> Parsed:
    findings = list(joined.findings)
    if joined.root is None:
        return Parsed(None, tuple(findings), joined.files)
    form = mapping_form({entry.key.value for entry in joined.root})
    findings += misfits(joined.root, form, NAMED)
    file = _FileReader(joined.layers, findings).file(joined.root, joined.files, received=form is RECEIVED)
    return Parsed(file, tuple(dict.fromkeys(_cut_off(each, joined.files) for each in findings)), joined.files)


def _cut_off(found: Finding, files: Mapping[str, str]) -> Finding:
    """An expression that cannot be read because a comment begins in it, with the hint that says so."""
    lines = split_lines(files.get(found.at.file, ""))
    cut = found.code == SYNTAX and found.text.endswith(_CUT)
    if not cut or found.at.line > len(lines) or " #" not in lines[found.at.line - 1][found.at.column - 1 :]:
        return found
    return replace(found, hint="' #' begins a comment, so the expression ends here: put quotes around all of it")


@dataclass(frozen=True, slots=True)
class _FileReader:
    """Reads the sections; ``layers`` gives the layer of each file."""

    layers: dict[str, str]
    findings: list[Finding]

    def file(self, root: Block, files: dict[str, str], *, received: bool) -> MappingFile:
        rules = RuleReader(self.layers, self.findings)
        source = root.get("source")
        known = {key.name for key in (RECEIVED if received else CALL).keys}
        own = replace(root, entries=tuple(entry for entry in root if entry.key.value in known))
        return MappingFile(
            operation=self.text(root, "operation"),
            legacy=self.text(own, "receives" if received else "legacy"),
            received=received,
            source=source.value if isinstance(source, Scalar) else "",
            files=files,
            identity=rules.expression(own.get("identity")),
            require=self.each(own, "require", lambda node: self.require(rules, node)),
            refuse=self.each(own, "refuse", lambda node: self.refuse(rules, node)),
            both=rules.two_way(own.get("both")),
            rules={section.name: rules.rules(own.get(section.name)) for section in sections_of(received)},
            drop=self.each(own, "drop", lambda node: self.drop(rules, node)),
            outcome=self.each(own, "outcome", lambda node: self.outcome(rules, node)),
            view=self.views(rules, own.get("view")),
            places={entry.key.value: entry.key.at for entry in root},
        )

    def text(self, root: Block, name: str) -> Text:
        value = root.get(name)
        return Text(value.value, value.at) if isinstance(value, Scalar) else Text("", root.at)

    def each(self, root: Block, name: str, read: Callable[[Node], _Part | None]) -> tuple[_Part, ...]:
        section = root.get(name)
        found = [read(node) for node in section] if isinstance(section, Items) else []
        return tuple(one for one in found if one is not None)

    def require(self, rules: RuleReader, node: Node) -> Require | None:
        layer = self.layers[node.at.file]
        if isinstance(node, Scalar):
            path = rules.path(node)
            return Require(path, None, None, None, node.at, layer) if path else None
        if not isinstance(node, Block):
            return None
        path = rules.path(node.get("path"))
        header, query = rules.text(node.get("header")), rules.text(node.get("query"))
        if path is None and header is None and query is None:
            return None
        return Require(path, header, query, rules.expression(node.get("when")), node.at, layer)

    def refuse(self, rules: RuleReader, node: Node) -> Refuse | None:
        if not isinstance(node, Block):
            return None
        when, text = rules.expression(node.get("when")), rules.expression(node.get("text"))
        status, code = rules.text(node.get("status")), rules.text(node.get("code"))
        if when is None or text is None:
            return None
        number = int(status.value) if status is not None and status.value in _REFUSALS else _CONFLICT
        return Refuse(when, text, number, code.value if code else "", node.at, self.layers[node.at.file])

    def drop(self, rules: RuleReader, node: Node) -> Drop | None:
        if not isinstance(node, Block):
            return None
        path, why = rules.path(node.get("path")), rules.text(node.get("why"))
        return Drop(path, why.value if why else "", node.at, self.layers[node.at.file]) if path else None

    def outcome(self, rules: RuleReader, node: Node) -> OutcomeRule | None:
        kind = rules.text(node.get("is")) if isinstance(node, Block) else None
        if not isinstance(node, Block) or kind is None:
            return None
        if kind.value and kind.value not in OUTCOMES:
            text = f"'{kind.value}' is no outcome"
            self.findings.append(finding("M212", text, kind.at, suggest(kind.value, OUTCOMES)))
        status = node.get("status")
        return OutcomeRule(
            when=rules.expression(node.get("when")),
            kind=kind,
            texts=rules.expression(node.get("texts")),
            message=rules.expression(node.get("message")),
            status=int(status.value) if isinstance(status, Scalar) and status.value.isascii() and status.value.isdigit() else None,
            at=node.at,
            layer=self.layers[node.at.file],
        )

    def views(self, rules: RuleReader, node: Node | None) -> tuple[View, ...]:
        if not isinstance(node, Block):
            return ()
        return tuple(
            View(Text(entry.key.value, entry.key.at), rules.rules(entry.value), entry.key.at, self.layers[entry.key.at.file])
            for entry in node
        )
