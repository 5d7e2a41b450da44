"""How the XML form of a JSON Schema is spelled: the ``xml`` objects of an OpenAPI document.

A document stays what its schema says; only names, attributes, namespaces and wrappers are added here. An element without a
namespace of its own is in the default namespace (declared without a prefix) of what it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapter.contract.openapi_source import Here

_NCNAME = re.compile(r"[^\W\d][\w.\-\u00b7]*")
_FIXED = ("name", "namespace", "prefix", "attribute", "wrapped")


@dataclass(frozen=True, slots=True)
class XmlName:
    """The name of an element or attribute. ``prefix`` is "" where the namespace is declared as the default one."""

    name: str
    namespace: str = ""
    prefix: str = ""


@dataclass(slots=True, eq=False)
class XmlType:
    """What stands in an element. Types may hold themselves, so ``members`` (by member of the document) is filled later."""

    members: dict[str, XmlMember] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class XmlMember:
    """One member. ``wrapper`` is the element around the elements of a list; None where they stand one behind another."""

    name: XmlName
    type: XmlType
    attribute: bool = False
    wrapper: XmlName | None = None


class XmlNames:
    """Reads the names of one document; types that are referred to are read once."""

    def __init__(self) -> None:
        self._types: dict[tuple[Path, tuple[str, ...]], XmlType] = {}

    def body(self, here: Here) -> XmlMember:
        """The root element of a body. Raises ConfigError: it has no name, or something cannot be said in XML."""
        resolved = here.resolved()
        name = resolved.steps[-2:-1] == ("schemas",) and resolved.steps[-1]
        told = _xml(here).get("name")
        if not name and not told:
            raise here.refuse("the root element has no name", "write it as xml: {name: …} in the schema")
        member = self._member(str(told or name), here)
        if member.attribute:
            raise here.refuse("a document cannot be an attribute")
        if _is_list(resolved) and member.wrapper is None:
            raise here.refuse("a document that is a list needs one element around it", "write xml: {wrapped: true}")
        return member

    def _member(self, name: str, here: Here) -> XmlMember:
        xml, resolved = _xml(here), here.resolved()
        own = _name(xml, name, here)
        if not _is_list(resolved):
            if xml.get("attribute"):
                if _is_object(resolved):
                    raise here.refuse("an object cannot be an attribute")
                if own.namespace and not own.prefix:
                    raise here.refuse("an attribute in a namespace needs a prefix", "write it as xml: {prefix: …}")
            return XmlMember(own, self._type(resolved), bool(xml.get("attribute")))
        if xml.get("attribute"):
            raise here.refuse("a list cannot be an attribute")
        items = next((part.at("items") for part in _parts(resolved) if "items" in part.value), None)
        if items is None:
            raise resolved.refuse("a list in XML needs 'items'")
        element = _name(_xml(items), own.name, items)
        if not xml.get("wrapped"):
            return XmlMember(element, self._type(items.resolved()))
        return XmlMember(element, self._type(items.resolved()), wrapper=own)

    def _type(self, place: Here) -> XmlType:
        key = (place.path, place.steps)
        found = self._types.get(key)
        if found is None:
            found = self._types[key] = XmlType()
            for name, member in _properties(place):
                found.members[name] = self._member(name, member)
        return found


def _parts(place: Here) -> Iterator[Here]:
    """A schema and all that it is put together from."""
    place = place.resolved()
    if isinstance(place.value, Mapping):
        yield place
        for keyword in ("allOf", "anyOf", "oneOf"):
            if keyword in place.value:
                for part in place.at(keyword).items(f"'{keyword}'"):
                    yield from _parts(part)


def _properties(place: Here) -> Iterator[tuple[str, Here]]:
    """All members of an object with their places, those of its parts too."""
    for part in _parts(place):
        if "properties" in part.value:
            yield from part.at("properties").members()


def _xml(here: Here) -> Mapping[str, Any]:
    """The xml object of a schema: beside its ``$ref`` first, then where that leads."""
    found: dict[str, Any] = {}
    for place in (here.resolved(), here):
        if isinstance(place.value, Mapping) and "xml" in place.value:
            found |= place.at("xml").object("xml", _FIXED)
            for name in ("name", "namespace", "prefix"):
                place.at("xml").text(name)
            for name in ("attribute", "wrapped"):
                place.at("xml").flag(name)
    return found


def _name(xml: Mapping[str, Any], fallback: str, here: Here) -> XmlName:
    name = XmlName(xml.get("name") or fallback, xml.get("namespace", ""), xml.get("prefix", ""))
    for text in filter(None, (name.name, name.prefix)):
        if not _NCNAME.fullmatch(text):
            raise here.refuse(f"'{text}' is no name of XML", "write one as xml: {name: …}")
    if name.prefix and not name.namespace:
        raise here.refuse(f"the prefix '{name.prefix}' stands for no namespace", "write that as xml: {namespace: …}")
    return name


def _is_list(place: Here) -> bool:
    return any("array" in _types(part) or "items" in part.value for part in _parts(place))


def _is_object(place: Here) -> bool:
    return any("object" in _types(part) or "properties" in part.value for part in _parts(place))


def _types(place: Here) -> list[str]:
    found = place.value.get("type", [])
    return [found] if isinstance(found, str) else list(found)
