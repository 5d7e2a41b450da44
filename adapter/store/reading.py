"""Rows of the tables as the values of ``rows``; the statements that only read."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, literal_column, or_, select

from adapter.ports import OutcomeKind
from adapter.store.connection import Connection, Statement
from adapter.store.packing import readable, unpack, unpack_issues
from adapter.store.rows import AttemptRow, Direction, MessageRow, OrderQuery, OrderRow, Response, Version
from adapter.store.schema import attempt, message, meta, resource_order

_ORDERS = resource_order.c
_ATTEMPTS = attempt.c
_WIDTH = len(_ORDERS)
_OUTCOME_AT, _REQUEST_AT, _ANSWER_AT, _RESOURCE_AT = (
    list(_ORDERS.keys()).index(name) for name in ("outcome", "request", "answer", "resource")
)

UNSETTLED = or_(_ATTEMPTS.outcome.is_(None), _ATTEMPTS.outcome == literal_column("'inDoubt'"))
"""Nobody knows yet what became of the attempt. Worded like the partial index, which serves it."""

LATEST = and_(_ATTEMPTS.order_id == _ORDERS.id, _ATTEMPTS.number == _ORDERS.attempt)

_GONE = and_(bindparam("alone", type_=Integer) == literal_column("1"), _ATTEMPTS.node != bindparam("node"))
"""Where there is one process only, an attempt of another one has lost it."""

_ORDER = Statement(select(resource_order).where(_ORDERS.id == bindparam("id")))
_PENDING = Statement(select(resource_order, attempt).where(_ORDERS.id == bindparam("id"), LATEST))
_UNSETTLED = Statement(
    select(resource_order, attempt)
    .where(UNSETTLED, _ATTEMPTS.started_at < bindparam("before"), LATEST)
    .where(or_(_ATTEMPTS.outcome.is_not(None), _ATTEMPTS.deadline <= bindparam("now"), _GONE))
    .where(_ATTEMPTS.started_at >= bindparam("since"))
    .where(or_(_ATTEMPTS.started_at > bindparam("since"), _ATTEMPTS.order_id > bindparam("behind")))
    .order_by(_ATTEMPTS.started_at, _ATTEMPTS.order_id)
    .limit(bindparam("count"))
)
_OUTCOME = Statement(select(_ATTEMPTS.outcome).where(_ATTEMPTS.order_id == bindparam("id"), _ATTEMPTS.number == bindparam("n")))
_MESSAGES = Statement(select(message).where(message.c.order_id == bindparam("id")).order_by(message.c.seq))
_ALL_ATTEMPTS = Statement(select(attempt).where(_ATTEMPTS.order_id == bindparam("id")).order_by(_ATTEMPTS.number))
_LAST_ATTEMPT = Statement(
    select(attempt).where(_ATTEMPTS.order_id == bindparam("id")).order_by(_ATTEMPTS.number.desc()).limit(literal_column("1"))
)
_META = Statement(select(meta.c.value).where(meta.c.name == bindparam("name")))


def order_row(row: tuple[Any, ...]) -> OrderRow:
    """A row of ``resource_order``."""
    values = list(row)
    values[_OUTCOME_AT] = OutcomeKind(row[_OUTCOME_AT]) if row[_OUTCOME_AT] else None
    values[_REQUEST_AT] = unpack(row[_REQUEST_AT], f"the request of order {row[0]}")
    values[_ANSWER_AT] = unpack(row[_ANSWER_AT], f"the document of order {row[0]}") if row[_ANSWER_AT] is not None else None
    return OrderRow(*values)


VERSION = tuple(_ORDERS[name] for name in Version._fields)
"""The columns of a ``Version``."""


def version(row: tuple[Any, ...], order_id: str) -> Version:
    """A row of the columns ``VERSION``."""
    found = Version(*row)
    return found if found.answer is None else found._replace(answer=unpack(found.answer, f"the document of order {order_id}"))


def kept_answer(order_id: str, status: int, headers: str, body: bytes) -> Response:
    """What repeats of the request that ``order_id`` stands for get."""
    return Response(status, unpack(body, f"the answer of order {order_id}"), orjson.loads(headers))


def attempt_row(row: tuple[Any, ...]) -> AttemptRow:
    """A row of ``attempt``."""
    order_id, number, node, started_at, deadline, rule_version, outcome, settled_at, evidence, issues = row
    kind = OutcomeKind(outcome) if outcome else None
    return AttemptRow(order_id, number, node, started_at, deadline, rule_version, kind, settled_at, evidence, unpack_issues(issues))


def order_and_attempt(row: tuple[Any, ...]) -> tuple[OrderRow, AttemptRow]:
    """A row of both tables side by side."""
    return order_row(row[:_WIDTH]), attempt_row(row[_WIDTH:])


def pending(c: Connection, order_id: str) -> tuple[OrderRow, AttemptRow]:
    """An order that exists, with its latest attempt."""
    row = c.row(_PENDING, {"id": order_id})
    assert row is not None, f"order {order_id} has no attempt"
    return order_and_attempt(row)


def unsettled(
    c: Connection, before: int, node: str, now: int, count: int, after: tuple[int, str] = (0, ""), *, alone: bool = True
) -> list[tuple[OrderRow, AttemptRow]]:
    """Latest attempts without a certain outcome that nobody is working on, oldest first; ``after`` a beginning and an order's id.

    ``alone``: there is no other process that could be at work on one.
    """
    since, behind = after
    values = {"before": before, "node": node, "now": now, "count": count, "since": since, "behind": behind, "alone": int(alone)}
    return [order_and_attempt(row) for row in c.rows(_UNSETTLED, values)]


def is_open(c: Connection, order_id: str, number: int) -> bool:
    """Whether the attempt has no outcome at all yet."""
    row = c.row(_OUTCOME, {"id": order_id, "n": number})
    return row is not None and row[0] is None


def find_order(c: Connection, markets: Collection[str] | None, identifier: str, resource: str | None = None) -> tuple[Any, ...] | None:
    """The order with this id, else the newest of these markets with this reference of its backend; of this ``resource`` only."""
    row = c.row(_ORDER, {"id": identifier})
    if row is not None and resource is not None and row[_RESOURCE_AT] != resource:
        row = None
    if markets is None:
        return row
    if row is not None and row[1] in markets:
        return row
    wanted = OrderQuery(markets=frozenset(markets), resource=resource, backend_ref=identifier, limit=1)
    listed = c.rows(*listing(wanted)) if identifier else []
    return listed[0] if listed else None


def find_messages(c: Connection, order_id: str) -> list[tuple[Any, ...]]:
    """Rows for ``message_row``, in the order in which they were recorded."""
    return c.rows(_MESSAGES, {"id": order_id})


def message_row(row: tuple[Any, ...]) -> MessageRow:
    """A row of ``message``. Nothing goes by a message but what people see."""
    order_id, seq, number, direction, operation, at, content_type, status, body, _ = row
    text, damage = readable(body, f"message {seq} of order {order_id}")
    return MessageRow(Direction(direction), operation, text, at, content_type, status, number, damage)


def last_attempt(c: Connection, order_id: str) -> AttemptRow | None:
    """The latest attempt of an order."""
    row = c.row(_LAST_ATTEMPT, {"id": order_id})
    return attempt_row(row) if row is not None else None


def find_attempts(c: Connection, order_id: str) -> list[AttemptRow]:
    """The attempts of an order, first to last."""
    return [attempt_row(row) for row in c.rows(_ALL_ATTEMPTS, {"id": order_id})]


def recall(c: Connection, name: str) -> str | None:
    """A value of ``meta``."""
    row = c.row(_META, {"name": name})
    return row[0] if row is not None else None


_FILTERS: dict[str, ColumnElement[bool]] = {
    "resource": _ORDERS.resource == bindparam("resource"),
    # The second half is what lets the partial index serve it.
    "subject": and_(_ORDERS.subject == bindparam("subject"), _ORDERS.subject != literal_column("''")),
    "operation": _ORDERS.operation == bindparam("operation"),
    "client": _ORDERS.client == bindparam("client"),
    "state": _ORDERS.state == bindparam("state"),
    "outcome": _ORDERS.outcome == bindparam("outcome"),
    "answered": _ORDERS.answer.is_not(None),
    "attention": _ORDERS.attention != literal_column("''"),  # worded like the partial index
    "external_id": _ORDERS.external_id == bindparam("external_id"),
    # The second half is what lets the partial index serve it.
    "backend_ref": and_(_ORDERS.backend_ref == bindparam("backend_ref"), _ORDERS.backend_ref != literal_column("''")),
    "correlation_id": _ORDERS.correlation_id == bindparam("correlation_id"),
    "created_from": _ORDERS.created_at >= bindparam("created_from"),
    "created_until": _ORDERS.created_at < bindparam("created_until"),
    "before": _ORDERS.id < bindparam("before"),
}
_OF_KIND = _ORDERS.resource.concat(literal_column("''")) == bindparam("resource")
_SELECTIVE = {"external_id", "backend_ref", "subject"}


@lru_cache(maxsize=256)
def _listing(names: tuple[str, ...], markets: int | None) -> Statement:
    chosen: Select[Any] = select(resource_order)
    if markets is not None:
        # Of several markets, or of all resources, the newest are at the end of the table; by way of an index they would have to be sorted.
        by_index = (markets == 1 and "resource" in names) or not _SELECTIVE.isdisjoint(names)
        market = _ORDERS.market if by_index else _ORDERS.market.concat(literal_column("''"))
        named: list[Any] = [bindparam(f"market{index}") for index in range(markets)]
        chosen = chosen.where(market.in_(named) if named else literal_column("1") == literal_column("0"))
    few = not _SELECTIVE.isdisjoint(names)  # then the kind is no reason to choose an index
    chosen = chosen.where(*(_OF_KIND if few and name == "resource" else _FILTERS[name] for name in names))
    return Statement(chosen.order_by(_ORDERS.id.desc()).limit(bindparam("count")).offset(bindparam("skip")))


def listing(query: OrderQuery) -> tuple[Statement, dict[str, Any]]:
    """The statement of a query and its parameters; each combination of filters is built once."""
    values = {name: value for name in _FILTERS if (value := getattr(query, name)) is not None}
    names = tuple(values)
    markets = sorted(query.markets) if query.markets is not None else None
    values.update({f"market{index}": market for index, market in enumerate(markets or ())})
    values.update(count=query.limit, skip=query.offset)
    return _listing(names, None if markets is None else len(markets)), values


def find_orders(c: Connection, query: OrderQuery) -> list[tuple[Any, ...]]:
    """Rows for ``order_row``, newest first."""
    return c.rows(*listing(query))
