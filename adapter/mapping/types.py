"""What is known about a value before any message comes: its kind, how many, whether it may be missing.

``Type`` describes a value, ``ScopeShapes`` the names an expression may use in one section of a mapping file,
``Contracts`` both sides of one operation. Pure data; inference is in ``expression``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from adapter.contract.path import Path
from adapter.contract.shape import Kind, Member, OperationContract, Shape
from adapter.mapping.model import Require


class _NoConstant:
    """The value is not known before a message comes."""

    def __repr__(self) -> str:
        return "NO_CONSTANT"


NO_CONSTANT: Final = _NoConstant()


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a value.

    ``shape`` is the place of a contract it comes from unchanged (None for computed values); ``many``: it is a list of
    such values; ``optional``: it may be absent; ``nullable``: it, or an element of it, may be null; ``constant`` is the
    value itself where it is known (else NO_CONSTANT); ``enum`` are the only texts it can be (empty: any);
    ``max_length`` in characters where it is known. ``never``: certainly absent (the constant ``absent``).
    """

    kind: Kind
    shape: Shape | None = None
    many: bool = False
    optional: bool = False
    nullable: bool = False
    constant: Any = NO_CONSTANT
    enum: tuple[str, ...] = ()
    max_length: int | None = None
    never: bool = False

    @property
    def known(self) -> bool:
        """Whether the value is the same for every message."""
        return not isinstance(self.constant, _NoConstant)

    def __str__(self) -> str:
        name = "null" if self.constant is None else str(self.kind)
        return f"list of {name}" if self.many else name


_NATIVE: Final[tuple[tuple[type | tuple[type, ...], Kind], ...]] = (
    (bool, Kind.BOOLEAN),  # before int, of which it is a kind in Python
    (str, Kind.TEXT),
    (int, Kind.INTEGER),
    ((Decimal, float), Kind.DECIMAL),
    (Mapping, Kind.OBJECT),
)
ANYTHING: Final = Type(Kind.ANY, optional=True, nullable=True)


def kind_of(value: object) -> Kind:
    """The kind of a native value. A list has the kind of its elements, ANY where they differ or there are none."""
    if isinstance(value, list | tuple):
        kinds = {kind_of(element) for element in value}
        return kinds.pop() if len(kinds) == 1 else Kind.ANY
    return next((kind for types, kind in _NATIVE if isinstance(value, types)), Kind.ANY)


def constant(value: object) -> Type:
    """The type of a value written in the mapping file. Lists of constants are constant too."""
    kind = kind_of(value)
    if isinstance(value, list | tuple):
        texts = tuple(value) if kind is Kind.TEXT else ()
        return Type(kind, many=True, constant=value, enum=texts, max_length=max(map(len, texts), default=None))
    if isinstance(value, str):
        return Type(kind, constant=value, enum=(value,), max_length=len(value))
    return Type(kind, constant=value, nullable=value is None)


def of_member(member: Member, *, optional: bool | None = None) -> Type:
    """The type of a member of an object that is there."""
    return of_shape(
        member.shape, many=member.many, optional=not member.required if optional is None else optional, nullable=member.nullable
    )


def of_shape(shape: Shape, *, many: bool = False, optional: bool = False, nullable: bool = False) -> Type:
    """The type of a place of a contract."""
    return Type(shape.kind, shape, many, optional, nullable, enum=shape.enum, max_length=shape.max_length)


# -- facts: paths that are certainly there

Fact = tuple[str, tuple[str, ...]]  # the name in the scope, and the canonical spelling of each step


@dataclass(frozen=True, slots=True)
class Facts:
    """What is certainly there. ``filled`` are neither absent nor null nor "" (of ``require``), ``present`` not absent, ``valued``
    not null, though they may be absent."""

    present: frozenset[Fact] = frozenset()
    filled: frozenset[Fact] = frozenset()
    valued: frozenset[Fact] = frozenset()

    def __or__(self, other: Facts) -> Facts:
        return Facts(self.present | other.present, self.filled | other.filled, self.valued | other.valued)

    def __and__(self, other: Facts) -> Facts:
        return Facts(self.present & other.present, self.filled & other.filled, self.valued & other.valued)

    def has(self, name: str, path: Path | str | None) -> tuple[bool, bool]:
        """Whether ``name`` + ``path`` is certainly present, and certainly not null."""
        steps = fact(name, path)[1]
        filled = any(root == name and _covers(known, steps) for root, known in self.filled)
        deeper = any(root == name and len(known) > len(steps) and _covers(known, steps) for root, known in self.present)
        return filled or deeper or (name, steps) in self.present, filled or deeper or (name, steps) in self.valued


def _covers(known: tuple[str, ...], steps: tuple[str, ...]) -> bool:
    """Whether the presence of ``known`` means that ``steps`` is there: it is a prefix, or a list that was picked from."""
    if len(steps) > len(known):
        return False
    for index, (step, fact) in enumerate(zip(steps, known, strict=False)):
        if step != fact and not (index == len(steps) - 1 and "[" not in step and fact.split("[", 1)[0] == step):
            return False
    return "[]" not in "".join(known[len(steps) :])


