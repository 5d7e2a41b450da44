"""The small types that travel along the straight line, and the protocols of its replaceable parts.

Connectors import this module, ``adapter.contract`` and ``adapter.errors``, and nothing else of the adapter.
Documents are plain data: ``dict`` (member name → value), ``list``, ``str``, ``int``, ``decimal.Decimal``, ``bool``,
``None`` (JSON null, ``xsi:nil``). A member that is not there is not in the dict.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any, Protocol

from adapter.contract.shape import OperationContract
from adapter.errors import AdapterError
from adapter.frozen import frozen

Document = dict[str, Any]


@frozen
class WireRequest:
    """One HTTP request to a backend; ``url`` is absolute. ``asks``: it changes nothing, whatever becomes of it. ``operation`` is what it
    calls, where the exchange is made of several calls ("": the exchange's own). ``document`` is what the body holds and all that it holds,
    where it is an envelope that the connector itself has written by the contract."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    asks: bool = False
    operation: str = ""
    document: Document | None = field(default=None, compare=False, repr=False)


@frozen
class WireReply:
    """The backend's whole HTTP reply. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@frozen
class Call:
    """One call of one legacy operation. ``headers`` are extra HTTP headers (correlation id, declared custom ones)."""

    operation: str
    document: Document
    headers: Mapping[str, str] = field(default_factory=dict)


@frozen
class Fault:
    """The backend's own technical refusal, e.g. a SOAP fault. ``detail`` is plain data, ``detail_name`` its element."""

    code: str
    text: str
    detail_name: str = ""
    detail: Any = None


@frozen
class Deviation:
    """A place where the reply broke its contract and was read all the same. ``kind``: extra, missing, order, type, …"""

    kind: str
    path: str
    text: str


class AnswerKind(StrEnum):
    """How far the connector could read the reply."""

    REPLY = "reply"
    FAULT = "fault"
    UNREADABLE = "unreadable"


@frozen
class Answer:
    """What the backend said, as plain data. ``unreadable`` says why where ``kind`` is UNREADABLE. ``exact``: the body of the reply is an
    envelope in UTF-8 exactly as the contract has it, which holds the texts of ``document`` as they are, and nothing else."""

    kind: AnswerKind
    status: int
    document: Document | None = None
    fault: Fault | None = None
    deviations: tuple[Deviation, ...] = ()
    unreadable: str = ""
    exact: bool = False


Exchange = Generator[WireRequest, WireReply, Answer]


class Connector(Protocol):
    """One way of speaking to a backend: document ↔ bytes. Opens no socket, keeps no state between calls."""

    def contracts(self) -> Mapping[str, OperationContract]:
        """The legacy operations by name, with the shapes of their documents."""

    def exchange(self, call: Call) -> Exchange:
        """Yields each request, receives its reply, returns the answer. Raises SerialisationFailed before the first.

        It may return without a request: then nobody is called. A request that got no reply is raised at its ``yield`` as NotSent or
        MaybeSent; an exchange that can do without the reply catches it and goes on.
        """


@frozen
class InboundRequest:
    """One HTTP request that a backend sent of its own accord. ``path`` is what stands behind ``/inbound/<market>/`` ("" for the market
    itself), percent-decoded; ``query`` is the raw query string; header names are lower case; ``body`` is whole."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@frozen
class Received:
    """A message of a backend, read: which legacy operation it is, its document, and where it broke the contract all the same."""

    operation: str
    document: Document
    deviations: tuple[Deviation, ...] = ()


class Receiver(Protocol):
    """The way in of one backend, beside its Connector: bytes ↔ document. Opens no socket, keeps no state between messages.

    Who it is that sends has been checked before, by the credentials that the market declares.
    """

    def contracts(self) -> Mapping[str, OperationContract]:
        """The operations that a backend may send, by name: ``input`` is its message, ``output`` our answer."""

    def described(self, request: InboundRequest, address: str) -> WireReply | None:
        """What a request is answered that asks for the contract itself (``?wsdl``); None for every other request.

        ``address`` is the absolute URL under which this market takes messages.
        """

    def read(self, request: InboundRequest) -> Received:
        """Tolerant: what can be understood is read, with its deviations. Raises a CallerError for the rest: InvalidMessage (cannot be
        read), NotFound (no such operation), MethodNotAllowed, UnsupportedMedia."""

    def answer(self, request: InboundRequest, received: Received, document: Document) -> WireReply:
        """Our answer, strictly by the contract. Raises SerialisationFailed."""

    def fault(self, request: InboundRequest, error: AdapterError) -> WireReply:
        """A technical refusal in the words of this way of speaking (a SOAP fault, an error document). A CallerError is the sender's to
        mend and brings its status and headers; any other error is ours, and asks the sender to repeat the message. Raises nothing."""


class OutcomeKind(StrEnum):
    """What became of a call."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    IN_DOUBT = "inDoubt"
    ABSENT = "absent"  # of a probe only: the backend certainly has no such order


@frozen
class IssuePart:
    """One entry of a text that holds several. ``named`` are further parts that the market's grammar names (None: none)."""

    field: str | None = None
    code: str | None = None
    words: str = ""
    name: str = ""
    named: Mapping[str, str] | None = None


@frozen
class Issue:
    """One warning or error of the backend: its text unchanged, and what it was read as.

    ``ret``, ``field``, ``code`` are the parts of the text (None where it has none); ``name`` is the stable normalised
    code of the market's catalogue ("" where the code is unknown); ``severity`` is error, warning or information.
    ``parts`` are all entries of the text; the issue's own members are those of the first that the catalogue knows.
    An issue without parts is the adapter's own word, not the backend's.
    """

    text: str
    severity: str
    ret: str | None = None
    field: str | None = None
    code: str | None = None
    words: str = ""
    name: str = ""
    retryable: bool = False
    advice: str = ""
    parts: tuple[IssuePart, ...] = ()

    def __post_init__(self) -> None:
        if self.parts and not isinstance(self.parts[0], IssuePart):  # read back from its JSON form
            object.__setattr__(self, "parts", tuple(IssuePart(**part) for part in self.parts))
        elif not isinstance(self.parts, tuple):
            object.__setattr__(self, "parts", tuple(self.parts))


@frozen
class Outcome:
    """The judged answer. ``message`` is the market's headline for errors; ``evidence`` says why it was judged so."""

    kind: OutcomeKind
    issues: tuple[Issue, ...] = ()
    message: str = ""
    evidence: str = ""


@frozen
class Message:
    """One request of a front-end, authenticated and checked against its face's contract.

    ``header``, ``query`` and ``path`` hold declared names in their canonical spelling; ``received_at`` is
    milliseconds since the epoch, UTC; ``key`` the idempotency key (kind:value), "" where the caller gave none;
    ``asked_of`` the market the caller named where that stands for several, of which ``market`` is the one that takes the message.
    A change comes as a merge patch (``body``, RFC 7386) or as a JSON patch (``patch``, the operations of RFC 6902; then ``body`` is {}).
    ``most_bytes`` is what a document of this caller may take as JSON, None where nobody says. ``text`` is ``body`` as ``write_json`` writes
    it, b"" where nobody has done so yet; who gives the message another body takes it away.
    """

    face: str
    client: str
    market: str
    operation: str
    correlation_id: str
    body: Document
    raw: bytes
    header: Mapping[str, str]
    query: Mapping[str, str]
    path: Mapping[str, str]
    received_at: int
    key: str = ""
    asked_of: str = ""
    patch: tuple[Document, ...] | None = None
    most_bytes: int | None = None
    text: bytes = b""


@frozen
class Result:
    """What the straight line hands to a face: the judged outcome, and the answer as that face shows it.

    ``document`` is None unless accepted; ``order_id`` is the record's own id; ``created_at`` milliseconds, UTC;
    ``status`` an HTTP status the mapping thinks fitting; ``retry_after`` seconds after which asking again makes sense.
    """

    outcome: Outcome
    document: Document | None
    order_id: str = ""
    created_at: int = 0
    status: int | None = None
    retry_after: int | None = None


@frozen
class Reply:
    """What a face answers: recorded with the outcome, and repeated byte for byte. ``document`` is what the body was written from,
    where that is at hand."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Document | None = field(default=None, compare=False, repr=False)
