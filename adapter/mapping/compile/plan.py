"""Rules of one direction, sorted into the tree of the document they write: members in the contract's order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from adapter.contract.path import Path, Pick, Step
from adapter.contract.shape import Kind, Member, Shape
from adapter.errors import CheckFailed
from adapter.finding import Finding, Position, suggest
from adapter.mapping.model import BothRule, Direction, ListRule, Rule, TwoWayList, TwoWayRule, ValueRule


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """One value to write. ``target`` starts at the document, or at the element of the list around it."""

    target: Path
    rule: ValueRule | TwoWayRule


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """One list to write, an element for each of another list."""

    target: Path
    rule: ListRule | TwoWayList
    entries: tuple[Entry, ...]


Entry = Write | Repeat


def entries_of(both: Iterable[BothRule], own: Iterable[Rule], direction: Direction) -> tuple[Entry, ...]:
    """Two-way rules seen from one direction, then that direction's own rules."""
    found: list[Entry] = []
    for rule in both:
        if rule.only not in (None, direction):
            continue  # an overlay inherits its other direction
        target = rule.legacy.path if direction is Direction.REQUEST else rule.canonical.path
        if isinstance(rule, TwoWayRule):
            found.append(Write(target, rule))
        else:
            inner = rule.request if direction is Direction.REQUEST else rule.reply
            found.append(Repeat(target, rule, entries_of(rule.both, inner, direction)))
    for one_way in own:
        if isinstance(one_way, ValueRule):
            found.append(Write(one_way.target.path, one_way))
        else:
            found.append(Repeat(one_way.target.path, one_way, entries_of((), one_way.rules, direction)))
    return tuple(found)


@dataclass(slots=True, eq=False)
class LeafNode:
    """A member written by one rule."""

    member: Member
    write: Write
    path: str


@dataclass(slots=True, eq=False)
class ObjectNode:
    """An object written member by member; ``pick`` is the key member of an element written for ``[key=value]``."""

    shape: Shape
    path: str
    member: Member | None = None
    pick: Pick | None = None
    at: Position | None = None
    children: dict[str, Node] = field(default_factory=dict)

    def leaf(self) -> LeafNode:
        """The only leaf of a tree that one rule makes."""
        (child,) = self.children.values()
        if isinstance(child, ListNode):
            child = next(part for part in child.parts if isinstance(part, ObjectNode))
        return child if isinstance(child, LeafNode) else child.leaf()

    def ordered(self) -> list[tuple[str, Node | None]]:
        """The children in the contract's order, undeclared ones last; None stands for the key member of a pick."""
        names = [*self.children, *([self.pick.key] if self.pick and self.pick.key not in self.children else [])]
        rank = {name: number for number, name in enumerate(self.shape.members)}
        return [(name, self.children.get(name)) for name in sorted(names, key=lambda name: rank.get(name, len(rank)))]


@dataclass(slots=True, eq=False)
class RepeatNode:
    """The elements that one list rule writes."""

    repeat: Repeat
    element: ObjectNode


@dataclass(slots=True, eq=False)
class ListNode:
    """A list made of picked elements and of the elements of list rules, in the order of the rules."""

    member: Member
    path: str
    parts: list[ObjectNode | RepeatNode] = field(default_factory=list)


Node = LeafNode | ObjectNode | ListNode
_N = TypeVar("_N", ObjectNode, ListNode)


def plan(root: Shape, entries: Iterable[Entry], direction: Direction) -> ObjectNode:
    """The tree of the document. Raises CheckFailed for what a checked file does not have."""
    tree = ObjectNode(root, "")
    _fill(tree, entries, direction)
    return tree


def _fill(tree: ObjectNode, entries: Iterable[Entry], direction: Direction) -> None:
    for entry in entries:
        _insert(tree, entry, direction)


def _insert(tree: ObjectNode, entry: Entry, direction: Direction) -> None:
    node = tree
    for step in entry.target.steps[:-1]:
        member = _member(node, step, entry, direction)
        path = _join(node.path, str(step))
        if step.pick is not None:
            listed = _child(node, step.name, ListNode(member, _join(node.path, step.name)), entry)
            node = _picked(listed, step.pick, path, entry)
        elif member.many or step.each:
            raise _wrong(entry, "M413", f"'{step}' is a list: write it with a list block, or pick an element")
        else:
            node = _child(node, step.name, ObjectNode(member.shape, path, member, at=entry.rule.at), entry)
    _end(node, entry, direction)


def _end(node: ObjectNode, entry: Entry, direction: Direction) -> None:
    step = entry.target.steps[-1]
    member = _member(node, step, entry, direction)
    path = _join(node.path, step.name)
    if step.pick is not None:
        raise _wrong(entry, "M413", f"'{step}' is an element: name the member of it that is to be written")
    if isinstance(entry, Repeat):
        listed = _child(node, step.name, ListNode(member, path), entry)
        element = ObjectNode(member.shape, f"{path}[]")
        _fill(element, entry.entries, direction)
        listed.parts.append(RepeatNode(entry, element))
    elif step.name in node.children:
        raise _wrong(entry, "M403", f"'{path}' is written twice")
    else:
        node.children[step.name] = LeafNode(member, entry, path)


def _member(node: ObjectNode, step: Step, entry: Entry, direction: Direction) -> Member:
    member = node.shape.members.get(step.name)
    if member is not None:
        return member
    if node.shape.open or node.shape.kind is Kind.ANY:
        return Member(step.name, Shape(Kind.ANY), many=step.pick is not None or step.each, nullable=True)
    code = "M202" if direction is Direction.REQUEST else "M201"
    raise _wrong(entry, code, f"'{step.name}' is no member of {node.shape.name or 'the document'}", suggest(step.name, node.shape.members))


def _child(node: ObjectNode, name: str, fresh: _N, entry: Entry) -> _N:
    found = node.children.setdefault(name, fresh)
    if not isinstance(found, type(fresh)):
        raise _wrong(entry, "M404", f"'{_join(node.path, name)}' is written as a whole and in part")
    return found


def _picked(listed: ListNode, pick: Pick, path: str, entry: Entry) -> ObjectNode:
    for part in listed.parts:
        if isinstance(part, ObjectNode) and part.pick == pick:
            return part
    element = ObjectNode(listed.member.shape, path, pick=pick, at=entry.rule.at)
    listed.parts.append(element)
    return element


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong(entry: Entry, code: str, text: str, hint: str = "") -> CheckFailed:
    return CheckFailed([Finding(code, text, entry.rule.at, hint)])
