"""SOAP envelopes: the constants of both versions, opening one that came in, and what a fault in it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from connectors import xml_generic
from connectors.deviations import Note
from connectors.xml import UnreadableXml

NAMESPACES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
_ENVELOPES = {f"{{{namespace}}}Envelope": version for version, namespace in NAMESPACES.items()}


@dataclass(frozen=True, slots=True)
class Envelope:
    """An opened envelope. ``content`` are the elements in its body, ``header`` those in its header."""

    version: str
    header: tuple[etree._Element, ...]
    content: tuple[etree._Element, ...]

    @property
    def fault(self) -> etree._Element | None:
        """The fault element, None where the body holds none."""
        namespace = NAMESPACES[self.version]
        return next((one for one in self.content if one.tag == f"{{{namespace}}}Fault"), None)


def head(version: str, namespaces: dict[str, str]) -> str:
    """The text of an envelope up to its children; ``namespaces`` by prefix."""
    declared = "".join(f' xmlns:{prefix}="{_quoted(namespace)}"' for prefix, namespace in namespaces.items())
    return f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="{NAMESPACES[version]}"{declared}>'


def sealed(start: str, header: str, body: str) -> bytes:
    """The bytes of a whole envelope; there is no header element where the header is empty."""
    middle = f"<soap:Header>{header}</soap:Header>" if header else ""
    return f"{start}{middle}<soap:Body>{body}</soap:Body></soap:Envelope>".encode()


def opened(root: etree._Element) -> Envelope:
    """Opens an envelope of either version. Raises UnreadableXml for other XML."""
    version = _ENVELOPES.get(root.tag)
    if version is None:
        name = etree.QName(root)
        raise UnreadableXml(f"the XML is no SOAP envelope but '{name.localname}' of namespace '{name.namespace or ''}'")
    namespace = NAMESPACES[version]
    parts = {part.tag: part for part in reversed(root)}
    body = parts.get(f"{{{namespace}}}Body")
    if body is None:
        raise UnreadableXml("the SOAP envelope has no Body")
    return Envelope(version, _elements(parts.get(f"{{{namespace}}}Header")), _elements(body))


@dataclass(frozen=True, slots=True)
class FaultText:
    """What a fault says. ``code`` is the local name of the code (1.2: ``Code/Subcode``)."""

    code: str
    text: str
    detail_name: str
    detail: Any


def fault_text(fault: etree._Element, version: str, readers: dict[str, Callable[..., Any]], note: Note) -> FaultText:
    """Reads a fault; details of the contract by ``readers`` (by local name), others as they stand."""
    parts = {etree.QName(part).localname: part for part in _elements(fault)}
    if version == "1.2":
        code = "/".join(_codes(parts.get("Code")))
        reason = next(iter(_elements(parts.get("Reason"))), None)
        text = "" if reason is None else (reason.text or "").strip()
        holder = parts.get("Detail")
    else:
        code = _local(parts["faultcode"].text) if "faultcode" in parts else ""
        text = (parts["faultstring"].text or "").strip() if "faultstring" in parts else ""
        holder = parts.get("detail")
    details = _elements(holder)
    if not details:
        plain = (holder.text or "").strip() if holder is not None else ""
        return FaultText(code, text, "", plain or None)
    known = next((one for one in details if etree.QName(one).localname in readers), None)
    chosen = details[0] if known is None else known
    name = etree.QName(chosen).localname
    value = xml_generic.read_content(chosen, etree.QName(chosen).namespace or "") if known is None else readers[name](chosen, "", "", note)
    return FaultText(code, text, name, value)


def _codes(code: etree._Element | None) -> list[str]:
    """The values of Code and of the Subcodes in it, from the outside in."""
    found = []
    while code is not None:
        parts = {etree.QName(part).localname: part for part in _elements(code)}
        if "Value" in parts:
            found.append(_local(parts["Value"].text))
        code = parts.get("Subcode")
    return found


def _local(text: str | None) -> str:
    return (text or "").strip().rpartition(":")[2]


def _elements(parent: etree._Element | None) -> tuple[etree._Element, ...]:
    return () if parent is None else tuple(parent)


def _quoted(namespace: str) -> str:
    return namespace.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
