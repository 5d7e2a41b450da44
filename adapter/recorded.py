"""An order as it is read back from the record: the message it came by, and the document its callers know."""

from __future__ import annotations

from dataclasses import replace

from adapter import clock
from adapter.backend import Rules
from adapter.contract.json_text import parse_json
from adapter.intake import scope_of
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from adapter.market import Market
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


def kind_of(order: OrderRow) -> str:
    """What it is: productOrder."""
    return order.resource or order.operation.partition(".")[0]


def document_of(order: OrderRow) -> Document:
    """The order as its callers know it."""
    document: Document = parse_json(order.answer, max_depth=STORED_DEPTH) if order.answer else {}
    member = Resource.load(kind_of(order)).member
    return document if document.get(member) == order.state else {**document, member: order.state}


def scope_about(rules: Rules, message: Message, client_reference: str, subject: OrderRow | None) -> Scope:
    """What the rules may see of a message about something on record: ``known``, and as ``path['id']`` the backend's own number of it."""
    if subject is None:
        return scope_of(rules, message, client_reference)
    path = {**message.path, "id": subject.backend_ref} if subject.backend_ref else message.path
    return scope_of(rules, replace(message, path=path), client_reference, document_of(subject))


def view_of(rules: Rules, face: str, order: OrderRow, document: Document) -> Document:
    """The document as a face shows what is on record. Raises MappingFailed."""
    return view_as(rules, face, message_of(order), order.client_reference, document)


def view_as(rules: Rules, face: str, came_by: Message, client_reference: str, document: Document) -> Document:
    """The document as a face shows it: by the rules of the message that it came by, or others of its kind. Raises MappingFailed."""
    translator = _viewer(rules, came_by.operation)
    return document if translator is None else translator.view(face, scope_of(rules, came_by, client_reference), document)


def _viewer(rules: Rules, operation: str) -> Translator | None:
    kind = operation.partition(".")[0]
    tried = (rules.translators.get(name) for name in (operation, f"{kind}.create", f"{kind}.retrieve"))
    return next((found for found in tried if found is not None and not found.received), None)


def advanced(market: Market, order: OrderRow, reported: Document, now: int, backend_ref: str = "") -> Advance | Unexpected:
    """What a report makes of an order. The order keeps the id it was answered with, whatever number its backend has for it
    (``backend_ref``: from now on); a report about another of the backend's orders is unexpected. ``now``: milliseconds."""
    current = document_of(order)
    return market.life(kind_of(order)).advance(current, as_ours(order, current, reported, backend_ref), clock.iso(now))


def come_to(market: Market, order: OrderRow, state: str, now: int) -> Advance | Unexpected:
    """What it makes of an order that we know it to be in a state, whatever member its life has for that; unexpected where the life has no
    such state, or the order is at its end."""
    return advanced(market, order, {market.life(kind_of(order)).member: state}, now)


def put_on_hold(market: Market, order: OrderRow, now: int) -> Advance | Unexpected:
    """What it makes of an order that nobody knows what became of; where its life has no state for that, it stays as it was."""
    life = market.life(kind_of(order))
    return advanced(market, order, {life.member: life.doubtful} if life.doubtful else {}, now)


def refused(market: Market, order: OrderRow, now: int) -> Advance | Unexpected:
    """What it makes of an order that its backend has refused; unexpected where its life has no state for that."""
    life = market.life(kind_of(order))
    return come_to(market, order, life.refused, now) if life.refused else Unexpected(f"the life of {life.name} has no state for that")


def as_ours(order: OrderRow, current: Document, reported: Document, backend_ref: str = "") -> Document:
    """A report under the id that the order has here, where it is about the backend's number of it."""
    theirs, mine = reported.get("id"), current.get("id")
    if theirs is not None and mine is not None and str(theirs) == (backend_ref or order.backend_ref):
        return {**reported, "id": mine}
    return reported
