"""What is declared about one market: ``config/markets/<id>.yaml``. One market, one file, one id.

``${NAME}`` in a text is an environment variable. One that is not set refuses to start, unless ``${NAME:-default}`` is written.
Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic.alias_generators import to_camel

from adapter.channel import Limits, Security, Transport
from adapter.contract.path import parse_path
from adapter.declared import Declared, load_declared
from adapter.errors import ConfigError
from adapter.inbound import Inbound
from adapter.ports import Fault, OutcomeKind
from adapter.resource import LifeExtension, Resource
from adapter.yaml_text import Block, numbered, read_document

LongSeconds = Annotated[float, Field(gt=0, le=366 * 86_400)]


class Expiry(Declared):
    """What a request rests on, and how long that holds: ``header`` is when it was given (RFC 3339), ``after`` is in seconds."""

    header: str
    after: float = Field(gt=0, le=86_400)


class Operation(Declared):
    """One operation of the market, named like its mapping file.

    ``idempotent``: the call changes nothing, so a repeat does no harm. ``probe`` names the operation that asks for an order
    whose fate is in doubt; ``settle`` is how long after its deadline a call may still take effect; ``authoritative`` says that
    a probe that finds nothing after that time proves that nothing was done. ``message`` is the headline of technical errors.
    ``expires``: a request whose header tells an older time is refused unsent; without the header, or without ``expires``, age is no matter.
    ``states`` are those that a client may ask for by a PATCH that this operation carries out; others are the server's own.
    """

    idempotent: bool = False
    probe: str = ""
    settle: float = Field(5.0, ge=0, le=3600)
    authoritative: bool = False
    message: str = "The backend could not process the order"
    expires: Expiry | None = None
    states: frozenset[str] = frozenset()

    @model_validator(mode="after")
    def _doubt_has_a_way_out(self) -> Operation:
        if self.authoritative and not self.probe:
            raise ValueError("authoritative is about a probe: name one in 'probe'")
        return self


class Rate(Declared):
    """How often a backend may be called: ``per_second`` on average, ``burst`` at once; ``reserve`` of these only orders may take."""

    per_second: float = Field(gt=0, le=100_000)
    burst: int = Field(1, ge=1, le=100_000)
    reserve: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _something_is_left(self) -> Rate:
        if self.reserve >= self.burst:
            raise ValueError(
                f"reserve: of {self.burst} permits at once (burst) {self.reserve} are kept for orders, so no state is ever asked for; "
                f"make reserve smaller than burst"
            )
        return self


class Window(Declared):
    """A time in which the backend is closed: begins at ``cron`` (minute hour day month weekday, the market's time zone)."""

    cron: str = Field(pattern=r"^\S+( \S+){4}$")
    minutes: int = Field(gt=0, le=7 * 24 * 60)


class Breaker(Declared):
    """After so many ``failures`` in a row the backend is left alone for ``pause`` seconds."""

    failures: int = Field(ge=1, le=10_000)
    pause: float = Field(gt=0, le=86_400)


class Pace(Declared):
    """One row of a cadence: an order in ``state`` (left out: any), younger than ``until`` (left out: of any age), is asked for ``every``
    so often. The first row that fits counts."""

    state: str = ""
    until: LongSeconds | None = None
    every: LongSeconds


class Bulk(Declared):
    """The operation that asks for many orders at once, and for how ``most``."""

    operation: str
    most: int = Field(ge=2, le=10_000)


class Follow(Declared):
    """How the orders of one operation are followed to their end: ``by`` asks for the state of one, as often as the first fitting row
    of ``cadence`` says, +- the share ``jitter``. Older than ``at_most`` it is a case for a person."""

    by: str
    cadence: tuple[Pace, ...]
    jitter: float = Field(0.1, ge=0, le=0.5)
    at_most: LongSeconds = 30 * 86_400.0
    bulk: Bulk | None = None

    @field_validator("cadence")
    @classmethod
    def _every_order_has_a_row(cls, rows: tuple[Pace, ...]) -> tuple[Pace, ...]:
        if not rows or rows[-1].state or rows[-1].until is not None:
            raise ValueError("the last row must have neither state nor until, so that every open order is asked for")
        for number, row in enumerate(rows):
            for before in rows[:number]:
                if before.state in ("", row.state) and (before.until is None or (row.until is not None and row.until <= before.until)):
                    raise ValueError(f"row {number + 1} is never reached: row {rows.index(before) + 1} takes all that it is about")
        return rows


class Timer(Declared):
    """What happens to an order that stays in the state ``when`` for ``after`` seconds: a person is told (``attention``), or it goes on
    to ``state``."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    when: str
    after: LongSeconds
    attention: str = ""
    state: str = ""

    @model_validator(mode="after")
    def _one_thing_happens(self) -> Timer:
        if bool(self.attention) is bool(self.state):
            raise ValueError("write either attention (the text for the operator) or state (where the order goes on to)")
        return self


def _text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Setting = Annotated[str, BeforeValidator(_text)]


class Market(Declared):
    """One market. ``connector`` is the way of speaking, ``conversation`` a package below ``connectors`` that makes operations of several
    calls. ``contract`` is the WSDL or OpenAPI document, relative to the project; ``extension`` adds members to the canonical model, and
    ``lives`` adds states and steps to the lives of its resources, by resource.

    ``delivery``: the caller waits for the backend, or the order is stored and submitted by a worker; ``in_order``: those are submitted one
    after the other as they came, else several at a time.

    ``visibility`` says who sees a resource: every client of the market, or the one it belongs to; ``visible_to`` is where it names the
    party that sees it as well (a client's ``parties``).
    """

    market: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    connector: str
    conversation: str = Field("", pattern=r"^([a-z][a-z0-9_]*)?$")
    endpoint: str
    contract: Path
    port: str = ""
    extension: Path | None = None
    timezone: str = "UTC"
    settings: dict[str, Setting] = Field(default_factory=dict)
    security: Security = Security()
    limits: Limits = Limits()
    outcomes: Transport = Transport()
    delivery: Literal["direct", "deferred"] = "direct"
    in_order: bool = True
    visibility: Literal["market", "client"] = "market"
    visible_to: str = ""
    rate: Rate | None = None
    windows: tuple[Window, ...] = ()
    breaker: Breaker | None = None
    lives: dict[str, LifeExtension] = Field(default_factory=dict)
    operations: dict[str, Operation]
    inbound: Inbound | None = None
    follow: dict[str, Follow] = Field(default_factory=dict)
    timers: tuple[Timer, ...] = ()
    redact: tuple[str, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"'{value}' is no known time zone; write one such as America/Puerto_Rico, or UTC") from None
        return value

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_an_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            whole = False
        if not whole:  # what stands there may hold a password, and is not repeated
            raise ValueError("it must be a URL such as https://host:port/path")
        return value

    @field_validator("lives")
    @classmethod
    def _lives_go_with_the_standard(cls, lives: dict[str, LifeExtension]) -> dict[str, LifeExtension]:
        for name in lives:
            _resource_of(name, lives)
        return lives

    @field_validator("follow")
    @classmethod
    def _questions_exist(cls, follow: dict[str, Follow], info: ValidationInfo) -> dict[str, Follow]:
        operations: Mapping[str, Operation] = info.data.get("operations", {})
        made = _made_by_messages(info.data.get("inbound"))
        for name, one in follow.items() if operations else ():
            if name not in operations and name not in made:
                raise ValueError(f"{name}: there is no operation '{name}' in this file")
            asked = {"by": one.by} if one.bulk is None else {"by": one.by, "bulk.operation": one.bulk.operation}
            for key, operation in asked.items():
                if operation not in operations:
                    raise ValueError(f"{name}.{key}: there is no operation '{operation}' in this file")
                if not operations[operation].idempotent:
                    raise ValueError(
                        f"{name}.{key}: {operation} is asked again and again; declare it with 'idempotent: true', if that is so"
                    )
            states = _resource_of(name, info.data.get("lives", {})).open_states
            for row in one.cadence:
                if row.state and row.state not in states:
                    raise ValueError(f"{name}.cadence: {_no_open_state(row.state, states)}")
        return follow

    @field_validator("timers")
    @classmethod
    def _timers_are_about_states(cls, timers: tuple[Timer, ...], info: ValidationInfo) -> tuple[Timer, ...]:
        operations: Mapping[str, Operation] = info.data.get("operations", {})
        if not timers or not operations:
            return timers
        inbound = info.data.get("inbound")
        names = sorted({*operations, *(inbound.operations if inbound is not None else ())})
        resources = [_resource_of(name, info.data.get("lives", {})) for name in names]
        for number, timer in enumerate(timers):
            if timer.name in [other.name for other in timers[:number]]:
                raise ValueError(f"{timer.name}: there are two timers of this name, and the name tells them apart in the record")
            open_states = frozenset[str]().union(*(one.open_states for one in resources))
            if timer.when not in open_states:
                raise ValueError(f"{timer.name}.when: {_no_open_state(timer.when, open_states)}")
            known = frozenset[str]().union(*(one.states for one in resources if timer.when in one.states))
            if timer.state and timer.state not in known:
                raise ValueError(f"{timer.name}.state: there is no state '{timer.state}' (known here: {', '.join(sorted(known))})")
        return timers

    @model_validator(mode="after")
    def _messages_are_about_resources(self) -> Market:
        for name in self.inbound.operations if self.inbound is not None else ():
            _resource_of(name, self.lives)
            if name in self.operations:
                raise ValueError(f"inbound.operations.{name}: an operation is either called or received; call one of the two otherwise")
        return self

    @model_validator(mode="after")
    def _states_can_be_asked_for(self) -> Market:
        for name, operation in self.operations.items():
            known = _resource_of(name, self.lives).states if operation.states else frozenset[str]()
            for state in sorted(operation.states - known):
                raise ValueError(f"operations.{name}.states: there is no state '{state}' (known here: {', '.join(sorted(known))})")
        return self

    @field_validator("visible_to")
    @classmethod
    def _party_is_a_path(cls, value: str) -> str:
        if value:
            parse_path(value)
        return value

    @model_validator(mode="after")
    def _probes_exist(self) -> Market:
        for name, operation in self.operations.items():
            if operation.probe and operation.probe not in self.operations:
                raise ValueError(f"operations.{name}.probe: there is no operation '{operation.probe}' in this file")
        return self

    @property
    def private(self) -> bool:
        """Whether resources are not seen by every client of the market."""
        return self.visibility == "client"

    @property
    def resources(self) -> frozenset[str]:
        """The kinds of resources that its operations are about."""
        return frozenset(name.partition(".")[0] for name in (*self.operations, *(self.inbound.operations if self.inbound else ())))

    def life(self, operation: str) -> Resource:
        """The life that an operation's resource (``productOrder``, ``productOrder.create``) has in this market. Raises ConfigError."""
        name = operation.partition(".")[0]
        return self.extended_lives.get(name) or Resource.load(name)

    @cached_property
    def extended_lives(self) -> Mapping[str, Resource]:
        """The lives that this market adds to, by resource; ``life`` reads them."""
        return {name: Resource.load(name).extended(more) for name, more in self.lives.items()}

    def technical(self, status: int, fault: Fault | None) -> OutcomeKind:
        """The outcome of an answer that carries no readable reply."""
        names = (fault.detail_name, fault.code) if fault is not None else ()
        wishes = (self.outcomes.fault.get(name) for name in names)
        return OutcomeKind(next(filter(None, wishes), None) or self.outcomes.status.get(status) or "inDoubt")


class RoutedMarket(Market):
    """A market id that stands for several markets (``routes``); its mappings say which of them takes a message.

    It has no backend of its own: endpoint, limits, windows and the like are those of the markets it stands for.
    """

    connector: Literal["route"] = "route"
    endpoint: str = ""
    contract: Path = Path()
    routes: tuple[str, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _has_no_backend(self) -> RoutedMarket:
        own = {"market", "title", "extension", "lives", "timezone", "settings", "operations", "routes"}
        for name in sorted(self.model_fields_set - own):
            raise ValueError(f"'{to_camel(name)}' is about a backend; it belongs into the files of {', '.join(self.routes)}")
        for name, operation in self.operations.items():
            if operation.model_fields_set:
                raise ValueError(f"operations.{name}: how it is called is declared by {', '.join(self.routes)}; write {{}}")
        if self.market in self.routes:
            raise ValueError(f"routes: '{self.market}' cannot stand for itself")
        return self


def _made_by_messages(inbound: Inbound | None) -> frozenset[str]:
    """The operations whose messages make resources."""
    return frozenset(name for name, each in inbound.operations.items() if each.creates) if inbound is not None else frozenset()


def _resource_of(operation: str, lives: Mapping[str, LifeExtension]) -> Resource:
    try:
        name = operation.partition(".")[0]
        found = Resource.load(name)
        return found.extended(lives[name]) if name in lives else found
    except (ConfigError, ValueError) as error:
        raise ValueError(f"{operation}: {error}") from None


def _no_open_state(state: str, known: frozenset[str]) -> str:
    return f"'{state}' is no state that an order can go on from (known here: {', '.join(sorted(known))})"


def load_market(path: Path, environment: Mapping[str, str] | None = None) -> Market:
    """Reads one market file. Raises ConfigError, CheckFailed. The file's name must be the market's id."""
    market = load_declared(path, RoutedMarket if _is_routed(path) else Market, environment)
    if market.market != path.stem:
        raise ConfigError(f"{path}: market is '{market.market}', but the file is called '{path.name}'; they must be the same")
    return market


def _is_routed(path: Path) -> bool:
    """A file that cannot be read is for ``load_declared`` to name."""
    root = read_document(path, str(path), numbered("F")).root
    return isinstance(root, Block) and root.get("routes") is not None
