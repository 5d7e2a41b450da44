"""The sections around the rules: requirements, refusals, drops, outcomes, identities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapter.contract.shape import Kind
from adapter.finding import Finding, Position, suggest
from adapter.mapping.catalogue import finding
from adapter.mapping.check.places import place_of
from adapter.mapping.check.reads import knowing, may_lack
from adapter.mapping.check.rules import RuleCheck
from adapter.mapping.check.used import names_of, used
from adapter.mapping.expression import infer
from adapter.mapping.model import Drop, Expr, MappingFile, OutcomeRule, Refuse, Require
from adapter.mapping.sections import IDENTITY, OUTCOME, REQUEST
from adapter.mapping.types import Contracts, Facts, ScopeShapes, Type

_PROBE = "probe"


def check_require(require: Iterable[Require], contracts: Contracts, rules: RuleCheck, there: Facts) -> Iterator[Finding]:
    """Paths and names that do not exist, and places that are required twice. ``there`` is what is required without a condition."""
    scope = REQUEST.scope(contracts, there)
    seen: dict[tuple[str, str], Position] = {}
    for entry in require:
        if entry.path is not None:
            place = place_of(contracts.request, entry.path, "M201")
            if isinstance(place, Finding):
                yield place
        for what, name, known in (("header", entry.header, contracts.header), ("query parameter", entry.query, contracts.query)):
            if name is not None and name.value not in known:
                yield finding(
                    "M801", f"no face declares the {what} '{name.value}'", name.at, suggest(name.value, sorted(known), "declared are")
                )
        if entry.when is not None:
            rules.condition(entry.when, scope)
            continue
        key = _required(entry)
        if key in seen:
            yield finding("M412", f"'{key[1]}' is required on line {seen[key].line} already", entry.at, "remove one of the two")
        seen.setdefault(key, entry.at)


def _required(entry: Require) -> tuple[str, str]:
    if entry.path is not None:
        return "path", str(entry.path.path)
    name = entry.header or entry.query
    return ("header" if entry.header is not None else "query"), name.value if name is not None else ""


def check_refuse(refuse: Iterable[Refuse], contracts: Contracts, rules: RuleCheck, there: Facts) -> Iterator[Finding]:
    """Conditions that are none, texts that are no text or may be missing. ``there`` is what every request holds that gets so far."""
    scope = REQUEST.scope(contracts, there)
    for rule in refuse:
        rules.condition(rule.when, scope)
        yield from _said(rule.text, knowing(scope, rule.when), "text", many=False, needed=True)


def check_identity(identity: Expr | None, contracts: Contracts) -> Iterator[Finding]:
    """Whether the identity of a message is text; a message may have none."""
    yield from _said(identity, IDENTITY.scope(contracts), "identity", many=False)


def check_drop(file: MappingFile, contracts: Contracts) -> Iterator[Finding]:
    """Dropped paths that do not exist, or that a request rule uses all the same."""
    read = list(used(file)) if file.drop else []
    for drop in file.drop:
        place = place_of(contracts.request, drop.path, "M201")
        if isinstance(place, Finding):
            yield place
            continue
        names = names_of(drop.path.path)
        for each in read:
            if each.way[: len(names)] == names:
                yield _contradiction(drop, each.at)
                break


def _contradiction(drop: Drop, at: Position) -> Finding:
    return finding("M406", f"'{drop.path.text}' is dropped, but line {at.line} uses it", drop.path.at, "remove the drop, or the rule")


def check_outcome(file: MappingFile, contracts: Contracts, rules: RuleCheck, there: Facts) -> Iterator[Finding]:
    """Whether a call can succeed, conditions that nothing reaches, texts that are no text. ``there`` is what every request holds."""
    scope = OUTCOME.scope(contracts, there)
    probe = file.operation.value.partition(".")[2].lower().endswith(_PROBE)
    closed: OutcomeRule | None = None
    asked: dict[str, Position] = {}
    for rule in file.outcome:
        if closed is not None:
            text = f"the rule on line {closed.at.line} has no condition, so nothing gets here"
            yield finding("M409", text, rule.at, "put the rule without 'when' last")
            break
        if rule.when is None:
            closed = rule
        else:
            rules.condition(rule.when, scope)
            said = " ".join(rule.when.text.split())
            if said in asked:
                text = f"the same condition stands on line {asked[said].line}, so nothing gets here"
                yield finding("M409", text, rule.when.at, "remove this rule, or correct its condition")
            asked.setdefault(said, rule.when.at)
        if rule.kind.value == "absent" and not probe:
            yield finding("M411", "only a probe can say that an order is certainly absent", rule.kind.at, "use rejected or inDoubt")
        yield from _said(rule.texts, scope, "texts", many=True)
        yield from _said(rule.message, scope, "message", many=False)
    if not any(rule.kind.value == "accepted" for rule in file.outcome):
        at = file.places.get("outcome", file.legacy.at)
        text = "no rule of 'outcome' is accepted, so no call can succeed"
        yield finding("M407", text, at, "add a rule '- {when: …, is: accepted}'")


def _said(expr: Expr | None, scope: ScopeShapes, name: str, *, many: bool, needed: bool = False) -> Iterator[Finding]:
    if expr is None:
        return
    value, found = infer(expr, scope)
    yield from found
    if needed and not found and may_lack(value):
        yield finding("M309", f"'{name}' is always told, and this may be absent", expr.at, "write … | default(…)")
        return
    if found or value.never:
        return
    if value.many and not many:
        yield finding("M302", f"'{name}' is one text, this is a {value}", expr.at, "join them: … | join(', ')")
    elif not _is_text(value):
        wanted = "text, or a list of text" if many else "text"
        yield finding("M301", f"'{name}' is {wanted}, this is {value}", expr.at, "turn it into text: … | text")


def _is_text(value: Type) -> bool:
    return value.kind in (Kind.TEXT, Kind.ANY)
