"""Canonical documents that are parts of a resource: what a change, a report of the backend or a question for a state tells of it.

What such a part does not tell stays as it is known, so nothing in it has to be there but what tells its elements, and sometimes
the resource itself, apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from adapter.contract.shape import Kind, Member, Shape
from adapter.mapping.check.surroundings import Canonical

_OF_CALLERS = "externalId"
Keys = Mapping[str, str]  # by the name of a list, the member that tells its elements apart (``productOrderItem`` → ``id``)


def part(shape: Shape, keys: Keys, identity: str = "") -> Shape:
    """The shape with ``identity`` alone required. Parts of parts are such parts again."""
    known: dict[int, Shape] = {}

    def loosened(whole: Shape, key: str) -> Shape:
        if id(whole) in known:
            return known[id(whole)]
        loose = known[id(whole)] = replace(whole, members={}, groups=())
        for name, member in whole.members.items():
            inner = loosened(member.shape, keys[name]) if name in keys and member.many else member.shape
            loose.members[name] = replace(member, shape=inner, required=name == key, min_items=0)
        return loose

    return loosened(shape, identity)


def question(canonical: Canonical, keys: Keys) -> Canonical:
    """A question for the state of one order: its reply tells a part of it."""
    return replace(canonical, resource=part(canonical.resource, keys), answers={})


def question_for_many(canonical: Canonical, keys: Keys, identity: str) -> Canonical:
    """Of many orders at once: rules read ``asked.orders`` and write ``orders[]``, told apart by ``identity``."""
    reported = part(canonical.resource, keys, identity)
    recorded = Shape(
        Kind.OBJECT,
        "an order that is asked for",
        members={
            "id": Member("id", Shape(Kind.TEXT), required=True),
            "request": Member("request", canonical.request, required=True),
            "answer": Member("answer", canonical.resource),
        },
    )
    return Canonical(
        Shape(Kind.OBJECT, "a question about many orders"), _orders("reports", reported), asked=_orders("asked", recorded, required=True)
    )


def change(canonical: Canonical, keys: Keys, request: Shape) -> Canonical:
    """A change of a resource on record: ``request`` holds the members that change, and so does the reply."""
    partial = part(canonical.resource, keys)
    return replace(canonical, request=request, resource=partial, known=canonical.resource, subject=partial)


def task(canonical: Canonical, about: Shape, keys: Keys) -> Canonical:
    """A resource that asks for something to be done to another one, its subject, which is ``about``."""
    return replace(canonical, known=about, subject=part(about, keys))


def received(canonical: Canonical, keys: Keys, identity: str) -> Canonical:
    """A message of the backend: it tells a part of the resource that its ``identity`` names, or its caller's own number."""
    members = canonical.resource.members
    named = tuple(name for name in (identity, _OF_CALLERS) if name in members)
    return Canonical(canonical.request, part(canonical.resource, keys), known=canonical.resource, identities=named)


def _orders(name: str, shape: Shape, *, required: bool = False) -> Shape:
    return Shape(Kind.OBJECT, name, members={"orders": Member("orders", shape, required=required, many=True)})
