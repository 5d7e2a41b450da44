"""What a resource's file may say: ``adapter/resource/<resource>.yaml``, read strictly."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field, model_validator

from adapter.declared import Declared


class State(Declared):
    """One state. Nothing leaves an ``end``."""

    end: bool = False


class Items(Declared):
    """The parts that have states of their own: the list ``member``, told apart by the paths of ``key``, in the resource's states
    but those in ``without``."""

    member: str
    key: tuple[str, ...] = Field(min_length=1)
    without: frozenset[str] = frozenset()


class Row(Declared):
    """One row of the roll-up: ``all`` parts are in one of these states, ``some`` part is in each of these. Both given: both hold."""

    all: frozenset[str] = frozenset()
    some: frozenset[str] = frozenset()
    is_: str = Field(alias="is")

    def fits(self, states: frozenset[str]) -> bool:
        """Whether this row is about parts in these states."""
        return (not self.all or states <= self.all) and self.some <= states


class Events(Declared):
    """The names of events by kind of change; a kind without a name has no event."""

    create: str
    delete: str = ""
    state: str
    attribute: str = ""
    information: str = ""


class Information(Declared):
    """``states`` in which somebody has to supply something; ``field_path`` is named where no single part is waiting."""

    states: frozenset[str]
    field_path: str = ""


class Life(Declared):
    """A whole file. Every state that is named anywhere has to be in ``states``."""

    resource: str = Field(pattern=r"^[a-z][A-Za-z]*$")
    initial: str
    states: dict[str, State] = Field(min_length=1)
    edges: dict[str, tuple[str, ...]]
    items: Items | None = None
    roll_up: tuple[Row, ...] = ()
    identity: str
    fixed: frozenset[str] = frozenset()
    events: Events
    information: Information = Information(states=frozenset())

    @model_validator(mode="after")
    def _states_are_declared(self) -> Life:
        named: dict[str, Iterable[str]] = {
            "initial": [self.initial],
            "edges": [*self.edges, *(to for targets in self.edges.values() for to in targets)],
            "items.without": self.items.without if self.items else (),
            "rollUp": [state for row in self.roll_up for state in (*row.all, *row.some, row.is_)],
            "information.states": self.information.states,
        }
        for where, states in named.items():
            for state in sorted(set(states) - self.states.keys()):
                raise ValueError(f"{where}: there is no state '{state}' among the states of this file")
        for state in sorted(self.edges):
            if self.states[state].end:
                raise ValueError(f"edges.{state}: it is an end, which nothing leaves")
        return self

    @model_validator(mode="after")
    def _roll_up_always_ends(self) -> Life:
        if self.items is None:
            if self.roll_up:
                raise ValueError("rollUp: there are no items to roll up; declare them, or leave it out")
            return self
        if not self.roll_up or self.roll_up[-1].all or self.roll_up[-1].some:
            raise ValueError("rollUp: the last row must be without conditions, so that every combination of items has a state")
        return self
