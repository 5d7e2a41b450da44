"""What of the canonical request a mapping reads on its way to the legacy document, worked out from its rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from adapter.contract.path import Path
from adapter.finding import Position
from adapter.mapping.check.reads import accesses, sole_access
from adapter.mapping.model import BothRule, Direction, Expr, ListRule, MappingFile, Rule, TwoWayRule, ValueRule

Way = tuple[str, ...]
"""The names of members on the way to a place, without picks and indices."""

_Roots = Mapping[str, Way]  # what a name of an expression stands for: the request, and each element that is walked
_ELSEWHERE: Way = ("",)  # no member is called so: the elements of a list that is not the request's


class Used(NamedTuple):
    """One place that is read. ``walks``: a list whose elements are walked; what is read of them are places of their own."""

    way: Way
    at: Position
    walks: bool = False


def used(file: MappingFile) -> Iterator[Used]:
    """Every canonical place that the request direction reads, be it for a value or for a condition. A received message has no request."""
    if file.received:
        return
    roots: _Roots = {"request": ()}
    yield from _both(file.both, (), roots)
    yield from _rules(file.rules["request"], roots)


def names_of(path: Path) -> Way:
    """The names of a path's members."""
    return tuple(step.name for step in path.steps)


def _both(rules: Iterable[BothRule], before: Way, roots: _Roots) -> Iterator[Used]:
    for rule in rules:
        if rule.only is Direction.REPLY:
            continue
        way = before + names_of(rule.canonical.path)
        if isinstance(rule, TwoWayRule):
            yield Used(way, rule.canonical.at)
            continue
        inside = {**roots, f"item{len(roots) - 1}": way}
        yield Used(way, rule.canonical.at, walks=True)
        yield from _both(rule.both, way, inside)
        yield from _rules(rule.request, inside)


def _rules(rules: Iterable[Rule], roots: _Roots) -> Iterator[Used]:
    depth = len(roots) - 1
    for rule in rules:
        if not isinstance(rule, ListRule):
            for expr in _expressions(rule):
                yield from _read(expr, roots)
            continue
        access = sole_access(rule.each, depth)
        walked = None if access is None or access.root not in roots else roots[access.root] + names_of(Path(access.steps))
        if walked is None:
            yield from _read(rule.each, roots)
        else:
            yield Used(walked, rule.each.at, walks=True)
        inside = {**roots, f"item{depth}": _ELSEWHERE if walked is None else walked}
        if rule.when is not None:
            yield from _read(rule.when, inside)
        yield from _rules(rule.rules, inside)


def _expressions(rule: ValueRule) -> Iterator[Expr]:
    for branch in rule.branches:
        if branch.when is not None:
            yield branch.when
        yield branch.value
    if rule.default is not None:
        yield rule.default


def _read(expr: Expr, roots: _Roots) -> Iterator[Used]:
    for access in accesses(expr.node, len(roots) - 1):
        if access.root in roots and roots[access.root] != _ELSEWHERE:
            yield Used(roots[access.root] + names_of(Path(access.steps)), expr.at)
