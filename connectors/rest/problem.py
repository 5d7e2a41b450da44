"""What a sender is told of a message that was not taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.contract.json_bytes import write_json
from adapter.errors import AdapterError, CallerError, StoreUnavailable

_OURS = "The message could not be taken and was not recorded; send it again later"
_PAUSE = "30"  # seconds after which sending again makes sense


@dataclass(frozen=True, slots=True)
class ProblemText:
    """``texts`` are the same problem in the words of several kinds of document, by member; ``plain`` is a JSON document."""

    status: int
    headers: Mapping[str, str]
    texts: tuple[Mapping[str, str | int], ...]
    plain: bytes


def problem(error: AdapterError) -> ProblemText:
    """The problem that an error is to the sender. What went wrong on our side is not told."""
    if isinstance(error, CallerError):
        status, reason, text, headers = error.status, error.reason, str(error), error.headers
    else:
        status = error.status if isinstance(error, StoreUnavailable) else 500
        reason, text, headers = "The message was not taken", _OURS, {"Retry-After": _PAUSE}
    named = {"code": str(status), "reason": reason, "message": text, "status": str(status), "title": reason, "detail": text}
    named |= {"description": text, "error": reason}
    numbered: dict[str, str | int] = {**named, "status": status}
    plain = {name: named[name] for name in ("code", "reason", "message", "status")}
    return ProblemText(status, headers, (named, numbered, {**numbered, "code": status}), write_json(plain))
