"""The functions of a compiled mapping: one for each section that writes, each view, and for what judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from adapter.contract.member_order import Rank, rank
from adapter.contract.path import Path
from adapter.contract.shape import Kind, Shape
from adapter.errors import Problem
from adapter.finding import Position
from adapter.mapping.compile.assemble import Assembler, Unit
from adapter.mapping.compile.code import Mark, Suite
from adapter.mapping.compile.lacking import lacking, unnumbered
from adapter.mapping.compile.plan import entries_of, plan
from adapter.mapping.compile.record import BranchRecord, RuleRecord
from adapter.mapping.model import Direction, Expr, ListRule, MappingFile, OutcomeRule, Refuse, Require, Rule, ValueRule, View
from adapter.mapping.runtime import border
from adapter.mapping.sections import REQUEST, Section
from adapter.mapping.types import Contracts


@dataclass(frozen=True, slots=True)
class Made:
    """One generated function: its head, its body and what it counted for the second run of the generator."""

    head: str
    body: Suite
    assembler: Assembler


Maker = Callable[[Unit], Made]


def document_function(section: Section, mapping: MappingFile, contracts: Contracts) -> Maker:
    """``request(scope[, tell])`` (``reply``, …) gives the document that the section writes, and the notices."""
    target = section.target(contracts)
    both = mapping.both if section.source else ()
    entries = () if target is None else entries_of(both, mapping.rules[section.name], section.direction)

    def make(unit: Unit) -> Made:
        body, assembler = _begin(unit, section.direction, section.name, section.source)
        if section is REQUEST:
            _require(mapping.require, contracts.resource, assembler, body)
        tree = plan(target or Shape(Kind.OBJECT), entries, section.direction)
        made = assembler.object(tree, body)
        body.add(f"return {made}, notices")
        return Made(_head(section.name, unit), body, assembler)

    return make


def refuse_function(mapping: MappingFile, contracts: Contracts) -> Maker:
    """``refuse(scope[, tell])`` gives the status, code and text of each refusal that holds; raises what ``require`` misses."""

    def make(unit: Unit) -> Made:
        body, assembler = _begin(unit, Direction.REQUEST, "refuse")
        _require(mapping.require, contracts.resource, assembler, body)
        body.add("refusals = []")
        for rule in mapping.refuse:
            _refuse(rule, assembler, body)
        body.add("return refusals")
        return Made(_head("refuse", unit), body, assembler)

    return make


def identity_function(identity: Expr) -> Maker:
    """``identity(scope[, tell])`` gives what a repeated message has in common with the first."""

    def make(unit: Unit) -> Made:
        body, assembler = _begin(unit, Direction.REPLY, "identity")
        mark, tell = _judging("identity", "identity", identity.at, "", assembler)
        found = assembler.expressions.value(identity.node)
        _heard(mark, identity.at, assembler, body, tell)
        body.add(f"return {found}", mark)
        return Made(_head("identity", unit), body, assembler)

    return make


def require_function(entry: Require, contracts: Contracts) -> Maker:
    """``require(scope)`` raises InvalidMessage where what this entry wants is missing."""

    def make(unit: Unit) -> Made:
        body, assembler = _begin(unit, Direction.REQUEST, "require")
        _require((entry,), contracts.resource, assembler, body)
        return Made(_head("require", unit), body, assembler)

    return make


def outcome_function(mapping: MappingFile) -> Maker:
    """``outcome(scope[, tell])`` gives the number of the rule that fits, its texts and message; -1 where none does."""

    def make(unit: Unit) -> Made:
        body, assembler = _begin(unit, Direction.REPLY, "outcome")
        for number, rule in enumerate(mapping.outcome):
            _outcome(number, rule, assembler, body)
        body.add("return -1, A, A")
        return Made(_head("outcome", unit), body, assembler)

    return make


def view_function(view: View, contracts: Contracts) -> Maker:
    """``view(scope, answer[, tell])`` gives what differs: path and value; an absent value removes the member."""

    def make(unit: Unit) -> Made:
        body, assembler = _begin(unit, Direction.REPLY, f"view {view.face.value}")
        body.add("changes = []")
        shape = contracts.answers.get(view.face.value, contracts.resource)
        for rule in view.rules:
            _change(rule, shape, assembler, body, unit)
        body.add("return changes")
        return Made(_head("view", unit, "scope, answer"), body, assembler)

    return make


def _head(name: str, unit: Unit, parameters: str = "scope") -> str:
    return f"def {name}({parameters}{', tell' if unit.telling else ''}):"


def _begin(unit: Unit, direction: Direction, section: str, source: str = "") -> tuple[Suite, Assembler]:
    body = Suite()
    body.add("notices = []")
    return body, Assembler(unit, body, direction, section, source)


def in_order(entries: Iterable[Require], resource: Shape) -> list[Require]:
    """Headers, query parameters, then members as the contract lists them."""

    def key(entry: Require) -> tuple[int, Rank]:
        if entry.path is None:
            return (0 if entry.header is not None else 1), ()
        return 2, rank(resource, _shown(entry))

    return sorted(entries, key=key)


def _require(entries: tuple[Require, ...], resource: Shape, assembler: Assembler, body: Suite) -> None:
    """All that is missing is gathered; a condition that cannot be asked because of it counts as not met."""
    if not entries:
        return
    body.add("problems = []")
    for entry in sorted(entries, key=lambda entry: entry.when is not None):
        record = RuleRecord("require", _shown(entry), entry.at, entry.layer)
        mark = Mark(entry.at, record.target, (), record)
        assembler.reader.mark = mark
        suite = body
        if entry.when is not None:
            wanted = assembler.unit.names.fresh("w")
            assembler.reader.heard = []
            condition = assembler.expressions.condition(entry.when.node)
            mark = replace(mark, sources=tuple(assembler.reader.heard))
            body.block("try", mark).add(f"{wanted} = {condition}", mark)
            failed = body.block("except FAILURES", mark)
            failed.add("if not problems: raise", mark)
            failed.add(f"{wanted} = False", mark)
            suite = body.block(f"if {wanted}", mark)
        _required(entry, record, mark, assembler, suite)
    place = {_shown(entry): number for number, entry in enumerate(in_order(entries, resource))}
    key = assembler.unit.names.constant(lambda problem: place[unnumbered(problem.path)], "q")
    body.add(f"if problems: raise InvalidMessage('', sorted(dict.fromkeys(problems), key={key}))")


def _required(entry: Require, record: RuleRecord, mark: Mark, assembler: Assembler, suite: Suite) -> None:
    reader, unit = assembler.reader, assembler.unit
    reader.heard = []
    steps = entry.path.path.steps if entry.path is not None else ()
    walked = next((number for number, step in enumerate(steps) if step.each), None)
    if walked is not None:
        found = reader.path("request", (*steps[:walked], replace(steps[walked], each=False)))
        reader.heard = [reader.source("request", steps)]
    elif entry.path is not None:
        found = reader.path("request", steps)
    else:
        store, key = ("header", entry.header) if entry.header is not None else ("query", entry.query)
        assert key is not None  # the parser gives exactly one of the three
        found = reader.key(store, key.value)
    record.branches.append(BranchRecord("", entry.at, tuple(reader.heard)))
    unit.records.append(record)
    tell = f"; tell(({len(unit.records) - 1}, None, (), (), 0, None))" if unit.telling else ""
    if walked is not None:
        known, path = unit.names.fresh("w"), Path(steps[: walked + 1])
        arguments = f"{found}, {unit.names.constant(str(path), 'q')}, {unit.names.constant(steps[walked:], 'k')}"
        suite.add(f"{known} = {unit.names.constant(lacking, 'f')}({arguments})", mark)
        suite.add(f"if {known}: problems.extend({known}){tell}", mark)
        return
    missing = unit.names.constant(Problem(_shown(entry), "is required and missing"), "q")
    empty = unit.names.constant(Problem(_shown(entry), "is required and empty"), "q")
    suite.add(f"if {found} is A or {found} is None: problems.append({missing}){tell}", mark)
    suite.add(f"elif {found} == '': problems.append({empty}){tell}", mark)


def _shown(entry: Require) -> str:
    if entry.path is not None:
        return str(entry.path.path)
    if entry.header is not None:
        return f"header {entry.header.value}"
    return f"query {entry.query.value}" if entry.query is not None else ""


def _judging(section: str, name: str, at: Position, layer: str, assembler: Assembler) -> tuple[Mark, str]:
    """Starts a rule that writes nothing: its mark, and the line that tells of it ("" in the plain form)."""
    unit = assembler.unit
    record = RuleRecord(section, name, at, layer)
    mark = Mark(at, name if name == section else f"{section} {name}", (), record)
    assembler.reader.mark, assembler.reader.heard = mark, []
    unit.records.append(record)
    return mark, f"tell(({len(unit.records) - 1}, None, (), (), 0, None))" if unit.telling else ""


def _heard(mark: Mark, at: Position, assembler: Assembler, suite: Suite, tell: str) -> None:
    """Ends it in the suite where the rule holds."""
    assert mark.record is not None  # _judging made it
    mark.record.branches.append(BranchRecord("", at, tuple(assembler.reader.heard)))
    if tell:
        suite.add(tell)


def _outcome(number: int, rule: OutcomeRule, assembler: Assembler, body: Suite) -> None:
    mark, tell = _judging("outcome", rule.kind.value, rule.at, rule.layer, assembler)
    expressions = assembler.expressions
    suite = body if rule.when is None else body.block(f"if {expressions.condition(rule.when.node)}", mark)
    texts = "A" if rule.texts is None else expressions.value(rule.texts.node)
    message = "A" if rule.message is None else expressions.value(rule.message.node)
    _heard(mark, rule.at, assembler, suite, tell)
    suite.add(f"return {number}, {texts}, {message}", mark)


def _refuse(rule: Refuse, assembler: Assembler, body: Suite) -> None:
    mark, tell = _judging("refuse", rule.code or str(rule.status), rule.at, rule.layer, assembler)
    suite = body.block(f"if {assembler.expressions.condition(rule.when.node)}", mark)
    text = assembler.expressions.value(rule.text.node)
    _heard(mark, rule.at, assembler, suite, tell)
    check = assembler.unit.names.constant(border(Kind.TEXT, many=False, nullable=False), "c")
    suite.add(f"refusals.append(({rule.status}, {rule.code!r}, {check}({text})))", mark)


def _change(rule: Rule, shape: Shape, assembler: Assembler, body: Suite, unit: Unit) -> None:
    """One rule of a view: a ValueRule sets or removes one member, a ListRule sets a whole list."""
    path: Path = rule.target.path
    if isinstance(rule, ListRule):
        tree = plan(shape, entries_of((), (rule,), Direction.REPLY), Direction.REPLY)
        made = assembler.object(tree, body)
        steps = unit.names.constant(path.steps, "k")
        body.add(f"changes.append(({steps}, reach({made}, {steps})))")
        return
    _value_change(rule, shape, assembler, body, unit)


def _value_change(rule: ValueRule, shape: Shape, assembler: Assembler, body: Suite, unit: Unit) -> None:
    tree = plan(shape, entries_of((), (rule,), Direction.REPLY), Direction.REPLY)
    leaf = tree.leaf()
    value, number, mark = assembler.value(rule, leaf.path, body)
    member = leaf.member
    check = unit.names.constant(border(member.shape.kind, member.many, member.nullable), "c")
    body.add(f"if {value.variable} is not A: {value.variable} = {check}({value.variable})", mark)
    body.add(f"changes.append(({unit.names.constant(rule.target.path.steps, 'k')}, {value.variable}))", mark)
    if unit.telling:
        body.add(f"tell(({number}, {value.variable}, (), (), {value.branch or '0'}, {value.code or 'None'}))")