def fact(name: str, path: Path | str | None) -> Fact:
    """The fact that a path is there; a header's path is its plain name given as text."""
    if path is None:
        return name, ()
    return name, (path,) if isinstance(path, str) else tuple(map(str, path.steps))


def required_facts(require: Iterable[Require]) -> Facts:
    """What every request that passed ``require`` certainly holds (entries without ``when``)."""
    found: set[Fact] = set()
    for entry in require:
        if entry.when is not None:
            continue
        if entry.path is not None:
            found.add(fact("request", entry.path.path))
        elif entry.header is not None:
            found.add(fact("header", entry.header.value))
        elif entry.query is not None:
            found.add(fact("query", entry.query.value))
    return Facts(filled=frozenset(found))


# -- what an operation speaks about


# the documents and lists that sections read, by name
OF_CALLS: Final = ("request", "asked", "stored", "reply", "answer", "warnings")
OF_MESSAGES: Final = ("message", "report", "outcome")
# what became of a received message: taken over; about nothing on record; not acceptable. One that comes again gets the answer of the first
MESSAGE_OUTCOMES: Final = ("accepted", "unknown", "refused")

_OUTCOME: Final = Shape(
    Kind.OBJECT,
    "the outcome of a message",
    members={
        "kind": Member("kind", Shape(Kind.TEXT, enum=MESSAGE_OUTCOMES), required=True),
        "text": Member("text", Shape(Kind.TEXT), required=True),
    },
)


@dataclass(frozen=True, slots=True)
class Contracts:
    """Both sides of one operation.

    ``request`` is what a front-end may send, ``resource`` the canonical document that is written: the full resource, or a part of it.
    ``header``, ``query``, ``path`` are the names that faces declare; ``setting`` the market's settings by name; ``answers``
    the canonical answer as a face shows it, for faces where it differs from ``resource``. ``asked`` is what a question about
    many orders is about; in such a one there is no single ``request`` or ``stored``. ``known`` is the document on record that the
    operation is about, None where there can be none; ``subject`` what the rules of ``subject`` write. ``received``: the backend
    sends ``legacy.input`` of its own accord and is answered ``legacy.output``.
    """

    request: Shape
    resource: Shape
    legacy: OperationContract
    header: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    path: frozenset[str] = frozenset()
    setting: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Shape] = field(default_factory=dict)
    asked: Shape | None = None
    known: Shape | None = None
    subject: Shape | None = None
    received: bool = False

    def documents(self) -> dict[str, Type]:
        """Every document that some section of this operation may read, by its name."""
        about = {} if self.known is None else {"known": of_shape(self.known, optional=True)}
        if self.received:
            report = of_shape(self.resource, optional=True)
            return {"message": of_shape(self.legacy.input), "report": report, "outcome": of_shape(_OUTCOME), **about}
        answered = {
            "reply": of_shape(self.legacy.output),
            "answer": of_shape(self.resource),
            "warnings": Type(Kind.TEXT, many=True),
        }
        if self.asked is not None:
            return {"asked": of_shape(self.asked), **answered}
        members = {"request": Member("request", self.request, required=True), "answer": Member("answer", self.resource)}
        stored = Shape(Kind.OBJECT, "stored", members=members)
        return {"request": of_shape(self.request), "stored": of_shape(stored, optional=True), **about, **answered}


# names whose values are text and always there
TEXTS: Final = ("correlationId", "clientReference", "now", "uid")
# names of flat stores of text or settings: the subscript is a plain key
STORES: Final = ("header", "query", "path", "setting")


@dataclass(frozen=True, slots=True)
class ScopeShapes:
    """The names an expression may use, and what is known of them.

    ``documents`` are name → Type of the documents (and ``warnings``) as far as the section reads them; ``stores`` name →
    declared keys; ``walked`` the element types of the lists around the expression, innermost last; ``facts`` what is
    certainly there (an element of a walked list is called ``item0``, ``item1``, … from the outside in).
    """

    documents: Mapping[str, Type]
    stores: Mapping[str, frozenset[str]]
    setting: Mapping[str, Any]
    walked: tuple[Type, ...] = ()
    facts: Facts = Facts()

    def knowing(self, facts: Facts) -> ScopeShapes:
        """The same scope where more is certain (inside a branch, behind a condition)."""
        return replace(self, facts=self.facts | facts)

    def inside(self, elements: Type) -> ScopeShapes:
        """The scope inside ``set`` of a list rule whose ``each`` is of the type ``elements``."""
        return replace(self, walked=(*self.walked, replace(elements, many=False, optional=False, constant=NO_CONSTANT)))

    def names(self) -> tuple[str, ...]:
        """Every name that may stand at the start of an expression, for suggestions."""
        loop = ("item", "index") if self.walked else ()
        outer = ("outer",) if len(self.walked) > 1 else ()
        return (*self.documents, *STORES, *TEXTS, *loop, *outer, "absent")
