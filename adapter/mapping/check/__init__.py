"""A mapping file against both contracts, before any message comes: everything that is certainly wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from adapter.contract.shape import Kind, OperationContract, Shape
from adapter.finding import Finding, Position, suggest
from adapter.mapping.catalogue import finding
from adapter.mapping.check.lookups import Lookups, unused_tables
from adapter.mapping.check.partial import change, part, question, question_for_many, received, task
from adapter.mapping.check.rules import RuleCheck
from adapter.mapping.check.sections import check_drop, check_identity, check_outcome, check_refuse, check_require
from adapter.mapping.check.surroundings import Canonical, Surroundings
from adapter.mapping.check.targets import Completeness, Write, tree
from adapter.mapping.check.two_way import TwoWayCheck, Way
from adapter.mapping.expression import outcome_facts, refused_facts
from adapter.mapping.model import Direction, MappingFile
from adapter.mapping.parse import Parsed
from adapter.mapping.sections import REPLY, REPORT, REQUEST, SUBJECT, VIEW, Section, sections_of
from adapter.mapping.types import Contracts, Facts, ScopeShapes, fact, required_facts

__all__ = [
    "Canonical",
    "Surroundings",
    "change",
    "check_mapping",
    "check_parsed",
    "part",
    "question",
    "question_for_many",
    "received",
    "task",
    "unused_tables",
]

# what may be absent or null where a requirement could not be read
_UNCERTAIN = frozenset({"M304", "M309", "M802"})
# what a rule that could not be read may have caused
_CONSEQUENCES = frozenset({"M313", "M401", "M402", "M407", "M409", "M410"})


def check_parsed(parsed: Parsed, around: Surroundings) -> list[Finding]:
    """All findings of one file: of its syntax, and of what could be read. What unreadable rules may have caused is left out."""
    found = list(parsed.findings)
    if parsed.file is not None:
        wrong = [each for each in found if each.severity == "error"]
        caused = (_CONSEQUENCES if wrong else frozenset()) | (_UNCERTAIN if _makes_certain(wrong, parsed.file) else frozenset())
        found += [each for each in check_mapping(parsed.file, around) if each.code not in caused]
    return ordered(found)


def _makes_certain(wrong: Iterable[Finding], file: MappingFile) -> bool:
    """Whether one of these stands in a section that says what is there, so that other sections may rely on it."""
    for each in wrong:
        before = [(at, name) for name, at in file.places.items() if at.file == each.at.file and at.line <= each.at.line]
        if before and max(before)[1] in ("require", "refuse", "outcome"):
            return True
    return False


def check_mapping(file: MappingFile, around: Surroundings) -> list[Finding]:
    """All findings of a file that was parsed, in the order of their places. Unused tables are a market's finding:
    ``unused_tables``."""
    findings: list[Finding] = []
    canonical = _canonical(file, around, findings)
    legacy = _legacy(file, around, findings)
    if canonical is not None and legacy is not None:
        contracts = around.contracts(canonical, legacy, received=file.received)
        _Check(file, contracts, around, canonical, findings).run()
    return ordered(findings)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Without repetitions, in the order of their places."""
    return sorted(dict.fromkeys(findings), key=lambda each: (each.at, each.code, each.text))


def _canonical(file: MappingFile, around: Surroundings, findings: list[Finding]) -> Canonical | None:
    name = file.operation.value
    found = around.of(name, received=file.received)
    if found is None and name:
        resource, _, verb = name.partition(".")
        known = around.received if file.received else around.canonical
        hint = suggest(resource, [each.partition(".")[0] for each in known], "there are")
        findings.append(finding("M210", f"no resource '{resource}' is known, so '{verb}' of it cannot be offered", file.operation.at, hint))
    return found


def _legacy(file: MappingFile, around: Surroundings, findings: list[Finding]) -> OperationContract | None:
    name, known = file.legacy.value, around.legacy_of(received=file.received)
    found = known.get(name)
    if found is None and name:
        text = f"the backend sends no message '{name}'" if file.received else f"the legacy contract has no operation '{name}'"
        other = around.legacy_of(received=not file.received)
        swapped = f"write '{'legacy' if file.received else 'receives'}: {name}'" if name in other else ""
        if (owner := around.elsewhere.get(name)) is not None and not file.received:
            swapped = f"{owner} has it; name each port that is called under 'ports' in the market's file"
        findings.append(finding("M209", text, file.legacy.at, swapped or suggest(name, known, "it has")))
    return found


