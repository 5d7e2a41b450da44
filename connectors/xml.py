"""XML from outside: parsed without DTD, entities or network, within limits."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from adapter.errors import AdapterError

_MISC = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DECLARED = re.compile(rb"""^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._\-]+)["']""")
_ENCODINGS = re.compile(r"utf-?8|us-ascii|ascii|utf-?16(le|be)?|iso-?8859-?\d{1,2}|latin-?1|windows-125\d|cp125\d", re.IGNORECASE)
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}


class UnreadableXml(AdapterError):
    """The bytes are no XML that may be read. The text says what is wrong and, where known, in which line."""


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """``size`` in bytes, ``depth`` in elements within each other (at most 200)."""

    size: int = 10_000_000
    depth: int = 100


DEFAULT_LIMITS = XmlLimits()
_DEEPER: dict[int, etree.XPath] = {}


def _parser(encoding: str | None) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding=encoding,
    )


_PARSER = _parser(None)


def parse_xml(data: bytes, limits: XmlLimits = DEFAULT_LIMITS, encoding: str | None = None) -> etree._Element:
    """The root element; comments and processing instructions are left out.

    ``encoding`` is what the transport says (charset); the document's own declaration goes first.

    Raises UnreadableXml: empty, larger or deeper than the limits, a DOCTYPE, an encoding that is not accepted or does not
    hold, or XML that is not well-formed.
    """
    if not data.strip():
        raise UnreadableXml("the body is empty")
    if len(data) > limits.size:
        raise UnreadableXml(f"the XML has {len(data)} bytes, more than the {limits.size} that are read")
    narrowed = _narrow(data)
    data, encoding = narrowed, encoding if narrowed is data else None  # what the transport says was about the bytes that came
    declared = _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf").lstrip())
    named = declared.group(1).decode("ascii") if declared else encoding
    if named is not None and not _ENCODINGS.fullmatch(named):
        raise UnreadableXml(f"the encoding '{named}' is not accepted; UTF-8, UTF-16, ISO-8859 and Windows-125x are")
    _refuse_doctype(data)
    try:
        parser = _PARSER if declared or named is None or named.lower() in ("utf-8", "utf8") else _parser(named)
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as wrong:
        raise UnreadableXml(f"the XML is not well-formed: {wrong.msg}") from None
    except (LookupError, ValueError) as wrong:
        raise UnreadableXml(f"the XML cannot be decoded: {wrong}") from None
    if b"<!DOCTYPE" in data and root.getroottree().docinfo.internalDTD is not None:  # pragma: no cover  (a second lock behind the first)
        raise UnreadableXml("the XML has a DOCTYPE; documents with a DTD are not read")
    if _deeper(limits.depth)(root):
        raise UnreadableXml(f"the XML is nested deeper than {limits.depth} elements")
    return root


def _refuse_doctype(data: bytes) -> None:
    """Looks before parsing: entities in attributes are expanded by the parser whatever its settings."""
    start = _MISC.match(data.removeprefix(b"\xef\xbb\xbf"))
    if start is not None and data.removeprefix(b"\xef\xbb\xbf").startswith(b"<!DOCTYPE", start.end()):
        raise UnreadableXml("the XML has a DOCTYPE; documents with a DTD are not read")


def _narrow(data: bytes) -> bytes:
    """UTF-16 as UTF-8 without its declaration, so that the same checks see it."""
    codec = _WIDE.get(data[:2])
    if codec is None:
        return data
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as wrong:
        raise UnreadableXml(f"the XML cannot be decoded: {wrong}") from None
    return re.sub(r"^<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).encode()


def _deeper(depth: int) -> etree.XPath:
    """Whether an element lies deeper than ``depth``; runs in C, without a Python object per element."""
    found = _DEEPER.get(depth)
    if found is None:
        found = _DEEPER[depth] = etree.XPath(f"boolean({'*/' * (depth - 1)}*)")
    return found
