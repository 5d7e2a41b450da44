"""The types of the XSD documents as plain data, facets included.

zeep forgets lengths, patterns, enumerations, abstract types, and occurrence inside a choice, so the types are read from
the documents themselves. What this reader does not know it names in ``unknown`` of the type; nothing is guessed.
"""

from __future__ import annotations

import dataclasses

from lxml import etree

from adapter.contract.wsdl_components import Component, Components, documentation, occurrence
from adapter.contract.wsdl_model import ANY_TYPE, AnyElement, AnyType, Attribute, ComplexType, Element, Group, particles
from adapter.contract.wsdl_simple import SimpleTypes
from adapter.contract.wsdl_sources import XSD

_ORDERS = {f"{XSD}sequence": "sequence", f"{XSD}choice": "choice", f"{XSD}all": "all"}
_ENCODED_ARRAY = "{http://schemas.xmlsoap.org/soap/encoding/}Array"


class SchemaTypes:
    """Reads types on demand, each once; ``types`` is what was read so far, by key.

    Complex types wait in a queue until ``finish``, since they may contain what is derived from them; only bases are read at once.
    """

    def __init__(self, components: Components) -> None:
        self.components = components
        self.types: dict[str, AnyType] = {}
        self.simple = SimpleTypes(components, self.types)
        self._waiting: dict[str, Component] = {}
        self._reading: set[str] = set()  # what was begun, so that a type derived from itself comes to an end

    def named(self, key: str) -> str:
        """Reads the global type of this name, with all that it reaches; gives back its key."""
        if key in self.types or key in self._waiting or key in self._reading or key == ANY_TYPE or self.simple.builtin(key):
            return key
        component = self.components.find(self.components.types, key, self.components.wsdl, "type")
        if component.node.tag == f"{XSD}simpleType":
            return self.simple.read(component, key)
        self._waiting[key] = component
        return key

    def element(self, key: str, least: int = 1, most: int | None = 1) -> Element:
        """The use of the global element of this name."""
        component = self.components.find(self.components.elements, key, self.components.wsdl, "element")
        return self._declared(component, key, least, most, qualified=True)

    def finish(self) -> dict[str, AnyType]:
        """All types read, with the derived types of each filled in (reading these too)."""
        derived = self.components.derived()
        while self._waiting:
            key = next(iter(self._waiting))
            self._read_now(key)
            for name in derived.get(key, ()):
                self.named(name)
        for key, found in self.types.items():
            names = derived.get(key, ())
            if isinstance(found, ComplexType) and names:
                self.types[key] = dataclasses.replace(found, derived=names)
        return self.types

    # elements

    def _declared(self, component: Component, owner: str, least: int, most: int | None, *, qualified: bool) -> Element:
        node = component.node
        namespace = component.document.namespace if qualified else ""
        inline = next((child for child in node if child.tag in (f"{XSD}complexType", f"{XSD}simpleType")), None)
        if inline is None:
            key = self.named(component.name(node.get("type"))) if node.get("type") else ANY_TYPE
        elif inline.tag == f"{XSD}complexType":
            key = owner if owner not in self.components.types else f"{owner}()"
            if key not in self.types:
                self._waiting[key] = component.at(inline)
        else:
            key = self.simple.read(component.at(inline), f"{owner}()")
        fixed = node.get("fixed")
        if fixed is not None:
            key = self.simple.fixed(key, fixed, f"{owner}=")
        nillable = node.get("nillable") in ("true", "1")
        return Element(node.get("name", "").strip(), namespace, key, least, most, nillable, documentation(node))

    def _element(self, component: Component, owner: str) -> Element:
        node = component.node
        least, most = occurrence(node)
        if node.get("ref"):
            return self.element(component.name(node.get("ref")), least, most)
        qualified = node.get("form", component.document.element_form) == "qualified"
        return self._declared(component, f"{owner}/{node.get('name')}", least, most, qualified=qualified)

    # groups

    def _group(self, component: Component, owner: str) -> Group:
        node = component.node
        least, most = occurrence(node)
        if node.tag == f"{XSD}group":
            key = component.name(node.get("ref"))
            found = self.components.find(self.components.groups, key, component.place, "group")
            inner = next(child for child in found.node if child.tag in _ORDERS)
            group = self._group(found.at(inner), f"{key}#")
        else:
            nodes = [child for child in node if child.tag != f"{XSD}annotation" and child.get("maxOccurs") != "0"]
            items = tuple(self._particle(component.at(child), owner) for child in nodes)
            group = Group(_ORDERS[node.tag], items)  # type: ignore[arg-type]
        if most == 0:
            return Group("sequence")
        return _repeat(group, least, most)

    def _particle(self, component: Component, owner: str) -> Element | AnyElement | Group:
        if component.node.tag == f"{XSD}element":
            return self._element(component, owner)
        if component.node.tag == f"{XSD}any":
            return AnyElement(*occurrence(component.node))
        return self._group(component, owner)

    # complex types

    def _read_now(self, key: str) -> AnyType | None:
        self.named(key)
        if key in self._waiting and key not in self._reading:
            self._reading.add(key)
            self._complex(self._waiting.pop(key), key)
        return self.types.get(key)

    def _complex(self, component: Component, key: str) -> None:
        node = component.node
        kind = next((child for child in node if child.tag in (f"{XSD}complexContent", f"{XSD}simpleContent")), None)
        if kind is None:
            read = self._own(component, key, node)
        else:
            step = next(child for child in kind if child.tag in (f"{XSD}extension", f"{XSD}restriction"))
            read = (self._text if kind.tag == f"{XSD}simpleContent" else self._derived)(component.at(step), key)
        mixed = node.get("mixed", kind.get("mixed") if kind is not None else None)
        unknown = read.unknown or self._substituted(read) or _clash(read)
        if mixed in ("true", "1"):
            unknown = "text between its elements (mixed content)"
        self.types[key] = dataclasses.replace(
            read,
            name=node.get("name", ""),
            namespace=component.document.namespace if node.get("name") else "",
            abstract=node.get("abstract") in ("true", "1"),
            unknown=unknown,
            documentation=documentation(node),
        )

    def _own(self, component: Component, key: str, node: etree._Element) -> ComplexType:
        """The content and attributes written in this node, without those of a base."""
        content = next((child for child in node if child.tag in _ORDERS or child.tag == f"{XSD}group"), None)
        group = None if content is None else self._group(component.at(content), key)
        attributes, any_attribute = self._attributes(component.at(node), key)
        return ComplexType(key, content=group, attributes=tuple(attributes.values()), any_attribute=any_attribute)

    def _derived(self, component: Component, key: str) -> ComplexType:
        """complexContent: a base extended or restricted."""
        own = self._own(component, key, component.node)
        base_key = component.name(component.node.get("base"))
        if base_key == ANY_TYPE:
            return own
        if base_key == _ENCODED_ARRAY:
            return ComplexType(key, unknown="an array of the SOAP encoding (wsdl:arrayType)")
        base = self._read_now(base_key)
        if not isinstance(base, ComplexType):
            return ComplexType(key, unknown=f"a type that is derived from itself by way of {base_key}")
        attributes = {(one.namespace, one.name): one for one in base.attributes}
        attributes |= {(one.namespace, one.name): one for one in own.attributes}
        for name in self._prohibited(component):
            attributes.pop(name, None)
        extends = component.node.tag == f"{XSD}extension"
        parts = tuple(group for group in (base.content, own.content) if group) if extends else (own.content,)
        content = Group("sequence", tuple(part for part in parts if part)) if len(parts) > 1 else (parts[0] if parts else None)
        return ComplexType(
            key,
            content=content,
            text=base.text,
            attributes=tuple(attributes.values()),
            any_attribute=own.any_attribute or (extends and base.any_attribute),
            unknown=base.unknown,
        )

    def _text(self, component: Component, key: str) -> ComplexType:
        """simpleContent: text with attributes."""
        own_attributes, any_attribute = self._attributes(component, key)
        base_key = component.name(component.node.get("base"))
        base = self._read_now(base_key)
        attributes = {}
        if isinstance(base, ComplexType):
            attributes = {(one.namespace, one.name): one for one in base.attributes}
            any_attribute = any_attribute or base.any_attribute
            base_key = base.text
        for name in self._prohibited(component):
            attributes.pop(name, None)
        text = base_key
        if component.node.tag == f"{XSD}restriction":
            text = self.simple.restricted(component, base_key, f"{key}()")
        return ComplexType(key, text=text, attributes=tuple((attributes | own_attributes).values()), any_attribute=any_attribute)

    # attributes

    def _attributes(self, component: Component, owner: str) -> tuple[dict[tuple[str, str], Attribute], bool]:
        found: dict[tuple[str, str], Attribute] = {}
        open_ = False
        for node in component.node:
            if node.tag == f"{XSD}attribute" and node.get("use") != "prohibited":
                one = self._attribute(component.at(node), owner)
                found[one.namespace, one.name] = one
            elif node.tag == f"{XSD}attributeGroup":
                key = component.name(node.get("ref"))
                group = self.components.find(self.components.attribute_groups, key, component.at(node).place, "attribute group")
                more, more_open = self._attributes(group, f"{key}#")
                found |= more
                open_ = open_ or more_open
            elif node.tag == f"{XSD}anyAttribute":
                open_ = True
        return found, open_

    def _attribute(self, component: Component, owner: str) -> Attribute:
        node = component.node
        required = node.get("use") == "required"
        qualified = node.get("form", component.document.attribute_form) == "qualified"
        if node.get("ref"):
            key = component.name(node.get("ref"))
            component = self.components.find(self.components.attributes, key, component.place, "attribute")
            node, qualified = component.node, True
        name = node.get("name", "").strip()
        inline = next((child for child in node if child.tag == f"{XSD}simpleType"), None)
        if inline is not None:
            type_key = self.simple.read(component.at(inline), f"{owner}/@{name}")
        else:
            type_key = self.named(component.name(node.get("type", ""))) if node.get("type") else self.simple.text
        fixed = component.node.get("fixed")
        if fixed is not None:
            type_key = self.simple.fixed(type_key, fixed, f"{owner}/@{name}=")
        return Attribute(name, component.document.namespace if qualified else "", type_key, required)

    def _prohibited(self, component: Component) -> list[tuple[str, str]]:
        return [
            (component.document.namespace if node.get("form") == "qualified" else "", node.get("name", ""))
            for node in component.node
            if node.tag == f"{XSD}attribute" and node.get("use") == "prohibited"
        ]

    def _substituted(self, read: ComplexType) -> str:
        for item in particles(read.content):
            if isinstance(item, Element) and f"{{{item.namespace}}}{item.name}" in self.components.substituted:
                return f"substitution of the element '{item.name}' (substitutionGroup)"
        return ""