class _Check:
    """One run over one file."""

    def __init__(
        self, file: MappingFile, contracts: Contracts, around: Surroundings, canonical: Canonical, findings: list[Finding]
    ) -> None:
        self.file, self.contracts, self.around, self.canonical, self.findings = file, contracts, around, canonical, findings
        lookups = Lookups(around.tables, findings)
        self.checks = {
            direction: RuleCheck(direction, code, lookups, findings)
            for direction, code in ((Direction.REQUEST, "M202"), (Direction.REPLY, "M201"))
        }
        self.two_way = TwoWayCheck(self.checks, lookups, findings, contracts.legacy.name)

    def run(self) -> None:
        facts = self._received() if self.file.received else self._called()
        scopes = {each: each.scope(self.contracts, facts.get(each.name, Facts())) for each in sections_of(self.file.received)}
        both = self.two_way.rules(self.file.both, dict(self._ways(scopes)))
        for section, scope in scopes.items():
            self._document(section, scope, both[section.direction] if section.source else [])
        if self.file.view:
            self._views(VIEW.scope(self.contracts, facts[REPLY.name]))

    def _called(self) -> dict[str, Facts]:
        """Checks what judges a request and its reply; gives what is certain in each section because of it."""
        file, contracts, request = self.file, self.contracts, self.checks[Direction.REQUEST]
        there = required_facts(file.require) | Facts(filled=frozenset(fact("path", name) for name in contracts.path))
        self.findings.extend(check_require(file.require, contracts, request, there))
        self.findings.extend(check_refuse(file.refuse, contracts, request, there))
        self.findings.extend(check_drop(file, contracts))
        there |= refused_facts(file.refuse)
        if not contracts.legacy.one_way:
            self.findings.extend(check_outcome(file, contracts, self.checks[Direction.REPLY], there))
        accepted = there | outcome_facts(file.outcome)
        return {REQUEST.name: there, REPLY.name: accepted, SUBJECT.name: accepted}

    def _received(self) -> dict[str, Facts]:
        self.findings.extend(check_identity(self.file.identity, self.contracts))
        return {}

    def _ways(self, scopes: Mapping[Section, ScopeShapes]) -> Iterator[tuple[Direction, Way]]:
        """The directions of two-way rules that this operation has."""
        for section, scope in scopes.items():
            target, source = section.target(self.contracts), scope.documents.get(section.source)
            if target is not None and section.source:
                empty = Shape(Kind.OBJECT, "a question about many orders")  # which has no single request
                yield section.direction, Way(source.shape if source and source.shape else empty, target, scope, section.source)

    def _document(self, section: Section, scope: ScopeShapes, both: list[Write]) -> None:
        rules, target = self.file.rules[section.name], section.target(self.contracts)
        if target is None:
            if rules:
                self.findings.append(self._no_document(section))
            return
        writes = [*both, *self.checks[section.direction].rules(rules, target, scope)]
        if section is REPORT:
            self._identified(writes)
        if section is REPLY:
            self._numbered(writes)
        top, found = tree(target, writes)
        self.findings += found
        home = f"'{section.name}' or 'both'" if section.source else f"'{section.name}'"
        supplied = self.canonical.supplied if section.direction is Direction.REPLY else frozenset()
        self.findings += Completeness(home, self._place(section.name)).root(top, supplied)

    def _identified(self, writes: list[Write]) -> None:
        names = self.canonical.identities
        if names and not any(str(write.target.path) in names for write in writes):
            text = f"no rule writes {' or '.join(map(repr, names))}, so nothing tells what the message is about"
            self.findings.append(finding("M401", text, self._place(REPORT.name), "add a rule for one of them to 'report' or 'both'"))

    def _numbered(self, writes: list[Write]) -> None:
        """Of what makes a document: what the backend knows it by is in every answer that is accepted."""
        own = [write for write in writes if str(write.target.path) in self.canonical.identities]
        if own and not any(write.always for write in own):
            text = f"'{own[0].target.text}' is what the backend knows the new one by, and this rule does not always write it"
            hint = f"{own[0].remedy}; a backend that tells no number knows it by ours: clientReference"
            self.findings.append(finding("M402", text, own[0].at, hint))

    def _no_document(self, section: Section) -> Finding:
        at = self._place(section.name)
        if section is SUBJECT:
            text = f"'{self.file.operation.value}' is about no other document, so there is no subject to change"
            return finding("M214", text, at, "write what the answer holds into 'reply'")
        text = f"'{self.file.legacy.value}' is one-way: nobody waits for an answer"
        return finding("M215", text, at, f"remove '{section.name}'")

    def _views(self, scope: ScopeShapes) -> None:
        check = self.checks[Direction.REPLY]
        for view in self.file.view:
            if view.face.value not in self.around.faces:
                hint = suggest(view.face.value, sorted(self.around.faces), "there are")
                self.findings.append(finding("M211", f"no face '{view.face.value}' is declared", view.face.at, hint))
            shown = self.canonical.answers.get(view.face.value, self.canonical.resource)
            self.findings += tree(shown, check.rules(view.rules, shown, scope))[1]

    def _place(self, section: str) -> Position:
        return self.file.places.get(section, self.file.places.get("both", self.file.legacy.at))
