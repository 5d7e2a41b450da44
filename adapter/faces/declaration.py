"""What is declared about one face: ``config/faces/<face>.yaml``. A front-end contract is this file and no Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from adapter.declared import Declared, check_name, load_declared
from adapter.faces.template import compile_template
from adapter.faces.wording import ANSWER_VALUES, LIST_VALUES, Addition, Errors, Events

_PARAMETER = re.compile(r"\{([A-Za-z_]\w*)\}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class Kind(StrEnum):
    """What a route does with its resource."""

    CREATE = "create"
    RETRIEVE = "retrieve"
    LIST = "list"
    UPDATE = "update"
    DELETE = "delete"
    SUBSCRIBE = "subscribe"
    SUBSCRIPTION = "subscription"
    SUBSCRIPTIONS = "subscriptions"
    UNSUBSCRIBE = "unsubscribe"
    NOT_OFFERED = "notOffered"


HUB_KINDS = frozenset({Kind.SUBSCRIBE, Kind.SUBSCRIPTION, Kind.SUBSCRIPTIONS, Kind.UNSUBSCRIBE})
"""What listeners do; everything else is about resources."""

_METHODS = {Kind.CREATE: "POST", Kind.DELETE: "DELETE", Kind.SUBSCRIBE: "POST", Kind.UNSUBSCRIBE: "DELETE"}  # GET for all others
_OF_ONE = frozenset({Kind.RETRIEVE, Kind.UPDATE, Kind.DELETE, Kind.SUBSCRIPTION, Kind.UNSUBSCRIBE})
_ANY_METHOD = frozenset({Kind.NOT_OFFERED, Kind.UPDATE})


class Parameter(Declared):
    """One header or query parameter under its canonical name.

    ``required`` holds for all, or only for the named ``markets`` and ``kinds``. Values are visible ASCII and blanks (``text``: any
    letters), ``maxLength`` characters at most, and match ``pattern`` whole where there is one; of the ``format`` date they are a day of
    the calendar, 2026-01-31. ``filter`` is the attribute, with its operator (``orderDate.gte``), by which a list is filtered with the
    value.
    """

    required: bool = False
    markets: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    enum: tuple[str, ...] = ()
    default: str | None = None
    max_length: int = Field(256, ge=1, le=8192)
    pattern: str = ""
    format: Literal["", "date"] = ""
    text: bool = False
    filter: str = ""
    description: str = ""

    @field_validator("pattern")
    @classmethod
    def _pattern_is_one(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if self.default is not None and self.required:
            raise ValueError("a parameter with a default cannot be required: take one of the two away")
        if self.default is not None and self.enum and self.default not in self.enum:
            raise ValueError(f"the default '{self.default}' is not in the enum")
        return self

    def required_in(self, market: str, kind: Kind) -> bool:
        """Whether a request of this kind to this market has to carry it."""
        return self.required and (not self.markets or market in self.markets) and (not self.kinds or kind in self.kinds)


class Header(Parameter):
    """A request header. ``aliases`` are other spellings that mean the same; ``echo`` sends its value back under its name."""

    aliases: tuple[str, ...] = ()
    echo: bool = False


class Credentials(Declared):
    """The headers that carry a client's id and secret, each with its accepted spellings, the documented one first.

    ``openAs`` names the client that a caller without credentials is taken for; it works on loopback only.
    """

    id: tuple[str, ...] = Field(min_length=1)
    secret: tuple[str, ...] = Field(min_length=1)
    open_as: str = ""


class MarketSource(Declared):
    """Where the market comes from: a path parameter, else a header, else the client, else ``default``.

    ``table`` is accepted id → market; an empty one takes market ids as they are.
    """

    path: str = ""
    header: str = ""
    table: dict[str, str] = Field(default_factory=dict)
    default: str = ""


class Correlation(Declared):
    """The header with the correlation id, and whether one is made up where the caller sent none."""

    header: str
    generate: bool = False


class Idempotency(Declared):
    """Where the idempotency key comes from: the header, else the caller's own correlation id, else what the service finds."""

    header: str = ""
    correlation: bool = False


