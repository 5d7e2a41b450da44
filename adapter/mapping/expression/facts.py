"""What a condition that held says about the paths it asked for, so that a guarded value counts as present."""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import nodes

from adapter.mapping.expression.access import Access, is_access, read_access
from adapter.mapping.model import OutcomeRule, Refuse
from adapter.mapping.types import Fact, Facts, fact


def facts_of(node: nodes.Node, depth: int, truth: bool = True) -> Facts:
    """What is certain when ``node`` was found to be ``truth``. ``depth`` is the number of walked lists around it."""
    match node:
        case nodes.Not():
            return facts_of(node.node, depth, not truth)
        case nodes.And() | nodes.Or():
            left, right = facts_of(node.left, depth, truth), facts_of(node.right, depth, truth)
            return left | right if isinstance(node, nodes.And) is truth else left & right
        case nodes.Test(name="present" | "absent"):
            return Facts(present=_fact(node.node, depth)) if (node.name == "present") is truth else Facts()
        case nodes.Test(name="null"):
            return Facts(present=_fact(node.node, depth)) if truth else Facts(valued=_fact(node.node, depth))
        case nodes.Compare() if len(node.ops) == 1:
            return _of_comparison(node.expr, node.ops[0].op, node.ops[0].expr, depth, truth)
    return Facts()


def _of_comparison(left: nodes.Expr, sign: str, right: nodes.Expr, depth: int, truth: bool) -> Facts:
    """Absent equals nothing and is in nothing, so equality means that both sides are there; what is not null may be absent."""
    if (sign == "ne") is truth and sign in {"eq", "ne"}:
        null = [isinstance(side, nodes.Const) and side.value is None for side in (left, right)]
        return Facts(valued=_fact(left, depth) | _fact(right, depth)) if any(null) else Facts()
    if (sign == "eq") is truth and sign in {"eq", "ne"}:
        both = _fact(left, depth) | _fact(right, depth)
        known = {type(side.value) for side in (left, right) if isinstance(side, nodes.Const)}
        return Facts(filled=both) if known and type(None) not in known and not _empty(left, right) else Facts(present=both)
    if (sign == "in") is truth and sign in {"in", "notin"}:
        return Facts(present=_fact(left, depth))
    return Facts()


def _empty(*sides: nodes.Expr) -> bool:
    return any(isinstance(side, nodes.Const) and side.value == "" for side in sides)


def _fact(node: nodes.Expr, depth: int) -> frozenset[Fact]:
    if not is_access(node):
        return frozenset()
    access = read_access(node, depth)
    if not isinstance(access, Access) or access.base is not None or any(step.each for step in access.steps):
        return frozenset()
    return frozenset({fact(*access.target)})


def outcome_facts(rules: Iterable[OutcomeRule]) -> Facts:
    """What every accepted reply certainly holds: ``reply`` and ``view`` run for accepted replies only."""
    accepted = [facts_of(rule.when.node, 0) if rule.when is not None else Facts() for rule in rules if rule.kind.value == "accepted"]
    if not accepted:
        return Facts()
    common = accepted[0]
    for other in accepted[1:]:
        common = common & other
    return common


def refused_facts(rules: Iterable[Refuse]) -> Facts:
    """What every request certainly holds that no rule refused."""
    found = Facts()
    for rule in rules:
        found |= facts_of(rule.when.node, 0, truth=False)
    return found
