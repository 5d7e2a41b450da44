"""An order as it is read back from the record: the message it came by, and the document its callers know."""

from __future__ import annotations

from adapter.contract.json_text import parse_json
from adapter.ports import Document, Message
from adapter.resource import Advance, Resource, Unexpected
from adapter.store import OrderRow

STORED_DEPTH = 1_000
"""A stored document was checked when it came; this limit is there for the reader's stack only."""


def message_of(order: OrderRow) -> Message:
    """The message an order came by, as far as rules and faces look at it."""
    context = parse_json(order.request, max_depth=STORED_DEPTH)
    return Message(
        face=order.face,
        client=order.client,
        market=order.market,
        operation=order.operation,
        correlation_id=order.correlation_id,
        body=context["request"],
        raw=b"",
        header=context["header"],
        query=context["query"],
        path=context["path"],
        received_at=order.created_at,
        key=order.key,
    )


def document_of(order: OrderRow) -> Document:
    """The order as its callers know it."""
    document: Document = parse_json(order.answer, max_depth=STORED_DEPTH) if order.answer else {}
    return document if document.get("state") == order.state else {**document, "state": order.state}


def resource_of(order: OrderRow) -> Resource:
    """The resource that its operation is about."""
    return Resource.load(order.operation.partition(".")[0])


def advanced(order: OrderRow, reported: Document, backend_ref: str = "") -> Advance | Unexpected:
    """What a report makes of an order. The order keeps the id it was answered with, whatever number its backend has for it
    (``backend_ref``: from now on); a report about another of the backend's orders is unexpected."""
    current = document_of(order)
    theirs, mine = reported.get("id"), current.get("id")
    if theirs is not None and mine is not None and str(theirs) == (backend_ref or order.backend_ref):
        reported = {**reported, "id": mine}
    return resource_of(order).advance(current, reported)
