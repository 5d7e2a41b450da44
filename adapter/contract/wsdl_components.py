"""The global components of all schemas of a contract, by name, with what is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from adapter.contract.wsdl_sources import WELL_KNOWN, XSD, Sources, target
from adapter.errors import ConfigError


@dataclass(frozen=True, slots=True)
class SchemaDocument:
    """One schema as it was included: a schema without a namespace takes that of the one which includes it."""

    path: Path
    namespace: str
    element_form: str
    attribute_form: str
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Component:
    """A node of a schema and the document whose defaults hold for it."""

    node: etree._Element
    document: SchemaDocument

    def at(self, node: etree._Element) -> Component:
        """Another node of the same document."""
        return Component(node, self.document)

    @property
    def place(self) -> str:
        """File and line, for messages."""
        return f"{self.document.path}:{self.node.sourceline}"

    def name(self, text: str | None) -> str:
        """A QName written in this node as ``{namespace}local``."""
        prefix, _, local = (text or "").strip().rpartition(":")
        namespace = self.node.nsmap.get(prefix or None, "")
        if prefix == "xml":
            namespace = "http://www.w3.org/XML/1998/namespace"
        if prefix and not namespace:
            raise ConfigError(f"{self.place}: the prefix of '{text}' is not declared")
        if not namespace and self.document.adopted:
            namespace = self.document.namespace
        return f"{{{namespace}}}{local}"


@dataclass(slots=True)
class Components:
    """All global declarations by ``{namespace}name``."""

    wsdl: Path
    types: dict[str, Component] = field(default_factory=dict)
    elements: dict[str, Component] = field(default_factory=dict)
    groups: dict[str, Component] = field(default_factory=dict)
    attributes: dict[str, Component] = field(default_factory=dict)
    attribute_groups: dict[str, Component] = field(default_factory=dict)
    substituted: set[str] = field(default_factory=set)

    def find(self, table: Mapping[str, Component], key: str, place: object, what: str) -> Component:
        """The declaration of this name. Raises ConfigError where no schema has it; ``place`` says who asks."""
        found = table.get(key)
        if found is None:
            raise ConfigError(f"{place}: the {what} {key} is used here but none of the schemas defines it")
        return found

    def derived(self) -> dict[str, tuple[str, ...]]:
        """For each complex type the named types derived from it, directly or not, in the order of the schemas."""
        direct: dict[str, list[str]] = {}
        for key, component in self.types.items():
            for step in component.node.iterfind(f"{XSD}complexContent/*"):
                direct.setdefault(component.at(step).name(step.get("base")), []).append(key)
        found: dict[str, tuple[str, ...]] = {}
        for key, nearest in direct.items():
            below: dict[str, None] = {}
            todo = list(nearest)
            while todo:
                name = todo.pop(0)
                if name not in below:
                    below[name] = None
                    todo += direct.get(name, ())
            found[key] = tuple(below)
        return found


def read_components(sources: Sources) -> Components:
    """Indexes every schema that the WSDL holds, imports or includes. Raises ConfigError for xs:redefine."""
    index = _Index(sources)
    for path, root in sources.roots.items():
        if root.tag != f"{XSD}schema":
            for schema in root.iter(f"{XSD}schema"):
                index.schema(path, schema, "")
    for text in sorted(set(WELL_KNOWN.values())):
        index.schema(sources.wsdl, etree.fromstring(text), "")
    return index.components


class _Index:
    """Walks from schema to schema. ``done`` holds each with the namespace it had: one without may be included into several."""

    def __init__(self, sources: Sources) -> None:
        self.sources, self.components = sources, Components(sources.wsdl)
        self.done: set[tuple[etree._Element, str]] = set()
        self.kinds = {
            f"{XSD}simpleType": self.components.types,
            f"{XSD}complexType": self.components.types,
            f"{XSD}element": self.components.elements,
            f"{XSD}group": self.components.groups,
            f"{XSD}attribute": self.components.attributes,
            f"{XSD}attributeGroup": self.components.attribute_groups,
        }

    def schema(self, path: Path, schema: etree._Element, adopt: str) -> None:
        """One schema; ``adopt`` is the namespace of the one that includes it."""
        own = schema.get("targetNamespace")
        namespace = own if own is not None else adopt
        if (schema, namespace) in self.done:
            return
        self.done.add((schema, namespace))
        document = SchemaDocument(
            path,
            namespace,
            schema.get("elementFormDefault", "unqualified"),
            schema.get("attributeFormDefault", "unqualified"),
            adopted=own is None and bool(adopt),
        )
        for node in schema:
            if node.tag in self.kinds:
                component = Component(node, document)
                self.kinds[node.tag].setdefault(f"{{{namespace}}}{node.get('name')}", component)
                if node.get("substitutionGroup"):
                    self.components.substituted.add(component.name(node.get("substitutionGroup")))
            elif node.tag in (f"{XSD}import", f"{XSD}include"):
                self._further(path, node, namespace)
            elif node.tag == f"{XSD}redefine":
                raise ConfigError(
                    f"{path}:{node.sourceline}: xs:redefine is not supported; write the changed type into a schema of its own"
                )

    def _further(self, path: Path, node: etree._Element, namespace: str) -> None:
        location = node.get("schemaLocation", "").strip()
        if location and location not in WELL_KNOWN:
            found = target(path, location)
            self.schema(found, self.sources.roots[found], namespace if node.tag == f"{XSD}include" else "")


def occurrence(node: etree._Element) -> tuple[int, int | None]:
    """minOccurs and maxOccurs, None for unbounded."""
    most = node.get("maxOccurs", "1")
    return int(node.get("minOccurs", "1")), None if most == "unbounded" else int(most)


def documentation(node: etree._Element) -> str:
    """The text of the annotation, blanks folded, "" where there is none."""
    found = node.find(f"{XSD}annotation/{XSD}documentation")
    return " ".join("".join(map(str, found.itertext())).split()) if found is not None else ""