class Formats(Declared):
    """Media types of answers by the value of a query parameter: ``{parameter: output_format, values: {json: application/json}}``."""

    parameter: str
    values: dict[str, str] = Field(min_length=1)


class Media(Declared):
    """Media types: what a body may be, and what answers are (sent word for word); ``formats`` are others that a request may ask for. A
    type with ``xml`` in it is written as XML. ``merges`` are those of a merge patch (RFC 7386), ``patches`` those of a JSON patch
    (RFC 6902)."""

    consumes: tuple[str, ...] = ("application/json",)
    merges: tuple[str, ...] = ("application/merge-patch+json", "application/json")
    patches: tuple[str, ...] = ("application/json-patch+json",)
    produces: str = "application/json"
    formats: Formats | None = None

    @property
    def writes_xml(self) -> bool:
        """Whether some answers are XML."""
        return any("xml" in media for media in (self.produces, *(self.formats.values.values() if self.formats else ())))


class Outcomes(Declared):
    """HTTP status by outcome, and the seconds of Retry-After by status."""

    rejected: int = Field(400, ge=400, le=599)
    unavailable: int = Field(502, ge=400, le=599)
    in_doubt: int = Field(504, ge=400, le=599)
    absent: int = Field(404, ge=400, le=599)
    retry_after: dict[int, int] = Field(default_factory=dict)


class Listing(Declared):
    """How a list is cut: ``maximum`` elements in one answer; ``attributes`` may be filtered beside those of the contract."""

    maximum: int = Field(1000, ge=1, le=100_000)
    sort: bool = False
    attributes: tuple[str, ...] = ()


