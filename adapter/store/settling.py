"""The end of an attempt: outcome, state, answer and messages in one transaction that only the first to settle it wins."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import BigInteger, Integer, Text, bindparam, case, func, literal_column, select, update

from adapter.ports import OutcomeKind
from adapter.store.advancing import Change, Overtaken, advance, hold_order
from adapter.store.connection import Connection, Statement
from adapter.store.messages import append_messages, insert_messages
from adapter.store.outbox import NewEvent, audience_of, publish
from adapter.store.packing import Packer, pack_issues
from adapter.store.reading import UNSETTLED
from adapter.store.rows import Settlement
from adapter.store.schema import attempt, idempotency, resource_order
from adapter.store.tasks import put, withdraw

FINAL = (OutcomeKind.ACCEPTED, OutcomeKind.REJECTED)
_ORDER, _ATTEMPT = resource_order.c, attempt.c

_SETTLE = Statement(
    update(attempt)
    .where(_ATTEMPT.order_id == bindparam("order"), _ATTEMPT.number == bindparam("n"), UNSETTLED)
    .values(
        outcome=bindparam("kind"),
        settled_at=bindparam("now"),
        # The first reason stays: why an order was in doubt is worth as much as how the doubt ended. What is in doubt again adds nothing.
        evidence=case(
            (_ATTEMPT.evidence == literal_column("''"), bindparam("why", type_=Text())),
            (bindparam("again", type_=Integer()) == literal_column("1"), _ATTEMPT.evidence),
            else_=_ATTEMPT.evidence + literal_column("'; then: '") + bindparam("why", type_=Text()),
        ),
        issues=bindparam("read_as"),
    )
)
_EXISTS = Statement(select(literal_column("1")).where(_ATTEMPT.order_id == bindparam("order"), _ATTEMPT.number == bindparam("n")))
_UPDATE_ORDER = Statement(
    update(resource_order)
    .where(_ORDER.id == bindparam("order"))
    .values(
        outcome=bindparam("kind"),
        state=case((bindparam("become") == literal_column("''"), _ORDER.state), else_=bindparam("become")),
        backend_ref=case((bindparam("ref") == literal_column("''"), _ORDER.backend_ref), else_=bindparam("ref")),
        answer=func.coalesce(bindparam("document"), _ORDER.answer),
        attention=literal_column("''"),
        done_at=func.coalesce(_ORDER.done_at, bindparam("done", type_=BigInteger())),
        event_seq=_ORDER.event_seq + bindparam("told", type_=Integer()),
        updated_at=bindparam("now"),
    )
)
# Not by RETURNING, for which SQLite makes a table each time.
_TOLD_IN = Statement(select(_ORDER.market, _ORDER.event_seq, _ORDER.client).where(_ORDER.id == bindparam("order")))
# Its other keys were taken with its answer.
_KEEP_RESPONSE = Statement(
    update(idempotency)
    .where(idempotency.c.order_id == bindparam("order"), idempotency.c.status.is_(None))
    .values(status=bindparam("http"), headers=bindparam("fields"), body=bindparam("content"))
)


def pack_settlement(order_id: str, number: int, settlement: Settlement) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The parameters of ``settle``, compressed outside of the database's thread.

    Raises ValueError for a final outcome without the response that repeats are to get.
    """
    response, packer = settlement.response, Packer()
    values: dict[str, Any] = {
        "order": order_id,
        "n": number,
        "kind": settlement.outcome._value_,
        "now": settlement.at,
        "why": settlement.evidence,
        "again": int(settlement.outcome is OutcomeKind.IN_DOUBT),
        "read_as": pack_issues(settlement.issues),
        "become": settlement.state,
        "ref": settlement.backend_ref,
        "document": packer.pack(settlement.answer) if settlement.answer is not None else None,
        "done": settlement.done_at,
        "told": len(settlement.events),
        "events": settlement.events,
        "tasks": settlement.tasks,
        "withdraws": settlement.withdraws,
        "private": settlement.private,
        "subject": settlement.subject,
        "packer": packer,
        "response": None,
    }
    if settlement.outcome in FINAL and not settlement.answered:
        if response is None:
            raise ValueError(f"order {order_id} cannot be settled as {settlement.outcome}: repeats of its request need a response")
        headers = orjson.dumps(dict(response.headers)).decode()
        values["response"] = {"order": order_id, "http": response.status, "fields": headers, "content": packer.pack(response.body)}
    return values, packer.messages(order_id, number, settlement.messages)


def settle(c: Connection, values: dict[str, Any], messages: list[dict[str, Any]]) -> bool:
    """Settles an attempt that nobody has settled. The messages are kept in any case: they were said. Raises Overtaken."""
    subject: Change | None = values["subject"]
    if subject is not None:
        hold_order(c, subject.order_id)  # the older row first, as everywhere
    won = c.change(_SETTLE, values) == 1
    if won:
        c.change(_UPDATE_ORDER, values)
        response: dict[str, Any] | None = values["response"]
        if response is not None:
            c.change(_KEEP_RESPONSE, response)
        events: tuple[NewEvent, ...] = values["events"]
        if events and (row := c.row(_TOLD_IN, values)) is not None:
            market, last, client = row
            audience = audience_of(client, private=values["private"])
            publish(c, values["order"], market, last - len(events) + 1, events, values["now"], values["packer"], audience)
        for task_id in values["withdraws"]:
            withdraw(c, task_id)
        put(c, values["tasks"], values["now"])
        insert_messages(c, messages)
        if subject is not None and not advance(c, subject):
            raise Overtaken
    elif c.row(_EXISTS, values) is not None:
        append_messages(c, messages)
    return won
