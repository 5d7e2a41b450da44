"""Overlays: ``like:`` starts from another mapping, the same key path overrides, ``without:`` leaves rules out.

Works on the loaded text, before anything is parsed, so that a rule that is overridden is never looked at and every rule that
stays keeps its place in the file it was written in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from adapter.contract.path import PathError, parse_path
from adapter.finding import Finding, Position, suggest
from adapter.mapping.catalogue import finding
from adapter.mapping.load import Loaded, read_yaml
from adapter.yaml_text import Block, Entry, Items, Node, Scalar

RULES = ("both", "request", "reply", "subject", "report", "answer")
_INNER = ("set", "both", "request", "reply", "report")
_ADDED = ("require", "refuse", "drop")
_ABOUT = ("like", "inherit", "without")
_CALLED = ("legacy", "receives")  # an overlay may be the same for another operation or message
_HEAD = ("operation", *_CALLED, "source")
_DIRECTIONS = {
    "request": ("require", "refuse", "request", "drop"),
    "reply": ("reply", "subject", "view"),
    "report": ("identity", "both", "report"),
    "answer": ("answer",),
}
_BOTH_WAYS = ("request", "reply")


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of all markets' mappings. ``shown`` stands for it in positions; files are <market>/<operation>.yaml."""

    root: Path
    shown: str

    def file(self, market: str, operation: str) -> str:
        """The name of a mapping in positions."""
        return f"{self.shown}/{market}/{operation}.yaml"

    def has(self, market: str, operation: str) -> bool:
        """Whether the mapping exists."""
        return (self.root / market / f"{operation}.yaml").is_file()

    def load(self, market: str, operation: str) -> Loaded:
        """Its text, with places."""
        return read_yaml(self.root / market / f"{operation}.yaml", self.file(market, operation))

    def names(self) -> list[str]:
        """Every mapping there is: market/operation."""
        return sorted(f"{path.parent.name}/{path.stem}" for path in self.root.glob("*/*.*.yaml"))


@dataclass(frozen=True, slots=True)
class Layered:
    """One mapping with its parents below it. ``files`` and ``layers`` are by the file's name in positions, oldest first."""

    root: Block | None
    files: dict[str, str]
    layers: dict[str, str]
    findings: tuple[Finding, ...]


def layered(folder: Folder, market: str, operation: str) -> Layered:
    """Loads a mapping and all it starts from, and joins them."""
    findings: list[Finding] = []
    chain: list[tuple[str, str, Block]] = []
    files: dict[str, str] = {}
    seen: list[tuple[str, str]] = []
    where: tuple[str, str] | None = (market, operation)
    while where is not None:
        seen.append(where)
        loaded = folder.load(*where)
        file = folder.file(*where)
        files = {file: loaded.text, **files}
        findings += loaded.findings
        if loaded.root is None:
            break
        chain.append((file, where[0] if where[1] == operation else "/".join(where), loaded.root))
        where = _parent(folder, loaded.root, seen, findings)
    if not chain:
        return Layered(None, files, {}, tuple(findings))
    root = chain[-1][2]
    for file, _layer, over in reversed(chain[:-1]):
        root = _join(root, over, file, findings)
    for name in ("without", "inherit"):
        orphan = chain[0][2].entry(name)
        if orphan is not None and chain[0][2].get("like") is None:
            text = f"'{name}' stands in a file that starts from no other"
            findings.append(finding("M705", text, orphan.key.at, "add 'like: market', or remove it"))
    layers = {file: layer for file, layer, _ in reversed(chain)}
    return Layered(root, files, layers, tuple(findings))


def _parent(folder: Folder, root: Block, seen: list[tuple[str, str]], findings: list[Finding]) -> tuple[str, str] | None:
    """The mapping that the last of ``seen`` starts from."""
    child = seen[-1]
    like = root.get("like")
    if not isinstance(like, Scalar) or not like.value:
        return None
    market, _, named = like.value.partition("/")
    parent = market, named or child[1]
    if parent in seen:
        way = " → ".join(map("/".join, seen))
        findings.append(
            finding(
                "M702", f"'{like.value}' starts from this file itself: {way} → {'/'.join(parent)}", like.at, "one of them must stand alone"
            )
        )
        return None
    if not folder.has(*parent):
        known = [name for name in folder.names() if name != "/".join(child)]
        hint = suggest("/".join(parent), known, "there are")
        findings.append(finding("M701", f"there is no mapping {'/'.join(parent)}", like.at, hint))
        return None
    return parent


