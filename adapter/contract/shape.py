"""The neutral description of what may be written where; TMF models, JSON Schema and XSD all become Shapes.

A Shape is one place of a document. Shapes of recursive models refer to themselves, so ``members`` is filled after
the object exists; once published a Shape is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from adapter.contract.path import Path, Step


class Kind(StrEnum):
    """The kind of value at one place. TEXT carries dates too: a date is text with a ``format``, never shifted."""

    OBJECT = "object"
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    ANY = "any"


@dataclass(slots=True, eq=False)
class Shape:
    """One place of a document.

    ``open`` objects may hold members that are not declared. ``format`` is date, date-time, time, uri, … or "".
    Facets that do not apply are None. ``enum`` is empty where any value of the kind will do; ``pattern`` is a Python
    expression that the whole text matches. ``groups`` say which members go together or exclude each other; ``variants``
    are the exact shapes of derived types by the value of ``@xsi:type``, of which ``members`` is the union.
    """

    kind: Kind
    name: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    open: bool = False
    format: str = ""
    enum: tuple[str, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    total_digits: int | None = None
    fraction_digits: int | None = None
    documentation: str = ""
    groups: tuple[MemberGroup, ...] = ()
    variants: dict[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to fill a group: ``members`` may be there, ``needed`` of them must, ``groups`` are those within it."""

    members: tuple[str, ...]
    needed: tuple[str, ...] = ()
    groups: tuple[MemberGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberGroup:
    """Members of which one branch may be present: a choice, or (one branch) members that only come together.
    ``name`` is that of ``Member.choice``; ``required``: one branch must be there. A member of a group is not ``required``."""

    name: str
    required: bool
    branches: tuple[Branch, ...]


@dataclass(slots=True, eq=False)
class Member:
    """One member of an object. ``choice`` names the group of which exactly one member may be present ("" = none). ``nullable``: the value,
    or the list as a whole, may be null; ``null_elements``: so may an element of the list."""

    name: str
    shape: Shape
    required: bool = False
    many: bool = False
    nullable: bool = False
    min_items: int = 0
    max_items: int | None = None
    choice: str = ""
    documentation: str = ""
    null_elements: bool = False


@dataclass(frozen=True, slots=True)
class OperationContract:
    """One operation of a legacy contract. Faults are by detail element name. ``one_way``: nobody answers, so nothing is judged or read."""

    name: str
    input: Shape
    output: Shape
    faults: Mapping[str, Shape] = field(default_factory=dict)
    one_way: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads. ``many``: the path crosses a list it does not pick one element of, so it yields a list;
    ``optional``: a document that fits the contract may have nothing there."""

    shape: Shape
    many: bool
    optional: bool
    nullable: bool = False
    member: Member | None = None


class UnknownStep(LookupError):
    """A path leaves its contract. ``step`` is the one that does; ``known`` are the names that would do there."""

    def __init__(self, step: Step, known: tuple[str, ...], reason: str) -> None:
        self.step, self.known, self.reason = step, known, reason
        super().__init__(reason)


def resolve(root: Shape, path: Path) -> Place:
    """Follows ``path`` from ``root``. Raises UnknownStep where it leaves the contract.

    A list that is neither picked from (``[key=value]``) nor walked (``[]``) may only stand last: it names the whole list.
    """
    place = Place(root, many=False, optional=False)
    for index, step in enumerate(path.steps):
        place = _enter(place, step, last=index == len(path.steps) - 1)
    return place


def _enter(place: Place, step: Step, *, last: bool) -> Place:
    shape = place.shape
    member = shape.members.get(step.name)
    if member is None:
        if shape.kind is Kind.ANY or shape.open:
            return Place(Shape(Kind.ANY), place.many, optional=True, nullable=True)
        if shape.kind is not Kind.OBJECT:
            raise UnknownStep(step, (), f"{shape.kind} has no members, so '{step.name}' cannot be reached")
        raise UnknownStep(step, tuple(shape.members), f"'{step.name}' is not a member of {shape.name or 'the document'}")
    optional = place.optional or not member.required or step.pick is not None
    return Place(member.shape, place.many or _crosses(member, step, last=last), optional, member.nullable, member)


def _crosses(member: Member, step: Step, *, last: bool) -> bool:
    """Whether the step leads to several values. Raises UnknownStep where it does not fit one value, or a list."""
    if step.pick is None and not step.each:
        if member.many and not last:
            raise UnknownStep(step, (), f"'{step.name}' is a list: pick one element ([key=value]) or walk it ([])")
        return member.many
    if not member.many:
        how = "there is nothing to pick from" if step.pick is not None else "it cannot be walked with []"
        raise UnknownStep(step, (), f"'{step.name}' is one value, so {how}")
    if step.pick is None:
        return True
    element = member.shape
    if element.kind not in (Kind.OBJECT, Kind.ANY):
        raise UnknownStep(step, (), f"'{step.name}' is a list of {element.kind}, whose elements have no '{step.pick.key}' to pick by")
    if element.kind is Kind.OBJECT and not element.open and step.pick.key not in element.members:
        raise UnknownStep(step, tuple(element.members), f"'{step.pick.key}' is not a member of {element.name or step.name}")
    return False
