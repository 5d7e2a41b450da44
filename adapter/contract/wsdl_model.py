"""The SOAP contract as plain data: what a WSDL port offers and what its messages look like on the wire.

Everything is frozen, picklable and JSON-able; types refer to each other by key (``{namespace}Name``; a type without
a name has the key of its owner and a path, ``{namespace}Owner/element``), so recursive schemas stay plain data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from adapter.errors import ConfigError

ANY_TYPE = "{http://www.w3.org/2001/XMLSchema}anyType"

_NCNAME = re.compile(r"[^\W\d][\w.\-\u00b7]*")


def _named(name: str) -> None:
    """Names become part of generated source, so nothing but an XML name is let in. Raises ConfigError."""
    if not _NCNAME.fullmatch(name):
        raise ConfigError(f"the contract declares the name {name!r}, which is no XML name")


@dataclass(frozen=True, slots=True)
class Facets:
    """What restricts a simple type. ``patterns`` are Python expressions that must all match the whole text;
    bounds are decimal numbers as text, as the schema spells them."""

    enum: tuple[str, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    patterns: tuple[str, ...] = ()
    min_inclusive: str | None = None
    max_inclusive: str | None = None
    min_exclusive: str | None = None
    max_exclusive: str | None = None
    total_digits: int | None = None
    fraction_digits: int | None = None


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A type of text. ``base`` is the local name of the built-in type it comes from (``dateTime``, ``int``, …)."""

    key: str
    kind: Literal["text", "integer", "decimal", "boolean"]
    base: str
    facets: Facets = Facets()
    unknown: str = ""
    tag: Literal["simple"] = "simple"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute; ``namespace`` is "" where it is unqualified, ``type`` the key of a simple type."""

    name: str
    namespace: str
    type: str
    required: bool = False

    def __post_init__(self) -> None:
        _named(self.name)


@dataclass(frozen=True, slots=True)
class Element:
    """The use of an element. ``namespace`` is "" where it is unqualified; ``most`` is None where unbounded."""

    name: str
    namespace: str
    type: str
    least: int = 1
    most: int | None = 1
    nillable: bool = False
    documentation: str = ""
    tag: Literal["element"] = "element"

    def __post_init__(self) -> None:
        _named(self.name)

    @property
    def many(self) -> bool:
        """Whether the contract allows more than one, so that the document holds a list."""
        return self.most is None or self.most > 1


@dataclass(frozen=True, slots=True)
class AnyElement:
    """Any element may stand here (``xs:any``)."""

    least: int = 1
    most: int | None = 1
    tag: Literal["any"] = "any"


@dataclass(frozen=True, slots=True)
class Group:
    """A sequence, choice or all. Only choices of single elements are repeated (``most`` not 1), see ``wsdl_schema``."""

    order: Literal["sequence", "choice", "all"]
    items: tuple[Particle, ...] = ()
    least: int = 1
    most: int | None = 1
    tag: Literal["group"] = "group"

    @property
    def repeated(self) -> bool:
        """Whether the contract allows the whole group more than once, so that each member is a list."""
        return self.most is None or self.most > 1

    @property
    def emptiable(self) -> bool:
        """Whether nothing at all may stand here."""
        if self.least == 0:
            return True
        test = any if self.order == "choice" else all
        return not self.items or test(item.emptiable if isinstance(item, Group) else item.least == 0 for item in self.items)


Particle = Annotated[Element | AnyElement | Group, Field(discriminator="tag")]


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A type of elements with attributes or children.

    ``text`` is the key of a simple type where the content is text; ``derived`` are the keys of all types that may stand
    here by ``xsi:type``. ``unknown`` says what of it the compiler does not know ("" where it knows everything).
    """

    key: str
    name: str = ""
    namespace: str = ""
    abstract: bool = False
    content: Group | None = None
    text: str = ""
    attributes: tuple[Attribute, ...] = ()
    any_attribute: bool = False
    derived: tuple[str, ...] = ()
    unknown: str = ""
    documentation: str = ""
    tag: Literal["complex"] = "complex"

    @property
    def open(self) -> bool:
        """Whether elements or attributes that are not declared may stand in it."""
        return self.any_attribute or any(isinstance(item, AnyElement) for item in particles(self.content))

    @property
    def named(self) -> bool:
        """Whether ``xsi:type`` can name it."""
        return bool(self.name)


AnyType = Annotated[SimpleType | ComplexType, Field(discriminator="tag")]


@dataclass(frozen=True, slots=True)
class MessageModel:
    """One message. ``body`` is the child of the SOAP body (None: the body is empty), ``header`` the header parts."""

    body: Element | None = None
    header: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class OperationModel:
    """One operation. ``refused`` names what the compiler does not know of it ("" where it knows everything).
    ``faults`` are the elements of fault details; ``output`` is None for one-way operations."""

    name: str
    action: str
    style: Literal["document", "rpc"]
    input: MessageModel
    output: MessageModel | None
    faults: tuple[Element, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class SoapContract:
    """One port of a WSDL. ``location`` is the file it came from, ``digest`` that of all its files. ``elsewhere`` are the operations that
    only other SOAP ports of it have, each with the first of these."""

    location: str
    digest: str
    service: str
    port: str
    address: str
    version: Literal["1.1", "1.2"]
    operations: Mapping[str, OperationModel]
    types: Mapping[str, AnyType] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def complex(self, key: str) -> ComplexType | None:
        """The complex type of this key, None where it is a simple type or ``xs:anyType``."""
        found = self.types.get(key)
        return found if isinstance(found, ComplexType) else None

    def simple(self, key: str) -> SimpleType | None:
        """The simple type of this key, None where it is none."""
        found = self.types.get(key)
        return found if isinstance(found, SimpleType) else None

    def reached(self, elements: Iterator[Element] | tuple[Element, ...]) -> Iterator[AnyType]:
        """All types that documents of these elements can hold, each once."""
        seen: set[str] = set()
        todo = [element.type for element in elements]
        while todo:
            key = todo.pop()
            found = self.types.get(key)
            if key in seen or found is None:
                continue
            seen.add(key)
            yield found
            if isinstance(found, ComplexType):
                todo += [item.type for item in particles(found.content) if isinstance(item, Element)]
                todo += [attribute.type for attribute in found.attributes]
                todo += [found.text, *found.derived]


def particles(group: Group | None) -> Iterator[Element | AnyElement]:
    """The elements and wildcards of a content model in the order of the schema, groups unfolded."""
    for item in group.items if group else ():
        if isinstance(item, Group):
            yield from particles(item)
        else:
            yield item
