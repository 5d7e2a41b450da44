"""What a scenario file may say: kinds of resources, how they begin, what a change does to them, and the scripts they go on by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from simulators.http_server import Transport

DEFAULT = "default"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Refusal(_Strict):
    """An answer that is a refusal: HTTP status, and the members of its Error."""

    status: int = Field(400, ge=400, le=599)
    code: str
    reason: str


class Response(_Strict):
    """How one call is answered: ``refuse`` keeps nothing; ``keep: false`` leaves no trace and needs a transport that gives no answer;
    ``after`` are real seconds before the answer."""

    refuse: Refusal | None = None
    keep: bool = True
    after: float = Field(0.0, ge=0)
    transport: Transport = Transport.ANSWER

    @model_validator(mode="after")
    def _one_thing(self) -> Response:
        if not self.keep and self.transport not in (Transport.CLOSE, Transport.NEVER):
            raise ValueError("keep: false says that the call is ignored, so it needs transport: close or never (or use refuse)")
        return self


class Act(_Strict):
    """One thing that happens to a resource: members are ``set``, a ``note`` is added, another resource is made (``make``, with
    ``members``), and the operator is told by the callback ``tell``, ``times`` times with one eventId, under the name ``spelled`` where
    that is given.

    In values ``$now`` is the time, ``$now+3600`` an hour later, ``$id`` or ``$relatedPlace.id`` a member of the resource itself.
    """

    set: dict[str, Any] = Field(default_factory=dict)
    note: dict[str, str] | None = None
    make: str = ""
    members: dict[str, Any] = Field(default_factory=dict)
    tell: str = ""
    field_path: str = ""
    times: int = Field(1, ge=1, le=100)
    spelled: str = ""


class Step(_Strict):
    """``act`` happens ``after`` so many seconds (of simulated time) since the step before; with ``until: change`` only after the operator
    has changed the resource, or a contact that it names."""

    act: str
    after: float = Field(0.0, ge=0)
    until: Literal["", "change"] = ""


class Script(_Strict):
    """What becomes of one resource: how its creation is answered, and how it goes on; ``again`` is the script it goes on by after the
    operator asked for a state ("": none)."""

    answer: Response = Response()
    steps: tuple[Step, ...] = ()
    again: str = ""


class Asked(_Strict):
    """A state that an operator may ask for: allowed ``from`` these states (none: from any that is no end), with members ``set``."""

    from_: tuple[str, ...] = Field((), alias="from")
    set: dict[str, Any] = Field(default_factory=dict)


class Kind(_Strict):
    """One kind of resource. Its script is the one called as the first word of the member ``by``; ``default`` where there is none.

    ``begins``: its first members; ``ends``: states after which nothing is changed; ``patched``: state before → after any change by the
    operator; ``changed``: members that any such change sets, ``moved``: those that one sets which changes the state, unless it has them
    itself; ``asked``: see there; ``answers``: the step that answers a new note, by the note's @type; ``wakes``: a change counts as a
    change of the resources of that kind which name it; ``most``: so many may be created a day.
    """

    prefix: str
    by: str = ""
    state: str = "state"
    begins: dict[str, Any] = Field(default_factory=dict)
    ends: frozenset[str] = frozenset()
    patched: dict[str, str] = Field(default_factory=dict)
    changed: dict[str, Any] = Field(default_factory=dict)
    moved: dict[str, Any] = Field(default_factory=dict)
    asked: dict[str, Asked] = Field(default_factory=dict)
    answers: dict[str, Step] = Field(default_factory=dict)
    wakes: str = ""
    most: int = Field(0, ge=0)
    acts: dict[str, Act] = Field(default_factory=dict)
    scripts: dict[str, Script] = Field(default_factory=lambda: {DEFAULT: Script()})

    @model_validator(mode="after")
    def _everything_named_is_there(self) -> Kind:
        if DEFAULT not in self.scripts:
            raise ValueError(f"scripts: write one called '{DEFAULT}', for all resources that no other is for")
        steps = [step for script in self.scripts.values() for step in script.steps] + list(self.answers.values())
        for step in steps:
            if step.act not in self.acts:
                raise ValueError(f"there is no act '{step.act}' (known: {', '.join(sorted(self.acts))})")
        for script in self.scripts.values():
            if script.again and script.again not in self.scripts:
                raise ValueError(f"again: there is no script '{script.again}'")
        return self

    def script(self, request: Mapping[str, Any]) -> Script:
        """The script for a new resource."""
        value: Any = request
        for name in self.by.split(".") if self.by else ():
            value = value.get(name) if isinstance(value, dict) else None
        word = value.replace("-", " ").split(" ")[0] if isinstance(value, str) else ""
        return self.scripts.get(word, self.scripts[DEFAULT])


class Scenarios(_Strict):
    """A whole file: the kinds by name, and the seconds between two tries of a callback that was not answered 200."""

    pauses: tuple[float, ...] = (1, 5, 30, 120, 600)
    kinds: dict[str, Kind]
