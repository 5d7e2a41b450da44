"""A message that a backend sends of its own accord, on record: taken once, with all that it brings about, in one transaction.

Its key stands in the table of idempotency keys, with our answer, so that a message that comes again gets the same bytes, whatever
happened between the commit and the answer. A key is only ever written together with what the message did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, case, delete, func, insert, literal_column, select
from sqlalchemy.dialects.sqlite import insert as upsert

from adapter.ports import OutcomeKind
from adapter.store.accepting import Key
from adapter.store.advancing import Change, advance
from adapter.store.connection import Connection, Statement
from adapter.store.ids import short_form
from adapter.store.messages import insert_messages
from adapter.store.outbox import NewEvent, publish
from adapter.store.packing import Packer
from adapter.store.reading import LATEST, UNSETTLED, kept_answer, order_row
from adapter.store.rows import MessageRow, OrderRow, Response
from adapter.store.schema import attempt, idempotency, resource_order
from adapter.store.tasks import NewTask, put

_ORDER, _KEYS, _ATTEMPT = resource_order.c, idempotency.c, attempt.c
_ZERO: ColumnElement[int] = literal_column("0")
_ONE: ColumnElement[int] = literal_column("1")
_NONE: ColumnElement[str] = literal_column("''")
_MINE = and_(_ORDER.market == bindparam("market"), _ORDER.resource == bindparam("resource"))

_SEEN = Statement(select(idempotency).where(_KEYS.scope == bindparam("scope"), _KEYS.key == bindparam("key")))
_TAKE_KEY = Statement(
    upsert(idempotency).on_conflict_do_nothing(index_elements=["scope", "key"]),
    ("scope", "key", "fingerprint", "order_id", "status", "headers", "body", "created_at"),
)
_GIVE_BACK_KEY = Statement(delete(idempotency).where(_KEYS.scope == bindparam("scope"), _KEYS.key == bindparam("key")))
_BY_REFERENCE = Statement(
    select(resource_order)
    .where(_MINE, _ORDER.backend_ref == bindparam("reference"), _ORDER.backend_ref != _NONE)
    .order_by(_ORDER.id.desc())
    .limit(_ONE)
)
_BY_ID = Statement(select(resource_order).where(_MINE, _ORDER.id == bindparam("reference")))
_BY_OURS = Statement(select(resource_order).where(_MINE, _ORDER.client_reference == bindparam("reference")))
_by_external_id = (
    select(resource_order)
    .where(_MINE, _ORDER.external_id == bindparam("external"), _ORDER.external_id != _NONE)
    .where(_ORDER.outcome == literal_column("'accepted'"))
    .order_by(_ORDER.id.desc())
    .limit(_ONE)
)
_BY_EXTERNAL_ID = Statement(_by_external_id)
# An order whose backend has told us no number of its own yet.
_UNNUMBERED = Statement(_by_external_id.where(_ORDER.backend_ref == _NONE))
# Of attempts that began before the message came: only these can have made what it is about.
_UNDER_WAY = Statement(
    select(func.count(), func.max(case((_ATTEMPT.outcome.is_(None), _ATTEMPT.deadline), else_=_ZERO)))
    .select_from(attempt.join(resource_order, LATEST))
    .where(UNSETTLED, _ATTEMPT.started_at <= bindparam("came", type_=BigInteger), _MINE)
    .where(_ATTEMPT.started_at > bindparam("long_ago", type_=BigInteger))
)
# Of calls that ask for something to be done about an order: the message may be what came of one.
_ABOUT_IT = Statement(
    select(func.max(_ATTEMPT.deadline))
    .select_from(attempt.join(resource_order, LATEST))
    .where(_ORDER.subject == bindparam("subject"), _ORDER.subject != _NONE)
    .where(_ATTEMPT.outcome.is_(None), _ATTEMPT.started_at <= bindparam("came", type_=BigInteger))
)
_INSERT_MADE = Statement(
    insert(resource_order).values(attempt=literal_column("0"), outcome=literal_column("'accepted'")),
    (
        *("id", "market", "operation", "resource", "client", "face", "scope", "key", "correlation_id", "external_id", "client_reference"),
        *("state", "backend_ref", "rule_version", "request", "answer", "created_at", "updated_at", "event_seq", "legacy_state"),
        *("attention", "done_at"),
    ),
)


SETTLED = (OutcomeKind.ACCEPTED, OutcomeKind.REJECTED)
DOUBTFUL_FOR = 24 * 3_600_000
"""For so long (milliseconds) an attempt of which nobody knows what became of it may be what an unknown reference is about."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a message is about. ``reference`` is the number that the report names, "" where it names none; ``external_id`` its caller's."""

    market: str
    resource: str
    reference: str
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the record knows of a message. ``seen`` is what the same message was answered; ``other``: the order that a message of this
    key with other content was about; ``order``: the one that this is about. ``waiting`` says that a call is still under way that may make
    it known, or that it is a consequence of; ``doubtful``, without an order, that it is not known what became of one."""

    seen: Response | None = None
    other: str = ""
    order: OrderRow | None = None
    waiting: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that a message makes: the columns of its row by name (documents not compressed) beside ``key``, its events, tasks and
    messages. ``audience`` is the one client whose listeners hear of it ("": all do)."""

    wanted: Wanted
    values: Mapping[str, Any]
    events: tuple[NewEvent, ...]
    tasks: tuple[NewTask, ...]
    messages: tuple[MessageRow, ...]
    audience: str = ""


