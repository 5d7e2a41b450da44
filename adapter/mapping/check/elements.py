"""Elements that two two-way rules take for their own: one element on the way out, two on the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from adapter.contract.path import Step
from adapter.finding import Finding
from adapter.mapping.catalogue import finding
from adapter.mapping.model import BothRule, PathText

_List = tuple[str, ...]  # the steps to a list, its name last


def shared_elements(rules: Iterable[BothRule]) -> Iterator[Finding]:
    """The rules of one level that work in both directions, and do not come back equal because of one another."""
    both_ways = [rule for rule in rules if rule.only is None]
    for paths in ([rule.canonical for rule in both_ways], [rule.legacy for rule in both_ways]):
        for listed in _by_list(paths).values():
            for (early, first), (late, second) in combinations(sorted(listed, key=lambda each: each[0].at), 2):
                if said := _shared(first, second):
                    text = f"'{late.text}' has no way back beside '{early.text}' on line {early.at.line}: {said}"
                    yield finding("M503", text, late.at, _hint(first, second))


def _by_list(paths: Iterable[PathText]) -> dict[_List, list[tuple[PathText, Step]]]:
    """Each list with the paths that walk it or pick from it."""
    found: dict[_List, list[tuple[PathText, Step]]] = {}
    for path in paths:
        steps = path.path.steps
        for index, step in enumerate(steps):
            if step.each or step.pick is not None:
                found.setdefault((*map(str, steps[:index]), step.name), []).append((path, step))
    return found


def _shared(first: Step, second: Step) -> str:
    """Why both steps may mean one element and yet write two; "" where they do not."""
    if first.each is not second.each:
        return "the list brings all elements back, and the picked one comes a second time"
    one, other = first.pick, second.pick
    if one is None or other is None or one == other or one.key != other.key or not (one.fold or other.fold):
        return ""
    same = one.value.lower() == other.value.lower()
    return "both may read the same element, and each writes one of its own" if same else ""


def _hint(first: Step, second: Step) -> str:
    if first.each is not second.each:
        return "keep one of the rules, or write one-way rules whose 'when' leaves the picked element out of the list"
    return "spell the pick the same in both"
