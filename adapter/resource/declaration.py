"""What a resource's file may say: ``adapter/resource/<resource>.yaml``, read strictly."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field, model_validator

from adapter.declared import Declared
from adapter.resource.dates import Dates, History
from adapter.resource.patching import Patch
from adapter.resource.subject import Subject


class State(Declared):
    """One state. Nothing leaves an ``end``."""

    end: bool = False


class Items(Declared):
    """The parts that have states of their own: the list ``member``, told apart by the paths of ``key``, in the resource's states
    but those in ``without``. A part's state stands in its member ``state``. ``repeated``: parts that agree on the whole key may stand in
    one resource."""

    member: str
    state: str = "state"
    key: tuple[str, ...] = Field(min_length=1)
    without: frozenset[str] = frozenset()
    repeated: bool = False


class Row(Declared):
    """One row of the roll-up: ``all`` parts are in one of these states, ``some`` part is in each of these. Both given: both hold."""

    all: frozenset[str] = frozenset()
    some: frozenset[str] = frozenset()
    is_: str = Field(alias="is")

    def fits(self, states: frozenset[str]) -> bool:
        """Whether this row is about parts in these states."""
        return (not self.all or states <= self.all) and self.some <= states


class Events(Declared):
    """The names of events by kind of change; a kind without a name has no event. ``states``: a further event by the state entered.
    ``members``: a member whose change has an event of its own. ``with_state``: members that are told by the event of the state whenever
    that changes, too."""

    create: str = ""
    delete: str = ""
    state: str = ""
    attribute: str = ""
    information: str = ""
    states: dict[str, str] = Field(default_factory=dict)
    members: dict[str, str] = Field(default_factory=dict)
    with_state: frozenset[str] = frozenset()


class Information(Declared):
    """``states`` in which somebody has to supply something. What, is named by the part that waits, else by the document itself at ``path``
    (members joined by dots), else it is ``field_path``."""

    states: frozenset[str]
    path: str = ""
    field_path: str = ""


class Life(Declared):
    """A whole file. Every state that is named anywhere has to be in ``states``; ``member`` is where a document has its state.
    ``refused`` is the state of what its backend has not taken, ``doubtful`` of what it may have taken; "": there is none for that.
    ``lists``: lists of which a report tells single elements, each with the path that tells its elements apart; any other list is reported
    as a whole."""

    resource: str = Field(pattern=r"^[a-z][A-Za-z]*$")
    member: str = "state"
    initial: str
    states: dict[str, State] = Field(min_length=1)
    edges: dict[str, tuple[str, ...]]
    items: Items | None = None
    refused: str = ""
    doubtful: str = ""
    lists: dict[str, str] = Field(default_factory=dict)
    roll_up: tuple[Row, ...] = ()
    identity: str
    fixed: frozenset[str] = frozenset()
    events: Events
    information: Information = Information(states=frozenset())
    patch: Patch = Patch()
    dates: Dates = Dates()
    history: History | None = None
    subject: Subject | None = None

    @model_validator(mode="after")
    def _states_are_declared(self) -> Life:
        named: dict[str, Iterable[str]] = {
            "initial": [self.initial],
            "refused": filter(None, [self.refused]),
            "doubtful": filter(None, [self.doubtful]),
            "edges": [*self.edges, *(to for targets in self.edges.values() for to in targets)],
            "items.without": self.items.without if self.items else (),
            "rollUp": [state for row in self.roll_up for state in (*row.all, *row.some, row.is_)],
            "information.states": self.information.states,
            "events.states": self.events.states,
            "patch.states": self.patch.states,
            "dates.states": self.dates.states,
            "subject": self.subject.states if self.subject else (),
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