def look(c: Connection, key: Key, wanted: Wanted, came: int, now: int) -> Looked:
    """What is known of a message that came at ``came``, without writing. An order is there when its own call is settled: before that,
    our answer to the message and the end of the call would be in each other's way."""
    row = c.row(_SEEN, {"scope": key.scope, "key": key.key})
    if row is not None:
        _, _, fingerprint, order_id, status, headers, body, _ = row
        if fingerprint != key.fingerprint:
            return Looked(other=order_id)
        return Looked(seen=kept_answer(order_id, status, headers, body))
    order = find(c, wanted)
    if order is not None and order.outcome in SETTLED:
        (until,) = c.row(_ABOUT_IT, {"subject": order.id, "came": came}) or (None,)
        return Looked(order=order, waiting=(until or 0) > now)
    values = {"market": wanted.market, "resource": wanted.resource, "came": came, "long_ago": came - DOUBTFUL_FOR}
    unsettled, until = c.row(_UNDER_WAY, values) or (0, 0)
    if not unsettled and (order := find(c, wanted)) is not None and order.outcome in SETTLED:
        return Looked(order=order)  # another node ended its call between the two looks
    return Looked(waiting=(until or 0) > now, doubtful=unsettled > 0)


def find(c: Connection, wanted: Wanted) -> OrderRow | None:
    """The resource by its backend's number for it, else by ours, else, while its backend has told none, by its caller's. A message that
    has no number for it means the newest with its caller's."""
    values = {"market": wanted.market, "resource": wanted.resource, "reference": wanted.reference, "external": wanted.external_id}
    tried = (_BY_REFERENCE, _BY_ID, _BY_OURS, _UNNUMBERED) if wanted.reference else (_BY_EXTERNAL_ID,)
    for statement in tried:
        row = c.row(statement, values)
        if row is not None:
            return order_row(row)
    return None


def receive(c: Connection, key: Key, change: Change, answer: Response) -> bool:
    """What a message does to an order, with its key and our answer. False, and nothing is written, where the order has changed since
    or the key is taken: then ``look`` tells what there is now."""
    if not _take(c, key, change.order_id, answer, change.at):
        return False
    if advance(c, change):
        return True
    _give_back(c, key)
    return False


def make(c: Connection, key: Key, made: Made, answer: Response) -> int | None:
    """A new resource, with the key of the message that makes it and our answer; how many listeners are told of it. None, and nothing is
    written, where the key is taken or somebody made the resource meanwhile."""
    wanted, values = made.wanted, made.values
    order_id, at = values["id"], values["created_at"]
    c.lock(f"reference {wanted.market}/{wanted.resource}/{wanted.reference}")  # two messages about one that is new, at once on two nodes
    if find(c, wanted) is not None or not _take(c, key, order_id, answer, at):
        return None
    packer = Packer()
    kept = {name: packer.pack(values[name]) for name in ("request", "answer")}
    named = {"client_reference": short_form(order_id), "scope": key.scope, "key": key.key, "event_seq": len(made.events)}
    c.change(_INSERT_MADE, {**values, **kept, **named})
    listeners = publish(c, order_id, wanted.market, 1, made.events, at, packer, made.audience)
    insert_messages(c, packer.messages(order_id, 0, made.messages))
    put(c, made.tasks, at)
    return listeners


def _take(c: Connection, key: Key, order_id: str, answer: Response, at: int) -> bool:
    """Whether the key was free. Whoever asks for it meanwhile waits for the end of this transaction."""
    headers = orjson.dumps(dict(answer.headers)).decode()
    stored = {"order_id": order_id, "status": answer.status, "headers": headers, "body": Packer().pack(answer.body), "created_at": at}
    return c.change(_TAKE_KEY, {**key._asdict(), **stored}) == 1


def _give_back(c: Connection, key: Key) -> None:
    c.change(_GIVE_BACK_KEY, key._asdict())
