"""How an expression reaches into a document: ``request.billingAccount.id``, ``item['product.id']``, ``header['lob']``.

``a.b`` is the member b, never an attribute of anything; a constant text subscript on a document is a path, on a store
(header, query, path, setting) a plain key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from jinja2 import nodes

from adapter.contract.path import Path, PathError, Step, parse_path, path_hint
from adapter.contract.shape import Kind, Place, Shape, UnknownStep, resolve
from adapter.finding import Finding, Position, suggest
from adapter.mapping.expression import codes
from adapter.mapping.expression.parse import position, position_in
from adapter.mapping.types import ANYTHING, OF_CALLS, OF_MESSAGES, STORES, TEXTS, Facts, ScopeShapes, Type, kind_of, of_member, of_shape

TEXT: Final = Type(Kind.TEXT)
INTEGER: Final = Type(Kind.INTEGER)


@dataclass(frozen=True, slots=True)
class Access:
    """One access as written.

    ``root`` is the name of a document (or ``warnings``) or store, ``absent``, a name of TEXTS, ``item<n>`` or ``index<n>``
    (n counts the walked lists from the outside, 0 first), or "" where ``base`` is another expression. ``path`` are the
    steps behind it, ``places`` where each stands; ``key`` is the key of a store.
    """

    root: str
    node: nodes.Expr
    steps: tuple[Step, ...] = ()
    places: tuple[Position, ...] = ()
    key: str | None = None
    base: nodes.Expr | None = None

    @property
    def path(self) -> Path | None:
        """The path behind the root, None where there is none."""
        return Path(self.steps) if self.steps else None

    @property
    def target(self) -> tuple[str, Path | str | None]:
        """Root and path or key, as ``types.fact`` and ``Facts.has`` take them."""
        return self.root, self.key if self.key is not None else self.path


_OTHERWISE_CALLED: Final = {"response": "reply", "req": "request", "resp": "reply", "headers": "header", "settings": "setting"}
"""What other languages call it, and what it is called here."""


def is_access(node: nodes.Node) -> bool:
    """Whether the node reads something by name or member."""
    return isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem)


def read_access(node: nodes.Expr, depth: int) -> Access | list[Finding]:
    """Reads a name with its members. ``depth`` is the number of walked lists around it. A misuse is given as findings."""
    inner = node
    links: list[nodes.Getattr | nodes.Getitem] = []
    while isinstance(inner, nodes.Getattr | nodes.Getitem):
        links.append(inner)
        inner = inner.node
    links.reverse()
    if not isinstance(inner, nodes.Name):
        return _walk(Access("", node, base=inner), links)
    name, level = inner.name, depth - 1
    while name == "outer":
        level -= 1
        if not links or not isinstance(links[0], nodes.Getattr) or links[0].attr not in {"item", "index", "outer"}:
            hint = "write outer.item or outer.index"
            return [Finding(codes.UNDEFINED_NAME, "'outer' names nothing by itself", position(inner), hint)]
        name = links.pop(0).attr  # type: ignore[union-attr]  # the guard above leaves Getattr only
    if name in {"item", "index"}:
        if level < 0:
            text = f"there is no list around this expression for '{name}'" if depth == 0 else "there are not so many lists around it"
            return [Finding(codes.UNDEFINED_NAME, text, position(inner), "item, index and outer exist inside 'set' only")]
        return _walk(Access(f"{name}{level}", node), links)
    if name in STORES:
        return _store(Access(name, node), inner, links)
    return _walk(Access(name, node), links)


def _store(access: Access, name: nodes.Name, links: list[nodes.Getattr | nodes.Getitem]) -> Access | list[Finding]:
    if not links:
        hint = f"write {access.root}['name']"
        return [Finding(codes.KEY_WANTED, f"'{access.root}' is read by key, never as a whole", position(name), hint)]
    link = links[0]
    if isinstance(link, nodes.Getattr):
        key, place = link.attr, position(link)
    elif isinstance(link.arg, nodes.Const) and isinstance(link.arg.value, str):
        key, place = link.arg.value, position_in(link.arg, 0, max(len(link.arg.value), 1))
    else:
        return [Finding(codes.DISALLOWED, "a key is a constant text", position(link.arg), f"write {access.root}['name']")]
    return _walk(replace(access, key=key, places=(place,)), links[1:])


def _walk(access: Access, links: Iterable[nodes.Getattr | nodes.Getitem]) -> Access | list[Finding]:
    steps, places = list(access.steps), list(access.places)
    for link in links:
        if isinstance(link, nodes.Getattr):
            steps.append(Step(link.attr))
            places.append(position(link))
            continue
        if not isinstance(link.arg, nodes.Const) or not isinstance(link.arg.value, str):
            hint = "pick an element with ['list[key=value]'], or use first or last"
            return [Finding(codes.DISALLOWED, "only a constant path can stand in the brackets", position(link.arg), hint)]
        try:
            path = parse_path(link.arg.value)
        except PathError as error:
            hint = path_hint(link.arg.value)
            return [Finding(codes.PATH_SYNTAX, f"no path: {error.text}", position_in(link.arg, error.offset, 1), hint)]
        steps += path.steps
        places += [position_in(link.arg, step.offset, step.length) for step in path.steps]
    return replace(access, steps=tuple(steps), places=tuple(places))


def type_of_access(access: Access, scope: ScopeShapes, base: Type | None = None) -> tuple[Type, list[Finding]]:
    """The type of what is read. ``base`` is the type of the expression before the first member where there is no name."""
    if access.key is not None:
        return _type_of_store(access, scope)
    if access.root == "absent" and not access.steps:
        return Type(Kind.ANY, optional=True, never=True), []
    root = base or _type_of_root(access, scope)
    if root is None:
        name = access.root
        meant = _OTHERWISE_CALLED.get(name)
        hint = _elsewhere(meant or name, scope) if meant not in scope.documents else ""
        if meant is not None:
            hint = f"did you mean '{meant}'? {hint}".strip()
        if not hint:
            hint = suggest(name, scope.names(), "here are")
            if not access.steps:
                quote = f"to write the text itself, quote it inside: \"'{name}'\""
                near = hint.startswith("did you mean") and name[:1].islower()  # names begin with a small letter
                hint = f"{hint} {quote}" if near else quote if hint.startswith("did you mean") or not hint else f"{quote}; {hint}"
        return ANYTHING, [Finding(codes.UNDEFINED_NAME, f"'{name}' is not defined here", _name_place(access), hint)]
    if not access.steps:
        return root, []
    return _follow(access, root, scope)


def _elsewhere(name: str, scope: ScopeShapes) -> str:
    """Where a name that is not defined here is to be found instead; "" for one that exists nowhere."""
    received = "message" in scope.documents
    if name in OF_CALLS and received:
        return "the backend sends this message of its own accord, and nothing was asked before: read message['…']"
    if name in OF_MESSAGES and not received:
        return "only the file of a message that the backend sends ('receives:') has it"
    if name in ("request", "stored") and "asked" in scope.documents:
        return "this operation asks for many orders at once: read asked.orders, each with id, request and answer"
    if name == "asked":
        return "only an operation that asks for many orders has it: name it in the market's follow, as bulk.operation"
    if name == "known":
        return "nothing is on record that this section could be about"
    return f"'{name}' does not exist in this section yet" if name in (*OF_CALLS, *OF_MESSAGES) else ""


def _type_of_root(access: Access, scope: ScopeShapes) -> Type | None:
    name = access.root
    if name in scope.documents:
        found = scope.documents[name]
        present, filled = scope.facts.has(name, None)
        return replace(found, optional=found.optional and not present, nullable=found.nullable and not filled)
    if name in TEXTS:
        return TEXT
    for word in ("item", "index"):  # with the number of the list, as they are told apart within
        number = name.removeprefix(word)
        if number != name and number.isdecimal() and int(number) < len(scope.walked):
            return scope.walked[int(number)] if word == "item" else INTEGER
    return None


def _name_place(access: Access) -> Position:
    node: nodes.Expr = access.node
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return position(node)


def _type_of_store(access: Access, scope: ScopeShapes) -> tuple[Type, list[Finding]]:
    name, key = access.root, access.key or ""
    if access.steps:
        return ANYTHING, [Finding(codes.KIND, f"{name}['{key}'] has no members", access.places[1])]
    if key not in scope.stores[name]:
        known = sorted(scope.stores[name])
        if name == "setting":
            text, code = f"the market has no setting '{key}'", codes.UNKNOWN_SETTING
        else:
            what = {"header": "header", "query": "query parameter", "path": "path parameter"}[name]
            text, code = f"no face declares the {what} '{key}'", codes.UNDECLARED_KEY
        return ANYTHING, [Finding(code, text, access.places[0], suggest(key, known))]
    if name == "setting":
        value = scope.setting[key]
        return Type(kind_of(value), many=isinstance(value, list | tuple), nullable=value is None), []
    present, _ = scope.facts.has(name, key)
    return Type(Kind.TEXT, optional=not present), []


def _follow(access: Access, root: Type, scope: ScopeShapes) -> tuple[Type, list[Finding]]:
    """The type at the end of the steps; the first step that leaves the contract is a finding."""
    if root.many:
        hint = "walk it with each, or take first or last"
        return ANYTHING, [Finding(codes.MANY, "a list has no members", access.places[0], hint)]
    if root.shape is None:
        if root.kind is Kind.ANY:
            return ANYTHING, []
        return ANYTHING, [Finding(codes.KIND, f"{root.kind} has no members", access.places[0])]
    steps = access.steps
    try:
        place = resolve(root.shape, Path(steps))
    except UnknownStep as error:
        index = next(i for i, step in enumerate(steps) if step is error.step)
        code = codes.UNKNOWN_LEGACY if access.root in ("reply", "message") else codes.UNKNOWN_CANONICAL
        name, at = _blamed(error, access.places[index])
        return ANYTHING, [Finding(code, error.reason, at, suggest(name, error.known))]
    return _with_facts(access, root, root.shape, place, scope.facts), []


def _blamed(error: UnknownStep, at: Position) -> tuple[str, Position]:
    """The name that is wrong and its place: the step's, or the key it picks by."""
    pick = error.step.pick
    if pick is not None and error.reason.startswith(f"'{pick.key}' is not a member"):
        return pick.key, replace(at, column=at.column + len(error.step.name) + 1, length=len(pick.key))
    return error.step.name, replace(at, length=min(at.length, len(error.step.name)))