class Route(Declared):
    """One path and method. ``location`` names the member of the answer that goes into the Location header.

    A route of kind ``notOffered`` belongs to the contract and not to this installation: it answers 501. One of kind ``update`` changes a
    resource, whatever its method; PATCH is the standard's, and GET has no body. The id of a resource stands in the path, or in a declared
    query parameter ``id``; a route that retrieves by another operation than ``….retrieve`` may do without, where there is only one to ask
    for. ``answer`` is the template of a success, for a document of another shape than the resource's: over
    ``$document`` or, of a list, ``$entries`` (each written by ``entry`` over its ``$document``), and ``$query``. A member without a value
    is left out.
    """

    path: str = Field(pattern=r"^/")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    operation: str = Field(pattern=r"^[A-Za-z]\w*\.[A-Za-z]\w*$")
    kind: Kind
    success: int = Field(200, ge=200, le=299)
    query: dict[str, Parameter] = Field(default_factory=dict)
    fields: bool = False
    location: str = ""
    listing: Listing = Listing()
    answer: Any = None
    entry: Any = None
    summary: str = ""

    @property
    def resource(self) -> str:
        """The resource's name, ``productOrder``."""
        return self.operation.partition(".")[0]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters, in order."""
        return tuple(_PARAMETER.findall(self.path))

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind not in _ANY_METHOD and self.method != _METHODS.get(self.kind, "GET"):
            raise ValueError(f"a route of kind {self.kind} cannot have the method {self.method}")
        only_one = self.kind is Kind.RETRIEVE and not self.operation.endswith(".retrieve")
        named = {*self.parameters, *(name for name, one in self.query.items() if one.required)}
        if self.kind in _OF_ONE and not only_one and "id" not in named:
            raise ValueError(f"a route of kind {self.kind} needs {{id}} in its path, or a required query parameter 'id'")
        return self

    @model_validator(mode="after")
    def _templates_compile(self) -> Self:
        listed = self.kind is Kind.LIST
        if self.entry is not None and (not listed or self.answer is None):
            raise ValueError("entry writes the elements of a list's answer; it needs a route of kind list with an answer")
        if self.answer is not None:
            compile_template(self.answer, LIST_VALUES if listed else ANSWER_VALUES, gaps=True)
            compile_template(self.entry, ANSWER_VALUES, gaps=True)
        return self


class Limits(Declared):
    """``bodySeconds`` is how long a body may take to arrive, ``inFlight`` how many requests may be in work at one time."""

    body_seconds: float = Field(10.0, gt=0, le=600)
    in_flight: int = Field(1000, ge=1, le=1_000_000)


class EntryPoint(Declared):
    """The small document at the base path."""

    name: str
    version: str


class Face(Declared):
    """One front-end contract. ``published``: an interface of a standard, served whole; what no market offers answers 501. ``view`` names
    the shape of its documents, which the service knows. ``selector`` is a query parameter whose value is a further step of the path: with
    ``method``, ``/orders?method=list`` is ``/orders/list``."""

    face: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    source: str
    published: bool = False
    version: str = "1"
    base: str = Field(pattern=r"^(/[^/{}]+)+$")
    view: str
    selector: str = ""
    media: Media = Media()
    credentials: Credentials
    market: MarketSource
    correlation: Correlation
    idempotency: Idempotency = Idempotency()
    headers: dict[str, Header]
    routes: tuple[Route, ...] = Field(min_length=1)
    outcomes: Outcomes = Outcomes()
    errors: Errors
    additions: tuple[Addition, ...] = ()
    events: Events | None = None
    limits: Limits = Limits()
    entry: EntryPoint | None = None

    @property
    def offered(self) -> tuple[Route, ...]:
        """The routes that this installation serves."""
        return tuple(route for route in self.routes if route.kind is not Kind.NOT_OFFERED)

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        used = {
            "correlation.header": self.correlation.header,
            "idempotency.header": self.idempotency.header,
            "market.header": self.market.header,
        }
        for key, name in used.items():
            if name and name not in self.headers:
                raise ValueError(f"{key} is '{name}', which is not declared under headers")
        spellings = [*self.credentials.id, *self.credentials.secret]
        for name, header in self.headers.items():
            spellings += [name, *header.aliases]
        folded = [spelling.lower() for spelling in spellings]
        for spelling in spellings:
            if not _TOKEN.fullmatch(spelling):
                raise ValueError(f"'{spelling}' cannot be the name of a header")
            if folded.count(spelling.lower()) > 1:
                raise ValueError(f"the header '{spelling}' is declared twice")
        return self

    @model_validator(mode="after")
    def _routes_agree(self) -> Self:
        seen: set[tuple[str, str]] = set()
        for route in self.routes:
            shape = (route.method, _PARAMETER.sub("{}", route.path))
            if shape in seen:
                raise ValueError(f"{route.method} {route.path} is declared twice")
            seen.add(shape)
            if self.market.path and self.market.path not in route.parameters:
                raise ValueError(f"market.path is '{self.market.path}', but {route.path} has no such parameter")
        if self.market.path and not self.market.table:
            raise ValueError("a market that comes from the path needs market.table: accepted id → market")
        return self

    @model_validator(mode="after")
    def _answers_can_be_written(self) -> Self:
        if not self.media.writes_xml:
            return self
        for what, body in (("errors.body", self.errors.body), *((f"answer of {route.path}", route.answer) for route in self.offered)):
            if not isinstance(body, dict) or len(body) != 1:
                raise ValueError(f"{what}: an answer in XML has one member, which is its root element")
        return self

    @model_validator(mode="after")
    def _events_agree(self) -> Self:
        if self.events is None:
            if any(route.kind in HUB_KINDS for route in self.routes):
                raise ValueError("a face with routes for listeners has to declare its events")
            return self
        resources = {route.resource for route in self.routes if route.kind not in HUB_KINDS}
        for name, one in self.events.types.items():
            if one.resource not in resources:
                raise ValueError(f"events.types.{name}: no route of this face is about the resource '{one.resource}'")
        return self


def load_face(path: Path, environment: Mapping[str, str] | None = None) -> Face:
    """Reads one face, which may begin from another (``like``). Raises ConfigError; the file's name must be the face's name."""
    face = load_declared(path, Face, environment, layered=True)
    check_name(path, "face", face.face)
    return face
