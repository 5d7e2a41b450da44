"""A mapping file against both contracts, before any message comes: everything that is certainly wrong with it."""

from __future__ import annotations

from collections.abc import Iterable

from adapter.contract.shape import OperationContract
from adapter.finding import Finding, Position
from adapter.mapping.catalogue import finding
from adapter.mapping.check.lookups import Lookups, unused_tables
from adapter.mapping.check.questions import question, question_for_many
from adapter.mapping.check.rules import RuleCheck
from adapter.mapping.check.sections import check_drop, check_outcome, check_require
from adapter.mapping.check.surroundings import Canonical, Surroundings
from adapter.mapping.check.targets import Completeness, Write, tree
from adapter.mapping.check.two_way import Level, TwoWayCheck, Way
from adapter.mapping.expression import outcome_facts
from adapter.mapping.model import Direction, MappingFile
from adapter.mapping.parse import Parsed
from adapter.mapping.suggest import suggest
from adapter.mapping.types import Contracts, Facts, ScopeShapes, fact, required_facts

__all__ = ["Canonical", "Surroundings", "check_mapping", "check_parsed", "question", "question_for_many", "unused_tables"]

# what a rule that could not be read may have caused
_CONSEQUENCES = frozenset({"M313", "M401", "M402", "M407", "M409", "M410"})


def check_parsed(parsed: Parsed, around: Surroundings) -> list[Finding]:
    """All findings of one file: of its syntax, and of what could be read. What unreadable rules may have caused is left out."""
    found = list(parsed.findings)
    if parsed.file is not None:
        broken = any(each.severity == "error" for each in found)
        found += [each for each in check_mapping(parsed.file, around) if not (broken and each.code in _CONSEQUENCES)]
    return ordered(found)


def check_mapping(file: MappingFile, around: Surroundings) -> list[Finding]:
    """All findings of a file that was parsed, in the order of their places. Unused tables are a market's finding:
    ``unused_tables``."""
    findings: list[Finding] = []
    canonical = _canonical(file, around, findings)
    legacy = _legacy(file, around, findings)
    if canonical is not None and legacy is not None:
        _Check(file, around.contracts(canonical, legacy), around, canonical, findings).run()
    return ordered(findings)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Without repetitions, in the order of their places."""
    return sorted(dict.fromkeys(findings), key=lambda each: (each.at, each.code, each.text))


def _canonical(file: MappingFile, around: Surroundings, findings: list[Finding]) -> Canonical | None:
    name = file.operation.value
    found = around.of(name)
    if found is None and name:
        resource, _, verb = name.partition(".")
        hint = suggest(resource, [each.partition(".")[0] for each in around.canonical], "there are")
        findings.append(finding("M210", f"no resource '{resource}' is known, so '{verb}' of it cannot be offered", file.operation.at, hint))
    return found


def _legacy(file: MappingFile, around: Surroundings, findings: list[Finding]) -> OperationContract | None:
    name = file.legacy.value
    found = around.legacy.get(name)
    if found is None and name:
        hint = suggest(name, around.legacy, "it has")
        findings.append(finding("M209", f"the legacy contract has no operation '{name}'", file.legacy.at, hint))
    return found


class _Check:
    """One run over one file."""

    def __init__(
        self, file: MappingFile, contracts: Contracts, around: Surroundings, canonical: Canonical, findings: list[Finding]
    ) -> None:
        self.file, self.contracts, self.around, self.canonical, self.findings = file, contracts, around, canonical, findings
        lookups = Lookups(around.tables, findings)
        self.request = RuleCheck(Direction.REQUEST, "M202", lookups, findings)
        self.reply = RuleCheck(Direction.REPLY, "M201", lookups, findings)
        self.both = TwoWayCheck(self.request, self.reply, lookups, findings, contracts.legacy.name)

    def run(self) -> None:
        file, contracts = self.file, self.contracts
        there = required_facts(file.require) | Facts(filled=frozenset(fact("path", name) for name in contracts.path))
        self.findings.extend(check_require(file.require, contracts, self.request, there))
        self.findings.extend(check_drop(file, contracts))
        if not contracts.legacy.one_way:
            self.findings.extend(check_outcome(file, contracts, self.reply, there))
        request = ScopeShapes.of_request(contracts, there)
        reply = ScopeShapes.of_reply(contracts, there | outcome_facts(file.outcome))
        level = Level(
            Way(contracts.request, contracts.legacy.input, request, "request"),
            Way(contracts.legacy.output, contracts.resource, reply, "reply"),
        )
        both = self.both.rules(file.both, level)
        sent = [*both[Direction.REQUEST], *self.request.rules(file.request, contracts.legacy.input, request)]
        given = [*both[Direction.REPLY], *self.reply.rules(file.reply, contracts.resource, reply)]
        self._complete(sent, Direction.REQUEST)
        if not contracts.legacy.one_way:
            self._complete(given, Direction.REPLY)
        self._views(ScopeShapes.of_view(contracts, reply.facts))

    def _complete(self, writes: list[Write], direction: Direction) -> None:
        request = direction is Direction.REQUEST
        top, found = tree(self.contracts.legacy.input if request else self.contracts.resource, writes)
        self.findings += found
        completeness = Completeness(f"'{direction}' or 'both'", self._place(str(direction)))
        self.findings += completeness.root(top, frozenset() if request else self.canonical.supplied)

    def _views(self, scope: ScopeShapes) -> None:
        for view in self.file.view:
            if view.face.value not in self.around.faces:
                hint = suggest(view.face.value, sorted(self.around.faces), "there are")
                self.findings.append(finding("M211", f"no face '{view.face.value}' is declared", view.face.at, hint))
            shown = self.canonical.answers.get(view.face.value, self.canonical.resource)
            self.findings += tree(shown, self.reply.rules(view.rules, shown, scope))[1]

    def _place(self, section: str) -> Position:
        return self.file.places.get(section, self.file.places.get("both", self.file.legacy.at))
