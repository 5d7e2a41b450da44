"""Operations that the compiler refuses, served by zeep itself: slower, without facets, but never wrongly guessed.

Documents keep the conventions (``@name``, ``#text``, ``@xsi:type``, ``#header``); what only zeep can name is a member by
zeep's own name (``_value_1`` for repeated groups and wildcards). zeep gives no difference between nil and absent, and
dates come back in ISO form rather than as they were written. zeep is loaded with the first such message, not before.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from adapter.contract.wsdl_model import SoapContract
from adapter.contract.wsdl_sources import read_sources
from adapter.errors import SerialisationFailed
from adapter.ports import Document
from connectors import xml_generic
from connectors.soap.envelope import NAMESPACES
from connectors.xml import UnreadableXml

_XSI = "http://www.w3.org/2001/XMLSchema-instance"


class ZeepFallback:
    """Writes requests and reads replies of one contract through zeep."""

    def __init__(self, contract: SoapContract) -> None:
        self.contract = contract
        self._document: Any = None

    def write(self, operation: str, document: Document, header: str) -> bytes:
        """The bytes of the request. Raises SerialisationFailed with zeep's words."""
        found, kinds = self._operation(operation)
        body_type = found.input.body.type if found.input.body is not None else None
        try:
            values = {key: value for key, value in document.items() if key != "#header"}
            plain: tuple[Any, ...] = ()
            named = values
            if isinstance(body_type, kinds.complex):
                named = self._object(values, body_type, kinds)
            elif body_type is not None:
                plain, named = (values.get("#text"),), {}
            if "#header" in document:
                named["_soapheaders"] = self._headers(document["#header"], found.input.header.type, kinds)
            envelope = found.create(*plain, **named).content
        except kinds.errors as wrong:
            path = ".".join(map(str, getattr(wrong, "path", None) or ()))
            raise SerialisationFailed(f"zeep, which serves this operation, refuses the document: {wrong}", path) from wrong
        if header:
            _insert(envelope, header, self.contract.version)
        return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")

    def read(self, operation: str, root: etree._Element) -> Document:
        """The document of a reply. Raises UnreadableXml with zeep's words."""
        found, kinds = self._operation(operation)
        if found.output is None or found.output.envelope is None:
            return {}
        try:
            with self._document.settings(strict=False):
                parsed = found.output._deserialize_body(root.find(f"{{{NAMESPACES[self.contract.version]}}}Body"))
            body = self._plain(parsed.get("body"), kinds)
        except (*kinds.errors, IndexError) as wrong:
            raise UnreadableXml(f"zeep, which serves this operation, cannot read the reply: {wrong}") from wrong
        return body if isinstance(body, dict) else {} if body is None else {"#text": body}

    def _operation(self, operation: str) -> tuple[Any, _Kinds]:
        if self._document is None:
            from adapter.contract.wsdl_zeep import load_document  # noqa: PLC0415  (half a second that few need)

            self._document = load_document(read_sources(Path(self.contract.location)))
        port = self._document.services[self.contract.service].ports[self.contract.port]
        return port.binding.get(operation), _Kinds()

    # plain data → zeep

    def _headers(self, header: Mapping[str, Any], kind: Any, kinds: _Kinds) -> dict[str, Any]:
        """zeep names header parts by the message part, documents by their element."""
        parts = {element.name: (name, element.type) for name, element in kind.elements}
        found = {}
        for key, value in header.items():
            name, part = parts.get(key, (key, None))
            found[name] = self._value(value, part, kinds)
        return found

    def _value(self, value: Any, kind: Any, kinds: _Kinds) -> Any:
        if value is None:
            return kinds.nil
        if isinstance(value, list):
            return [self._value(one, kind, kinds) for one in value]
        if not isinstance(value, dict) or not isinstance(kind, kinds.complex):
            return value
        name = value.get("@xsi:type")
        if name is None:
            return self._object(value, kind, kinds)
        derived = next((one for one in self._document.types.types if isinstance(one, kinds.complex) and one.name == name), None)
        if derived is None:
            raise TypeError(f"the WSDL has no type '{name}' that @xsi:type could name")
        return derived(**self._object({key: one for key, one in value.items() if key != "@xsi:type"}, derived, kinds))

    def _object(self, value: Mapping[str, Any], kind: Any, kinds: _Kinds) -> dict[str, Any]:
        attributes = {f"@{attribute.name}": name for name, attribute in kind.attributes if attribute.name}
        elements = {name: element.type for name, element in kind.elements}
        found: dict[str, Any] = {}
        for key, one in value.items():
            if key == "#text":
                found[kind.elements_nested[0][0]] = one
            elif key in attributes:
                found[attributes[key]] = one
            elif key.startswith("_value_") and isinstance(one, list):
                found[key] = [self._item(item, elements, kinds) for item in one]
            else:
                found[key] = self._value(one, elements.get(key), kinds)
        return found

    def _item(self, item: Any, elements: Mapping[str, Any], kinds: _Kinds) -> Any:
        """One round of a repeated group, or an element for a wildcard."""
        if not isinstance(item, dict) or not item:
            return item
        if set(item) <= set(elements):
            return {key: self._value(one, elements[key], kinds) for key, one in item.items()}
        (name, value), *_ = item.items()
        return etree.fromstring(f'<r xmlns:xsi="{_XSI}">{xml_generic.write(name, value)}</r>')[0]

    # zeep → plain data

    def _plain(self, value: Any, kinds: _Kinds) -> Any:
        if isinstance(value, kinds.compound):
            return self._members(value, kinds)
        if isinstance(value, etree._Element):
            return {etree.QName(value).localname: xml_generic.read(value)}
        if isinstance(value, Mapping):
            return {key: self._plain(one, kinds) for key, one in value.items() if one is not None}
        if isinstance(value, list | tuple):
            return [self._plain(one, kinds) for one in value]
        return _scalar(value)

    def _members(self, value: Any, kinds: _Kinds) -> dict[str, Any]:
        kind = value._xsd_type
        attributes = {name: f"@{attribute.name}" for name, attribute in kind.attributes if attribute.name}
        text = isinstance(kind._element, kinds.element)
        found: dict[str, Any] = {}
        for name, one in value.__values__.items():
            if one is None or name == "_raw_elements" or (isinstance(one, list) and not one):
                continue
            key = attributes.get(name, "#text" if text and name == kind.elements_nested[0][0] else name)
            found[key] = self._plain(one, kinds)
        return found


def _scalar(value: Any) -> Any:
    """A simple value of zeep as plain data."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return Decimal(repr(value))
    return value if value is None or isinstance(value, str | int | Decimal) else str(value)


class _Kinds:
    """zeep's classes, looked up when zeep is needed."""

    def __init__(self) -> None:
        from zeep import exceptions, xsd  # noqa: PLC0415

        self.nil = xsd.Nil
        self.complex = xsd.ComplexType
        self.element = xsd.Element
        self.compound = xsd.CompoundValue
        self.errors = (exceptions.Error, TypeError, ValueError, AttributeError, LookupError)


def _insert(envelope: etree._Element, header: str, version: str) -> None:
    namespace = NAMESPACES[version]
    found = envelope.find(f"{{{namespace}}}Header")
    if found is None:
        found = etree.Element(f"{{{namespace}}}Header")
        envelope.insert(0, found)
    for number, one in enumerate(etree.fromstring(f"<r>{header}</r>")):
        found.insert(number, one)
