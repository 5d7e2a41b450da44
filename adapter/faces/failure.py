"""Everything that is not a success, in the words a face's error body is written with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from adapter.contract.json_bytes import write_json
from adapter.errors import (
    AdapterError,
    CallerError,
    MaybeSent,
    MethodNotAllowed,
    NotAcceptable,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotOffered,
    NotSent,
    Overloaded,
    Problem,
    Refused,
    SerialisationFailed,
    StoreUnavailable,
    TooManyRequests,
)
from adapter.faces.declaration import Outcomes
from adapter.faces.template import compile_template
from adapter.faces.wording import ERROR_VALUES, Errors
from adapter.ports import Outcome, OutcomeKind, Result

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing wrong: an issue of the backend (text unchanged) or a problem of the message (with its place)."""

    text: str
    code: str
    path: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong. ``code`` is stable and for programs, ``message`` is the headline for people."""

    status: int
    code: str
    message: str
    entries: tuple[Entry, ...]
    headers: Mapping[str, str] = field(default_factory=dict)


def of_error(error: AdapterError, outcomes: Outcomes) -> Failure:
    """The failure that an error of the tree stands for. Errors that are no business of the caller become a bare 500."""
    if isinstance(error, CallerError):
        return _of_caller(error)
    if isinstance(error, SerialisationFailed):
        text = "The order holds a value that the backend's contract cannot carry"
        return Failure(400, "invalid-message", text, (Entry(str(Problem(error.path, error.text)), "invalid-message", error.path),))
    if isinstance(error, StoreUnavailable):
        text = "Nothing was done, because nothing is done that is not recorded first; repeat the request later"
        return _single(error.status, "store-unavailable", "The order cannot be recorded at the moment", text)
    if isinstance(error, NotSent):
        text = "The backend could not be reached; nothing was done"
        return _single(outcomes.unavailable, "backend-unavailable", "The backend is not available", text)
    if isinstance(error, MaybeSent):
        text = "The backend did not answer; repeat the request unchanged to learn the outcome"
        return _single(outcomes.in_doubt, "outcome-in-doubt", "The outcome is not known", text)
    return internal("")


def internal(correlation_id: str) -> Failure:
    """What a caller learns of a fault of ours: where to find it in the log, and nothing of the inside."""
    text = "The request could not be finished because of an internal error"
    if correlation_id:
        text += f"; the log has the reason under correlation id {correlation_id}"
    return _single(500, "internal-error", "Internal error", text)


def of_result(result: Result, outcomes: Outcomes) -> Failure:
    """The failure of a result that is not accepted; one entry per issue of the backend, in its order."""
    outcome = result.outcome
    status, code = _status_and_code(outcome, outcomes)
    entries = tuple(Entry(issue.text, issue.name or code, issue.field or "", issue.advice) for issue in outcome.issues)
    message = outcome.message or _WORDS[outcome.kind]
    if result.status is not None and 400 <= result.status < 600:
        status = result.status
    return Failure(status, entries[0].code if entries else code, message, entries or (Entry(message, code),))


# The detail below the headline, where whoever raised the error had nothing to add to it.
_DETAILS: Mapping[type[CallerError], str] = {
    NotAuthenticated: "Send the id and the secret of one client, each once, in the headers that this face declares",
    NotAllowed: "Ask the operator of this service to grant it to the client",
    NotFound: "Neither this id nor this path is known here",
    MethodNotAllowed: "The header Allow names the methods of this path",
    NotAcceptable: "Send the header Accept with a media type of this face, or leave it out",
    TooManyRequests: "The client's share is used up; the header Retry-After says when to go on",
    NotOffered: "No request of this kind can be served here; repeating it does not help",
    Overloaded: "Nothing was done; send the request again unchanged after a few seconds",
}

_WORDS = {
    OutcomeKind.REJECTED: "The backend refused the request",
    OutcomeKind.UNAVAILABLE: "The backend could not be reached; nothing was done",
    OutcomeKind.IN_DOUBT: "The backend did not answer; repeat the request unchanged to learn the outcome",
    OutcomeKind.ABSENT: "Not found",
}


def _status_and_code(outcome: Outcome, outcomes: Outcomes) -> tuple[int, str]:
    table = {
        OutcomeKind.REJECTED: (outcomes.rejected, "backend-refused"),
        OutcomeKind.UNAVAILABLE: (outcomes.unavailable, "backend-unavailable"),
        OutcomeKind.IN_DOUBT: (outcomes.in_doubt, "outcome-in-doubt"),
        OutcomeKind.ABSENT: (outcomes.absent, "not-found"),
    }
    return table[outcome.kind]


def _of_caller(error: CallerError) -> Failure:
    code = _CAPITAL.sub("-", type(error).__name__).lower()
    if isinstance(error, Refused):
        code = error.code or code
        return Failure(error.status, code, error.reason, tuple(Entry(text, code) for text in error.texts))
    entries = tuple(Entry(problem.told, code, problem.path) for problem in error.problems)
    if entries:
        return Failure(error.status, code, error.text, entries, error.headers)
    detail = error.text if error.text != error.reason else _DETAILS.get(type(error), error.text)
    return Failure(error.status, code, error.reason, (Entry(detail, code),), error.headers)


def _single(status: int, code: str, message: str, text: str) -> Failure:
    return Failure(status, code, message, (Entry(text, code),))


_PLAIN = {
    400: ("invalid-request", "The request is not valid HTTP; its request line, a header or the framing of its body is wrong"),
    404: ("not-found", "No face and no page is at this path; the faces are listed in the configuration with their base paths"),
    405: ("method-not-allowed", "The header Allow names the methods of this path"),
    501: ("not-implemented", "No face knows this method"),
    431: ("head-too-large", "The request line and the headers together are too large; send fewer or shorter headers"),
}


def plain_error(status: int) -> dict[str, str]:
    """The error body where no face can be told, in the form of the TM Forum's Error."""
    reason = HTTPStatus(status).phrase
    code, text = _PLAIN.get(status, (reason.lower().replace(" ", "-"), reason))
    return {"code": code, "reason": reason, "message": text, "status": str(status)}


class Envelope:
    """Writes failures as a face's error body. Built once from the declaration."""

    def __init__(self, errors: Errors) -> None:
        many = errors.entry is not None
        self._entry = compile_template(errors.entry, ERROR_VALUES) if many else None
        self._body = compile_template(errors.body, ERROR_VALUES | ({"entries"} if many else set()))

    def write(self, failure: Failure, correlation_id: str) -> bytes:
        """The body for one failure."""
        values: dict[str, Any] = {
            "status": failure.status,
            "statusText": str(failure.status),
            "code": failure.code,
            "message": failure.message,
            "text": "; ".join(entry.text for entry in failure.entries),
            "path": failure.entries[0].path,
            "advice": failure.entries[0].advice,
            "correlationId": correlation_id,
        }
        if self._entry is not None:
            values["entries"] = [
                self._entry({**values, "code": entry.code, "text": entry.text, "path": entry.path, "advice": entry.advice})
                for entry in failure.entries
            ]
        return write_json(self._body(values))
