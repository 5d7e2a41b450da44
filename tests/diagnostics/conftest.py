"""The small contracts that the corpus is checked against; no WSDL, no TMF model."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.contract.shape import Branch, Kind, Member, MemberGroup, OperationContract, Shape
from adapter.mapping.check import Canonical, Surroundings, question, question_for_many

TEXT = Shape(Kind.TEXT)


def text(**facets: object) -> Shape:
    return Shape(Kind.TEXT, **facets)  # type: ignore[arg-type]


def obj(name: str, *members: Member, groups: tuple[MemberGroup, ...] = ()) -> Shape:
    return Shape(Kind.OBJECT, name, {member.name: member for member in members}, groups=groups)


def must(name: str, shape: Shape = TEXT, **more: object) -> Member:
    return Member(name, shape, required=True, **more)  # type: ignore[arg-type]


def may(name: str, shape: Shape = TEXT, **more: object) -> Member:
    return Member(name, shape, **more)  # type: ignore[arg-type]


def _canonical() -> Canonical:
    note = obj("Note", may("@type"), must("text"), may("author"))
    party = obj("Party", must("id"), may("role"))
    item = obj(
        "Item", must("id"), must("action", text(enum=("add", "modify", "delete"))), may("quantity", Shape(Kind.INTEGER)), may("@type")
    )
    account = obj("Account", must("id"), may("owner"))
    common = (
        may("externalId"),
        may("category", text(enum=("RES", "BUS"))),
        may("priority", Shape(Kind.INTEGER)),
        may("express", Shape(Kind.BOOLEAN)),
        may("comment", nullable=True),
        may("description", text(max_length=60)),
        may("account", account),
        may("note", note, many=True),
        may("party", party, many=True),
        may("item", item, many=True),
    )
    state = text(enum=("acknowledged", "completed", "failed"))
    resource = obj("Order", must("id"), must("href"), may("state", state), *common)
    return Canonical(obj("Order", *common), resource, supplied=frozenset({"href"}))


def _place_order() -> OperationContract:
    line = obj("Line", must("code", text(max_length=10)), may("action", text(enum=("A", "M", "D"))), may("quantity", Shape(Kind.INTEGER)))
    contact = obj(
        "Contact",
        may("phone", choice="reach"),
        may("email", choice="reach"),
        groups=(MemberGroup("reach", True, (Branch(("phone",), ("phone",)), Branch(("email",), ("email",)))),),
    )
    order = obj(
        "PlacedOrder",
        may("number", text(max_length=16)),
        must("account", text(pattern="#?[0-9]{4,8}", min_length=4)),
        may("category", text(enum=("R", "B"))),
        may("urgent", text(max_length=1)),
        may("count", Shape(Kind.INTEGER, minimum=1, maximum=99)),
        may("remark", text(max_length=20)),
        may("owner", obj("Owner", must("id"), may("name"))),
        may("contact", contact),
        may("tag", many=True),
        may("line", line, many=True),
    )
    result = obj("Result", must("code"), may("message", many=True))
    reply = obj("PlaceOrderReply", must("result", result), may("number"), may("total", Shape(Kind.INTEGER)), may("order", order))
    return OperationContract("PlaceOrder", obj("PlaceOrder", must("order", order), may("channel")), reply)


@pytest.fixture(scope="session")
def around() -> Surroundings:
    """One resource, one legacy operation, two faces; code tables come with each case."""
    return Surroundings(
        canonical={
            "order": _canonical(),
            "order.status": question(_canonical(), {"item": "id"}),
            "order.statusList": question_for_many(_canonical(), {"item": "id"}, "id"),
        },
        legacy={"PlaceOrder": _place_order()},
        settings={"mode": "test"},
        faces=frozenset({"plain", "tmf"}),
        header=frozenset({"channelId"}),
        query=frozenset({"dryRun"}),
        path=frozenset({"id"}),
    )


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the corpus."""
    return Path(__file__).parent
