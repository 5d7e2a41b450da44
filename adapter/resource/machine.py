"""One resource's life at work: what a status report makes of a document, and which events that is worth.

Pure: no time, no ids, nothing kept. What is allowed lies in the resource's file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from adapter.declared import load_declared, refuse
from adapter.errors import ConfigError
from adapter.finding import nearest
from adapter.ports import Document
from adapter.resource.declaration import Events, Items, Life
from adapter.resource.extension import LifeExtension, extended
from adapter.resource.graph import check_life
from adapter.resource.merging import Merge, StateChange, merge_items, merge_members
from adapter.resource.patching import PatchRules
from adapter.resource.subject import Subject

FOLDER = Path(__file__).parent


class Event(NamedTuple):
    """An event to publish: its type as the standard names it, and the members it is about, with commas ("" for a state)."""

    type: str
    field_path: str = ""


@dataclass(frozen=True, slots=True)
class Advance:
    """What a report made of a document. ``done``: the state is an end. ``notes`` are for the operator: what was taken as reported
    although the resource's file does not foresee it. Without events the document may still differ where the standard has no event.
    ``placed``: the report told a state, be it the one that was known."""

    document: Document
    state: str
    events: tuple[Event, ...]
    done: bool
    notes: tuple[str, ...] = ()
    placed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Unexpected:
    """A report that must not be taken over; ``text`` says what was reported, what stands against it, and what to look at."""

    text: str


@dataclass(frozen=True)
class Resource:
    """One resource of the standard, by its file. Make it with ``load``. What its life declares is looked up once: every order asks."""

    life: Life

    @classmethod
    def load(cls, name: str) -> Resource:
        """The resource called as in paths of the API (``productOrder``). Raises ConfigError, CheckFailed."""
        return _load(name)

    def extended(self, more: LifeExtension) -> Resource:
        """The same with what a market adds to its life. Raises Mistakes."""
        refuse(check_life(self.life, more))
        return Resource(extended(self.life, more))

    @cached_property
    def name(self) -> str:
        """As in the API's paths, and as the member of ``event`` that holds the resource."""
        return self.life.resource

    @cached_property
    def member(self) -> str:
        """Where a document has its state."""
        return self.life.member

    @cached_property
    def initial(self) -> str:
        """The state of a new resource; one without a state is taken to be in it."""
        return self.life.initial

    @cached_property
    def refused(self) -> str:
        """The state of what its backend has refused; "" where it has none."""
        return self.life.refused

    @cached_property
    def doubtful(self) -> str:
        """The state of what nobody knows whether its backend has it; "" where it has none."""
        return self.life.doubtful

    @cached_property
    def states(self) -> frozenset[str]:
        """All there are."""
        return frozenset(self.life.states)

    @cached_property
    def ends(self) -> frozenset[str]:
        """Those that nothing comes after."""
        return frozenset(name for name, state in self.life.states.items() if state.end)

    @cached_property
    def open_states(self) -> frozenset[str]:
        """Those that something may still come after."""
        return self.states - self.ends

    @cached_property
    def events(self) -> Events:
        """The names of its events by kind of change."""
        return self.life.events

    @cached_property
    def subject(self) -> Subject | None:
        """What a task is about; None for resources that stand for themselves."""
        return self.life.subject

    @cached_property
    def patch_rules(self) -> PatchRules:
        """What clients may change, and when."""
        life = self.life
        return PatchRules(self.name, life.member, life.initial, self.ends, life.edges, life.patch)

    def state_of(self, document: Document) -> str:
        """The state that a document is in; the initial one, where it has none."""
        state = document.get(self.member)
        return state if isinstance(state, str) and state else self.initial

    def ended(self, state: str) -> bool:
        """Whether nothing comes after ``state``."""
        return state in self.ends

    def advance(self, current: Document, reported: Document, at: str = "") -> Advance | Unexpected:
        """``current`` with what a status answer reports: state, items by their key, other members as a merge patch.

        Both are canonical documents. The document is the very same where nothing changed, and then there is no event. ``at`` is the time
        of the change as the standard writes it, for the dates and the history that the resource keeps; without it none are kept.
        """
        life, found, member = self.life, Merge(), self.life.member
        if refusal := self._about_another(current, reported):
            return refusal
        parts = frozenset({life.items.member}) if life.items else frozenset()
        document = merge_members(current, reported, life.fixed | parts | {member, life.identity}, "", found, life.lists)
        if life.items is not None and (told := reported.get(life.items.member)):
            before = current.get(life.items.member) or []
            items = merge_items(life.items, before, told, "", found)
            document = document if items == before else {**document, life.items.member: items}
        state = reported.get(member) or (self.rolled_up(document) if found.items_told else None)
        change = StateChange("", self.state_of(current), state or self.state_of(current))
        changes = [one for one in (change, *found.states) if one.before != one.after]
        for one in changes:
            if refusal := self._impossible(one):
                return refusal
        if change in changes:
            document = {**document, member: change.after}
        if at and document is not current:
            document = self._dated(document, reported, change, at)
        events, notes = self._events(document, changes, found), self._notes(changes, found)
        return Advance(document, change.after, events, self.ended(change.after), notes, placed=state is not None)

    def _dated(self, document: Document, reported: Document, change: StateChange, at: str) -> Document:
        """A changed document with the dates and the history that are kept of the change."""
        dates = {name: date for name, date in self.life.dates.of(change.before, change.after, at).items() if name not in reported}
        document, history = {**document, **dates}, self.life.history
        if history is None or change.before == change.after or history.member in reported:
            return document
        entry = history.entry({**reported, **dates, self.member: change.after})
        return {**document, history.member: [*(document.get(history.member) or []), entry]}

    def rolled_up(self, document: Document) -> str:
        """The state that a document's items amount to. Raises ValueError where the resource has no items."""
        items = self.life.items
        if items is None:
            raise ValueError(f"{self.name} has no items to roll up")
        states = frozenset(self._states_of(document.get(items.member) or [], items)) or frozenset({self.initial})
        return next(row.is_ for row in self.life.roll_up if row.fits(states))

    def _states_of(self, parts: Sequence[Document], items: Items) -> list[str]:
        """The states that count: an item's own; of one that has none, those of its parts; of one without parts, the initial one."""
        counted = []
        for part in parts:
            if state := part.get(items.state):
                counted.append(state)
            else:
                counted += self._states_of(part.get(items.member) or [], items) or [self.initial]
        return counted

    def _about_another(self, current: Document, reported: Document) -> Unexpected | None:
        mine, theirs = current.get(self.life.identity), reported.get(self.life.identity)
        if mine is None or theirs is None or str(mine) == str(theirs):
            return None
        return Unexpected(f"the report is about {self.name} '{theirs}', and was asked for '{mine}'; nothing of it was taken over")

    def _impossible(self, change: StateChange) -> Unexpected | None:
        life, whose = self.life, change.path or self.name
        if self.ended(change.before):
            return Unexpected(
                f"{whose} is {change.before}, which is an end, and is reported {change.after}; nothing was taken over. "
                "Compare the backend's own history with the recorded messages"
            )
        items = life.items
        without = items.without if items is not None and change.path else frozenset()
        if change.after not in life.states or change.after in without:
            known = ", ".join(sorted(life.states.keys() - without))
            return Unexpected(f"{whose} is reported '{change.after}', which is no state of {self.name} (known here: {known})")
        return None

    def _notes(self, changes: Sequence[StateChange], found: Merge) -> tuple[str, ...]:
        jumps = [
            f"{one.path or self.name} went from {one.before} to {one.after}, a step that {self.name} does not foresee; taken as reported"
            for one in changes
            if one.before and one.after not in self.life.edges.get(one.before, ())
        ]
        return (*jumps, *(f"the report holds {path}, which {self.name} does not have; left out" for path in found.strangers))

    def _events(self, document: Document, changes: Sequence[StateChange], found: Merge) -> tuple[Event, ...]:
        """In the order in which a listener needs them: what is new, where it has come to, what is missing."""
        names, information = self.life.events, self.life.information
        waiting = [one.path for one in changes if one.after in information.states]
        items = ",".join(path for path in waiting if path)
        moved = names.with_state if any(not one.path for one in changes) else frozenset[str]()
        attributes = [path for path in found.changed if path not in moved and path not in names.members]
        told = changes
        if names.state == names.attribute:  # without an event of its own, the state is a member like any other
            told, attributes = [], [*attributes, *(self.member for one in changes if not one.path)]
        missing = items or _text_at(document, information.path) or information.field_path
        events = (
            Event(names.attribute, ",".join(attributes)) if attributes else None,
            *(Event(names.members[path], path) for path in found.changed if path in names.members),
            Event(names.state) if told else None,
            *(Event(names.states.get(one.after, "")) for one in changes if not one.path),
            Event(names.information, missing) if waiting else None,
        )
        return tuple(event for event in events if event is not None and event.type)


def _text_at(document: Document, path: str) -> str:
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def resources() -> list[str]:
    """The names of all there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def _load(name: str) -> Resource:
    known = resources()
    if name not in known:
        near = nearest(name, known)
        hint = f"; did you mean '{near}'?" if near else ""
        raise ConfigError(f"there is no resource '{name}'{hint} (known: {', '.join(known)})")
    life = load_declared(FOLDER / f"{name}.yaml", Life, {})
    if life.resource != name:
        raise ConfigError(f"{FOLDER / name}.yaml: resource is '{life.resource}', but the file is called '{name}.yaml'; make them the same")
    return Resource(life)
