"""A mapping file as parsed: every part knows its place. No behaviour; ``parse`` makes it, ``check`` and ``compile`` read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from jinja2 import nodes

from adapter.contract.path import Path
from adapter.finding import Position


class Direction(StrEnum):
    """The side that is written. REQUEST: TMF → legacy; REPLY: legacy → TMF. It says which side of code tables and two-way rules is read."""

    REQUEST = "request"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as written."""

    value: str
    at: Position


@dataclass(frozen=True, slots=True)
class PathText:
    """A path as written, and parsed."""

    text: str
    path: Path
    at: Position


@dataclass(frozen=True, slots=True, eq=False)
class Expr:
    """One Jinja expression, parsed once."""

    text: str
    at: Position
    node: nodes.Expr


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """``when`` is None for the branch taken otherwise. ``note`` is logged and recorded when the branch is taken."""

    when: Expr | None
    value: Expr
    at: Position
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ValueRule:
    """``target: expression`` or ``target: {value|choose, when, default, table}``.

    The first branch whose condition holds gives the value; if none does, or the value is absent, ``default`` does;
    if that is missing too the target is not written. ``table`` looks the value up in a code table on its way.
    """

    target: PathText
    branches: tuple[Branch, ...]
    at: Position
    layer: str
    default: Expr | None = None
    table: Text | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ListRule:
    """``target[]: {each, when, set}``: one element written for each element of ``each`` for which ``when`` holds."""

    target: PathText
    each: Expr
    when: Expr | None
    rules: tuple[Rule, ...]
    at: Position
    layer: str


Rule = ValueRule | ListRule


@dataclass(frozen=True, slots=True, eq=False)
class ConverterCall:
    """``| name(argument, …)`` behind the legacy path of a two-way rule. Arguments are constants."""

    name: str
    arguments: tuple[str | int | bool, ...]
    at: Position


@dataclass(frozen=True, slots=True, eq=False)
class TwoWayRule:
    """``TMF path: legacy path | converter …`` under ``both``. ``default`` is sent to the legacy side when absent.

    ``only`` is set where an overlay inherits one direction of it; the rule does nothing in the other.
    """

    canonical: PathText
    legacy: PathText
    converters: tuple[ConverterCall, ...]
    at: Position
    layer: str
    default: Expr | None = None
    only: Direction | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TwoWayList:
    """``TMF path[]: {legacy: path[], both, request, reply}`` under ``both``; inner paths start at the element. In the file of a
    received message ``reply`` is spelled ``report``. ``only`` as in TwoWayRule, for the whole list."""

    canonical: PathText
    legacy: PathText
    both: tuple[BothRule, ...]
    request: tuple[Rule, ...]
    reply: tuple[Rule, ...]
    at: Position
    layer: str
    only: Direction | None = None


BothRule = TwoWayRule | TwoWayList


@dataclass(frozen=True, slots=True, eq=False)
class Require:
    """What must be there before anything is sent. Exactly one of ``path`` (TMF), ``header``, ``query`` is set."""

    path: PathText | None
    header: Text | None
    query: Text | None
    when: Expr | None
    at: Position
    layer: str


@dataclass(frozen=True, slots=True, eq=False)
class Refuse:
    """A business reason not to send anything: where ``when`` holds, the caller is told ``text`` with an HTTP status."""

    when: Expr
    text: Expr
    status: int
    code: str
    at: Position
    layer: str


@dataclass(frozen=True, slots=True, eq=False)
class Drop:
    """A TMF path that is deliberately not forwarded, and why."""

    path: PathText
    why: str
    at: Position
    layer: str


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeRule:
    """How a readable reply is judged: the first whose ``when`` holds. ``texts`` are the backend's warnings (accepted)
    or errors (else), ``message`` their headline, ``status`` an HTTP status that fits better than the default."""

    when: Expr | None
    kind: Text
    texts: Expr | None
    message: Expr | None
    status: int | None
    at: Position
    layer: str


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What one face shows differently from the canonical answer; rules see ``answer`` as well."""

    face: Text
    rules: tuple[Rule, ...]
    at: Position
    layer: str


@dataclass(frozen=True, slots=True, eq=False)
class MappingFile:
    """One operation, overlays already applied (each rule keeps its ``layer``: the name of its market, …).

    ``legacy`` is the legacy operation that is called or, where ``received``, the message that the backend sends of its own accord.
    ``rules`` are the one-way rules by section (``sections.CALL``, ``sections.RECEIVED``). ``files`` are the texts it was made of
    (path → text), in the order of their layers, the file itself last. ``places`` says where each section that stands in the file begins.
    """

    operation: Text
    legacy: Text
    received: bool
    source: str
    files: dict[str, str]
    identity: Expr | None
    require: tuple[Require, ...]
    refuse: tuple[Refuse, ...]
    both: tuple[BothRule, ...]
    rules: Mapping[str, tuple[Rule, ...]]
    drop: tuple[Drop, ...]
    outcome: tuple[OutcomeRule, ...]
    view: tuple[View, ...]
    places: Mapping[str, Position] = field(default_factory=dict)
