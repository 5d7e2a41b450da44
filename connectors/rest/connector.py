"""The REST connector: one call, one request, one reply, as plain data both ways."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from adapter.contract.openapi_model import MessageModel, OpenApi, RestOperation
from adapter.contract.shape import OperationContract
from adapter.errors import ConfigError, SerialisationFailed
from adapter.ports import Answer, AnswerKind, Call, Document, Exchange, WireReply, WireRequest
from connectors.deviations import Notes
from connectors.http import basic_authentication, checked_headers, media_of, with_status
from connectors.rest.message import Message, Unreadable
from connectors.rest.parameters import read_headers
from connectors.rest.tolerant import ABSENT
from connectors.xml import DEFAULT_LIMITS, XmlLimits


class RestConnector:
    """Speaks to one backend by the paths of its OpenAPI document.

    A call's document is ``{path, query, header, body}``, as far as the operation has them (headers in lower case); a reply's is
    ``{status, header, body}``. ``endpoint`` is the URL in front of all paths. ``basic`` is (user, password); ``headers`` are sent
    with every request. ``limits`` bound what is read, JSON too. Raises ConfigError for an endpoint, headers or credentials that
    cannot be used.
    """

    def __init__(
        self,
        contract: OpenApi,
        endpoint: str,
        *,
        basic: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        limits: XmlLimits = DEFAULT_LIMITS,
    ) -> None:
        parts = urlsplit(endpoint)
        if parts.query or parts.fragment:
            raise ConfigError(f"the endpoint {parts.scheme}://{parts.netloc}{parts.path} cannot have a query; give that by 'parameters'")
        self._endpoint, self._limits = endpoint.rstrip("/"), limits
        self._headers = checked_headers(headers or {})
        if basic is not None:
            self._headers["Authorization"] = basic_authentication(*basic, self._endpoint)
        self._port = contract.location.name
        self._operations = {name: _Operation(operation, str(contract.location)) for name, operation in contract.operations.items()}
        self._contracts = {name: operation.contract for name, operation in contract.operations.items()}

    def contracts(self) -> Mapping[str, OperationContract]:
        """The operations of the document's paths, with the shapes of their documents."""
        return self._contracts

    def exchange(self, call: Call) -> Exchange:
        """Yields one request and gives the answer. Raises SerialisationFailed before the request, nothing after it."""
        operation = self._operations.get(call.operation)
        if operation is None:
            known = ", ".join(self._operations)
            raise SerialisationFailed(f"{self._port} has no operation '{call.operation}'; it has: {known}")
        written = operation.request.write(call.document)
        try:
            own = checked_headers(call.headers)
        except ConfigError as wrong:
            raise SerialisationFailed(str(wrong)) from None
        accept = {"Accept": ", ".join(operation.accepted)} if operation.accepted else {}
        headers = _joined(self._headers, own, written.headers, accept)
        reply = yield WireRequest(operation.method, self._endpoint + written.target, headers, written.body)
        return operation.answer(reply, self._limits)


class _Operation:
    """One operation, compiled."""

    def __init__(self, operation: RestOperation, source: str) -> None:
        named = f"{source}: {operation.name}"
        self.method = operation.method
        self.request = Message(operation.request, operation.path, named)
        self._operation = operation
        self._replies = {id(model): Message(model, "", named) for model in operation.replies.values()}
        body = operation.contract.output.members.get("body")
        self._list = body is not None and body.many
        self.accepted = tuple(dict.fromkeys(media for message in self._replies.values() for media in message.media))

    def answer(self, reply: WireReply, limits: XmlLimits) -> Answer:
        """What the backend said: a reply where its status is documented and its body can be read."""
        try:
            model = self._operation.reply(reply.status)
            if model is None:
                raise Unreadable(f"the contract has no such status; it has: {', '.join(self._operation.replies)}")
            return self._read(reply, model, limits)
        except Unreadable as wrong:
            media, _ = media_of(reply.headers)
            text = f"{wrong} (HTTP {reply.status}, {media or 'no media type'})"
            return Answer(AnswerKind.UNREADABLE, reply.status, unreadable=_located(reply, text))

    def _read(self, reply: WireReply, model: MessageModel, limits: XmlLimits) -> Answer:
        message, notes = self._replies[id(model)], Notes()
        content = message.content(reply.headers, reply.body, notes)
        document: Document = {"status": reply.status}
        if "header" in content.shape.members:
            document["header"] = read_headers(model.parameters, content, reply.headers, notes)
        body = message.read_body(content, reply.headers, reply.body, limits, notes)
        if body is not ABSENT:
            document["body"] = [body] if self._list and isinstance(body, dict) else body
        return Answer(AnswerKind.REPLY, reply.status, document=document, deviations=tuple(notes.found))


def _located(reply: WireReply, text: str) -> str:
    return text if "location" not in reply.headers else with_status(reply, text)


def _joined(*several: Mapping[str, str]) -> dict[str, str]:
    """Headers of several sources; a later one goes before an earlier one of the same name, however that is spelt."""
    found: dict[str, tuple[str, str]] = {}
    for headers in several:
        for name, value in headers.items():
            found[name.lower()] = (name, value)
    return dict(found.values())
