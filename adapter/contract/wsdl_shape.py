"""Shapes of a SOAP contract: the documents as mappings see them.

Attributes are members ``@name``, the text of an element with attributes is ``#text``, SOAP header parts are the member
``#header``, a derived type is named by ``@xsi:type``. Content that the contract leaves open, or that the compiler does
not know, is of kind ANY or open.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from adapter.contract.shape import Branch, Kind, Member, MemberGroup, OperationContract, Shape
from adapter.contract.wsdl_model import (
    AnyElement,
    ComplexType,
    Element,
    Group,
    MessageModel,
    OperationModel,
    SimpleType,
    SoapContract,
    particles,
)

_FORMATS = {
    "dateTime": "date-time",
    "date": "date",
    "time": "time",
    "duration": "duration",
    "anyURI": "uri",
    "base64Binary": "base64",
    "hexBinary": "hex",
}
_LEXICAL = frozenset(
    ("gYear", "gYearMonth", "gMonth", "gMonthDay", "gDay", "language", "NMTOKEN", "Name", "NCName", "ID", "IDREF", "QName")
)


class Shapes:
    """Makes the Shapes of a contract; types that are used twice share one Shape."""

    def __init__(self, contract: SoapContract) -> None:
        self.contract = contract
        self._made: dict[str, Shape] = {}

    def operation(self, operation: OperationModel) -> OperationContract:
        """The shapes of one operation's documents."""
        return OperationContract(
            operation.name,
            self.message(operation.input, operation.name),
            self.message(operation.output, f"{operation.name} reply") if operation.output else Shape(Kind.OBJECT, operation.name),
            {fault.name: self.content(fault) for fault in operation.faults},
        )

    def message(self, message: MessageModel, name: str) -> Shape:
        """The document of a message: the content of its body element, and ``#header``."""
        body = self.content(message.body) if message.body else Shape(Kind.OBJECT, name)
        if not message.header:
            return body
        parts = {part.name: Member(part.name, self.of(part.type), nullable=part.nillable) for part in message.header}
        members = dict(body.members)
        members["#header"] = Member("#header", Shape(Kind.OBJECT, "#header", parts))
        return replace(body, members=members)

    def content(self, element: Element) -> Shape:
        """The content of an element as a document: always an object (``#text`` holds plain text)."""
        shape = self.of(element.type)
        if shape.kind is Kind.OBJECT:
            return replace(shape, name=element.name)
        if shape.kind is Kind.ANY:
            return Shape(Kind.OBJECT, element.name, open=True)
        return Shape(Kind.OBJECT, element.name, {"#text": Member("#text", shape, required=True)})

    def of(self, key: str) -> Shape:
        """The Shape of a type."""
        made = self._made.get(key)
        if made is None:
            found = self.contract.types.get(key)
            if isinstance(found, SimpleType):
                made = self._made[key] = _simple(found)
            elif found is None or found.unknown:
                made = self._made[key] = Shape(Kind.ANY, _local(key))
            else:
                made = self._made[key] = Shape(Kind.OBJECT, found.name or _local(key), documentation=found.documentation)
                self._fill(made, found)
        return made

    def _fill(self, shape: Shape, found: ComplexType) -> None:
        self._own(shape, found)
        derived = [self.contract.complex(key) for key in found.derived]
        kinds = [one for one in derived if one is not None and not one.unknown and not one.abstract]
        if not kinds:
            return
        if not found.abstract:
            kinds.insert(0, found)
        for kind in kinds:
            variant = Shape(Kind.OBJECT, kind.name)
            self._own(variant, kind)
            named = Shape(Kind.TEXT, "@xsi:type", enum=(kind.name,))
            required = kind is not found
            variant.members = {"@xsi:type": Member("@xsi:type", named, required=required)} | variant.members
            shape.variants[kind.name] = variant
            for name, member in variant.members.items():
                if name not in shape.members:
                    shape.members[name] = replace(member, required=False, min_items=0, choice="")
                elif shape.members[name].shape is not member.shape and name != "@xsi:type":
                    shape.members[name] = replace(shape.members[name], shape=_common(shape.members[name].shape, member.shape))
        names = tuple(kind.name for kind in kinds)
        shape.members["@xsi:type"] = Member("@xsi:type", Shape(Kind.TEXT, "@xsi:type", enum=names), required=found.abstract)

    def _own(self, shape: Shape, found: ComplexType) -> None:
        """Attributes and content of this type alone."""
        for attribute in found.attributes:
            name = f"@{attribute.name}"
            shape.members[name] = Member(name, self.of(attribute.type), required=attribute.required)
        if found.text:
            shape.members["#text"] = Member("#text", self.of(found.text), required=True)
        shape.open = found.open
        if found.content is not None:
            groups, _ = self._members(shape, found.content, conditional=False)
            shape.groups = tuple(groups)

    def _members(self, shape: Shape, group: Group, *, conditional: bool) -> tuple[list[MemberGroup], list[str]]:
        """Adds the members of a group; gives its inner groups, and the names that must be there when it is."""
        if group.order == "choice" and not group.repeated:
            return [self._choice(shape, group)], []
        if group.least == 0 and not group.repeated:
            branch = self._branch(shape, group)
            return [MemberGroup("", False, (branch,))], []
        inner: list[MemberGroup] = []
        needed: list[str] = []
        loose = group.repeated
        for item in group.items:
            if isinstance(item, Element):
                shape.members[item.name] = self._member(item, group, required=item.least > 0 and not conditional and not loose)
                if item.least > 0 and not loose:
                    needed.append(item.name)
            elif isinstance(item, Group):
                more, names = self._members(shape, item, conditional=conditional)
                inner += more
                needed += names
        return inner, needed

    def _choice(self, shape: Shape, group: Group) -> MemberGroup:
        name = f"choice{1 + sum(1 for member in shape.members.values() if member.choice)}"
        branches = []
        for item in group.items:
            if isinstance(item, AnyElement):
                branches.append(Branch((), (), ()))
                continue
            alone = item if isinstance(item, Group) else Group("sequence", (item,))
            branches.append(self._branch(shape, alone))
            if isinstance(item, Element):
                shape.members[item.name] = replace(shape.members[item.name], choice=name)
        return MemberGroup(name, not group.emptiable, tuple(branches))

    def _branch(self, shape: Shape, group: Group) -> Branch:
        inside = replace(group, least=1)
        inner, needed = self._members(shape, inside, conditional=True)
        names = tuple(item.name for item in particles(group) if isinstance(item, Element))
        return Branch(names, tuple(needed), tuple(inner))

    def _member(self, element: Element, group: Group, *, required: bool) -> Member:
        least, most = element.least, element.most
        if group.repeated:
            least, most = 0, group.most
        return Member(
            element.name,
            self.of(element.type),
            required=required,
            many=element.many or group.repeated,
            nullable=element.nillable,
            null_elements=element.nillable,
            min_items=least if element.many or group.repeated else 0,
            max_items=most if element.many or group.repeated else None,
            documentation=element.documentation,
        )


