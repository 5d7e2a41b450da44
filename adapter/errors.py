"""Everything that can go wrong, in one tree. Whoever raises one says what, where and how to mend it.

AdapterError
├── ConfigError             a file of config/ or mappings/ is wrong; the service does not start with it
│   └── CheckFailed         the same, with the findings of a check (code, file, line, column)
├── CallerError             the caller has to change something; carries an HTTP status
│   ├── InvalidMessage      400  the message does not fit its contract, or misses what a mapping requires
│   ├── NotAuthenticated    401
│   ├── NotAllowed          403
│   ├── NotFound            404
│   ├── MethodNotAllowed    405
│   ├── NotAcceptable       406
│   ├── RequestTimeout      408
│   ├── Conflict            409
│   ├── TooLarge            413
│   ├── UnsupportedMedia    415
│   ├── KeyReused           422  the idempotency key was used for other content
│   ├── NotCarried          422  a part of a change would not get to the backend
│   ├── Refused             400, 409 or 422  a rule of the market's mapping refuses the request before anything is sent
│   ├── TooManyRequests     429
│   ├── NotOffered          501  the market has no such operation
│   └── Overloaded          503  more requests at one time than the face takes
├── MappingFailed           a rule could not be applied to this document
│   └── UnknownCode         a code table has no row for what a backend said, and refuses misses
├── SerialisationFailed     the connector's strict writer refuses a document
├── WireError               the backend was not reached, or did not answer
│   ├── NotSent             certainly nothing was done there
│   └── MaybeSent           it may have been done
└── StoreUnavailable        503  the record cannot be written or read, so nothing may be promised
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from adapter.finding import Finding


class AdapterError(Exception):
    """Base of the tree; never raised itself."""


class ConfigError(AdapterError):
    """A declared file is wrong. The text names the file, the place and the remedy."""


class CheckFailed(ConfigError):
    """A check found errors; ``findings`` holds all of them, not only the first."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a message: ``path`` names the place (``note[@type=JobType].text``), ``text`` says what. ``rule`` is the place of
    the rule that could not take it, for logs and the record: a caller can do nothing with a name of our files."""

    path: str
    text: str
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.told} (rule {self.rule})" if self.rule else self.told

    @property
    def told(self) -> str:
        """The problem in the words for the caller."""
        return f"{self.path}: {self.text}" if self.path else self.text


class CallerError(AdapterError):
    """The caller's request cannot be served as it is. ``problems`` names each place."""

    status: int = 400
    reason: ClassVar[str] = "The request is not valid"

    def __init__(self, text: str = "", problems: Sequence[Problem] = (), headers: dict[str, str] | None = None) -> None:
        self.text = text or self.reason
        self.problems = tuple(problems)
        self.headers = headers or {}
        super().__init__("; ".join([self.text, *map(str, self.problems)]))


class InvalidMessage(CallerError):
    """The message does not fit its contract."""


class NotAuthenticated(CallerError):
    """Client credentials are missing or wrong. Never says which."""

    status = 401
    reason = "Client credentials are missing or wrong"


class NotAllowed(CallerError):
    """The client is known but may not use this market or operation."""

    status = 403
    reason = "This client may not use this operation"


class NotFound(CallerError):
    """No such resource or path."""

    status = 404
    reason = "Not found"


class MethodNotAllowed(CallerError):
    """The path exists, the method does not."""

    status = 405
    reason = "Method not allowed"


class NotAcceptable(CallerError):
    """The caller accepts none of the media types that can be written."""

    status = 406
    reason = "None of the accepted media types can be produced"


class RequestTimeout(CallerError):
    """The caller took too long to send its request."""

    status = 408
    reason = "The request body did not arrive in time"


class Conflict(CallerError):
    """The request does not fit the resource's state."""

    status = 409
    reason = "The request conflicts with the state of the resource"


class TooLarge(CallerError):
    """The body is larger than the client's limit, or a change makes a resource so."""

    status = 413
    reason = "The request body is too large"


class UnsupportedMedia(CallerError):
    """The body's media type or encoding cannot be read."""

    status = 415
    reason = "The media type of the request body is not supported"


class KeyReused(CallerError):
    """The same idempotency key came with other content."""

    status = 422
    reason = "The idempotency key was already used for another request"


class NotCarried(CallerError):
    """A part of a change has no way to the backend; nothing was sent."""

    status = 422
    reason = "Not all of the change can be told to the backend"


class Refused(CallerError):
    """Rules of the market's mapping refuse the request; nothing was sent. ``status`` and ``code`` ("": none) are those of the first."""

    reason = "The request was refused"

    def __init__(self, status: int, code: str, texts: Sequence[str]) -> None:
        self.status, self.code, self.texts = status, code, tuple(texts)
        super().__init__("; ".join(texts))


class TooManyRequests(CallerError):
    """The client's rate limit is used up."""

    status = 429
    reason = "Too many requests"


class NotOffered(CallerError):
    """The market offers no such operation."""

    status = 501
    reason = "This market does not offer this operation"


class Overloaded(CallerError):
    """Too many requests are in work at this moment; nothing was done with this one."""

    status = 503
    reason = "Too many requests are in work; repeat this one later"


class MappingFailed(AdapterError):
    """A rule could not be applied. ``rule`` is ``file:line:column``, ``path`` the target that was to be written."""

    def __init__(self, text: str, rule: str = "", path: str = "") -> None:
        self.text, self.rule, self.path = text, rule, path
        where = " ".join(part for part in (f"rule {rule}" if rule else "", f"for {path}" if path else "") if part)
        super().__init__(f"{text} ({where})" if where else text)


class UnknownCode(MappingFailed):
    """A code of the backend that its code table does not know and refuses to guess. ``value`` is the code as the backend gave it,
    ``table`` the table's name in codes.yaml."""

    def __init__(self, text: str, rule: str = "", path: str = "", *, value: str, table: str) -> None:
        self.value, self.table = value, table
        super().__init__(text, rule, path)


class SerialisationFailed(AdapterError):
    """The strict writer refuses the document. ``path`` is the place in the legacy document."""

    def __init__(self, text: str, path: str = "") -> None:
        self.text, self.path = text, path
        super().__init__(f"{path}: {text}" if path else text)


class WireError(AdapterError):
    """The backend could not be asked."""


class NotSent(WireError):
    """Certainly nothing reached the backend's application: no connection, no free slot, deadline over before sending."""


class MaybeSent(WireError):
    """At least a part of the request left; the backend may have acted on it."""


class StoreUnavailable(AdapterError):
    """The record cannot be written or read now, or a body in it is damaged."""

    status = 503
