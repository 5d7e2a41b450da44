"""A WSDL 1.1 file as a server needs it: its operations, one schema for all messages, and the files it consists of.

Read with lxml alone, so that a mistake of the adapter's own reader is not repeated here. Document/literal only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

WSDL = "http://schemas.xmlsoap.org/wsdl/"
XS = "http://www.w3.org/2001/XMLSchema"
BINDINGS = {"1.1": "http://schemas.xmlsoap.org/wsdl/soap/", "1.2": "http://schemas.xmlsoap.org/wsdl/soap12/"}


class UnsupportedWsdlError(ValueError):
    """The WSDL uses something these simulators cannot serve."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: ``request`` and ``reply`` are the element names, ``action`` its SOAPAction by SOAP version."""

    name: str
    request: str
    reply: str
    action: Mapping[str, str]


class Contract:
    """The WSDL at ``path``. Raises UnsupportedWsdlError, OSError, or lxml's errors for a broken file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
        root = etree.parse(str(path), self._parser).getroot()
        if root.find(f"{{{WSDL}}}import") is not None:
            raise UnsupportedWsdlError(f"{path}: wsdl:import is not supported; put the parts into one file")
        inline = root.findall(f"{{{WSDL}}}types/{{{XS}}}schema")
        self.files = {path.name: path.read_bytes()}
        for schema in inline:
            self._collect(schema, path.parent)
        self.schema = _one_schema(inline, path)
        self.operations = {operation.request: operation for operation in _operations(root, path)}
        self.versions = frozenset(version for operation in self.operations.values() for version in operation.action)

    def served(self, name: str, url: str) -> bytes:
        """The file ``name`` as a client gets it; the WSDL with its address replaced by ``url``. Raises KeyError."""
        text = self.files[name]
        if name != self.path.name:
            return text
        root = etree.fromstring(text, self._parser)
        for namespace in BINDINGS.values():
            for address in root.iter(f"{{{namespace}}}address"):
                address.set("location", url)
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def _collect(self, schema: etree._Element, folder: Path) -> None:
        """Keeps the schema files that are imported, and theirs. They lie beside the WSDL, and are served beside it."""
        for tag in ("import", "include"):
            for reference in schema.findall(f"{{{XS}}}{tag}"):
                name = reference.get("schemaLocation")
                if name is None or name in self.files:
                    continue
                if "/" in name:
                    raise UnsupportedWsdlError(f"{self.path}: the schema {name} does not lie beside the WSDL")
                self.files[name] = (folder / name).read_bytes()
                self._collect(etree.fromstring(self.files[name], self._parser), folder)


def _one_schema(inline: list[etree._Element], path: Path) -> etree.XMLSchema:
    """All schemas of wsdl:types as one: a driver that imports each, handed to libxml2 under a name of its own."""
    driver = etree.Element(f"{{{XS}}}schema")
    texts: dict[str, bytes] = {}
    for index, schema in enumerate(inline):
        name = f"{path.name}.types-{index}.xsd"
        texts[name] = etree.tostring(schema)
        attributes = {"schemaLocation": name}
        if namespace := schema.get("targetNamespace"):
            attributes["namespace"] = namespace
        etree.SubElement(driver, f"{{{XS}}}import", attributes)

    class InlineSchemas(etree.Resolver):
        def resolve(self, system_url: str | None, _public_id: str | None, context: Any) -> Any:  # type: ignore[override]
            text = texts.get((system_url or "").rsplit("/", 1)[-1])
            return None if text is None else self.resolve_string(text, context, base_url=str(path))

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(InlineSchemas())
    return etree.XMLSchema(etree.fromstring(etree.tostring(driver), parser, base_url=str(path)))


def _operations(root: etree._Element, path: Path) -> list[Operation]:
    elements = {message.get("name"): _element(message, path) for message in root.findall(f"{{{WSDL}}}message")}
    actions: dict[str, dict[str, str]] = {}
    for version, namespace in BINDINGS.items():
        for operation in root.findall(f"{{{WSDL}}}binding/{{{WSDL}}}operation"):
            bound = operation.find(f"{{{namespace}}}operation")
            if bound is not None:
                actions.setdefault(operation.get("name", ""), {})[version] = bound.get("soapAction", "")
    found = []
    for operation in root.findall(f"{{{WSDL}}}portType/{{{WSDL}}}operation"):
        name = operation.get("name", "")
        sides = [operation.find(f"{{{WSDL}}}{side}") for side in ("input", "output")]
        request, reply = (elements[_local(side.get("message", ""))] for side in sides if side is not None)
        found.append(Operation(name, request, reply, actions.get(name, {})))
    return found


def _element(message: etree._Element, path: Path) -> str:
    """The {namespace}name of the one element a message consists of."""
    parts = message.findall(f"{{{WSDL}}}part")
    if len(parts) != 1 or parts[0].get("element") is None:
        raise UnsupportedWsdlError(f"{path}:{message.sourceline}: message {message.get('name')} is not one element (document/literal)")
    prefix, _, name = parts[0].get("element", "").rpartition(":")
    return f"{{{parts[0].nsmap[prefix or None]}}}{name}"


def _local(name: str) -> str:
    return name.rpartition(":")[2]
