"""One-way rules against the contracts: their paths, conditions and values, and what they write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from adapter.contract.shape import Kind, Place, Shape
from adapter.finding import Finding, Position
from adapter.mapping.catalogue import finding
from adapter.mapping.check.hints import NO_WAYS, Ways, require_hint, walked_ways
from adapter.mapping.check.lookups import Lookups
from adapter.mapping.check.places import place_of
from adapter.mapping.check.reads import accesses, errors, knowing, may_lack, needs_of, of_elements, sole_access
from adapter.mapping.check.targets import Need, Write
from adapter.mapping.check.values import misfit
from adapter.mapping.expression import facts_of, infer, infer_condition
from adapter.mapping.model import Branch, Direction, Expr, ListRule, Rule, ValueRule
from adapter.mapping.types import ANYTHING, ScopeShapes, Type


@dataclass(frozen=True, slots=True)
class _Taken:
    """One branch that was looked at: the type of its value (None where it has errors) and what it needs to be there."""

    branch: Branch
    type: Type | None
    needs: frozenset[Need] | None


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """Checks rules that write one side. ``code`` is that of an unknown path there."""

    direction: Direction
    code: str
    lookups: Lookups
    findings: list[Finding]

    def rules(self, rules: Iterable[Rule], root: Shape, scope: ScopeShapes, ways: Ways = NO_WAYS) -> list[Write]:
        """Checks the rules; gives what those without an unknown target write. ``ways`` are the paths of the walked lists."""
        writes: list[Write] = []
        for rule in rules:
            place = place_of(root, rule.target, self.code)
            if isinstance(place, Finding):
                self.findings.append(place)
                continue
            writes.append(
                self.list_rule(rule, place, scope, ways) if isinstance(rule, ListRule) else self.value_rule(rule, place, scope, ways)
            )
        return writes

    def value_rule(self, rule: ValueRule, place: Place, scope: ScopeShapes, ways: Ways) -> Write:
        """A value with its branches, table and default."""
        self._branches(rule.branches)
        taken: list[_Taken] = []
        current = scope
        for branch in rule.branches:
            taken.append(self._branch(rule, branch, place, current))
            current = knowing(current, branch.when, truth=False)
        default = self._value(rule.default, place, str(rule.target.path), scope) if rule.default is not None else None
        covered = rule.branches[-1].when is None
        always = covered and all(each.type is None or not may_lack(each.type) for each in taken)
        if default is not None and always and all(_told(each.type) for each in taken):
            at = rule.default.at if rule.default is not None else rule.at
            self.findings.append(finding("M414", "the value is always there, so the default has no effect", at, "remove it"))
        if default is not None and not may_lack(default):
            always = True
        open_ended = not covered and rule.default is None
        needs = taken[0].needs if len(taken) == 1 and rule.default is None else None
        remedy = self._remedy(taken, len(scope.walked), open_ended, ways)
        defaulted = rule.default is not None and not covered
        return Write(rule.target, always, rule.at, open_ended, needs, remedy=remedy, defaulted=defaulted)

    def list_rule(self, rule: ListRule, place: Place, scope: ScopeShapes, ways: Ways) -> Write:
        """A list block: what it walks, its condition, and its rules for one element."""
        elements, found = infer(rule.each, scope)
        self.findings.extend(found)
        if not elements.many and elements.kind is not Kind.ANY:
            text = f"'each' walks a list, this is one {elements}"
            self.findings.append(finding("M303", text, rule.each.at, "name the list itself, without picking from it"))
            elements = ANYTHING
        access = sole_access(rule.each, len(scope.walked))
        inside = of_elements(access, scope, scope.inside(elements))
        if rule.when is not None:
            self.condition(rule.when, inside)
            inside = knowing(inside, rule.when)
        inner = self.rules(rule.rules, place.shape, inside, walked_ways(access, len(scope.walked), ways))
        always = errors(found) or not may_lack(elements)
        needs = needs_of(access, scope) if access is not None else None
        remedy = "" if access is None else require_hint(access.root, access.steps, ways)
        return Write(rule.target, always, rule.at, False, needs, tuple(inner), remedy)

    def condition(self, condition: Expr, scope: ScopeShapes) -> None:
        """A condition must be true or false, and depend on something."""
        found = infer_condition(condition, scope)
        self.findings.extend(found)
        if not found and next(accesses(condition.node, len(scope.walked)), None) is None:
            self.findings.append(
                finding("M408", "the condition does not depend on anything", condition.at, "remove it, or ask for something of the message")
            )

    # -- parts of a value rule

    def _branch(self, rule: ValueRule, branch: Branch, place: Place, scope: ScopeShapes) -> _Taken:
        if branch.when is not None:
            self.condition(branch.when, scope)
        inside = knowing(scope, branch.when)
        before = len(self.findings)
        found = self._inferred(branch.value, inside)
        name = str(rule.target.path)
        if found is not None and rule.table is not None:
            table = self.lookups.table(rule.table.value, rule.table.at)
            found = None if table is None else self.lookups.looked_up(table, found, place.shape, branch.value.at, self.direction)
        if found is not None:
            written = found if rule.default is None else replace(found, nullable=False)  # the default stands in for null, too
            self.findings.extend(misfit(written, place, branch.value.at, f"'{name}'"))
        broken = errors(self.findings[before:])
        return _Taken(branch, None if broken else found, self._needs(branch, inside))

    def _value(self, expr: Expr, place: Place, name: str, scope: ScopeShapes) -> Type:
        found = self._inferred(expr, scope)
        if found is None:
            return replace(ANYTHING, optional=False)
        self.findings.extend(misfit(found, place, expr.at, f"'{name}'"))
        return found

    def _inferred(self, expr: Expr, scope: ScopeShapes) -> Type | None:
        """The type, None where the expression has errors."""
        found, findings = infer(expr, scope)
        self.findings.extend(findings)
        return None if errors(findings) else found

    def _branches(self, branches: tuple[Branch, ...]) -> None:
        """Branches that nothing reaches, and neighbours that do the same."""
        asked: dict[str, Position] = {}
        for branch in branches:
            if branch.when is None:
                continue
            said = _plain(branch.when)
            if said in asked:
                text = f"the same condition stands on line {asked[said].line}, so nothing gets here"
                self.findings.append(finding("M409", text, branch.when.at, "remove this branch, or correct its condition"))
            asked[said] = branch.when.at
        for first, second in pairwise(branches):
            if _plain(first.value) == _plain(second.value) and first.note == second.note:
                text = f"this branch gives the same as the one before it (line {first.value.at.line})"
                self.findings.append(finding("M410", text, second.value.at, "join the two conditions with 'or', or remove one"))

    def _needs(self, branch: Branch, scope: ScopeShapes) -> frozenset[Need] | None:
        access = sole_access(branch.value, len(scope.walked))
        asked = frozenset(_asked(branch.when, len(scope.walked)))
        if access is not None:
            own = needs_of(access, scope)
            return None if own is None else own | asked
        if next(accesses(branch.value.node, len(scope.walked)), None) is None:
            return asked
        return None

    def _remedy(self, taken: list[_Taken], depth: int, open_ended: bool, ways: Ways) -> str:
        """How the rule can be made to write always."""
        if open_ended:
            return "add 'otherwise' or 'default' for the cases that no condition covers"
        loose = next((each.branch for each in taken if each.type is not None and may_lack(each.type)), None)
        access = sole_access(loose.value, depth) if loose is not None else None
        if access is None:
            return "add a default"
        return require_hint(access.root, access.steps, ways, access.key)


def _told(value: Type | None) -> bool:
    return value is not None and not value.optional


def _asked(when: Expr | None, depth: int) -> Iterator[Need]:
    """What a condition needs: itself, and each path that it finds present, with all on the way there."""
    if when is None:
        return
    yield "when", _plain(when)
    facts = facts_of(when.node, depth)
    for root, steps in facts.present | facts.filled:
        for end in range(1, len(steps) + 1):
            yield "path", root, *steps[:end]


def _plain(expr: Expr) -> str:
    return " ".join(expr.text.split())
