"""What expressions read: the names and paths in them, and on what their presence depends."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from adapter.contract.path import Path, Step
from adapter.contract.shape import Kind, Place, Shape, UnknownStep, resolve
from adapter.finding import Finding
from adapter.mapping.expression.access import Access, is_access, read_access, type_of_access
from adapter.mapping.expression.facts import facts_of
from adapter.mapping.model import Expr
from adapter.mapping.types import Facts, ScopeShapes, Type


def accesses(node: nodes.Node, depth: int) -> Iterator[Access]:
    """Every access in an expression, whole: ``request.note`` once, not ``request`` too."""
    if isinstance(node, nodes.Expr) and is_access(node):
        found = read_access(node, depth)
        if isinstance(found, Access):
            if found.base is None:
                yield found
            else:
                yield from accesses(found.base, depth)
        return
    for child in node.iter_child_nodes():
        yield from accesses(child, depth)


def sole_access(expr: Expr, depth: int) -> Access | None:
    """The access that is the whole expression, None where it is anything else."""
    if not is_access(expr.node):
        return None
    found = read_access(expr.node, depth)
    return found if isinstance(found, Access) and found.base is None else None


def type_at(root: str, steps: tuple[Step, ...], scope: ScopeShapes) -> Type:
    """The type of a path that is known to exist: ``root`` is a document, or ``item<n>``."""
    return type_of_access(path_access(root, steps), scope)[0]


def path_access(root: str, steps: tuple[Step, ...]) -> Access:
    """The access that a path of a two-way rule makes."""
    return Access(root, nodes.Name(root, "load"), steps)


def needs_of(access: Access, scope: ScopeShapes) -> frozenset[tuple[str, ...]] | None:
    """The paths, from the root on, that must be there for the access to give a value; those that surely are left out.
    None where a list is on the way."""
    if access.key is not None:
        present = scope.facts.has(*access.target)[0]
        return frozenset() if present else frozenset({("path", access.root, access.key)})
    shape = _root_shape(access.root, scope)
    if shape is None:  # a text that is always there
        return frozenset()
    needed: set[tuple[str, ...]] = set()
    for end in range(1, len(access.steps) + 1):
        head = Path(access.steps[:end])
        try:
            place = resolve(shape, head)
        except UnknownStep:
            return None
        if place.many and end < len(access.steps):
            return None
        if _may_lack(place, access.steps[end - 1]) and not scope.facts.has(access.root, head)[0]:
            needed.add(("path", access.root, *map(str, head.steps)))
    return frozenset(needed)


def may_lack(value: Type) -> bool:
    """Whether a value may be absent, as far as is known; of a value of which nothing is known it is not said."""
    return value.optional and (value.never or value.shape is not None or value.kind is not Kind.ANY)


def _may_lack(place: Place, step: Step) -> bool:
    """Whether this very step may be missing where the ones before it are there."""
    return step.pick is not None or place.member is None or not place.member.required


def _root_shape(root: str, scope: ScopeShapes) -> Shape | None:
    if root in scope.documents:
        return scope.documents[root].shape
    if root.startswith("item") and root[4:].isdigit() and int(root[4:]) < len(scope.walked):
        return scope.walked[int(root[4:])].shape
    return None


def knowing(scope: ScopeShapes, condition: Expr | None, truth: bool = True) -> ScopeShapes:
    """The scope where a condition held, or did not."""
    return scope if condition is None else scope.knowing(facts_of(condition.node, len(scope.walked), truth))


def of_elements(access: Access | None, scope: ScopeShapes, inner: ScopeShapes) -> ScopeShapes:
    """What is known of each element of a list (``require: list[].x``), known of ``item`` inside."""
    if access is None or access.key is not None or not access.steps or access.steps[-1].pick is not None:
        return inner
    way = (*map(str, access.steps[:-1]), f"{access.steps[-1].name}[]")
    item = f"item{len(scope.walked)}"

    def own(facts: frozenset[tuple[str, tuple[str, ...]]]) -> frozenset[tuple[str, tuple[str, ...]]]:
        return frozenset((item, steps[len(way) :]) for root, steps in facts if root == access.root and steps[: len(way)] == way)

    return inner.knowing(Facts(own(scope.facts.present), own(scope.facts.filled), own(scope.facts.valued)))


def errors(findings: list[Finding]) -> bool:
    """Whether an error is among them."""
    return any(finding.severity == "error" for finding in findings)
