"""What goes into the record and what comes out of it, as plain values.

Times are integer milliseconds since the epoch, UTC. Documents and bodies are bytes, uncompressed here; the record
keeps them compressed. Empty text means "none".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from adapter.frozen import frozen
from adapter.ports import Issue, OutcomeKind

if TYPE_CHECKING:
    from adapter.store.advancing import Change
    from adapter.store.outbox import NewEvent
    from adapter.store.task_rows import NewTask


class Direction(StrEnum):
    """Where a message travelled."""

    CLIENT_REQUEST = "client-request"
    BACKEND_REQUEST = "backend-request"
    BACKEND_REPLY = "backend-reply"
    CLIENT_REPLY = "client-reply"
    BACKEND_MESSAGE = "backend-message"  # of its own accord
    BACKEND_MESSAGE_REPLY = "backend-message-reply"  # our answer to it


@frozen
class MessageRow:
    """One message of an order's way, already redacted. ``status`` is the HTTP status of a reply. ``damage`` says of one on record why there
    is no body to be read, and what to do about it."""

    direction: Direction
    operation: str
    body: bytes
    at: int
    content_type: str = ""
    status: int | None = None
    attempt: int = 0
    damage: str = ""


@frozen
class Response:
    """What the caller gets, byte for byte."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Version(NamedTuple):
    """What a change of an order is worked out from, and what it writes. It counts only while the order is still like this: not every
    change causes an event, and an order that has come back to what it was is the same."""

    event_seq: int
    state: str
    legacy_state: str
    attention: str
    done_at: int | None
    resource: str
    backend_ref: str
    answer: bytes | None


@frozen
class Acceptance:
    """A request to be recorded before anything is done for it.

    ``scope`` and ``key`` name the request, ``fingerprint`` its content. ``deadline`` is when its backend call is over
    at the latest. ``external_id`` is the caller's own number of the order, if it has one. ``order_id`` is the id the order
    gets if it is new ("": the record makes one); its short form is already in the call that is recorded here. ``at`` is the reading of the
    record's clock that its messages and its deadline go by, and with it the order and its attempt (None: the record reads it itself).

    ``permit`` is the backend's rate (permits per second, burst) where the call needs one. With ``response`` and ``answer`` the order is
    answered here and now, and ``tasks`` will see to it: there is no attempt yet. ``events`` tell of it; ``private``: only to its client.

    ``resource`` is what is being made ("": nothing that can be found later). A request that is about another resource names that one as
    its ``subject``, as it was when this was worked out (``subject_version``).
    """

    scope: str
    key: str
    fingerprint: str
    market: str
    operation: str
    client: str
    face: str
    correlation_id: str
    request: bytes
    deadline: int
    external_id: str = ""
    state: str = "acknowledged"
    rule_version: str = ""
    messages: tuple[MessageRow, ...] = ()
    order_id: str = ""
    permit: tuple[float, int] | None = None
    response: Response | None = None
    answer: bytes | None = None
    events: tuple[NewEvent, ...] = ()
    tasks: tuple[NewTask, ...] = ()
    private: bool = False
    resource: str = ""
    subject: str = ""
    subject_version: Version | None = None
    at: int | None = None


@frozen
class Settlement:
    """What became of an attempt.

    ``outcome`` ABSENT says that a probe proved the attempt without effect. ``response`` is kept under the request's key for
    ACCEPTED and REJECTED; for any other outcome it only reaches the requests that are waiting at this moment.
    ``state`` "" leaves the order's state as it is. ``answered``: the caller had its answer before, and keeps it. ``done_at``: this is
    the order's end. ``events`` tell of it (``private``: to its own client only), ``tasks`` see to what comes next; ``withdraws`` are ids of
    tasks that have no reason any more. ``subject`` is what becomes, in the same transaction, of the resource that the request was about.
    """

    outcome: OutcomeKind
    at: int
    state: str = ""
    backend_ref: str = ""
    evidence: str = ""
    response: Response | None = None
    answer: bytes | None = None
    issues: tuple[Issue, ...] = ()
    messages: tuple[MessageRow, ...] = ()
    answered: bool = False
    done_at: int | None = None
    events: tuple[NewEvent, ...] = ()
    tasks: tuple[NewTask, ...] = ()
    withdraws: tuple[str, ...] = ()
    private: bool = False
    subject: Change | None = None


