"""Where each field of a written document comes from, and what of the request nobody read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.contract.path import Step
from adapter.finding import Position
from adapter.mapping.compile.record import JUDGING, RuleRecord, Told, fill
from adapter.mapping.model import Drop
from adapter.mapping.runtime import index_by


@dataclass(frozen=True, slots=True)
class FieldOrigin:
    """The origin of one written value.

    ``target`` is its path with indices (``order.line[3].kind``); ``rule`` where the rule stands, ``layer`` the mapping that
    brought it; ``sources`` what was read for it (``request.note[@type=CreditLimit].text``, ``header lob``); ``branch`` is
    "" where there is only one way, else ``when 1``, ``otherwise`` or ``default``, and ``branch_at`` its place;
    ``table`` and ``row`` name the code table and the place of its row (None: the value has no row).
    """

    target: str
    value: Any
    rule: Position
    layer: str
    sources: tuple[str, ...]
    branch: str = ""
    branch_at: Position | None = None
    table: str = ""
    row: Position | None = None


def origins(records: Sequence[RuleRecord], told: Iterable[Told]) -> list[FieldOrigin]:
    """What the second form of a function told, in the order in which the document was written."""
    found: list[FieldOrigin] = []
    for number, value, written, read, branch, code in told:
        record = records[number]
        if record.is_list or record.section in JUDGING:
            continue
        way = record.branches[branch]
        found.append(
            FieldOrigin(
                fill(record.target, written),
                value,
                record.at,
                record.layer,
                tuple(dict.fromkeys(source.at(read) for source in way.sources)),
                way.label,
                way.at,
                record.table.name.value if record.table is not None else "",
                row_of(record, code),
            )
        )
    return found


def row_of(record: RuleRecord, code: object) -> Position | None:
    """Where the row stands that a looked up code was found in."""
    if record.table is None:
        return None
    found = record.table.found(record.direction, code)
    return None if found is None else found[1].at


def unread(document: Any, records: Iterable[RuleRecord], drop: Iterable[Drop]) -> list[str]:
    """The paths of values that no record of the request direction read and no ``drop`` names."""
    reads = [
        source.steps
        for record in records
        if record.section == "request"
        for branch in record.branches
        for source in branch.sources
        if source.root == "request" and not source.walks
    ]
    reads += [entry.path.path.steps for entry in drop]
    found: list[str] = []
    _leaves(document, "", [steps for steps in reads if steps], found)
    return found


def _leaves(value: Any, path: str, reads: list[tuple[Step, ...]], found: list[str]) -> None:
    """Goes down only where nothing was read as a whole; ``reads`` are what is left of the paths that lead here."""
    if any(not steps for steps in reads):
        return
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            below = [steps for steps in reads if steps[0].name == name]
            _member(inner, f"{path}.{name}" if path else name, below, found)
    else:
        found.append(path)


def _member(value: Any, path: str, reads: list[tuple[Step, ...]], found: list[str]) -> None:
    if not isinstance(value, list):
        _leaves(value, path, [steps[1:] for steps in reads], found)
        return
    if any(len(steps) == 1 and steps[0].pick is None for steps in reads):
        return
    for number, element in enumerate(value):
        inner: list[tuple[Step, ...]] = []
        for steps in reads:
            chosen = steps[0].pick
            if chosen is None:
                inner.append(steps[1:])
            elif isinstance(element, dict) and _chosen(element, chosen.key, chosen.value, chosen.fold):
                inner += [steps[1:], (Step(chosen.key),)]
        _leaves(element, f"{path}[{number}]", inner, found)


def _chosen(element: dict[str, Any], key: str, value: str, fold: bool) -> bool:
    known = index_by([element], key)
    return any(str(name) == value or (fold and str(name).lower() == value.lower()) for name in known if name is not None)
