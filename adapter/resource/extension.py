"""What a market adds to the life of a resource: ``lives`` of its file. Whatever the standard says stays, but for what can be added."""

from __future__ import annotations

from pydantic import Field, ValidationError

from adapter.declared import Declared
from adapter.resource.declaration import Life, Row, State
from adapter.resource.patching import Members


class PatchExtension(Declared):
    """By state, the members that may change, in place of those of the standard's rule."""

    states: dict[str, Members] = Field(default_factory=dict)


class EventsExtension(Declared):
    """Members whose change has an event of its own, and members that are told with the state."""

    members: dict[str, str] = Field(default_factory=dict)
    with_state: frozenset[str] = frozenset()


class InformationExtension(Declared):
    """Where a document itself names what somebody has to supply."""

    path: str


class LifeExtension(Declared):
    """Further states, edges from state to state, roll-up rows, which come before the standard's, and lists of which a report tells single
    elements.

    ``without``: new states that parts never have. An edge that leaves an end makes it a state like any other. ``concluded`` and ``left``
    add to those of a task's subject.
    """

    states: dict[str, State] = Field(default_factory=dict)
    edges: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    without: frozenset[str] = frozenset()
    roll_up: tuple[Row, ...] = ()
    lists: dict[str, str] = Field(default_factory=dict)
    patch: PatchExtension = PatchExtension()
    events: EventsExtension = EventsExtension()
    information: InformationExtension | None = None
    concluded: dict[str, str] = Field(default_factory=dict)
    left: dict[str, str] = Field(default_factory=dict)


def extended(life: Life, more: LifeExtension) -> Life:
    """The life with what is added. Raises ValueError where the two contradict each other."""
    if taken := sorted(life.states.keys() & more.states.keys()):
        raise ValueError(f"states: {life.resource} has the state '{taken[0]}' already; only new states are declared here")
    if (more.without or more.roll_up) and life.items is None:
        raise ValueError(f"{life.resource} has no parts with states of their own: take 'without' and 'rollUp' away")
    if (more.concluded or more.left) and life.subject is None:
        raise ValueError(f"{life.resource} is about no other resource: take 'concluded' and 'left' away")
    states = {name: State(end=state.end and name not in more.edges) for name, state in {**life.states, **more.states}.items()}
    edges = {
        state: tuple(dict.fromkeys((*life.edges.get(state, ()), *more.edges.get(state, ()))))
        for state in dict.fromkeys((*life.edges, *more.edges))
    }
    data = life.model_dump(by_alias=True)
    data |= {"states": {name: state.model_dump() for name, state in states.items()}, "edges": edges}
    data["patch"]["states"] |= more.patch.states
    data["lists"] |= more.lists
    data["events"]["members"] |= more.events.members
    data["events"]["withState"] = life.events.with_state | more.events.with_state
    if more.information is not None:
        data["information"]["path"] = more.information.path
    if life.items is not None:
        data["items"]["without"] |= more.without
        data["rollUp"] = (*(row.model_dump(by_alias=True) for row in more.roll_up), *data["rollUp"])
    if life.subject is not None:
        data["subject"]["concluded"] |= more.concluded
        data["subject"]["left"] |= more.left
    try:
        return Life.model_validate(data)
    except ValidationError as error:
        raise ValueError("; ".join(item["msg"].removeprefix("Value error, ") for item in error.errors())) from None
