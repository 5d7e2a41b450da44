"""What is declared about one market: ``config/markets/<id>.yaml``. One market, one file, one id.

``${NAME}`` in a text is an environment variable. One that is not set refuses to start, unless ``${NAME:-default}`` is written.
Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from adapter.channel import Limits, Security, Transport
from adapter.declared import Declared, Mistake, check_name, check_path, load_declared, refuse
from adapter.finding import suggest
from adapter.inbound import Inbound, InboundOperation
from adapter.ports import Fault, OutcomeKind
from adapter.resource import LifeExtension, Resource, check_life, resources, unknown_state
from adapter.schedule import Breaker, Follow, Rate, Timer, Window, check_follow, check_timers, unknown_operation
from adapter.yaml_text import Block, numbered, read_document


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


def _text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Setting = Annotated[str, BeforeValidator(_text)]


class Market(Declared):
    """One market. ``connector`` is the way of speaking, ``conversation`` a package below ``connectors`` that makes operations of several
    calls. ``contract`` is the WSDL or OpenAPI document, relative to the project; ``extension`` adds members to the canonical model, and
    ``lives`` adds states and steps to the lives of its resources, by resource.

    ``port`` is the one port of the WSDL that is called; ``ports`` are several, each with its address, absolute or seen from ``endpoint``
    ("" for that itself).

    ``delivery``: the caller waits for the backend, or the order is stored and submitted by a worker; ``in_order``: those are submitted one
    after the other as they came, else several at a time.

    ``visibility`` says who sees a resource: every client of the market, or the one it belongs to; ``visible_to`` is where it names the
    party that sees it as well (a client's ``parties``). ``related`` is where resources of one kind that belong together have the same
    value, whoever sees which of them: operators are shown the others.
    """

    market: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    connector: str
    conversation: str = Field("", pattern=r"^([a-z][a-z0-9_]*)?$")
    endpoint: str
    contract: Path
    port: str = ""
    ports: dict[str, str] = Field(default_factory=dict)
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
    related: str = ""
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
        if not _is_address(value):  # what stands there may hold a password, and is not repeated
            raise ValueError("it must be a URL such as https://host:port/path")
        return value

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        refuse(self.mistakes())
        return self

    def mistakes(self) -> list[Mistake]:
        """What of the file does not go together, warnings included; a market with an error is never made. Lives come first, since all
        else is about their states."""
        found = list(self._in_lives())
        if any(mistake.severity == "error" for mistake in found):
            return found
        made = [*self.operations, *(name for name, each in self.messages.items() if each.creates)]
        questions = {name: each.idempotent for name, each in self.operations.items()}
        lives = {name: self.life(name) for name in sorted(self.resources & set(resources()))}
        return [
            *found,
            *self._in_ports(),
            *self._in_operations(lives),
            *self._in_paths(),
            *self._in_delivery(lives),
            *check_follow(self.follow, made, questions, lives),
            *check_timers(self.timers, list(lives.values())),
        ]

    def _in_lives(self) -> Iterator[Mistake]:
        """K201: no resource; K209: none of this market; and what is wrong with the life itself."""
        known = resources()
        subjects = (Resource.load(name).subject for name in self.resources if name in known)
        own = self.resources | {subject.resource for subject in subjects if subject is not None}
        for name, more in self.lives.items():
            if name not in known:
                yield unknown_resource(name).below("lives", name)
                continue
            if name not in own:
                text = f"no operation or message of this market is about {name}; this has no effect"
                yield Mistake(("lives", name), text, suggest(name, sorted(own), "there are"), "K209", severity="warning")
            subject, life = Resource.load(name).subject, Resource.load(name).life
            states = self._states_of(subject.resource) if subject is not None else None
            yield from (mistake.below("lives", name) for mistake in check_life(life, more, states))

    def _in_ports(self) -> Iterator[Mistake]:
        """F203: both one port and several, or an address that is none."""
        if self.port and self.ports:
            yield Mistake(("port",), "'ports' names those that are called", "move it there, or take 'ports' away")
        for name, address in self.addresses.items():
            if not _is_address(address):
                yield Mistake(("ports", name), "it must be a path such as /orders, seen from 'endpoint', or a URL", value=True)

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where each of ``ports`` is called."""
        return {name: urljoin(self.endpoint, address) for name, address in self.ports.items()}

    def _states_of(self, name: str) -> frozenset[str]:
        return Resource.load(name).states | (self.lives[name].states.keys() if name in self.lives else set())

    def _in_operations(self, lives: Mapping[str, Resource]) -> Iterator[Mistake]:
        """K207: operations that are not there, or both called and received; K201, K202, K206: resources that there are not, and states
        that clients ask for in vain."""
        for where, names in ((("operations",), self.operations), (("inbound", "operations"), self.messages)):
            for name in names:
                if (kind := name.partition(".")[0]) not in lives:
                    yield unknown_resource(kind).below(*where, name)
        for name, operation in self.operations.items():
            if operation.probe and operation.probe not in self.operations:
                yield unknown_operation(("operations", name, "probe"), operation.probe, self.operations)
            if (life := lives.get(name.partition(".")[0])) is not None:
                yield from (mistake.below("operations", name, "states") for mistake in _wishes(operation.states, life))
        for name in self.messages:
            if name in self.operations:
                text = "an operation is either called or received"
                yield Mistake(("inbound", "operations", name), text, "call one of the two otherwise", "K207")

    def _in_delivery(self, lives: Mapping[str, Resource]) -> Iterator[Mistake]:
        """K215, a warning: callers have their answer before the backend has refused, and nothing can tell them that it did."""
        for name in sorted({name.partition(".")[0] for name in self.operations if name.endswith(".create")} & lives.keys()):
            if self.delivery == "deferred" and not lives[name].refused:
                text = f"callers are answered before the backend is asked, and {name} has no state for what that refuses"
                hint = f"name one of its states under 'lives: {{{name}: {{refused: …}}}}'"
                yield Mistake(("delivery",), text, hint, "K215", value=True, severity="warning")

    def _in_paths(self) -> Iterator[Mistake]:
        """M117: texts that are no paths; K210: who sees what, where everybody does."""
        if self.visible_to:
            yield from check_path(("visibleTo",), self.visible_to)
            if not self.private:
                text = "every client of the market sees everything, whatever stands here"
                yield Mistake(("visibleTo",), text, "add 'visibility: client', or take it away", "K210")
        if self.related:
            yield from check_path(("related",), self.related)
        for number, path in enumerate(self.redact):
            yield from check_path(("redact", number), path)

    @property
    def private(self) -> bool:
        """Whether resources are not seen by every client of the market."""
        return self.visibility == "client"

    @property
    def messages(self) -> Mapping[str, InboundOperation]:
        """The messages that its backend sends of its own accord, by operation."""
        return self.inbound.operations if self.inbound is not None else {}

    @property
    def resources(self) -> frozenset[str]:
        """The kinds of resources that its operations are about."""
        return frozenset(name.partition(".")[0] for name in (*self.operations, *self.messages))

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
        targets = ", ".join(self.routes)
        found = [
            Mistake((to_camel(name),), f"this is about a backend; it belongs into the files of {targets}", "move it there")
            for name in sorted(self.model_fields_set - own)
        ]
        for name, operation in self.operations.items():
            if operation.model_fields_set:
                found.append(Mistake(("operations", name), f"how it is called is declared by {targets}", "write {}"))
        if self.market in self.routes:
            found.append(Mistake(("routes", self.market), f"'{self.market}' cannot stand for itself", "name another market", value=True))
        refuse(found)
        return self


def unknown_resource(name: str) -> Mistake:
    """The finding of a resource that there is not, at the place that names it."""
    return Mistake((), f"there is no resource '{name}'", suggest(name, resources()) or f"there are: {', '.join(resources())}", "K201")


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _wishes(states: frozenset[str], life: Resource) -> Iterator[Mistake]:
    """The states that a client may ask for."""
    steps = frozenset(to for targets in life.life.edges.values() for to in targets)
    for state in sorted(states):
        if state not in life.states:
            yield unknown_state((state,), state, life.states)
        elif state not in steps:
            text = f"no step of {life.name} leads to '{state}', so nobody can ever ask for it"
            yield Mistake((state,), text, "take it away, or declare the step under 'lives'", "K206", value=True)


def load_market(path: Path, environment: Mapping[str, str] | None = None) -> Market:
    """Reads one market file. Raises ConfigError, CheckFailed. The file's name must be the market's id."""
    market = load_declared(path, RoutedMarket if _is_routed(path) else Market, environment)
    check_name(path, "market", market.market)
    return market


def _is_routed(path: Path) -> bool:
    """A file that cannot be read is for ``load_declared`` to name."""
    root = read_document(path, str(path), numbered("F")).root
    return isinstance(root, Block) and root.get("routes") is not None