def _repeat(group: Group, least: int, most: int | None) -> Group:
    """The group with the occurrence of its use. A repeated group of one element is that element repeated."""
    if (least, most) == (1, 1):
        return group
    if most == 1:
        return dataclasses.replace(group, least=min(least, group.least))
    only = group.items[0] if len(group.items) == 1 else None
    if isinstance(only, Element) and only.least <= 1:
        total = None if most is None or only.most is None else most * only.most
        return Group(group.order, (dataclasses.replace(only, least=least * only.least, most=total),))
    return dataclasses.replace(group, least=least, most=most)


def _clash(read: ComplexType) -> str:
    """What of the members' names or of repeated groups plain data cannot hold."""
    seen: set[str] = set()
    for item in particles(read.content):
        if isinstance(item, Element):
            if item.name in seen:
                return f"the element '{item.name}' in two places of one type"
            seen.add(item.name)
    names = [attribute.name for attribute in read.attributes]
    if len(set(names)) < len(names):
        return "two attributes of one name"
    return _repetition(read.content)


def _repetition(group: Group | None) -> str:
    for item in group.items if group else ():
        if isinstance(item, Group):
            wrong = _repetition(item)
            if wrong:
                return wrong
    if group is None or not group.repeated:
        return ""
    if group.order != "choice":
        return f"a repeated {group.order} of several elements"
    if any(not isinstance(item, Element) for item in group.items):
        return "a repeated choice with groups or wildcards in it"
    return ""
