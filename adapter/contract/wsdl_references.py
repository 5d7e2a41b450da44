"""Where a WSDL names what it does not declare. zeep tells of the part that is missing because of it, not of the name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lxml import etree

from adapter.contract.wsdl_sources import WSDL, XSD, Sources
from adapter.finding import suggest

_SOAP_HEADERS: Final = (
    "{http://schemas.xmlsoap.org/wsdl/soap/}header",
    "{http://schemas.xmlsoap.org/wsdl/soap12/}header",
)
_REFERENCES: Final = (
    (f"{WSDL}input", "message", f"{WSDL}message"),
    (f"{WSDL}output", "message", f"{WSDL}message"),
    (f"{WSDL}fault", "message", f"{WSDL}message"),
    *((header, "message", f"{WSDL}message") for header in _SOAP_HEADERS),
    (f"{WSDL}part", "element", f"{XSD}element"),
    (f"{WSDL}binding", "type", f"{WSDL}portType"),
    (f"{WSDL}port", "binding", f"{WSDL}binding"),
)
"""Elements, the attribute by which they name something, and what that is."""


def dangling(sources: Sources) -> str:
    """The first name without a declaration, with its file, line and the name that was probably meant; "" where there is none."""
    root = sources.roots[sources.wsdl]
    if root.tag != f"{WSDL}definitions":
        return f"{sources.wsdl}:{root.sourceline}:1: this is no WSDL: its root is <{etree.QName(root).localname}>, not <definitions>"
    declared = {kind: set(_declared(sources, kind)) for _, _, kind in _REFERENCES}
    for path, node in _nodes(sources):
        for tag, attribute, kind in _REFERENCES:
            name = node.get(attribute, "") if node.tag == tag else ""
            if name and (local := name.rpartition(":")[2]) not in declared[kind]:
                what = etree.QName(kind).localname
                hint = suggest(local, sorted(declared[kind]), "there are")
                return f"{path}:{node.sourceline}:1: there is no {what} '{name}'{f'; {hint}' if hint else ''}"
    return ""


def _nodes(sources: Sources) -> Iterator[tuple[Path, etree._Element]]:
    for path, root in sources.roots.items():
        for node in root.iter(*(tag for tag, _, _ in _REFERENCES)):
            yield path, node


def _declared(sources: Sources, kind: str) -> Iterator[str]:
    for root in sources.roots.values():
        for node in root.iter(kind):
            if node.get("name"):
                yield node.get("name", "")