def _join(base: Block, over: Block, file: str, findings: list[Finding]) -> Block:
    base = _leave_out(_one_way(base, over.get("inherit")), over.get("without"), findings)
    entries = {entry.key.value: entry for entry in base if entry.key.value not in _ABOUT}
    own = [entry for entry in over if entry.key.value not in _ABOUT]
    another = any(_word(over, name) not in ("", _word(base, name)) for name in _CALLED)
    for entry in over:
        name = entry.key.value
        old = entries.get(name)
        entries[name] = entry if old is None else replace(entry, value=_section(name, old.value, entry.value, findings))
    if over.get("without") is None and not another and not any(entry.key.value not in _HEAD for entry in own):
        like = over.entry("like")
        at = like.key.at if like else Position(file, 1, 1)
        findings.append(
            finding("M706", "this overlay has no rule of its own", at, "add what differs, or let the market use the parent's file")
        )
    return Block(tuple(entries.values()), over.at)


def _word(block: Block, name: str) -> str:
    """The text that stands at a key, "" where none does."""
    found = block.get(name)
    return found.value if isinstance(found, Scalar) else ""


def _one_way(base: Block, inherit: Node | None) -> Block:
    """The part of the parent that serves one direction; of its two-way rules that direction."""
    if not isinstance(inherit, Scalar) or inherit.value not in _DIRECTIONS:
        return base
    kept = [entry for entry in base if entry.key.value in (*_HEAD, *_DIRECTIONS[inherit.value])]
    both = base.entry("both")
    if inherit.value in _BOTH_WAYS and both is not None and isinstance(both.value, Block):
        rules = tuple(replace(entry, only=entry.only or inherit.value) for entry in both.value if entry.only in ("", inherit.value))
        kept.append(replace(both, value=replace(both.value, entries=rules)))
    return replace(base, entries=tuple(kept))


def _section(name: str, old: Node, new: Node, findings: list[Finding]) -> Node:
    if name in RULES and isinstance(old, Block) and isinstance(new, Block):
        return _rules(old, new, findings)
    if name == "view" and isinstance(old, Block) and isinstance(new, Block):
        faces = {entry.key.value: entry for entry in old}
        for entry in new:
            before = faces.get(entry.key.value)
            merged = before is not None and isinstance(before.value, Block) and isinstance(entry.value, Block)
            faces[entry.key.value] = (
                replace(entry, value=_rules(before.value, entry.value, findings))  # type: ignore[union-attr, arg-type]
                if merged
                else entry
            )
        return Block(tuple(faces.values()), new.at)
    if name in _ADDED and isinstance(old, Items) and isinstance(new, Items):
        spelled = {_spelling(node) for node in old}
        for node in new:
            if _spelling(node) in spelled:
                findings.append(finding("M703", "the parent says this already", node.at, "remove it"))
        return Items((*old.nodes, *new.nodes), new.at)
    if name in ("outcome", "identity") and _spelling(old) == _spelling(new):
        findings.append(finding("M703", f"'{name}' is the same as the parent's", new.at, "remove it"))
    return new


def _rules(old: Block, new: Block, findings: list[Finding]) -> Block:
    entries = {_place(entry): entry for entry in old}
    for entry in new:
        name = _place(entry)
        before = entries.get(name)
        if before is None:
            entries[name] = entry
            continue
        value = _rule(before.value, entry.value, findings)
        if value is entry.value and _spelling(before.value) == _spelling(value):
            text = f"'{entry.key.value}' says what the parent says (line {before.key.at.line} of {before.key.at.file})"
            findings.append(finding("M703", text, entry.key.at, "remove it"))
        entries[name] = replace(entry, value=value, only="" if value is entry.value else before.only)
    return Block(tuple(entries.values()), new.at)


