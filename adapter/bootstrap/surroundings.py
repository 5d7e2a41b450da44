"""What the mappings of a market are checked against: its resources with all that the market adds to them, and what each of its operations
may read and write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from adapter.contract.shape import Kind as ShapeKind
from adapter.contract.shape import OperationContract, Shape
from adapter.contract.tmf import Resource, extend_all, load_extension, resource, with_states
from adapter.faces.declaration import Face
from adapter.mapping.check import Canonical, Surroundings, change, question, question_for_many, received, task
from adapter.mapping.tables import CodeTable
from adapter.market import Market
from adapter.settings import Home

_CREATE, _UPDATE, _DELETE = "create", "update", "delete"


def resources_of(home: Home, market: Market) -> dict[str, Resource]:
    """The resources of a market's operations and messages, and those that its tasks are about. Raises ConfigError for an
    extension that cannot be read, or does not fit them."""
    kinds = {operation.partition(".")[0] for operation in (*market.operations, *market.messages)}
    kinds |= {life.subject.resource for kind in kinds if (life := market.life(kind)).subject is not None}
    found = {kind: resource(kind) for kind in sorted(kinds)}
    if market.extension is not None:
        found = extend_all(found, load_extension(home.path(market.extension)))
    for kind, more in market.lives.items():
        if more.states and kind in found:
            life = market.life(kind)
            found[kind] = with_states(found[kind], life.member, more.states)
            if (items := life.life.items) is not None:
                of_parts = [state for state in more.states if state not in items.without]
                found[kind] = with_states(found[kind], f"{items.member}.{items.state}", of_parts)
    return found


def changes_of(market: Market, faces: Iterable[Face]) -> frozenset[str]:
    """The operations that change a resource on record: ``update``, and any other verb on a route of that kind."""
    routed = {route.operation for face in faces for route in face.routes if route.kind == "update"}
    return frozenset(name for name in market.operations if name.endswith(f".{_UPDATE}") or name in routed)


def surroundings(
    market: Market,
    faces: list[Face],
    resources: Mapping[str, Resource],
    changes: Set[str],
    tables: Mapping[str, CodeTable],
    legacy: Mapping[str, OperationContract],
    inbound: Mapping[str, OperationContract],
) -> Surroundings:
    """``changes`` are the operations that change a resource on record; ``legacy`` is by the operation that is called, ``inbound`` by the
    message that comes."""
    routes = [route for face in faces for route in face.routes]
    supplied = frozenset(addition.member for face in faces for addition in face.additions)
    canonical = {
        kind: Canonical(
            request=each.create,
            resource=each.full,
            supplied=supplied,
            answers={face: contract.shape for face, contract in each.answers.items()},
        )
        for kind, each in resources.items()
    }
    of_operations = {
        **_of_creates(market, canonical),
        **_of_changes(market, canonical, resources, changes),
        **_of_questions(market, canonical, {route.operation for route in routes}),
    }
    return Surroundings(
        canonical={**canonical, **_of_tasks(market, canonical), **of_operations},
        legacy=legacy,
        tables=tables,
        settings=market.settings,
        faces=frozenset(face.view for face in faces),
        header=frozenset(name for face in faces for name in face.headers),
        query=frozenset(name for route in routes for name in route.query),
        path=frozenset(name for route in routes for name in route.parameters),
        received={kind: received(each, _keys(market, kind), market.life(kind).life.identity) for kind, each in canonical.items()},
        inbound=inbound,
    )


def _keys(market: Market, kind: str) -> dict[str, str]:
    """By the name of a list, the member that tells its elements apart."""
    items = market.life(kind).life.items
    return {items.member: items.key[0]} if items is not None else {}


def _of_tasks(market: Market, canonical: Mapping[str, Canonical]) -> dict[str, Canonical]:
    """The resources that ask for something to be done to another one."""
    found = {}
    for kind, each in canonical.items():
        subject = market.life(kind).subject
        if subject is not None:
            found[kind] = task(each, canonical[subject.resource].resource, _keys(market, subject.resource))
    return found


def _of_creates(market: Market, canonical: Mapping[str, Canonical]) -> dict[str, Canonical]:
    """By operation, what makes a resource: its answer tells by which id the backend knows it. Tasks have ids of the adapter's own."""
    kinds = {name: name.partition(".")[0] for name in market.operations if name.endswith(f".{_CREATE}")}
    lives = {name: market.life(name) for name in kinds}
    return {name: replace(canonical[kinds[name]], identities=(life.life.identity,)) for name, life in lives.items() if life.subject is None}


def _of_changes(
    market: Market, canonical: Mapping[str, Canonical], resources: Mapping[str, Resource], changes: Set[str]
) -> dict[str, Canonical]:
    """By operation, what changes a resource. A deletion has no body."""
    found = {}
    for name in (*changes, *(name for name in market.operations if name.endswith(f".{_DELETE}"))):
        kind, _, verb = name.partition(".")
        request = Shape(ShapeKind.OBJECT, "a deletion") if verb == _DELETE else resources[kind].update or resources[kind].create
        found[name] = change(canonical[kind], _keys(market, kind), request)
        if market.operations[name].probe:  # it answers what the change would have been answered
            found[market.operations[name].probe] = found[name]
    return found


def _of_questions(market: Market, canonical: Mapping[str, Canonical], offered: Set[str]) -> dict[str, Canonical]:
    """By operation, the questions by which orders are followed. One that is offered to callers as well answers the whole resource."""
    found = {}
    for name, follow in market.follow.items():
        kind = name.partition(".")[0]
        asked = replace(canonical[kind], known=canonical[kind].resource)
        found[follow.by] = asked if follow.by in offered else question(asked, _keys(market, kind))
        if follow.bulk is not None:
            found[follow.bulk.operation] = question_for_many(canonical[kind], _keys(market, kind), market.life(kind).life.identity)
    return found
