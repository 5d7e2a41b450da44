"""Simple types and their facets, read from the XSD documents."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal

from lxml import etree

from adapter.contract.wsdl_components import Component, Components
from adapter.contract.wsdl_model import AnyType, Facets, SimpleType
from adapter.contract.wsdl_pattern import UnknownPattern, to_python
from adapter.contract.wsdl_sources import XSD
from adapter.errors import ConfigError

_BOUNDS: dict[str, tuple[str | None, str | None]] = {
    "integer": (None, None),
    "long": (str(-(2**63)), str(2**63 - 1)),
    "int": (str(-(2**31)), str(2**31 - 1)),
    "short": ("-32768", "32767"),
    "byte": ("-128", "127"),
    "nonNegativeInteger": ("0", None),
    "positiveInteger": ("1", None),
    "nonPositiveInteger": (None, "0"),
    "negativeInteger": (None, "-1"),
    "unsignedLong": ("0", str(2**64 - 1)),
    "unsignedInt": ("0", str(2**32 - 1)),
    "unsignedShort": ("0", "65535"),
    "unsignedByte": ("0", "255"),
}
_STRINGS = {"string", "normalizedString", "token", "language", "NMTOKEN", "NMTOKENS", "Name", "NCName", "ID", "IDREF", "IDREFS"}
_DATES = {"dateTime", "date", "time", "duration", "gYear", "gYearMonth", "gMonth", "gMonthDay", "gDay"}
_TEXTS = _STRINGS | _DATES | {"ENTITY", "ENTITIES", "anyURI", "QName", "NOTATION", "base64Binary", "hexBinary", "anySimpleType"}


class SimpleTypes:
    """Reads simple types into the shared table ``types``."""

    def __init__(self, components: Components, types: dict[str, AnyType]) -> None:
        self.components, self.types = components, types
        self.text = f"{XSD}string"
        self.builtin(self.text)

    def builtin(self, key: str) -> bool:
        """Whether the key names a built-in simple type; puts it into the table."""
        if not key.startswith(XSD):
            return False
        name = key.removeprefix(XSD)
        kind: Literal["text", "integer", "decimal", "boolean"] = "text"
        facets = Facets()
        if name in _BOUNDS:
            kind = "integer"
            facets = Facets(min_inclusive=_BOUNDS[name][0], max_inclusive=_BOUNDS[name][1])
        elif name in ("decimal", "float", "double"):
            kind = "decimal"
        elif name == "boolean":
            kind = "boolean"
        elif name not in _TEXTS:
            return False
        self.types.setdefault(key, SimpleType(key, kind, name, facets))
        return True

    def read(self, component: Component, key: str) -> str:
        """Reads the ``xs:simpleType`` at this node under the given key, and gives the key back."""
        if key in self.types:
            return key
        step = next(child for child in component.node if child.tag != f"{XSD}annotation")
        if step.tag == f"{XSD}restriction":
            base = step.get("base")
            if base:
                base_key = self.global_type(component.at(step), base)
            else:
                inner = next(child for child in step if child.tag == f"{XSD}simpleType")
                base_key = self.read(component.at(inner), f"{key}()")
            return self.restricted(component.at(step), base_key, key)
        if step.tag == f"{XSD}union":
            members = list(self._members(component.at(step), key))
            enums = [member.facets.enum for member in members]
            enum = tuple(value for one in enums for value in one) if all(enums) else ()
            self.types[key] = SimpleType(key, "text", "union", Facets(enum=enum))
        else:  # xs:list: one text, its items parted by blanks
            self.types[key] = SimpleType(key, "text", "list")
        return key

    def global_type(self, component: Component, name: str) -> str:
        """The key of the simple type that this node names; reads it if need be."""
        key = component.name(name)
        if key in self.types or self.builtin(key):
            return key
        return self.read(self.components.find(self.components.types, key, component.place, "simple type"), key)

    def restricted(self, component: Component, base_key: str, key: str) -> str:
        """The type at ``base_key`` with the facets written in this ``xs:restriction``."""
        base = self.types.get(base_key)
        if not isinstance(base, SimpleType):
            raise ConfigError(f"{component.place}: {base_key} is restricted as text here but is no simple type")
        unknown, facets = base.unknown, base.facets
        try:
            facets = _restrict(facets, component.node)
        except UnknownPattern as wrong:
            unknown = str(wrong)
        if base.base == "list" and (facets.min_length is not None or facets.max_length is not None):
            unknown = "the length of a list"
        self.types[key] = SimpleType(key, base.kind, base.base, facets, unknown)
        return key

    def fixed(self, base_key: str, value: str, key: str) -> str:
        """The type at ``base_key`` with one value only; other than simple types are left as they are."""
        base = self.types.get(base_key)
        if not isinstance(base, SimpleType):
            return base_key
        self.types[key] = dataclasses.replace(base, key=key, facets=dataclasses.replace(base.facets, enum=(value,)))
        return key

    def _members(self, component: Component, key: str) -> Iterator[SimpleType]:
        keys = [self.global_type(component, name) for name in component.node.get("memberTypes", "").split()]
        inline = [child for child in component.node if child.tag == f"{XSD}simpleType"]
        keys += [self.read(component.at(child), f"{key}({number})") for number, child in enumerate(inline)]
        for one in keys:
            found = self.types[one]
            if isinstance(found, SimpleType):
                yield found


def _values(node: etree._Element, facet: str) -> tuple[str, ...]:
    return tuple(child.get("value", "") for child in node if child.tag == f"{XSD}{facet}")


def _restrict(facets: Facets, node: etree._Element) -> Facets:
    """The facets of a restriction step: patterns of one step are alternatives, those of several steps hold together."""

    def number(facet: str, before: int | None) -> int | None:
        found = _values(node, facet)
        return int(found[0]) if found else before

    def bound(facet: str, before: str | None) -> str | None:
        found = _values(node, facet)
        return found[0].strip() if found else before

    length = number("length", None)
    patterns = [to_python(pattern) for pattern in _values(node, "pattern")]
    step = ("|".join(f"(?:{one})" for one in patterns) if len(patterns) > 1 else patterns[0],) if patterns else ()
    return Facets(
        enum=_values(node, "enumeration") or facets.enum,
        min_length=length if length is not None else number("minLength", facets.min_length),
        max_length=length if length is not None else number("maxLength", facets.max_length),
        patterns=facets.patterns + step,
        min_inclusive=bound("minInclusive", facets.min_inclusive),
        max_inclusive=bound("maxInclusive", facets.max_inclusive),
        min_exclusive=bound("minExclusive", facets.min_exclusive),
        max_exclusive=bound("maxExclusive", facets.max_exclusive),
        total_digits=number("totalDigits", facets.total_digits),
        fraction_digits=number("fractionDigits", facets.fraction_digits),
    )
