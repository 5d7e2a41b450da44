"""Whether a service can be delivered at a socket: the one question, and the two calls by which a network may answer it."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from adapter.errors import MaybeSent, NotSent
from adapter.ports import Answer, AnswerKind, Document, WireReply, WireRequest

Conversation = Generator[WireRequest, WireReply, Answer]
SUCCESS = "success"
_REFUSALS = frozenset({404, 426, 428})
_STATUS = re.compile(r"[1-5][0-9]{2}")
_UNTOLD = "port_status does not say whether the service can be delivered"


class Ask(Protocol):
    """Sends one call that changes nothing."""

    def __call__(self, operation: str, query: Document) -> Conversation:
        """The answer to ``operation``. Raises NotSent, MaybeSent where there is none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``no`` is only what a network says expressly; where it is silent, or cannot be understood, nothing is known. ``code``, ``message``
    and ``hardware`` are the network's own words; ``evidence`` is ours, for the operator: why nothing is known."""

    deliverable: Literal["yes", "no", "unknown"]
    code: str = ""
    message: str = ""
    hardware: str = ""
    evidence: str = ""

    @property
    def document(self) -> Document:
        """The verdict and the network's words as plain data, without what it did not say."""
        words = {"code": self.code, "message": self.message, "hardware": self.hardware}
        return {"deliverable": self.deliverable, **{name: text for name, text in words.items() if text}}


class Availability(Protocol):
    """One way in which a network tells what can be delivered."""

    def is_deliverable(self, ask: Ask, order: Document) -> Generator[WireRequest, WireReply, Verdict]:
        """The verdict on ``order['service_uid']`` at ``order['socket']``. Raises nothing for the network."""


class ByPortStatus:
    """``port_status`` lists the services of a socket; one that can be delivered says ``deliverable``: YES, one that cannot NO."""

    def is_deliverable(self, ask: Ask, order: Document) -> Generator[WireRequest, WireReply, Verdict]:
        """A service that is not listed, or without that word, is unknown."""
        try:
            answer = yield from ask("port_status", {"socket": order["socket"]})
        except (NotSent, MaybeSent) as error:
            return Verdict("unknown", evidence=str(error))
        if answer.kind is not AnswerKind.REPLY or answer.document is None:
            return Verdict("unknown", evidence=answer.unreadable)
        body = answer.document.get("body") or {}
        response = body.get("response") or {}
        if body.get("status") != SUCCESS:
            return Verdict("unknown", _text(response, "code"), _text(response, "message"), evidence="port_status failed")
        service = service_of(body, order["service_uid"])
        said = _text(service, "deliverable").upper()
        if said == "NO":
            return Verdict("no", message=_text(service, "message"))
        return Verdict("yes") if said == "YES" else Verdict("unknown", evidence=_UNTOLD)


class ByServiceDeliverable:
    """``service_deliverable`` answers by HTTP status, or by the same number as ``code`` of a body whose status is failed."""

    def is_deliverable(self, ask: Ask, order: Document) -> Generator[WireRequest, WireReply, Verdict]:
        """404, 426 and 428 are refusals by themselves; one of 500 and more is a refusal where it brings a message for the customer, and a
        failure of the network otherwise."""
        try:
            answer = yield from ask("service_deliverable", {name: order[name] for name in ("origin", "service_uid", "socket")})
        except (NotSent, MaybeSent) as error:
            return Verdict("unknown", evidence=str(error))
        body = (answer.document or {}).get("body") or {}
        response = body.get("response") or {}
        if answer.status == 200 and body.get("status") == SUCCESS:
            return Verdict("yes")
        code = _text(response, "code")
        number = answer.status if answer.status != 200 or not _STATUS.fullmatch(code) else int(code)
        message, hardware = _text(response, "message"), _text(response, "hardware")
        if number in _REFUSALS or (500 <= number < 600 and message):
            return Verdict("no", str(number), message, hardware)
        return Verdict("unknown", code, message, evidence=answer.unreadable or f"service_deliverable was answered with {number}")


WAYS: Mapping[str, Availability] = {"port_status": ByPortStatus(), "service_deliverable": ByServiceDeliverable()}


def service_of(body: Document, uid: str) -> Document:
    """One service of a ``port_status`` answer; {} where it is not listed."""
    services: list[dict[str, Any]] = ((body.get("response") or {}).get("services") or {}).get("service") or []
    return next((service for service in services if service.get("id") == uid), {})


def _text(document: Document, name: str) -> str:
    """What is left out, empty or null is no word."""
    return document.get(name) or ""