def _common(first: Shape, second: Shape) -> Shape:
    """What two derived types that use one name in two ways leave certain."""
    return Shape(first.kind) if first.kind is second.kind and first.kind is not Kind.OBJECT else Shape(Kind.ANY)


def _simple(found: SimpleType) -> Shape:
    facets = found.facets
    pattern = None
    if facets.patterns:
        *before, last = facets.patterns
        pattern = "".join(rf"(?=(?:{one})\Z)" for one in before) + (f"(?:{last})" if before else last)
    return Shape(
        Kind(found.kind),
        _local(found.key),
        format=_FORMATS.get(found.base, found.base if found.base in _LEXICAL else ""),
        enum=facets.enum,
        min_length=_characters(found.base, facets.min_length),
        max_length=_characters(found.base, facets.max_length),
        pattern=pattern,
        minimum=_bound(facets.min_inclusive, facets.min_exclusive, found.kind, 1),
        maximum=_bound(facets.max_inclusive, facets.max_exclusive, found.kind, -1),
        total_digits=facets.total_digits,
        fraction_digits=facets.fraction_digits,
    )


def _characters(base: str, length: int | None) -> int | None:
    """A length in characters; schemas count the bytes of binary types."""
    if length is None or base not in ("base64Binary", "hexBinary"):
        return length
    return 2 * length if base == "hexBinary" else 4 * -(-length // 3)


def _bound(inclusive: str | None, exclusive: str | None, kind: str, step: int) -> int | None:
    """A bound as a whole number, None where it cannot be said by one (dates, fractions); the writer checks these too."""
    if kind not in ("integer", "decimal"):
        return None
    bounds = [] if inclusive is None else [Decimal(inclusive)]
    if exclusive is not None and kind == "integer":
        bounds.append(Decimal(exclusive) + step)
    if not bounds:
        return None
    tightest = max(bounds) if step > 0 else min(bounds)
    return int(tightest) if tightest.is_finite() and tightest == int(tightest) else None


def _local(key: str) -> str:
    return key.rpartition("}")[2]