def _rule(old: Node, new: Node, findings: list[Finding]) -> Node:
    """A block that leaves out what it walks (``each``, ``legacy``) changes parts of the parent's; any other replaces it."""
    if not isinstance(new, Block) or new.get("each") is not None or new.get("legacy") is not None or not _partial(new):
        return new
    if isinstance(old, Scalar):
        old = Block((Entry(replace(old, value="legacy"), old),), old.at)
    if not isinstance(old, Block):
        return new
    entries = {entry.key.value: entry for entry in old}
    for entry in new:
        before = entries.get(entry.key.value)
        both = entry.key.value in _INNER and before is not None and isinstance(before.value, Block) and isinstance(entry.value, Block)
        entries[entry.key.value] = replace(entry, value=_rules(before.value, entry.value, findings)) if both else entry  # type: ignore[union-attr, arg-type]
    return Block(tuple(entries.values()), new.at)


def _place(entry: Entry) -> str:
    """What a rule writes; ``order.line: …`` and ``order.line[]: {each: …}`` write the same place."""
    return canonical(entry.key.value).removesuffix("[]")


def _partial(block: Block) -> bool:
    names = {entry.key.value for entry in block}
    return bool(names & {*_INNER}) or names == {"default"}


def canonical(text: str) -> str:
    """The one spelling of a path; the text itself where it is none."""
    try:
        return str(parse_path(text))
    except PathError:
        return text


def _spelling(node: Node) -> object:
    match node:
        case Scalar(value=value):
            return " ".join(value.split())
        case Items(nodes=nodes):
            return tuple(_spelling(each) for each in nodes)
        case Block(entries=entries):
            return frozenset((canonical(entry.key.value), _spelling(entry.value)) for entry in entries)


def _leave_out(base: Block, without: Node | None, findings: list[Finding]) -> Block:
    if not isinstance(without, Items):
        return base
    there = dict(_addresses(base))
    doomed: set[int] = set()
    for item in without:
        if not isinstance(item, Scalar):
            continue
        found = there.get(canonical(item.value))
        if found is None:
            hint = suggest(canonical(item.value), there)
            findings.append(
                finding("M704", f"the parent has no rule '{item.value}'", item.at, hint or "write section.path, such as reply.id")
            )
        else:
            doomed.add(id(found))
    return _pruned(base, doomed)


def _addresses(base: Block) -> Iterator[tuple[str, Entry | Node]]:
    for entry in base:
        name, value = entry.key.value, entry.value
        if name in RULES and isinstance(value, Block):
            yield from _rule_addresses(value, name)
        elif name == "view" and isinstance(value, Block):
            for face in value:
                yield f"view.{face.key.value}", face
                if isinstance(face.value, Block):
                    yield from _rule_addresses(face.value, f"view.{face.key.value}")
        elif name == "identity":
            yield name, entry
        elif name in _ADDED and isinstance(value, Items):
            for node in value:
                yield canonical(f"{name}.{_named(node)}"), node


def _rule_addresses(rules: Block, prefix: str) -> Iterator[tuple[str, Entry]]:
    for entry in rules:
        name = f"{prefix}.{canonical(entry.key.value)}"
        yield name, entry
        for part in entry.value if isinstance(entry.value, Block) else ():
            if part.key.value in _INNER and isinstance(part.value, Block):
                inner = name if part.key.value == "set" else f"{name}.{part.key.value}"
                yield from _rule_addresses(part.value, inner)


def _named(node: Node) -> str:
    """What an entry of a list is called: what it requires or drops, or the code of a refusal."""
    if isinstance(node, Scalar):
        return node.value
    for name in ("path", "header", "query", "code"):
        value = node.get(name) if isinstance(node, Block) else None
        if isinstance(value, Scalar):
            return f"{name}.{value.value}" if name in ("header", "query") else value.value
    return ""


def _pruned(block: Block, doomed: set[int]) -> Block:
    return replace(block, entries=tuple(replace(entry, value=_kept(entry.value, doomed)) for entry in block if id(entry) not in doomed))


def _kept(node: Node, doomed: set[int]) -> Node:
    match node:
        case Block():
            return _pruned(node, doomed)
        case Items(nodes=nodes):
            return replace(node, nodes=tuple(_kept(each, doomed) for each in nodes if id(each) not in doomed))
    return node
