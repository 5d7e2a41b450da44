"""The small contracts that the corpus is checked against; no WSDL, no TMF model."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.contract.shape import Branch, Kind, Member, MemberGroup, OperationContract, Shape
from adapter.mapping.check import Canonical, Surroundings, change, part, question, question_for_many, received, task

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


def _cancel() -> Canonical:
    order = obj("OrderRef", must("id"))
    request = obj("CancelOrder", must("order", order), may("reason"))
    task_state = text(enum=("acknowledged", "inProgress", "done"))
    return Canonical(request, obj("CancelOrder", must("id"), must("state", task_state), must("order", order), may("reason")))


def _change_order() -> OperationContract:
    asked = obj("ChangeOrder", must("number"), may("day"), may("remark", text(max_length=20)))
    return OperationContract("ChangeOrder", asked, obj("ChangeOrderReply", must("code"), may("message")))


def _messages() -> dict[str, OperationContract]:
    line = obj("ProgressLine", must("code"), may("status", text(enum=("O", "D"))), may("count", Shape(Kind.INTEGER)))
    status = text(enum=("OPEN", "DONE", "DEAD"))
    progress = obj("OrderProgress", must("number"), may("messageId"), must("status", status), may("day"), may("line", line, many=True))
    told = obj("OrderProgressReply", must("code", text(enum=("0", "1", "2"))), may("text", text(max_length=80)))
    return {
        "OrderProgress": OperationContract("OrderProgress", progress, told),
        "OrderNotice": OperationContract("OrderNotice", progress, obj("Nothing"), one_way=True),
    }


@pytest.fixture(scope="session")
def around() -> Surroundings:
    """A resource with a task, two legacy operations, two messages, two faces; code tables come with each case."""
    order, keys = _canonical(), {"item": "id"}
    return Surroundings(
        canonical={
            "order": order,
            "order.update": change(order, keys, part(order.request, keys)),
            "cancelOrder": task(_cancel(), order.resource, keys),
            "order.status": question(order, keys),
            "order.statusList": question_for_many(order, keys, "id"),
        },
        legacy={"PlaceOrder": _place_order(), "ChangeOrder": _change_order()},
        settings={"mode": "test", "holidays": "2026-01-01,2026-12-25"},
        faces=frozenset({"plain", "tmf"}),
        header=frozenset({"channelId"}),
        query=frozenset({"dryRun"}),
        path=frozenset({"id"}),
        received={"order": received(order, keys, "id")},
        inbound=_messages(),
    )


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the corpus."""
    return Path(__file__).parent
