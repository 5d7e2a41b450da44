"""What the generated reader calls: values of simple types, elements the contract does not expect, and notes of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from lxml import etree

from adapter.contract.wsdl_model import SimpleType
from connectors.deviations import Note
from connectors.soap.facets import restriction
from connectors.xml_generic import XSI
from connectors.xml_text import ReadLeaf, boolean, converted, decimal, floating, integer

Row = tuple[int, str, bool, bool, Any]  # position, member, list, nillable, reader
ReadText = Callable[[str, str, str, Note], Any]


def value(simple: SimpleType | None) -> ReadText:
    """How the text of a value of this type is read, at the member ``name`` of ``path``."""
    convert, restricted = _conversion(simple), restriction(simple)

    def read(text: str, path: str, name: str, note: Note) -> Any:
        found = converted(convert, text, path, name, note)
        misread = convert is not None and isinstance(found, str)  # which is noted already
        if restricted is not None and not misread and not restricted.kept(text, found):
            note("facet", path, name, restricted.words)
        return found

    return read


def _conversion(simple: SimpleType | None) -> ReadLeaf | None:
    """None where it stays text."""
    if simple is None or simple.kind == "text":
        return None
    if simple.kind == "integer":
        return integer
    if simple.kind == "boolean":
        return boolean
    return decimal if simple.base == "decimal" else floating


def leaf(simple: SimpleType | None) -> Callable[[etree._Element, str, str, Note], Any]:
    """A reader for elements of a simple type: the slow way of plain text, the only way of other kinds."""
    read_text = value(simple)

    def read(element: etree._Element, path: str, name: str, note: Note) -> Any:
        text = element.text
        if len(element):
            note("type", path, name, "the contract has plain text here, the reply has elements; their texts are read")
            text = "".join(str(part) for part in element.itertext())
        elif text is None and is_nil(element):
            return None
        return read_text(text or "", path, name, note)

    return read


def not_nil(path: str, name: str, note: Note) -> None:
    """Notes an ``xsi:nil`` where the contract does not allow it."""
    note("nil", path, name, "is xsi:nil, which the contract does not allow here")


def is_nil(element: etree._Element) -> bool:
    """Whether the element says ``xsi:nil``."""
    return element.get(f"{XSI}nil") in ("true", "1")


def known_elsewhere(element: etree._Element, local: Mapping[str, Row], path: str, note: Note) -> Row | None:
    """The row of an element whose namespace is not the contract's but whose local name is known."""
    name = etree.QName(element)
    row = local.get(name.localname)
    if row is not None:
        note("namespace", path, row[1], f"the namespace is '{name.namespace or ''}', not the one of the contract")
    return row


def extra(element: etree._Element, path: str, note: Note) -> None:
    """Notes an element that the contract does not have here."""
    name = etree.QName(element).localname
    note("extra", path, name, f"the contract has no element '{name}' here")


def attributes(
    element: etree._Element,
    known: Mapping[str, tuple[str, ReadText]],
    document: dict[str, Any],
    path: str,
    note: Note,
    *,
    keep: bool,
) -> None:
    """Reads the attributes into the document; those that are not declared are kept or noted."""
    for key, text in cast("list[tuple[str, str]]", element.items()):
        if key.startswith(XSI):
            continue
        row = known.get(key) or known.get(etree.QName(key).localname)
        if row is not None:
            document[row[0]] = row[1](text, path, row[0], note)
        elif keep:
            document[f"@{etree.QName(key).localname}"] = text
        else:
            note("extra", path, f"@{etree.QName(key).localname}", "the contract has no such attribute here")


def absent(document: dict[str, Any], required: frozenset[str], path: str, note: Note) -> None:
    """Notes each required member that is not there."""
    for name in sorted(required - document.keys()):
        note("missing", path, name, "is required by the contract but not in the reply")


def reached(document: dict[str, Any], local: Mapping[str, Row]) -> int:
    """The furthest place in the order of the contract that was read so far."""
    return max((local[name][0] for name in document if name in local), default=0)


def no_choice(names: tuple[str, ...], path: str, note: Note) -> None:
    """Notes that none of a required choice is there."""
    note("missing", path, names[0] if names else "", f"one of {', '.join(names)} is required by the contract but none is in the reply")


def variant(element: etree._Element, table: Mapping[str, Any], path: str, name: str, note: Note, *, abstract: bool) -> tuple[str, Any]:
    """The derived type that ``xsi:type`` names, with its reader; ("", None) where the declared one is to be read."""
    written = element.get(f"{XSI}type")
    if written is None:
        if abstract and not is_nil(element):
            note("missing", path, f"{name}.@xsi:type", "the type is abstract, so xsi:type is needed; read without it")
        return "", None
    local = written.rpartition(":")[2].strip()
    found = table.get(local)
    if found is None:
        note("type", path, f"{name}.@xsi:type", f"'{local[:40]}' is no type that the contract has here; read as the declared one")
        return "", None
    return local, found
