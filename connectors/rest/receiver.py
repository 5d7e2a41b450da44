"""The way in of a REST backend: the webhooks of its OpenAPI document. Tolerant of what comes, strict with what it is answered."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapter.contract.openapi_model import OpenApi, RestOperation
from adapter.contract.shape import OperationContract
from adapter.errors import (
    AdapterError,
    CallerError,
    InvalidMessage,
    MethodNotAllowed,
    NotFound,
    Problem,
    SerialisationFailed,
    UnsupportedMedia,
)
from adapter.ports import Document, InboundRequest, Received, WireReply
from connectors.deviations import Notes
from connectors.rest.message import Message, OtherMedia, Unreadable
from connectors.rest.parameters import read_headers, read_path, read_query
from connectors.rest.problem import problem
from connectors.rest.tolerant import ABSENT
from connectors.xml import DEFAULT_LIMITS, XmlLimits

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class RestReceiver:
    """Takes the webhooks of one document. A message's document is ``{path, query, header, body}``, our answer's ``{status, header, body}``.

    ``limits`` bound what is read, JSON too. Raises ConfigError for a document without webhooks, or with schemas that are none.
    """

    def __init__(self, contract: OpenApi, limits: XmlLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        hooks = [_Webhook(operation, str(contract.location)) for operation in contract.webhooks.values()]
        self._webhooks = {hook.operation.name: hook for hook in hooks}
        self._contracts = {name: operation.contract for name, operation in contract.webhooks.items()}
        paths = [_Path.of(path, hook) for hook in hooks for path in (hook.operation.path, *hook.operation.aliases)]
        self._paths = sorted(paths, key=lambda path: path.rank)

    def contracts(self) -> Mapping[str, OperationContract]:
        """The document's webhooks, with the shapes of their documents."""
        return self._contracts

    def described(self, request: InboundRequest, address: str) -> WireReply | None:  # noqa: ARG002 - as ports.Receiver has it
        """None: the document is the backend's own, and it is not served."""
        return None

    def read(self, request: InboundRequest) -> Received:
        """A message of one of the webhooks. Raises CallerError."""
        hook, texts = self._matched(request)
        operation, notes = hook.operation, Notes()
        model = operation.request
        try:
            content = hook.request.content(request.headers, request.body, notes)
            body = hook.request.read_body(content, request.headers, request.body, self._limits, notes)
        except OtherMedia as wrong:
            raise UnsupportedMedia(f"The media type of the body is not known here: {wrong}") from None
        except Unreadable as wrong:
            raise InvalidMessage("The message cannot be read", [Problem("body", str(wrong))]) from None
        read = {
            "path": read_path(model.parameters, content, texts, notes),
            "query": read_query(model.parameters, content, request.query, notes),
            "header": read_headers(model.parameters, content, request.headers, notes),
        }
        document: Document = {name: values for name, values in read.items() if name in content.shape.members}
        if body is not ABSENT:
            document["body"] = body
        return Received(operation.name, document, tuple(notes.found))

    def answer(self, request: InboundRequest, received: Received, document: Document) -> WireReply:  # noqa: ARG002 - as ports.Receiver has it
        """Our answer as the webhook documents it for the status in ``document``. Raises SerialisationFailed."""
        return self._webhooks[received.operation].answer(document)

    def fault(self, request: InboundRequest, error: AdapterError) -> WireReply:
        """A problem document, in the members that the webhook documents for this status where it documents any."""
        try:
            hook: _Webhook | None = self._matched(request)[0]
        except CallerError:
            hook = None
        told = problem(error)
        reply = None if hook is None else hook.problem(told.status, told.texts)
        headers, body = reply or ({"content-type": "application/json"}, told.plain)
        return WireReply(told.status, {**headers, **{name.lower(): value for name, value in told.headers.items()}}, body)

    def _matched(self, request: InboundRequest) -> tuple[_Webhook, Mapping[str, str]]:
        path = request.path.strip("/")
        found = [(one, match) for one in self._paths if (match := one.pattern.fullmatch(path)) is not None]
        if not found:
            known = ", ".join(dict.fromkeys(one.text for one in self._paths)) or "none"
            raise NotFound(f"There is nothing at this path; messages are taken at: {known}")
        for one, match in found:
            if one.webhook.operation.method == request.method.upper():
                return one.webhook, dict(zip(one.names, match.groups(), strict=True))
        allowed = ", ".join(dict.fromkeys(one.webhook.operation.method for one, _ in found))
        raise MethodNotAllowed(f"Messages are sent here by {allowed}", headers={"Allow": allowed})


class _Webhook:
    """One webhook, compiled. Answers are by the status as documented."""

    def __init__(self, operation: RestOperation, source: str) -> None:
        named = f"{source}: {operation.name}"
        self.operation = operation
        self.request = Message(operation.request, "", named)
        self._replies = {id(model): Message(model, "", named) for model in operation.replies.values()}

    def answer(self, document: Document) -> WireReply:
        status = document.get("status")
        if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599:
            raise SerialisationFailed("a status of HTTP is needed here, such as 200", "status")
        message = self._reply(status)
        if message is None:
            known = ", ".join(self.operation.replies)
            raise SerialisationFailed(f"{status} is no status that {self.operation.name} is answered with; it has: {known}", "status")
        rest = {name: value for name, value in document.items() if name != "status"}
        only = message.model.contents[0].body
        if isinstance(rest.get("body"), list) and only is not None and not only.many:
            rest["body"] = _single(rest["body"])
        written = message.write(rest)
        return WireReply(status, {name.lower(): value for name, value in written.headers.items()}, written.body)

    def problem(self, status: int, texts: Sequence[Mapping[str, str | int]]) -> tuple[dict[str, str], bytes] | None:
        """The first of the bodies that fits what is documented for the status; each is cut to the members that there are.
        None where none does, or nothing of a problem would be left."""
        message = self._reply(status)
        body = None if message is None else message.model.contents[0].body
        if message is None or body is None or not texts[0].keys() & body.shape.members.keys():
            return None
        for candidate in texts:
            value = {name: text for name, text in candidate.items() if name in body.shape.members}
            with contextlib.suppress(SerialisationFailed):
                written = message.write({"body": value})
                return {name.lower(): text for name, text in written.headers.items()}, written.body
        return None

    def _reply(self, status: int) -> Message | None:
        model = self.operation.reply(status)
        return None if model is None else self._replies[id(model)]


def _single(values: list[object]) -> object:
    """The one element of a list where the reply of this status holds one, though others hold several."""
    if len(values) != 1:
        raise SerialisationFailed(f"the reply of this status holds one, not {len(values)}", "body")
    return values[0]


@dataclass(frozen=True, slots=True)
class _Path:
    """A path under which a webhook is taken. Letters may be large or small; what is written out goes before a parameter."""

    text: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    webhook: _Webhook

    @property
    def rank(self) -> tuple[int, ...]:
        return tuple(int("{" in segment) for segment in self.text.split("/"))

    @classmethod
    def of(cls, text: str, webhook: _Webhook) -> _Path:
        parts = _PLACEHOLDER.split(text.strip("/"))
        pattern = "".join("([^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
        return cls(text, re.compile(pattern, re.IGNORECASE), tuple(parts[1::2]), webhook)
