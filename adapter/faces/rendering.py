"""Results become answers: the face's own members, its status, its headers, its error body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from adapter import clock
from adapter.contract.json_bytes import write_json
from adapter.faces.declaration import Face, Kind, Route
from adapter.faces.failure import Envelope, Failure, of_result
from adapter.faces.template import TemplateGap, Write, compile_template
from adapter.faces.wording import ADDITION_VALUES, ANSWER_VALUES, LIST_VALUES, Addition
from adapter.ports import Document, Message, OutcomeKind, Reply, Result

_ACCEPTED = OutcomeKind.ACCEPTED  # to look at an enumeration's member takes long


class Renderer:
    """Writes one face's answers. Pure; ``base_url`` (``https://host``, may be "") goes before every href."""

    def __init__(self, face: Face, base_url: str = "") -> None:
        self.face = face
        self._envelope = Envelope(face.errors)
        self._successes = {route.operation: _Success(route) for route in face.routes}
        self._answers = {route.operation: _Answer(route) for route in face.routes if route.answer is not None}
        additions = [(addition, compile_template(addition.value, ADDITION_VALUES)) for addition in face.additions]
        self._additions = {
            route.operation: [pair for pair in additions if not pair[0].resources or route.resource in pair[0].resources]
            for route in face.routes
        }
        self._hrefs = {route.operation: base_url.rstrip("/") + face.base + self._item_path(route) for route in face.routes}

    def __call__(self, message: Message, result: Result) -> Reply:
        """The answer to a message. The correlation id is not part of it, so that a repeat may have its own."""
        if result.outcome.kind is not _ACCEPTED:
            return self.failure(of_result(result, self.face.outcomes), message.correlation_id, result.retry_after)
        success = self._successes[message.operation]
        if success.deletes:
            return Reply(success.status, b"")
        document = self.document(message.operation, message.path, result)
        shaped = self.shaped(message, document)
        headers = {}
        if success.location and isinstance(document.get(success.location), str):
            headers["Location"] = document[success.location]
        status = result.status if result.status is not None and 200 <= result.status < 300 else success.status
        return Reply(status, write_json(shaped), headers, shaped)

    def shaped(self, message: Message, document: Document) -> Document:
        """The answer that shows a document: the document itself, unless the route has a template of its own."""
        answer = self._answers.get(message.operation)
        return document if answer is None else answer.one({"document": document, "query": message.query})

    def shaped_list(self, message: Message, documents: Sequence[Document]) -> Any:
        """The same of a list."""
        answer = self._answers.get(message.operation)
        return documents if answer is None else answer.several(documents, message.query)

    def failure(self, failure: Failure, correlation_id: str, retry_after: int | None = None) -> Reply:
        """The error body of the face, with Retry-After where the failure or the face says so."""
        headers = dict(failure.headers)
        pause = retry_after if retry_after is not None else self.face.outcomes.retry_after.get(failure.status)
        if pause is not None and "Retry-After" not in headers:
            headers["Retry-After"] = str(pause)
        return Reply(failure.status, self._envelope.write(failure, correlation_id), headers)

    def document(self, operation: str, path: Mapping[str, str], result: Result) -> Document:
        """The document of an accepted result with the members that the face adds. ``result.document`` stays as it is."""
        document = dict(result.document or {})
        additions = self._additions[operation]
        if not additions:
            return document
        identity = document.get("id") if document.get("id") is not None else result.order_id or None
        values: dict[str, Any] = {
            "id": None if identity is None else str(identity),
            "href": None if identity is None else self.href(operation, path, str(identity)),
            "createdAt": clock.iso(result.created_at) if result.created_at else None,
            "document": document,
        }
        for addition, write in additions:
            _add(document, addition, write, values)
        return document

    def href(self, operation: str, path: Mapping[str, str], identity: str) -> str:
        """Where one resource can be read, in the words of the operation's route."""
        href = self._hrefs[operation]
        for name, value in {**path, "id": identity}.items():
            href = href.replace(f"{{{name}}}", quote(value, safe=""))
        return href

    def _item_path(self, route: Route) -> str:
        """The path of one resource, with its parameters: that of the route that reads it, else the collection's with the id."""
        for other in self.face.routes:
            if other.kind is Kind.RETRIEVE and other.resource == route.resource:
                return other.path
        return f"{route.path}/{{id}}"


class _Success:
    """What a route declares of its answer, taken out once: a declaration looks each of its members up."""

    __slots__ = ("deletes", "location", "status")

    def __init__(self, route: Route) -> None:
        self.deletes, self.location, self.status = route.kind is Kind.DELETE, route.location, route.success


class _Answer:
    """The templates of one route."""

    def __init__(self, route: Route) -> None:
        self.one = compile_template(route.answer, LIST_VALUES if route.kind is Kind.LIST else ANSWER_VALUES, gaps=True)
        self._entry = compile_template("$document" if route.entry is None else route.entry, ANSWER_VALUES, gaps=True)

    def several(self, documents: Sequence[Document], query: Mapping[str, str]) -> Any:
        return self.one({"entries": [self._entry({"document": document, "query": query}) for document in documents], "query": query})


def _add(document: Document, addition: Addition, write: Write, values: Mapping[str, Any]) -> None:
    there = document.get(addition.member) not in (None, "", [])
    if there and not addition.always:
        return
    try:
        document[addition.member] = write(values)
    except TemplateGap:
        return  # what it would be made of is not in this document; the next addition may do
