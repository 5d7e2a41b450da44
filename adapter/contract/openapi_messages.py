"""The messages of an operation: parameters, headers and bodies, each joined to one document with one schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapter.contract.json_schema import Schema
from adapter.contract.openapi_model import Content, Form, MessageModel, Parameter, Where
from adapter.contract.openapi_schema import Bundle
from adapter.contract.openapi_source import Here
from adapter.contract.openapi_xml import XmlNames
from adapter.contract.shape import Kind, Member, Shape

_HEADER = ("description", "required", "deprecated", "style", "explode", "schema", "example", "examples", "content")
_PARAMETER = ("name", "in", "allowEmptyValue", "allowReserved", *_HEADER)
_BODY = ("description", "content", "required")
_RESPONSE = ("description", "headers", "content", "links")
_MEDIA = ("schema", "example", "examples", "encoding")
_STYLES: dict[str, tuple[Where, str]] = {"path": ("path", "simple"), "query": ("query", "form"), "header": ("header", "simple")}
_OWN_HEADERS = {"accept", "content-type", "authorization"}  # as OpenAPI has it: a parameter of this name says nothing
_PLACES: tuple[Where, ...] = ("path", "query", "header")


@dataclass(frozen=True, slots=True)
class Side:
    """The flags of members that requests and replies of this side do not have (``readOnly``, ``writeOnly``, "" for none)."""

    request: str
    reply: str


@dataclass(frozen=True, slots=True)
class _Declared:
    """A parameter with the place of its schema."""

    parameter: Parameter
    required: bool
    schema: Here


class Messages:
    """Reads the messages of one document."""

    def __init__(self) -> None:
        self._xml = XmlNames()

    def request(self, operation: Here, item: Here, side: Side) -> MessageModel:
        """What is sent to the operation. Raises ConfigError."""
        declared: dict[tuple[str, str], _Declared] = {}
        for owner in (item, operation):
            own = list(_parameters(owner))
            for index, one in enumerate(own):
                key = (one.parameter.where, one.parameter.member)
                if key in [(other.parameter.where, other.parameter.member) for other in own[:index]]:
                    raise owner.at("parameters", str(index)).refuse(f"the {key[0]} parameter '{one.parameter.name}' stands twice")
                declared[key] = one
        body, required = None, False
        if "requestBody" in operation.value:
            body = operation.at("requestBody").resolved()
            body.object("a request body", _BODY)
            required = body.flag("required")
        return self._message(tuple(declared.values()), body, side.request, operation, required=required)

    def reply(self, place: Here, side: Side) -> MessageModel:
        """One reply. Raises ConfigError."""
        response = place.resolved()
        response.object("a response", _RESPONSE)
        headers = tuple(_headers(response.at("headers"))) if "headers" in response.value else ()
        return self._message(headers, response if "content" in response.value else None, side.reply, place, required=True)

    def _message(self, declared: tuple[_Declared, ...], body: Here | None, hidden: str, place: Here, *, required: bool) -> MessageModel:
        parameters = tuple(one.parameter for one in declared)
        contents = [] if body is None else list(self._contents(declared, body, hidden, required=required))
        if not contents:
            bundle = Bundle(hidden)
            schema = bundle.whole(_document(declared, bundle))
            contents = [Content("", "none", schema, _checked(bundle.shape(schema, place), declared))]
        return MessageModel(parameters, tuple(contents))

    def _contents(self, declared: tuple[_Declared, ...], body: Here, hidden: str, *, required: bool) -> Iterator[Content]:
        content = body.at("content")
        content.object("content")
        for name, media in content.members():
            media.object("a media type", _MEDIA)
            form = form_of(name)
            if form is None:
                raise media.refuse(f"bodies of {name} are not read or written", "describe it as JSON, XML, a urlencoded form or text/plain")
            bundle = Bundle(hidden)
            document = _document(declared, bundle)
            described = media.at("schema")
            document["properties"]["body"] = {} if described.value is None else bundle.schema(described, "#/properties/body")
            if required:
                document["required"] = [*document["required"], "body"]
            schema = bundle.whole(document)
            shape = _checked(bundle.shape(schema, media), declared)
            if form in ("form", "text"):
                _check_flat(shape.members["body"], form, media)
            xml = None
            if form == "xml":
                if described.value is None:
                    raise media.refuse("XML needs a schema that says what its elements are")
                xml = self._xml.body(described)
            yield Content(name.partition(";")[0].strip().lower(), form, schema, shape, xml)


def form_of(media: str) -> Form | None:
    """How bodies of a media type are written, None where they cannot be."""
    kind = media.partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        return "json"
    if kind.endswith(("/xml", "+xml")):
        return "xml"
    if kind == "application/x-www-form-urlencoded":
        return "form"
    return "text" if kind == "text/plain" else None


def _document(declared: tuple[_Declared, ...], bundle: Bundle) -> dict[str, Any]:
    """The schema of the document without its body."""
    document: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for where in _PLACES:
        own = [one for one in declared if one.parameter.where == where]
        if not own:
            continue
        part: Schema = {"type": "object", "properties": {}, "required": [one.parameter.member for one in own if one.required]}
        for one in own:
            escaped = one.parameter.member.replace("~", "~0").replace("/", "~1")
            part["properties"][one.parameter.member] = bundle.schema(one.schema, f"#/properties/{where}/properties/{escaped}")
        document["properties"][where] = part
        if part["required"]:
            document["required"].append(where)
    return document


def _checked(shape: Shape, declared: tuple[_Declared, ...]) -> Shape:
    """The shape, if each parameter can be written. Raises ConfigError."""
    for one in declared:
        _check_flat(shape.members[one.parameter.where].shape.members[one.parameter.member], "parameter", one.schema)
    return shape


def _check_flat(member: Member, what: str, place: Here) -> None:
    """Raises ConfigError for values within values, which only JSON and XML can hold."""
    if what == "text" and (member.many or member.shape.kind is Kind.OBJECT):
        raise place.refuse("text/plain holds one value")
    if what == "form" and (member.many or member.shape.kind is not Kind.OBJECT):
        raise place.refuse("a urlencoded form is an object")
    inner = list(member.shape.members.values())
    nested = any(one.shape.kind is Kind.OBJECT or (one.many and what != "form") for one in inner)
    if nested or (member.many and member.shape.kind is Kind.OBJECT):
        raise place.refuse("objects or lists within this one cannot be written here", "only values, lists of values and flat objects can")


def _parameters(owner: Here) -> Iterator[_Declared]:
    if "parameters" not in owner.value:
        return
    for place in owner.at("parameters").items("parameters"):
        found = place.resolved()
        found.object("a parameter", _PARAMETER)
        where, name = found.text("in"), found.text("name")
        if where not in _STYLES:
            hint = "send it as a header" if where == "cookie" else "write path, query or header"
            raise found.at("in").refuse(f"parameters in '{where}' are not sent", hint)
        if not name:
            raise found.refuse("the parameter has no name")
        if where == "header" and name.lower() in _OWN_HEADERS:
            continue
        required = found.flag("required")
        if where == "path" and not required:
            raise found.refuse(f"the path parameter '{name}' has to be required", "write required: true")
        yield _declared(found, name, _STYLES[where][0], required=required)


def _headers(place: Here) -> Iterator[_Declared]:
    place.object("headers")
    for name, one in place.members():
        if name.lower() in _OWN_HEADERS:
            continue
        found = one.resolved()
        found.object("a header", _HEADER)
        yield _declared(found, name, "header", required=found.flag("required"))


def _declared(place: Here, name: str, where: Where, *, required: bool) -> _Declared:
    style = _STYLES[where][1]
    if "content" in place.value:
        raise place.at("content").refuse("parameters that hold a document are not written", "describe the value by 'schema'")
    if place.text("style", style) != style:
        raise place.at("style").refuse(f"the style '{place.value['style']}' is not written", f"in {where} the style is '{style}'")
    if "schema" not in place.value:
        raise place.refuse(f"'{name}' has no schema")
    explode = place.flag("explode", style == "form")
    member = name.lower() if where == "header" else name
    return _Declared(Parameter(name, where, member, explode, place.flag("allowReserved")), required, place.at("schema"))