@frozen
class OrderRow:
    """One order, or another resource that is kept like one. ``attempt`` is the number of its latest attempt, ``outcome`` what became of it
    (None: still open).

    ``event_seq`` counts its events, ``legacy_state`` is its backend's own word for the state, ``attention`` says why nobody follows
    it any more although it is not at its end, ``done_at`` when it came to its end. ``resource`` is its kind (productOrder), "" for a
    request that only changes another one, and for what was deleted; ``subject`` the id of the one that a change or a task is about. The
    events of a task are told in its subject's stream; its own ``event_seq`` counts its changes all the same.
    """

    id: str
    market: str
    operation: str
    client: str
    face: str
    scope: str
    key: str
    correlation_id: str
    external_id: str
    client_reference: str
    state: str
    outcome: OutcomeKind | None
    backend_ref: str
    attempt: int
    rule_version: str
    request: bytes
    answer: bytes | None
    created_at: int
    updated_at: int
    event_seq: int = 0
    legacy_state: str = ""
    attention: str = ""
    done_at: int | None = None
    resource: str = ""
    subject: str = ""

    @property
    def version(self) -> Version:
        """What a change of it is worked out from."""
        return Version(*(getattr(self, name) for name in Version._fields))


@frozen
class AttemptRow:
    """One try to get an order into its backend, written before the call. Without an outcome it is not known what became of it."""

    order_id: str
    number: int
    node: str
    started_at: int
    deadline: int
    rule_version: str
    outcome: OutcomeKind | None
    settled_at: int | None
    evidence: str
    issues: tuple[Issue, ...]


@frozen
class CodeRow:
    """One backend code as it was seen in a market. ``name`` is its normalised code, "" while the catalogue has none."""

    market: str
    code: str
    name: str
    severity: str
    count: int
    first_seen: int
    last_seen: int
    sample: str


@frozen
class OrderQuery:
    """Which orders to list. None means "any"; ``answered``: there is a document of it; ``attention``: a person has to look;
    ``before`` is the id of the last order of the page before (exclusive)."""

    markets: frozenset[str] | None = None
    resource: str | None = None
    subject: str | None = None
    operation: str | None = None
    client: str | None = None
    state: str | None = None
    outcome: OutcomeKind | None = None
    answered: bool | None = None
    attention: bool | None = None
    external_id: str | None = None
    backend_ref: str | None = None
    correlation_id: str | None = None
    created_from: int | None = None
    created_until: int | None = None
    before: str | None = None
    limit: int = 100
    offset: int = 0


@frozen
class Fresh:
    """The intent is on record: call the backend, then settle this attempt.

    ``client_reference`` is that of the order's first attempt. Where that is not the one the acceptance's call carried, the call
    has to be made again with it, and is not on record before ``keep`` puts it there. ``created_at`` is the order's.
    """

    order_id: str
    attempt: int
    client_reference: str
    created_at: int = field(default=0, compare=False)


@frozen
class Seen:
    """The same request was answered before; this is the answer."""

    order_id: str
    response: Response


@frozen
class Mismatch:
    """The key was used for other content, by order ``order_id``."""

    order_id: str


@frozen
class Deleted:
    """What the same request made, order ``order_id``, was deleted since; so was its answer, as far as repeats are concerned. ``other``: it
    came under another key."""

    order_id: str
    other: bool = False


@frozen
class InFlight:
    """The same request is being worked on: wait for it. ``other``: it came under another key. ``elsewhere``: by another node."""

    order_id: str
    attempt: int
    until: int
    other: bool = False
    elsewhere: bool = False


@frozen
class Doubtful:
    """It is not known what became of this attempt; a probe has to tell. ``other``: the order came under another key."""

    order: OrderRow
    attempt: AttemptRow
    other: bool = False


@frozen
class Moved:
    """The resource that the request is about is not as it was when the request was worked out; nothing was recorded."""

    subject: str


@frozen
class NoPermit:
    """The backend's rate is used up for the moment; nothing was recorded. There may be a permit in ``wait`` seconds."""

    wait: float


Accepted = Fresh | Seen | Mismatch | Deleted | InFlight | Doubtful | Moved | NoPermit
