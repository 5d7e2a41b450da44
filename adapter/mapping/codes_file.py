"""A market's codes file with what it starts from: ``like: market`` takes the codes of another market on the same system.

``messages``, ``tables`` and ``reference`` are joined by name, and an own entry replaces the other's; ``grammar`` and ``source``
are the other's unless given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapter.finding import Finding
from adapter.mapping.catalogue import finding
from adapter.mapping.load import Loaded, read_yaml
from adapter.yaml_text import Block, Entry, Scalar

_FIRST = "tables:"
_JOINED = ("messages", "tables", "reference")
_LIKE = "like"


@dataclass(frozen=True, slots=True)
class CodesFile:
    """``loaded`` is the file as joined; ``parents`` are the texts of the files that it starts from, by their names in positions."""

    loaded: Loaded
    parents: Mapping[str, str] = field(default_factory=dict)


def read_codes(path: Path, shown: str) -> CodesFile:
    """Reads ``<market>/codes.yaml`` and all it starts from; ``shown`` is its name in positions. What is wrong are findings."""
    loaded = read_yaml(path, shown, _FIRST)
    findings: list[Finding] = list(loaded.findings)
    parents: dict[str, str] = {}
    root, chain = loaded.root, [path.parent.name]
    own = [root] if root is not None else []
    while root is not None and isinstance(like := root.get(_LIKE), Scalar):
        market = like.value
        file = path.parent.parent / market / path.name
        if market in chain:
            text = f"'{market}' starts from this file itself: {' → '.join([*chain, market])}"
            findings.append(finding("M702", text, like.at, "one of them must stand alone"))
            break
        if not file.is_file():
            findings.append(finding("M701", f"there is no {path.name} of a market '{market}'", like.at, "correct the name"))
            break
        chain.append(market)
        name = shown.replace(f"{path.parent.name}/{path.name}", f"{market}/{path.name}")
        parent = read_yaml(file, name, _FIRST)
        parents[name] = parent.text
        findings += parent.findings
        root = parent.root
        own += [root] if root is not None else []
    if not own:
        return CodesFile(replace(loaded, findings=tuple(findings)), parents)
    joined = own[-1]
    for over in reversed(own[:-1]):
        joined = _join(joined, over)
    return CodesFile(Loaded(_without_like(joined), loaded.text, tuple(findings)), parents)


def _join(base: Block, over: Block) -> Block:
    entries = {entry.key.value: entry for entry in base}
    for entry in over:
        name, before = entry.key.value, entries.get(entry.key.value)
        joins = before is not None and name in _JOINED and isinstance(before.value, Block) and isinstance(entry.value, Block)
        entries[name] = replace(entry, value=_named(before.value, entry.value)) if joins else entry  # type: ignore[union-attr, arg-type]
    return Block(tuple(entries.values()), over.at)


def _named(base: Block, over: Block) -> Block:
    entries: dict[str, Entry] = {entry.key.value: entry for entry in base}
    entries.update({entry.key.value: entry for entry in over})
    return Block(tuple(entries.values()), over.at)


def _without_like(root: Block) -> Block:
    return replace(root, entries=tuple(entry for entry in root if entry.key.value != _LIKE or not isinstance(entry.value, Scalar)))
