"""An OpenAPI 3.1 document as a contract: its paths are what can be called, its webhooks what the backend sends.

What cannot be served is refused with its place when the document is read, so that nothing of it is found out by an order.
Security schemes are not read: credentials are declared by the market.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from adapter.contract.openapi_messages import Messages, Side
from adapter.contract.openapi_model import MessageModel, OpenApi, RestOperation
from adapter.contract.openapi_source import Here, Sources
from adapter.contract.openapi_union import join_bodies, union
from adapter.contract.shape import Kind, Member, OperationContract, Shape

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ROOT = ("openapi", "info", "servers", "paths", "webhooks", "components", "security", "tags", "externalDocs", "jsonSchemaDialect")
_TOLD = ("summary", "description", "servers")
_ITEM = ("$ref", "parameters", *_TOLD, *METHODS)
_OPERATION = (
    "operationId",
    "parameters",
    "requestBody",
    "responses",
    "callbacks",
    "tags",
    "deprecated",
    "security",
    "externalDocs",
    *_TOLD,
)
_NAME = re.compile(r"[A-Za-z_][\w.\-]*")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_STATUS = re.compile(r"[1-5](?:\d\d|XX)|default")


def load_openapi(path: Path | str) -> OpenApi:
    """Reads the document and the files that it refers to, from disk only.

    Raises ConfigError naming file, line and place: a file is missing or cannot be read, the document is of another version, two
    operations share an id, or something cannot be served (cookie parameters, other styles than form and simple, other media types
    than JSON, XML, urlencoded forms and plain text).
    """
    known = _READ.get(Path(path).resolve())
    if known is not None and known[0].unchanged():
        return known[1]
    sources = Sources()
    found = _read(sources.read(Path(path).resolve()))
    _READ[found.location] = (sources, found)
    return found


def files_read(path: Path | str) -> Iterable[Path]:
    """The document and the files that it refers to. Raises ConfigError as ``load_openapi`` does."""
    return tuple(_READ[load_openapi(path).location][0].files)


_READ: dict[Path, tuple[Sources, OpenApi]] = {}
"""What was read before: a market's contract is asked for by each of its parts."""


def _read(root: Here) -> OpenApi:
    root.object("an OpenAPI document", _ROOT)
    version = root.text("openapi")
    if not re.fullmatch(r"3\.1\.\d+", version):
        raise root.at("openapi").refuse(f"this is OpenAPI '{version}', and 3.1 is read", "convert the document, and write openapi: 3.1.0")
    reader = _Reader()
    operations = dict(reader.paths(root.at("paths"))) if "paths" in root.value else {}
    webhooks = dict(reader.webhooks(root.at("webhooks"))) if "webhooks" in root.value else {}
    return OpenApi(root.path, operations, webhooks)


