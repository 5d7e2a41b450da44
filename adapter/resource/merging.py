"""What a report adds to a document: members as a merge patch does it, items by their key, states apart from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.contract.path import Pick, Step
from adapter.ports import Document
from adapter.resource.declaration import Items


@dataclass(frozen=True, slots=True)
class StateChange:
    """A state that a report changes; ``path`` is the item's, "" for the resource itself. ``before`` is "" where none was shown."""

    path: str
    before: str
    after: str


@dataclass(slots=True)
class Merge:
    """What was found on the way: paths of changed members, changed states of items, reported items that the resource has not."""

    changed: list[str] = field(default_factory=list)
    states: list[StateChange] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    items_told: bool = False


def merge_members(
    current: Document, reported: Document, skip: frozenset[str], where: str, found: Merge, lists: Mapping[str, str] | None = None
) -> Document:
    """``current`` with the members of ``reported``; the very same where nothing differs. Null takes a member away. Of ``lists`` single
    elements are reported, told apart by the member that stands here for each list."""
    keys = lists or {}
    changes = {name: _changed(current.get(name), value, keys.get(name)) for name, value in reported.items() if name not in skip}
    differing = [name for name, value in changes.items() if current.get(name) != value]
    if not differing:
        return current
    found.changed += [f"{where}{name}" for name in differing]
    merged = {**current, **{name: changes[name] for name in differing}}
    return {name: value for name, value in merged.items() if value is not None or name not in differing}


def _changed(current: Any, reported: Any, key: str | None) -> Any:
    if key is None or not isinstance(current, list) or not isinstance(reported, list):
        return patch(current, reported)
    merged = list(current)
    for element in reported:
        place = next((number for number, known in enumerate(merged) if _value(known, key) == _value(element, key)), None)
        if place is None:
            merged.append(element)
        else:
            merged[place] = patch(merged[place], element)
    return merged


def patch(current: Any, reported: Any) -> Any:
    """RFC 7386: objects member by member, everything else as a whole."""
    if not isinstance(reported, dict):
        return reported
    merged = dict(current) if isinstance(current, dict) else {}
    for name, value in reported.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = patch(merged.get(name), value)
    return merged


def merge_items(declared: Items, current: Sequence[Document], reported: Sequence[Document], where: str, found: Merge) -> list[Document]:
    """The items with what was reported of them. Order and number stay; nested items are items, too."""
    merged = list(current)
    free: dict[str, list[int]] = {}
    for number, item in enumerate(current):
        free.setdefault(str(_value(item, declared.key[0])), []).append(number)
    for report in reported:
        path = f"{where}{_step(declared, report)}"
        places = free.get(str(_value(report, declared.key[0])), [])
        place = _place(declared.key[1:], current, places, report)
        if place is None:
            found.strangers.append(path)
            continue
        places.remove(place)
        merged[place] = _merge_item(declared, current[place], report, path, found)
    return merged


def _merge_item(declared: Items, item: Document, report: Document, path: str, found: Merge) -> Document:
    merged = merge_members(item, report, frozenset({declared.state, declared.member}), f"{path}.", found)
    state, before = report.get(declared.state), item.get(declared.state)
    if state is not None:
        found.items_told = True
        if state != before:
            found.states.append(StateChange(path, before or "", state))
            merged = {**merged, declared.state: state}
    nested, told = item.get(declared.member) or [], report.get(declared.member) or []
    if told:
        parts = merge_items(declared, nested, told, f"{path}.", found)
        merged = merged if parts == nested else {**merged, declared.member: parts}
    return merged


def _place(key: Sequence[str], current: Sequence[Document], places: Sequence[int], report: Document) -> int | None:
    """The first of ``places`` whose item agrees with ``report`` on all of ``key``, else the first that contradicts it on none."""
    for certain in (True, False):
        for place in places:
            pairs = [(_value(current[place], path), _value(report, path)) for path in key]
            if all(mine == theirs or (not certain and (mine is None or theirs is None)) for mine, theirs in pairs):
                return place
    return None


def _value(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _step(declared: Items, report: Document) -> str:
    return str(Step(declared.member, pick=Pick(declared.key[0], str(_value(report, declared.key[0])))))
