"""What the rules of one direction write, as a tree beside the contract: twice, inside of a copy, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from adapter.contract.path import Step
from adapter.contract.shape import Branch, Kind, Member, MemberGroup, Shape
from adapter.finding import Finding, Position
from adapter.mapping.catalogue import finding
from adapter.mapping.model import PathText

_ANY = Shape(Kind.ANY)
Need = tuple[str, ...]  # ("path", name, step, …) that must be there, ("value", name, path) that must not be null, or ("when", condition)


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """One place that a rule writes.

    ``always``: whenever the object around it exists. ``guarded``: only under a condition of its own. ``defaulted``: where its conditions
    do not hold, a default is written. ``needs`` is all that
    decides whether it is written, None where that is not known. ``inner`` are the writes of one element of a list rule,
    None for any other rule. ``remedy`` says how to make it always there.
    """

    target: PathText
    always: bool
    at: Position
    guarded: bool = False
    needs: frozenset[Need] | None = None
    inner: tuple[Write, ...] | None = None
    remedy: str = ""
    defaulted: bool = False


@dataclass(slots=True, eq=False)
class Spot:
    """One place of the tree. ``spots`` are by the spelling of their step."""

    name: str
    shape: Shape
    member: Member | None = None
    step: Step | None = None
    spots: dict[str, Spot] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)

    def of(self, member: str) -> list[Spot]:
        """The spots of one member: itself, its elements, picked ones."""
        return [spot for spot in self.spots.values() if spot.member is not None and spot.member.name == member]

    def all_writes(self) -> Iterator[Write]:
        """Every write at this place or below it, without the elements of lists."""
        yield from self.writes
        for spot in self.spots.values():
            yield from spot.all_writes()

    @property
    def always(self) -> bool:
        """Whether something is certainly written here."""
        return any(write.always for write in self.all_writes())


def tree(root: Shape, writes: Iterable[Write]) -> tuple[Spot, list[Finding]]:
    """The writes as a tree, with the findings about places written twice. Every target is in the contract."""
    top = Spot("", root)
    findings: list[Finding] = []
    for write in writes:
        _insert(top, write, findings)
    return top, findings


def _insert(top: Spot, write: Write, findings: list[Finding]) -> None:
    spot = top
    for step in write.target.path.steps:
        pick = spot.step.pick if spot.step is not None else None
        if pick is not None and not pick.fold and pick.key == step.name:
            text = f"'{write.target.text}' is written as '{pick.value}' by the pick itself"
            findings.append(finding("M403", text, write.at, "remove the rule, or pick by what it is to be"))
            return
        found = _descend(spot, step)
        copied = _copy_beside(spot, step, write)
        if copied is not None:
            findings.append(_inside(write, copied))
            return
        spot = found
    if spot.writes:
        first = spot.writes[0]
        late, early = _later(write, first)
        text = f"'{late.target.text}' is written here and {_where(early, late)}"
        findings.append(finding("M403", text, late.at, "remove one of the two, or join them in one 'choose'"))
        spot.writes.append(write)  # so that one mistake is told once
        return
    below = next(iter(spot.all_writes()), None)
    if below is not None and write.inner is None:
        findings.append(_inside(below, write))
        spot.spots.clear()  # the copy stands for its parts
    spot.writes.append(write)


def _descend(spot: Spot, step: Step) -> Spot:
    """The spot of a step; a member that an open object does not declare can be anything."""
    member = spot.shape.members.get(step.name)
    found = spot.spots.get(str(step))
    if found is None:
        name = f"{spot.name}.{step}" if spot.name else str(step)
        found = spot.spots[str(step)] = Spot(name, member.shape if member else _ANY, member or Member(step.name, _ANY), step)
    return found


def _copy_beside(spot: Spot, step: Step, write: Write) -> Write | None:
    """A copy of the whole member that this write goes into, or that it would itself copy over."""
    last = step is write.target.path.steps[-1]
    plain = not step.each and step.pick is None
    for other in spot.of(step.name):
        same = str(other.step) == str(step)
        whole = next((each for each in other.writes if each.inner is None), None)
        if whole is not None and not (same and last) and (same or (other.step is not None and other.step.pick is None)):
            return whole
        if last and plain and not same and write.inner is None:
            below = next(iter(other.all_writes()), None)
            if below is not None:
                return below
    return None


def _inside(write: Write, copy: Write) -> Finding:
    late, early = _later(write, copy)
    text = f"'{write.target.text}' lies inside of '{copy.target.text}', which is copied as a whole"
    return finding(
        "M404", f"{text}; the other rule is {_where(early, late)}", late.at, "remove one of the two rules, or write the members one by one"
    )


def _later(one: Write, other: Write) -> tuple[Write, Write]:
    return (one, other) if one.at >= other.at else (other, one)


def _where(early: Write, late: Write) -> str:
    file = "" if early.at.file == late.at.file else f" of {early.at.file}"
    return f"on line {early.at.line}{file}"


# -- completeness


@dataclass(slots=True)
class Completeness:
    """Gathers what a contract requires and the rules do not write. ``section`` is where a missing rule would go."""

    section: str
    at: Position
    findings: list[Finding] = field(default_factory=list)

    def root(self, top: Spot, supplied: frozenset[str] = frozenset()) -> list[Finding]:
        """Checks a whole document, which always exists. ``supplied`` are members that something else writes."""
        self._object(top, True, self.at, supplied)
        return self.findings

    def _object(self, spot: Spot, exists: bool, at: Position, supplied: frozenset[str] = frozenset(), key: str = "") -> None:
        shape = spot.shape
        for member in shape.members.values():
            if member.name in supplied or member.name == key:
                continue
            spots = spot.of(member.name)
            if member.required and not spots:
                self._missing(spot, member, at)
            elif member.required:
                self._required(spot, member, spots, exists)
            for each in spots:
                self._below(each, exists and member.required and not member.many, at)
        for group in shape.groups:
            self._group(spot, group, exists, at)

    def _below(self, spot: Spot, needed: bool, at: Position) -> None:
        """Members of an object that some rule writes into; a copied object is complete by its shape."""
        for write in spot.writes:
            if write.inner is not None:
                inner, findings = tree(spot.shape, write.inner)
                self.findings += findings
                inner.name = spot.name
                self._object(inner, True, write.at)
        if spot.spots and spot.shape.kind is Kind.OBJECT:
            first = min(spot.all_writes(), key=lambda write: write.at)
            pick = spot.step.pick if spot.step is not None else None
            self._object(spot, needed or spot.always, at if needed else first.at, key=pick.key if pick is not None else "")

    def _missing(self, spot: Spot, member: Member, at: Position) -> None:
        path = f"{spot.name}.{member.name}" if spot.name else member.name
        path += "[]" if member.many else ""
        what = spot.shape.name or "the contract"
        hint = f"add a rule for it to {self.section}"
        if path[0] in "#@":
            hint += f'; its path is quoted, since YAML takes no key that begins with {path[0]}: "{path}"'
        self.findings.append(finding("M401", f"'{path}' is required by {what}, and no rule writes it", at, hint))

    def _required(self, spot: Spot, member: Member, spots: list[Spot], exists: bool) -> None:
        if any(each.always for each in spots):
            return
        if exists and all(each.spots and _asks_for_more(each.shape) for each in spots):
            return  # what is missing in it says more
        own = [write for each in spots for write in each.all_writes()]
        first = min(own, key=lambda write: write.at)
        path = f"{spot.name}.{member.name}" if spot.name else member.name
        if exists:
            hint = first.remedy or "write a default, or require the source"
            self.findings.append(finding("M402", f"'{path}' is required, and this rule does not always write it", first.at, hint))
            return
        others = [write for write in spot.all_writes() if write not in own]
        loose = next((other for other in others if not any(_follows(each, other) for each in own)), None)
        if loose is not None:
            text = f"'{path}' is required in '{spot.name}', which line {loose.at.line} may write without it"
            self.findings.append(finding("M402", text, first.at, _together(first, loose)))

    def _group(self, spot: Spot, group: MemberGroup, exists: bool, at: Position) -> None:
        written = [(branch, list(_branch_writes(spot, branch))) for branch in group.branches]
        taken = [(branch, writes) for branch, writes in written if writes]
        names = " or ".join(f"'{' + '.join(_branch_names(branch))}'" for branch in group.branches)
        if not taken:
            if group.required and exists:
                what = spot.name or spot.shape.name or "the contract"
                self.findings.append(
                    finding("M401", f"{what} requires {names}, and no rule writes it", at, f"add a rule for one of them to {self.section}")
                )
            return
        free = [(branch, writes) for branch, writes in taken if not all(write.guarded for write in writes)]
        certain = next(((branch, [write]) for branch, writes in taken for write in writes if write.always), None)
        if certain is not None and len(free) == 1:  # whatever another one asks for, this one is there
            free = [certain, *(each for each in taken if each[0] is not certain[0])]
        if len(free) > 1:
            first, second = sorted((writes[0] for _, writes in free[:2]), key=lambda write: write.at)
            text = f"only one of {names} may be there, and '{first.target.text}' (line {first.at.line}) is written too"
            hint = "keep one of the rules, or give each a 'when'"
            if certain is not None and any(write.defaulted for _, writes in free for write in writes):
                hint = "the key 'default' also writes where its 'when' does not hold; write … | default(…) behind the value"
            self.findings.append(finding("M405", text, second.at, hint))
        if group.required and exists and len(free) == len(taken) and not any(write.always for _, writes in taken for write in writes):
            late = taken[0][1][0]
            self.findings.append(
                finding("M402", f"one of {names} is required, and this rule does not always write it", late.at, late.remedy)
            )
        for branch, writes in taken:
            self._branch(spot, branch, writes)

    def _branch(self, spot: Spot, branch: Branch, writes: list[Write]) -> None:
        for name in branch.needed:
            member = spot.shape.members.get(name)
            if member is not None and not spot.of(name):
                self._missing(spot, member, writes[0].at)
        for group in branch.groups:
            self._group(spot, group, any(write.always for write in writes), writes[0].at)


def _together(required: Write, loose: Write) -> str:
    """How the required one can be there whenever the other is, of which it is known that it need not."""
    if not required.guarded:
        return required.remedy or "let both depend on the same condition"
    asked = {need for need in required.needs or () if need[0] == "when"}
    if asked <= (loose.needs or frozenset()):
        return "write … | default(…) behind its value, or have the 'when' of both ask for it"
    return "let both depend on the same condition"


def _asks_for_more(shape: Shape) -> bool:
    return any(member.required for member in shape.members.values()) or any(group.required for group in shape.groups)


def _branch_names(branch: Branch) -> tuple[str, ...]:
    return (
        branch.needed or branch.members or tuple(name for group in branch.groups for each in group.branches for name in _branch_names(each))
    )


def _branch_writes(spot: Spot, branch: Branch) -> Iterator[Write]:
    for name in branch.members:
        for each in spot.of(name):
            yield from each.all_writes()
    for group in branch.groups:
        for inner in group.branches:
            yield from _branch_writes(spot, inner)


def _follows(required: Write, other: Write) -> bool:
    """Whether the required one is written whenever the other is, as far as is known. Unknown counts as yes."""
    if required.needs is None or other.needs is None:
        return True
    return required.needs <= other.needs
