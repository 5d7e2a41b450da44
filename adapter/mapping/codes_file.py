"""A market's codes file with what it starts from: ``like: market`` takes the codes of another market on the same system.

``messages``, ``tables`` and ``reference`` are joined by name, and an own entry replaces the parent's; of a table that both have the
rows are joined by their canonical codes. ``without`` leaves entries of the parent out by section and name. The rest is the parent's unless
given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from adapter.finding import Finding, suggest
from adapter.mapping.catalogue import finding
from adapter.mapping.load import CODES, Loaded, read_yaml
from adapter.yaml_text import Block, Entry, Items, Node, Scalar

Inside = Mapping[str, "Inside"]

_LIKE, _WITHOUT, _ANY = "like", "without", "*"
_ROWS: Final[Inside] = {}
_JOINED: Final[Inside] = {"messages": {}, "tables": {_ANY: {"rows": _ROWS}}, "reference": {}}


@dataclass(frozen=True, slots=True)
class CodesFile:
    """``loaded`` is the file as joined; ``parents`` are the texts of the files that it starts from, by their names in positions."""

    loaded: Loaded
    parents: Mapping[str, str] = field(default_factory=dict)


def read_codes(path: Path, shown: str) -> CodesFile:
    """Reads ``<market>/codes.yaml`` and all it starts from; ``shown`` is its name in positions. What is wrong are findings."""
    loaded = read_yaml(path, shown, CODES)
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
        parent = read_yaml(file, name, CODES)
        parents[name] = parent.text
        findings += parent.findings
        root = parent.root
        own += [root] if root is not None else []
    if not own:
        return CodesFile(replace(loaded, findings=tuple(findings)), parents)
    joined = own[-1]
    if (orphan := joined.entry(_WITHOUT)) is not None and joined.get(_LIKE) is None:
        text = f"'{_WITHOUT}' stands in a file that starts from no other"
        findings.append(finding("M705", text, orphan.key.at, "add 'like: market', or remove it"))
    for over in reversed(own[:-1]):
        joined = _join(_leave_out(joined, over.get(_WITHOUT), findings), over, _JOINED, findings)
    return CodesFile(Loaded(joined, loaded.text, tuple(findings)), parents)


def _join(base: Block, over: Block, inside: Inside, findings: list[Finding]) -> Block:
    """Entries of ``over`` replace those of the same name; what ``inside`` names is joined in turn."""
    entries = {entry.key.value: entry for entry in base}
    for entry in over:
        name, value = entry.key.value, entry.value
        before = entries.get(name)
        deeper = inside.get(name, inside.get(_ANY))
        if before is not None and deeper is not None and isinstance(before.value, Block) and isinstance(value, Block):
            value = _join(before.value, value, deeper, findings)
        elif before is not None and inside is _ROWS and _codes(before.value) == _codes(value):
            text = f"'{name}' says what the parent says (line {before.key.at.line} of {before.key.at.file})"
            findings.append(finding("M703", text, entry.key.at, "remove it"))
        entries[name] = replace(entry, value=value)
    return Block(tuple(entries.values()), over.at)


def _codes(node: Node) -> list[str]:
    return [each.value for each in (node if isinstance(node, Items) else (node,)) if isinstance(each, Scalar)]


def _leave_out(base: Block, without: Node | None, findings: list[Finding]) -> Block:
    there = dict(_places(base))
    doomed: set[int] = set()
    for item in without if isinstance(without, Items) else ():
        if not isinstance(item, Scalar):
            continue
        found = there.get(item.value)
        if found is None:
            alike = [name for name in there if name.count(".") == item.value.count(".")]  # never a whole table in place of one row
            hint = suggest(item.value, alike) or "write section.name, such as tables.orderState.held"
            findings.append(finding("M704", f"the parent has no '{item.value}'", item.at, hint))
        else:
            doomed.add(id(found))
    return _pruned(base, doomed)


def _places(base: Block) -> Iterator[tuple[str, Entry]]:
    """What can be left out: ``messages.E1``, ``tables.orderState``, ``tables.orderState.held``."""
    for section in base:
        named = section.value if section.key.value in _JOINED and isinstance(section.value, Block) else ()
        for entry in named:
            name = f"{section.key.value}.{entry.key.value}"
            yield name, entry
            rows = entry.value.get("rows") if section.key.value == "tables" and isinstance(entry.value, Block) else None
            for row in rows if isinstance(rows, Block) else ():
                yield f"{name}.{row.key.value}", row


def _pruned(block: Block, doomed: set[int]) -> Block:
    kept = (entry for entry in block if id(entry) not in doomed)
    pruned = (replace(entry, value=_pruned(entry.value, doomed)) if isinstance(entry.value, Block) else entry for entry in kept)
    return replace(block, entries=tuple(pruned)) if doomed else block
