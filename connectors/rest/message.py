"""One message of one operation: documents ↔ parameters, headers and a body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from adapter.contract.json_bytes import write_json
from adapter.contract.json_text import parse_json
from adapter.contract.openapi_messages import form_of
from adapter.contract.openapi_model import Content, MessageModel
from adapter.contract.shape import Member
from adapter.errors import AdapterError, InvalidMessage, SerialisationFailed
from adapter.ports import Document
from connectors.deviations import Note
from connectors.http import media_of
from connectors.rest.parameters import headers_of, target, text_of
from connectors.rest.strict import Strict
from connectors.rest.tolerant import ABSENT, from_text, missing, read_member
from connectors.rest.xml_body import read_xml, write_xml
from connectors.xml import UnreadableXml, XmlLimits, parse_xml
from connectors.xml_text import Refused, described

_BOM = b"\xef\xbb\xbf"


class Unreadable(AdapterError):
    """The bytes are no message of the contract. The text says why."""


class OtherMedia(Unreadable):
    """The message is of a media type that the contract does not have."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message ready to leave. ``target`` is path and query of a request."""

    target: str
    headers: dict[str, str]
    body: bytes


class Message:
    """Writes and reads one message. Compiled once, keeps nothing."""

    def __init__(self, model: MessageModel, path: str, source: str) -> None:
        """``path`` is that of a request, "" of a reply. Raises ConfigError naming ``source`` for a schema that is none."""
        self.model, self._path = model, path
        self._strict = Strict(model.contents[0], source)
        self.media = tuple(dict.fromkeys(content.media for content in model.contents if content.media))

    def write(self, document: Document) -> Written:
        """The message, strictly by the contract. Raises SerialisationFailed with the place in the document."""
        content = self.model.contents[0]
        self._strict.check(document)
        headers = headers_of(self.model.parameters, document)
        body = b""
        if "body" in document:
            try:
                body = _written(content, document["body"])
            except Refused as wrong:
                raise SerialisationFailed(wrong.text, wrong.path) from None
            headers["Content-Type"] = content.media if content.form in ("json", "form") else f"{content.media}; charset=utf-8"
        return Written(target(self._path, self.model.parameters, document) if self._path else "", headers, body)

    def content(self, headers: Mapping[str, str], body: bytes, note: Note) -> Content:
        """The content that a message has by its media type. Raises OtherMedia."""
        named, _ = media_of(headers)
        contents = self.model.contents
        if not body.strip() or contents[0].form == "none":
            return contents[0]
        exact = next((one for one in contents if one.media == named), None)
        if exact is not None:
            return exact
        close = next((one for one in contents if not named or form_of(named) == one.form), None)
        if close is None:
            raise OtherMedia(f"the contract has {' or '.join(self.media)} here")
        note("media", "body", "", f"is {named or 'of no media type'}, the contract has {close.media}")
        return close

    def read_body(self, content: Content, headers: Mapping[str, str], body: bytes, limits: XmlLimits, note: Note) -> Any:
        """The body, tolerantly; ABSENT where there is none to be. Raises Unreadable."""
        member = content.body
        if member is None:
            if body.strip():
                note("extra", "body", "", "the contract has no body here; it is not read")
            return ABSENT
        if not body.strip() and content.form != "text":
            if member.required:
                raise Unreadable("the body is empty")
            return ABSENT
        if len(body) > limits.size:
            raise Unreadable(f"the body has {len(body)} bytes, more than the {limits.size} that are read")
        _, charset = media_of(headers)
        return _read(content, body, charset, limits, note)


def _written(content: Content, value: Any) -> bytes:
    member = content.body
    assert member is not None, "a document that passed has a body only where the contract has one"
    if content.form == "json":
        return write_json(value)
    if content.form == "xml":
        assert content.xml is not None
        return write_xml(content.xml, member, value)
    if content.form == "text":
        return ("" if value is None else text_of(value)).encode()
    pairs = [(name, one) for name, many in value.items() for one in (many if isinstance(many, list) else [many]) if one is not None]
    return "&".join(f"{quote_plus(name)}={quote_plus(text_of(one))}" for name, one in pairs).encode()


def _read(content: Content, body: bytes, charset: str | None, limits: XmlLimits, note: Note) -> Any:
    member = content.body
    assert member is not None
    if content.form == "xml":
        assert content.xml is not None
        try:
            return read_xml(content.xml, member, parse_xml(body, limits, charset), "body", note)
        except UnreadableXml as wrong:
            raise Unreadable(str(wrong)) from None
    text = _decoded(body, charset, note)
    if content.form == "json":
        try:
            value = parse_json(text.encode(), max_depth=limits.depth)
        except InvalidMessage as wrong:
            raise Unreadable(str(wrong).replace("The request body", "the body", 1)) from None
        return _as_documented(member, value, read_member(member, value, "body", note))
    if content.form == "text":
        return from_text(member.shape, text, "body", note)
    return _read_form(content, text, note)


def _as_documented(member: Member, value: Any, read: Any) -> Any:
    """A JSON body as it was read. Raises Unreadable where it is of another kind than the contract's: 'down for maintenance' is no list
    without elements, and who takes it for one believes that nothing is there."""
    if read is ABSENT and (value is not None or member.required):
        raise Unreadable(f"the body is {described(value)}, which the contract does not have here")
    if isinstance(value, list) and isinstance(read, list) and len(read) < len(value):
        raise Unreadable("the body is a list with elements that the contract does not have")
    if isinstance(read, list) and not read and not isinstance(value, list):
        raise Unreadable(f"the body is {described(value)} where the contract has a list")
    return read


def _decoded(body: bytes, charset: str | None, note: Note) -> str:
    """The text; what is not UTF-8 is noted. Raises Unreadable."""
    if body.startswith(_BOM):
        note("encoding", "body", "", "begins with a byte order mark")
        body = body.removeprefix(_BOM)
    try:
        text = body.decode(charset or "utf-8")
        text.encode()  # some codecs make halves of characters that nothing can carry
    except (UnicodeError, LookupError):
        try:
            text = body.decode()
        except UnicodeDecodeError as wrong:
            named = "not UTF-8" if (charset or "utf-8").lower() in ("utf-8", "utf8") else f"neither {charset} nor UTF-8"
            raise Unreadable(f"the body is {named}: byte {wrong.start + 1} cannot be read") from None
        note("encoding", "body", "", f"is UTF-8 and not {charset}, as it says")
    else:
        if charset is not None and charset.lower() not in ("utf-8", "utf8", "us-ascii"):
            note("encoding", "body", "", f"is {charset}, not UTF-8")
    return text


def _read_form(content: Content, text: str, note: Note) -> dict[str, Any]:
    member = content.body
    assert member is not None
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text.strip(), keep_blank_values=True):
        inner = member.shape.members.get(name)
        if inner is None:
            if member.shape.open:
                found[name] = value
            else:
                note("extra", "body", name, "the contract has no such member here")
        elif inner.many:
            values = found.setdefault(name, [])
            values.append(from_text(inner.shape, value, f"body.{name}[{len(values)}]", note))
        elif name in found:
            note("repeated", "body", name, "comes more than once, the contract has it once; the first is read")
        else:
            found[name] = from_text(inner.shape, value, f"body.{name}", note)
    missing(member.shape, found, "body", note)
    return found
