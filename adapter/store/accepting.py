"""The idempotent receiver: a request is recorded once, with the intent to call its backend, before anything is done for it."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
from sqlalchemy import and_, bindparam, delete, insert, literal_column, null, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from adapter.frozen import frozen
from adapter.ports import OutcomeKind
from adapter.store.connection import Connection, Statement
from adapter.store.ids import short_form
from adapter.store.messages import insert_first_messages, insert_messages
from adapter.store.outbox import NewEvent, audience_of, publish
from adapter.store.packing import Packer
from adapter.store.rates import permits
from adapter.store.reading import VERSION, find_order, kept_answer, order_row, pending, version
from adapter.store.rows import (
    Acceptance,
    Accepted,
    AttemptRow,
    Deleted,
    Direction,
    Doubtful,
    Fresh,
    InFlight,
    Mismatch,
    Moved,
    NoPermit,
    OrderRow,
    Response,
    Seen,
    Version,
)
from adapter.store.schema import attempt, idempotency, resource_order
from adapter.store.tasks import NewTask, put

_KEY = and_(idempotency.c.scope == bindparam("scope"), idempotency.c.key == bindparam("key"))
_CERTAINLY_NOT_DONE = (OutcomeKind.UNAVAILABLE, OutcomeKind.ABSENT)
_OPEN = (None, OutcomeKind.IN_DOUBT)

_TAKE_KEY = Statement(
    upsert(idempotency).on_conflict_do_nothing(index_elements=["scope", "key"]),
    ("scope", "key", "fingerprint", "order_id", "created_at"),
)
_SHARE_ANSWER = Statement(
    upsert(idempotency).on_conflict_do_nothing(index_elements=["scope", "key"]),
    ("scope", "key", "fingerprint", "order_id", "status", "headers", "body", "created_at"),
)
_GIVE_BACK_KEY = Statement(delete(idempotency).where(_KEY))
_WAS_DELETED = and_(  # its request is what made it, and what only changes another one has no answer of its own
    resource_order.c.resource == literal_column("''"),
    resource_order.c.answer.is_not(None),
    resource_order.c.scope == idempotency.c.scope,
)
_READ_KEY = Statement(
    select(idempotency, _WAS_DELETED)
    .join_from(idempotency, resource_order, resource_order.c.id == idempotency.c.order_id, isouter=True)
    .where(_KEY)
)
_GIVEN = (
    *("id", "market", "operation", "client", "face", "scope", "key", "correlation_id", "external_id", "client_reference", "state"),
    *("rule_version", "request", "created_at", "updated_at", "resource", "subject"),
)
_INSERT_ORDER = Statement(
    insert(resource_order).values(attempt=literal_column("1"), backend_ref=literal_column("''")),
    _GIVEN,
)
_INSERT_ANSWERED = Statement(
    insert(resource_order).values(attempt=literal_column("0"), backend_ref=literal_column("''")),
    (*_GIVEN, "answer", "event_seq"),
)
_INSERT_ATTEMPT = Statement(
    insert(attempt).values(evidence=literal_column("''")),
    ("order_id", "number", "node", "started_at", "deadline", "rule_version"),
)
_SAME_KIND = resource_order.c.resource.concat(literal_column("''")) == bindparam("resource")  # no reason to choose the index of a kind
_SAME_KIND_ONCE = resource_order.c.resource.concat(literal_column("''")).in_([bindparam("resource"), literal_column("''")])  # or deleted
_UNDECIDED = or_(resource_order.c.outcome.is_(None), resource_order.c.outcome == literal_column("'inDoubt'"))
_SUBJECT = Statement(select(*VERSION).where(resource_order.c.id == bindparam("subject")).with_for_update())
_RIVAL = Statement(
    select(resource_order.c.id)
    .where(resource_order.c.subject == bindparam("subject"), resource_order.c.subject != literal_column("''"))
    .where(resource_order.c.id != bindparam("order"), _UNDECIDED)
    .order_by(resource_order.c.id)
    .limit(literal_column("1"))
)
_NEXT_ATTEMPT = Statement(
    update(resource_order)
    .where(resource_order.c.id == bindparam("order"))
    .values(attempt=bindparam("next"), outcome=null(), updated_at=bindparam("now"), request=bindparam("content"))
)
_NAMESAKE = Statement(
    select(literal_column("1"))
    .where(resource_order.c.market == bindparam("market"), resource_order.c.external_id == bindparam("external"))
    .where(resource_order.c.id != bindparam("order"), _SAME_KIND_ONCE)
    .limit(literal_column("1"))
)
_HOLD_ORDER = Statement(select(resource_order.c.id).where(resource_order.c.id == bindparam("order")).with_for_update())
_TWIN = Statement(
    select(resource_order.c.id, resource_order.c.answer.is_not(None))
    .where(resource_order.c.market == bindparam("market"), resource_order.c.external_id == bindparam("external"))
    .where(resource_order.c.id != bindparam("order"), _SAME_KIND)
    .where(_UNDECIDED)
    .order_by(resource_order.c.id)
    .limit(literal_column("1"))
)
_TAKEN_ON = Statement(
    select(resource_order.c.id, resource_order.c.resource)
    .join(idempotency, and_(idempotency.c.scope == resource_order.c.scope, idempotency.c.key == resource_order.c.key))
    .where(resource_order.c.market == bindparam("market"), resource_order.c.external_id == bindparam("external"))
    .where(resource_order.c.id != bindparam("order"), resource_order.c.scope == bindparam("scope"))
    .where(_SAME_KIND_ONCE)
    .where(resource_order.c.outcome == literal_column("'accepted'"), idempotency.c.fingerprint == bindparam("fingerprint"))
    .order_by(resource_order.c.id.desc())  # whatever stands in its place is younger than what was deleted
    .limit(literal_column("1"))
)


class Key(NamedTuple):
    """What names a request, and the fingerprint of its content."""

    scope: str
    key: str
    fingerprint: str


class Asker(NamedTuple):
    """Which process asks, and when; whether there may be ``several`` that are alive."""

    node: str
    now: int
    several: bool = False


@frozen
class Answered:
    """What is written for an order that is answered before its backend is asked."""

    response: Response
    stored: dict[str, Any]
    events: tuple[NewEvent, ...]
    tasks: tuple[NewTask, ...]
    audience: str = ""


@frozen
class Intent:
    """An acceptance made ready for the database outside of its thread."""

    key: Key
    asker: Asker
    order: dict[str, Any]
    attempt: dict[str, Any]
    messages: list[dict[str, Any]]
    permit: tuple[float, int] | None = None
    answered: Answered | None = None
    subject_version: Version | None = None


def intend(request: Acceptance, order_id: str, asker: Asker) -> Intent:
    """Compresses and names what ``accept`` writes if the request is new."""
    now, packer = asker.now, Packer()
    order = {
        "id": order_id,
        "order_id": order_id,  # of its key, as is the fingerprint
        "fingerprint": request.fingerprint,
        "market": request.market,
        "operation": request.operation,
        "client": request.client,
        "face": request.face,
        "scope": request.scope,
        "key": request.key,
        "correlation_id": request.correlation_id,
        "external_id": request.external_id,
        "client_reference": short_form(order_id),
        "state": request.state,
        "rule_version": request.rule_version,
        "request": packer.pack(request.request),
        "created_at": now,
        "updated_at": now,
        "resource": request.resource,
        "subject": request.subject,
    }
    first = _attempt(order_id, 1, asker, request.deadline, request.rule_version)
    key = Key(request.scope, request.key, request.fingerprint)
    answered = _answered(request, order_id, packer) if request.response is not None else None
    messages = packer.messages(order_id, 0 if answered else 1, request.messages)
    if answered is not None:
        order.update(answer=packer.pack(request.answer or b"{}"), event_seq=len(request.events))
    return Intent(key, asker, order, first, messages, request.permit, answered, request.subject_version)


def _answered(request: Acceptance, order_id: str, packer: Packer) -> Answered:
    response = request.response
    assert response is not None, "an order is answered with something"
    headers = orjson.dumps(dict(response.headers)).decode()
    stored = {"order_id": order_id, "status": response.status, "headers": headers, "body": packer.pack(response.body)}
    return Answered(response, stored, request.events, request.tasks, audience_of(request.client, private=request.private))


def accept(c: Connection, intent: Intent) -> Accepted:
    """Records a new request as order and attempt 1, or as an order that is answered; says of a repeated one what became of it."""
    key, order = intent.key, intent.order
    if intent.answered is not None:
        return _keep(c, intent, intent.answered)
    if not c.change(_TAKE_KEY, order):
        return _repeat(c, intent) or accept(c, intent)
    if (twin := _twin(c, intent, order["id"])) is not None:
        c.change(_GIVE_BACK_KEY, key._asdict())
        return twin if not isinstance(twin, str) else _shared(c, intent, twin)
    if (wait := _rival(c, intent, order["id"]) or _without_permit(c, intent)) is not None:
        c.change(_GIVE_BACK_KEY, key._asdict())
        return wait
    c.change(_INSERT_ORDER, order)
    c.change(_INSERT_ATTEMPT, intent.attempt)
    insert_first_messages(c, intent.messages)
    return Fresh(order["id"], 1, order["client_reference"], intent.asker.now)


def _keep(c: Connection, intent: Intent, answered: Answered) -> Accepted:
    """A request that is answered at once: order, answer, events and the tasks that will see to it."""
    key, order, now = intent.key, intent.order, intent.asker.now
    if not c.change(_SHARE_ANSWER, {**key._asdict(), **answered.stored, "created_at": now}):
        known = _known(c, key, intent.asker)
        # An attempt of the time when the market was not deferred, which certainly did nothing: its caller waits no more.
        return Mismatch(known.id) if isinstance(known, OrderRow) else known or _keep(c, intent, answered)
    if (twin := _twin(c, intent, order["id"])) is not None:
        c.change(_GIVE_BACK_KEY, key._asdict())
        return twin if not isinstance(twin, str) else _shared(c, intent, twin)
    c.change(_INSERT_ANSWERED, order)
    insert_first_messages(c, intent.messages)
    publish(c, order["id"], order["market"], 1, answered.events, now, audience=answered.audience)
    put(c, answered.tasks, now)
    return Seen(order["id"], answered.response)


def _without_permit(c: Connection, intent: Intent) -> NoPermit | None:
    """None where the call of this intent may leave."""
    if intent.permit is None:
        return None
    per_second, burst = intent.permit
    granted = permits(c, intent.order["market"], intent.asker.now * 1000, per_second, burst, 1, 0)
    return None if granted else NoPermit(1 / per_second)


def _repeat(c: Connection, intent: Intent) -> Accepted | None:
    """What a request is told whose key is taken; None where that key has been given back or purged just now."""
    known = _known(c, intent.key, intent.asker)
    if not isinstance(known, OrderRow):
        return known
    if (twin := _twin(c, intent, known.id)) is not None:
        return twin if not isinstance(twin, str) else _shared(c, intent, twin)
    if (rival := _rival(c, intent, known.id)) is not None:
        return rival
    if c.hold(_HOLD_ORDER, {"order": known.id}):  # another node may have begun the next attempt meanwhile
        known = _known(c, intent.key, intent.asker)
        if not isinstance(known, OrderRow):
            return known
    if (wait := _without_permit(c, intent)) is not None:
        return wait
    number = known.attempt + 1
    again = {"order_id": known.id, "number": number}
    _next_attempt(c, {**intent.attempt, **again}, intent.order["request"])
    # The call of this intent names an order that is not made now; the caller keeps the one that leaves instead.
    kept = [row for row in intent.messages if row["direction"] != Direction.BACKEND_REQUEST]
    insert_messages(c, [{**row, "order_id": known.id, "order": known.id, "attempt": number} for row in kept])
    return Fresh(known.id, number, known.client_reference, known.created_at)


def lookup(c: Connection, key: Key, asker: Asker) -> Accepted | None:
    """What ``accept`` would say of a repeat, without writing; None where it would begin an attempt."""
    known = _known(c, key, asker)
    return None if isinstance(known, OrderRow) else known


def _known(c: Connection, key: Key, asker: Asker, *, again: bool = True) -> Accepted | OrderRow | None:
    """What is known of a key; the order itself where its last attempt certainly did nothing; None for a new key."""
    row = c.row(_READ_KEY, {"scope": key.scope, "key": key.key})
    if row is None:
        return None
    _, _, fingerprint, order_id, status, headers, body, _, deleted = row
    if deleted or fingerprint != key.fingerprint:
        return Deleted(order_id) if deleted else Mismatch(order_id)
    if status is not None:
        return Seen(order_id, kept_answer(order_id, status, headers, body))
    order, last = pending(c, order_id)
    if last.outcome in _CERTAINLY_NOT_DONE:
        return order
    if last.outcome not in _OPEN and again:  # settled by another node since the key was read: it has its answer now
        return _known(c, key, asker, again=False)
    return _unsettled(order, last, asker)


def _unsettled(order: OrderRow, last: AttemptRow, asker: Asker, *, other: bool = False) -> InFlight | Doubtful:
    here = last.node == asker.node
    if last.outcome is None and (here or asker.several) and asker.now < last.deadline:
        return InFlight(order.id, last.number, last.deadline, other, not here)
    return Doubtful(order, last, other)


def _twin(c: Connection, intent: Intent, order_id: str) -> InFlight | Doubtful | Mismatch | Deleted | str | None:
    """Another order with the caller's own number that a further one would double: one that may be on its way, whatever it
    holds, or (its id) one with the very same content that the backend took on, be it deleted since. Other content is a correction, and
    goes its way."""
    external_id = intent.order["external_id"]
    if not external_id:
        return None
    number = {"market": intent.order["market"], "external": external_id, "order": order_id, "resource": intent.order["resource"]}
    c.lock(f"external id {intent.order['market']}/{external_id}")  # two keys for one number, at once on two nodes
    if c.row(_NAMESAKE, number) is None:
        return None  # as nearly always
    row = c.row(_TWIN, number)
    if row is not None and row[1]:  # answered, and on its way: the very same content gets the same answer
        other = _read_order(c, row[0])
        first = c.row(_READ_KEY, {"scope": other.scope, "key": other.key})
        same = first is not None and (first[0], first[2]) == (intent.key.scope, intent.key.fingerprint)
        return other.id if same else Mismatch(other.id)
    if row is not None:
        twin, last = pending(c, row[0])
        if last.outcome not in _OPEN:  # settled by another node between these two looks
            return _twin(c, intent, order_id)
        return _unsettled(twin, last, intent.asker, other=True)
    row = c.row(_TAKEN_ON, {**number, "scope": intent.key.scope, "fingerprint": intent.key.fingerprint}) or (None, number["resource"])
    return row[0] if row[1] == number["resource"] else Deleted(row[0], other=True)


def _rival(c: Connection, intent: Intent, order_id: str) -> InFlight | Doubtful | Moved | None:
    """Another request about the same subject of which nobody knows yet what becomes of it: there is one at a time. Moved, where the
    subject is not as it was when this request was worked out."""
    subject = intent.order["subject"]
    if not subject:
        return None
    row = c.row(_SUBJECT, {"subject": subject})
    if row is None or version(row, subject) != intent.subject_version:
        return Moved(subject)
    row = c.row(_RIVAL, {"subject": subject, "order": order_id})
    if row is None:
        return None
    rival, last = pending(c, row[0])
    if last.outcome not in _OPEN:  # settled by another node between these two looks
        return Moved(subject)
    return _unsettled(rival, last, intent.asker, other=True)


def keep_answer(c: Connection, key: Key, order_id: str, response: Response, asker: Asker) -> Response | Mismatch:
    """Puts an answer under a key for which nothing had to be done, and no repeat is to do more. Whatever stands there already wins."""
    stored = {"status": response.status, "headers": orjson.dumps(dict(response.headers)).decode(), "body": Packer().pack(response.body)}
    if c.change(_SHARE_ANSWER, {**key._asdict(), **stored, "order_id": order_id, "created_at": asker.now}):
        return response
    known = lookup(c, key, asker)
    return Mismatch(known.order_id) if isinstance(known, Mismatch) else known.response if isinstance(known, Seen) else response


def _shared(c: Connection, intent: Intent, order_id: str) -> Seen:
    response = share(c, intent.key, order_id, intent.asker)
    assert response is not None, "an order that was taken on under this content has an answer"
    return Seen(order_id, response)


def share(c: Connection, key: Key, order_id: str, asker: Asker) -> Response | None:
    """Puts the answer of an order that its backend took on under a further key, where that came with the same content."""
    order = _read_order(c, order_id)
    row = c.row(_READ_KEY, {"scope": order.scope, "key": order.key})
    answered = order.outcome is OutcomeKind.ACCEPTED or (order.answer is not None and row is not None and row[4] is not None)
    if not answered or row is None or row[:1] + row[2:3] != (key.scope, key.fingerprint):
        return None
    status, headers, body = row[4:7]
    answer = {"order_id": order_id, "status": status, "headers": headers, "body": body, "created_at": asker.now}
    c.change(_SHARE_ANSWER, {**key._asdict(), **answer})
    return kept_answer(order_id, status, headers, body)


def _read_order(c: Connection, order_id: str) -> OrderRow:
    row = find_order(c, None, order_id)
    assert row is not None, f"there is no order {order_id}"
    return order_row(row)


def _attempt(order_id: str, number: int, asker: Asker, deadline: int, rule_version: str) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "number": number,
        "node": asker.node,
        "started_at": asker.now,
        "deadline": deadline,
        "rule_version": rule_version,
    }


def _next_attempt(c: Connection, row: dict[str, Any], request: bytes) -> None:
    """``request``: what the rules see of it. It says the same as before; what a change amounts to depends on its subject."""
    c.change(_NEXT_ATTEMPT, {"order": row["order_id"], "next": row["number"], "now": row["started_at"], "content": request})
    c.change(_INSERT_ATTEMPT, row)
