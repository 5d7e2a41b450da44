"""Code tables where they are used: known, without gaps, with rows that fit both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from adapter.contract.shape import Kind, Shape
from adapter.finding import Finding, Position, suggest
from adapter.mapping.catalogue import finding
from adapter.mapping.check.values import constant_misfit
from adapter.mapping.model import BothRule, Direction, MappingFile, Rule, TwoWayList, TwoWayRule, ValueRule
from adapter.mapping.sections import sections_of
from adapter.mapping.tables import CodeTable, Row, Tables
from adapter.mapping.types import ANYTHING, Type


@dataclass(slots=True)
class Lookups:
    """The tables of a market, and what was found about their use."""

    tables: Mapping[str, CodeTable]
    findings: list[Finding] = field(default_factory=list)

    def table(self, name: str, at: Position) -> CodeTable | None:
        """The table; an unknown one is a finding."""
        found = self.tables.get(name)
        if found is None:
            hint = suggest(name, self.tables, "there are") or "add it to 'tables:' of codes.yaml"
            self.findings.append(finding("M601", f"there is no code table '{name}'", at, hint))
        return found

    def looked_up(self, table: CodeTable, value: Type, target: Shape, at: Position, direction: Direction) -> Type:
        """The type of the code that the table gives for ``value``, for a place of the shape ``target``."""
        if value.many or value.kind not in (Kind.TEXT, Kind.ANY):
            text = f"the table {table.name.value} looks up one text, this is {'a ' if value.many else ''}{value}"
            self.findings.append(finding("M301", text, at, "turn it into text: … | text"))
            return ANYTHING
        self._gaps(table, value, at, direction)
        self._rows(table, target, direction)
        miss, codes = table.miss(direction), table.codes(direction)
        if miss.passes and not (value.enum and all(each in codes for each in value.enum)):
            return Type(Kind.TEXT, optional=value.optional, nullable=value.nullable)
        wanted = [codes[each] for each in value.enum if each in codes] if value.enum else list(codes.values())
        given = dict.fromkeys(code for code in wanted if constant_misfit(code, target) is None)  # the others are told with their row
        return Type(Kind.TEXT, optional=value.optional, nullable=value.nullable, enum=tuple(given))

    def _gaps(self, table: CodeTable, value: Type, at: Position, direction: Direction) -> None:
        codes = table.codes(direction)
        gaps = [each for each in value.enum if each not in codes]
        if gaps and table.miss(direction).rejects:
            said = ", ".join(f"'{each}'" for each in gaps)
            text = f"the table {table.name.value} has no row for {said}, which the value can be, and refuses what it does not know"
            beside = "" if direction is Direction.REQUEST else " (a row takes several: canonical: [code, code])"
            self.findings.append(
                finding("M603", text, at, f"add rows at {table.name.at}{beside}, or say on_miss: pass, or on_miss: {{default: …}}")
            )
        if value.enum and not value.known:
            for _row, code in table.read(direction):
                if code.value not in value.enum:
                    hint = suggest(code.value, value.enum, "the contract has")
                    text = f"'{code.value}' never comes: its contract has no such value"
                    if direction is Direction.REPLY:  # of a backend that is not certain
                        text = f"'{code.value}' comes only from a backend that breaks its contract, which has no such value"
                    self.findings.append(finding("M605", text, code.at, hint))

    def _rows(self, table: CodeTable, target: Shape, direction: Direction) -> None:
        for row in table.rows:
            code = row.sent if direction is Direction.REQUEST else row.canonical
            wrong = constant_misfit(code.value, target)
            if wrong is not None:
                self.findings.append(
                    finding("M604", f"the place that the table {table.name.value} is used for {wrong[1]}", code.at, wrong[2])
                )


_Use = tuple[str, Direction]


def unused_tables(tables: Tables, files: Iterable[MappingFile]) -> list[Finding]:
    """M602 for each table that no rule of a market's mappings names; M605 for each row of a table that is only read, where an earlier one
    has its code already."""
    used = {use for file in files for use in _used(file)}
    found: list[Finding] = []
    for name, table in tables.tables.items():
        uses = {direction for each, direction in used if each == name}
        if not uses and table.name.at.file == tables.file:  # what a market starts from may hold more than it needs
            found.append(finding("M602", f"no rule uses the table {name}", table.name.at, "remove it, or use it: table: " + name))
        elif uses == {Direction.REPLY}:
            found += [_never_read(table, row) for row in table.ambiguous]
    return found


def _never_read(table: CodeTable, row: Row) -> Finding:
    code = row.sent.value
    text = f"'{code}' is read as '{table.to_canonical[code]}' and never as '{row.canonical.value}', and no request sends it"
    return finding("M605", text, row.sent.at, "keep the code in the row that it means")


def _used(file: MappingFile) -> Iterator[_Use]:
    yield from _in_both(file.both)
    for section in sections_of(file.received):
        yield from _in_rules(file.rules.get(section.name, ()), section.direction)
    for view in file.view:
        yield from _in_rules(view.rules, Direction.REPLY)


def _in_rules(rules: Iterable[Rule], direction: Direction) -> Iterator[_Use]:
    for rule in rules:
        if not isinstance(rule, ValueRule):
            yield from _in_rules(rule.rules, direction)
        elif rule.table is not None:
            yield rule.table.value, direction


def _in_both(rules: Iterable[BothRule]) -> Iterator[_Use]:
    for rule in rules:
        if isinstance(rule, TwoWayRule):
            for call in rule.converters:
                if call.name == "code" and call.arguments:
                    yield from ((str(call.arguments[0]), each) for each in Direction if rule.only in (None, each))
        elif isinstance(rule, TwoWayList):
            yield from _in_both(rule.both)
            yield from _in_rules(rule.request, Direction.REQUEST)
            yield from _in_rules(rule.reply, Direction.REPLY)
