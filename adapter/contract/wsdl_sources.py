"""The files a WSDL consists of: itself and everything it imports or includes, read from disk and nowhere else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import etree

from adapter.errors import ConfigError

XSD = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_REFERENCES = {
    f"{XSD}import": "schemaLocation",
    f"{XSD}include": "schemaLocation",
    f"{XSD}redefine": "schemaLocation",
    f"{WSDL}import": "location",
}

# Namespaces that WSDLs import by their address on the net, with as much of them as a contract can refer to.
_XML = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xs:attribute name="lang" type="xs:language"/><xs:attribute name="space" type="xs:NCName"/>
<xs:attribute name="base" type="xs:anyURI"/><xs:attribute name="id" type="xs:ID"/></xs:schema>"""
_ENCODING = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://schemas.xmlsoap.org/soap/encoding/">
<xs:attribute name="arrayType" type="xs:string"/>
<xs:complexType name="Array"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence>
</xs:complexType></xs:schema>"""
WELL_KNOWN = {
    "http://www.w3.org/2001/xml.xsd": _XML,
    "https://www.w3.org/2001/xml.xsd": _XML,
    "http://www.w3.org/XML/1998/namespace": _XML,
    "http://schemas.xmlsoap.org/soap/encoding/": _ENCODING,
}


@dataclass(slots=True)
class Sources:
    """All files of one WSDL by absolute path, the WSDL first, with their texts and parsed roots."""

    wsdl: Path
    texts: dict[Path, bytes] = field(default_factory=dict)
    roots: dict[Path, etree._Element] = field(default_factory=dict)

    def digest(self, *versions: str) -> str:
        """A digest that changes when a file, a file's place beside the WSDL, or one of ``versions`` changes."""
        result = hashlib.sha256("\0".join(versions).encode())
        for path in sorted(self.texts):
            place = path.relative_to(self.wsdl.parent) if path.is_relative_to(self.wsdl.parent) else path
            result.update(f"\0{place}\0{len(self.texts[path])}\0".encode())
            result.update(self.texts[path])
        return result.hexdigest()


def read_sources(wsdl: Path) -> Sources:
    """Reads the WSDL and all it refers to. Raises ConfigError for a file that is missing, is no XML, has a DTD, or is
    to be fetched over a network."""
    sources = Sources(wsdl.resolve())
    todo: list[tuple[Path, str]] = [(sources.wsdl, "")]
    while todo:
        path, because = todo.pop()
        if path in sources.texts:
            continue
        sources.texts[path], sources.roots[path] = _read(path, because)
        root = sources.roots[path]
        for node in root.iter(*_REFERENCES):
            location = node.get(_REFERENCES[node.tag], "").strip()
            if location and location not in WELL_KNOWN:
                named = f"{path}:{node.sourceline}: {etree.QName(node).localname} of '{location}'"
                todo.append((_place(path, location, named), named))
    return sources


def target(path: Path, location: str) -> Path:
    """The file that a location written in ``path`` names."""
    parts = urlsplit(location)
    text = unquote(parts.path) if parts.scheme == "file" else location
    return (path.parent / text).resolve()


def _place(path: Path, location: str, named: str) -> Path:
    scheme = urlsplit(location).scheme
    if scheme not in ("", "file"):
        raise ConfigError(
            f"{named}: contracts are read from files only; put the file beside the WSDL and name it here by its relative path"
        )
    return target(path, location)


def _read(path: Path, because: str) -> tuple[bytes, etree._Element]:
    lead = f"{because}: " if because else ""
    try:
        text = path.read_bytes()
    except OSError as wrong:
        raise ConfigError(f"{lead}{path} cannot be read: {wrong.strerror}") from None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text, parser, base_url=str(path))
    except etree.XMLSyntaxError as wrong:
        line, column = wrong.position
        said = wrong.msg.partition(f", line {line}, column ")[0] if wrong.msg else "it ends too early"
        raise ConfigError(f"{path}:{line}:{column}: {lead}this is no well-formed XML: {said}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise ConfigError(f"{lead}{path} has a DOCTYPE; contracts are read without DTD, so take it out")
    return text, root
