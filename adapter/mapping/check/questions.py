"""The canonical side of a question for an order's state: its answer is a report, a part of the resource.

What a report does not tell stays as it is known, so nothing in it has to be there but what tells the parts and the orders apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from adapter.contract.shape import Kind, Member, Shape
from adapter.mapping.check.surroundings import Canonical


def question(canonical: Canonical, keys: Mapping[str, str]) -> Canonical:
    """Of one order. ``keys``: by the name of a list, the member that tells its elements apart (``productOrderItem`` → ``id``)."""
    return Canonical(canonical.request, _report(canonical.resource, keys), canonical.supplied)


def question_for_many(canonical: Canonical, keys: Mapping[str, str], identity: str) -> Canonical:
    """Of many orders at once: rules read ``asked.orders`` and write ``orders[]``, told apart by ``identity``."""
    reported = _report(canonical.resource, keys, identity)
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


def _orders(name: str, shape: Shape, *, required: bool = False) -> Shape:
    return Shape(Kind.OBJECT, name, members={"orders": Member("orders", shape, required=required, many=True)})


def _report(shape: Shape, keys: Mapping[str, str], key: str = "") -> Shape:
    """The shape with ``key`` alone required. Parts of parts are such parts again."""
    known: dict[int, Shape] = {}

    def loosened(whole: Shape, key: str) -> Shape:
        if id(whole) in known:
            return known[id(whole)]
        loose = known[id(whole)] = replace(whole, members={}, groups=())
        for name, member in whole.members.items():
            part = loosened(member.shape, keys[name]) if name in keys and member.many else member.shape
            loose.members[name] = replace(member, shape=part, required=name == key, min_items=0)
        return loose

    return loosened(shape, key)