class _Reader:
    """Reads the operations of one document."""

    def __init__(self) -> None:
        self._messages = Messages()
        self._ids: dict[str, Here] = {}

    def paths(self, place: Here) -> Iterator[tuple[str, RestOperation]]:
        place.object("paths")
        for path, item in place.members():
            if path.startswith("x-"):
                continue
            if not path.startswith("/"):
                raise item.refuse("a path begins with '/'")
            sent, _, _ = path.partition("#")  # tells operations of one path and method apart; it is not sent
            yield from self._item(item, sent, Side("readOnly", "writeOnly"))

    def webhooks(self, place: Here) -> Iterator[tuple[str, RestOperation]]:
        place.object("webhooks")
        taken: dict[tuple[str, str], Here] = {}
        for name, item in place.members():
            resolved = item.resolved()
            resolved.object("a path item")
            path = resolved.text("x-path", name).strip("/")
            aliases = tuple(_aliases(resolved))
            for found in self._item(item, path, Side("", ""), aliases):
                for one in (path, *aliases):
                    key = (found[1].method, _PLACEHOLDER.sub("{}", one).lower())
                    if key in taken:
                        raise item.refuse(f"{key[0]} {one} is taken by {taken[key].pointer} already")
                    taken[key] = item
                yield found

    def _item(self, place: Here, path: str, side: Side, aliases: tuple[str, ...] = ()) -> Iterator[tuple[str, RestOperation]]:
        item = place.resolved()
        item.object("a path item", _ITEM)
        for method in METHODS:
            if method in item.value:
                operation = self._operation(item.at(method), item, path, side, aliases)
                yield operation.name, operation

    def _operation(self, place: Here, item: Here, path: str, side: Side, aliases: tuple[str, ...]) -> RestOperation:
        place.object("an operation", _OPERATION)
        name = self._name(place)
        if "callbacks" in place.value:
            raise place.at("callbacks").refuse("callbacks are not read", "describe what the backend sends under 'webhooks'")
        request = self._messages.request(place, item, side)
        for one in (path, *aliases):
            _check_template(one, request, place)
        replies = dict(self._replies(place, side))
        contract = OperationContract(name, union([content.shape for content in request.contents]), _output(name, replies))
        return RestOperation(name, place.steps[-1].upper(), path, request, replies, contract, aliases)

    def _name(self, place: Here) -> str:
        name = place.text("operationId")
        if not name:
            raise place.refuse("the operation has no operationId", "mappings name operations by it")
        if not _NAME.fullmatch(name):
            raise place.at("operationId").refuse(f"'{name}' is no name", "use letters, digits, '_', '-' and '.', beginning with a letter")
        if name in self._ids:
            raise place.at("operationId").refuse(f"'{name}' is taken by {self._ids[name].position} already", "ids are unique in a document")
        self._ids[name] = place
        return name

    def _replies(self, place: Here, side: Side) -> Iterator[tuple[str, MessageModel]]:
        responses = place.at("responses")
        if not responses.object("responses"):
            raise responses.refuse("no response is documented", "describe what comes by status, such as '200'")
        for status, response in responses.members():
            if status.startswith("x-"):
                continue
            if not _STATUS.fullmatch(status):
                raise response.refuse(f"'{status}' is no status", "write '200', '4XX' or 'default'")
            yield status, self._messages.reply(response, side)


def _aliases(item: Here) -> Iterator[str]:
    for one in item.at("x-aliases").items("x-aliases") if "x-aliases" in item.value else ():
        if not isinstance(one.value, str):
            raise one.refuse("a path is text")
        yield one.value.strip("/")


def _check_template(path: str, request: MessageModel, place: Here) -> None:
    """Raises ConfigError where the path and the path parameters do not name the same."""
    named = _PLACEHOLDER.findall(path)
    declared = [parameter.name for parameter in request.parameters if parameter.where == "path"]
    for name in named:
        if name not in declared:
            raise place.refuse(f"the path {path} has '{{{name}}}', which no parameter describes", "add it with in: path")
    for name in declared:
        if name not in named:
            raise place.refuse(f"the path parameter '{name}' does not stand in the path {path}", f"write {{{name}}} where it belongs")
    if len(named) != len(set(named)):
        raise place.refuse(f"the path {path} has a parameter twice")
    if set("{}") & set(_PLACEHOLDER.sub("", path)):
        raise place.refuse(f"the path {path} has a brace that is never closed or opened")


def _output(name: str, replies: Mapping[str, MessageModel]) -> Shape:
    """Status, headers and body of whichever reply comes."""
    members = {"status": Member("status", Shape(Kind.INTEGER, minimum=100, maximum=599), required=True)}
    shapes = [content.shape for reply in replies.values() for content in reply.contents]
    for part in ("header", "body"):
        found = [shape.members[part] for shape in shapes if part in shape.members]
        if not found:
            continue
        joined = found[0]
        for member in found[1:]:
            joined = join_bodies(joined, member)
        members[part] = replace(joined, name=part, required=joined.required and len(found) == len(shapes))
    return Shape(Kind.OBJECT, f"{name} reply", members)