def _with_facts(access: Access, root: Type, shape: Shape, place: Place, facts: Facts) -> Type:
    """A list is as optional as the way to it; what its elements lack is left out of it. ``shape`` is the root's."""
    steps = access.steps
    if not place.many:
        present, filled = facts.has(*access.target)
        optional = (root.optional or root.nullable or place.optional or _null_on_the_way(shape, steps)) and not present
        found = (
            of_member(place.member, optional=optional)
            if place.member is not None
            else of_shape(place.shape, optional=optional, nullable=place.nullable)
        )
        return replace(found, many=False, nullable=found.nullable and not filled)
    walked = next((i for i, step in enumerate(steps) if step.each), len(steps) - 1)
    head = Path((*steps[:walked], Step(steps[walked].name)))
    way = resolve(shape, head)
    present, filled = facts.has(access.root, Path(head.steps))
    optional = (root.optional or root.nullable or way.optional or _null_on_the_way(shape, head.steps)) and not present
    return of_shape(place.shape, many=True, optional=optional, nullable=place.nullable and not filled)


def _null_on_the_way(shape: Shape, steps: tuple[Step, ...]) -> bool:
    """Whether an object on the way may be null, so that what lies behind it is absent."""
    return any(resolve(shape, Path(steps[:end])).nullable for end in range(1, len(steps)))
