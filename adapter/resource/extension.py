"""What a market adds to the life of a resource: ``lives`` of its file. Whatever the standard says stays, but for what can be added."""

from __future__ import annotations

from pydantic import Field, ValidationError

from adapter.declared import Declared
from adapter.resource.dates import Dates, History
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
    elements. ``repeated``: parts that cannot be told apart may be ordered.

    ``without``: new states that parts never have. An edge that leaves an end makes it a state like any other. ``concluded``, ``left`` and
    ``tells`` add to those of a task's subject. ``refused``, ``doubtful``, ``dates``, ``history`` take the place of the standard's, if any.
    """

    states: dict[str, State] = Field(default_factory=dict)
    edges: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    without: frozenset[str] = frozenset()
    repeated: bool = False
    roll_up: tuple[Row, ...] = ()
    refused: str = ""
    doubtful: str = ""
    lists: dict[str, str] = Field(default_factory=dict)
    patch: PatchExtension = PatchExtension()
    events: EventsExtension = EventsExtension()
    information: InformationExtension | None = None
    concluded: dict[str, str] = Field(default_factory=dict)
    left: dict[str, str] = Field(default_factory=dict)
    tells: dict[str, str] = Field(default_factory=dict)
    dates: Dates | None = None
    history: History | None = None


def extended(life: Life, more: LifeExtension) -> Life:
    """The life with what is added, which ``graph.check_life`` has found to fit. Raises ValueError where it does not."""
    states = {name: State(end=state.end and name not in more.edges) for name, state in {**life.states, **more.states}.items()}
    edges = {
        state: tuple(dict.fromkeys((*life.edges.get(state, ()), *more.edges.get(state, ()))))
        for state in dict.fromkeys((*life.edges, *more.edges))
    }
    data = life.model_dump(by_alias=True)
    data |= {name: state for name, state in (("refused", more.refused), ("doubtful", more.doubtful)) if state}
    data |= {"states": {name: state.model_dump() for name, state in states.items()}, "edges": edges}
    data["patch"]["states"] |= more.patch.states
    data["lists"] |= more.lists
    data["events"]["members"] |= more.events.members
    data["events"]["withState"] = life.events.with_state | more.events.with_state
    if more.information is not None:
        data["information"]["path"] = more.information.path
    if life.items is not None:
        data["items"]["without"] |= more.without
        data["items"]["repeated"] = life.items.repeated or more.repeated
        data["rollUp"] = (*(row.model_dump(by_alias=True) for row in more.roll_up), *data["rollUp"])
    if life.subject is not None:
        data["subject"]["concluded"] |= more.concluded
        data["subject"]["left"] |= more.left
        data["subject"]["tells"] |= more.tells
    data |= {name: kept.model_dump(by_alias=True) for name, kept in (("dates", more.dates), ("history", more.history)) if kept is not None}
    try:
        return Life.model_validate(data)
    except ValidationError as error:
        raise ValueError("; ".join(item["msg"].removeprefix("Value error, ") for item in error.errors())) from None
