"""An order's whole way as one list in the order of time: what came, what was tried, what was said, what changed, who heard of it, what
is still to be done, and what people did by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import orjson

from adapter import clock
from adapter.ports import OutcomeKind
from adapter.recorded import kind_of
from adapter.resource import Resource
from adapter.store import AttemptRow, Direction, MessageRow, OrderRow
from adapter.store.auditing import AuditRow
from adapter.store.dead_letters import is_gap
from adapter.store.outbox import DeliveryRow, EventRow
from adapter.store.task_rows import Task

_HEARD = {
    Direction.CLIENT_REQUEST: "the client asked",
    Direction.BACKEND_REQUEST: "sent to the backend",
    Direction.BACKEND_REPLY: "the backend said",
    Direction.CLIENT_REPLY: "answered to the client",
    Direction.BACKEND_MESSAGE: "the backend sent",
    Direction.BACKEND_MESSAGE_REPLY: "answered to the backend",
}
_RULES = 12  # characters of a rule set's version that tell it from others


@dataclass(frozen=True, slots=True)
class Way:
    """Everything on record about one order. ``changes`` are the requests that were about it, ``subject`` what it is about itself."""

    order: OrderRow
    attempts: tuple[AttemptRow, ...] = ()
    messages: tuple[MessageRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    deliveries: tuple[DeliveryRow, ...] = ()
    tasks: tuple[Task, ...] = ()
    audit: tuple[AuditRow, ...] = ()
    changes: tuple[OrderRow, ...] = ()
    subject: OrderRow | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """``at`` None: how things are now, not what happened. ``rank`` orders what has the same instant."""

    at: int | None
    rank: int
    kind: str
    text: str
    lines: tuple[str, ...] = ()
    rules: str = ""
    body: str = ""


def timeline(way: Way, now: int) -> list[dict[str, Any]]:
    """Steps with ``at`` (ISO, "" for how things stand), ``kind``, ``text``, ``lines`` of detail, ``rules`` (the version of the rule set
    that made it) and ``body`` (of a message). What is due later stands behind what happened."""
    happened = (_accepted(way), _changes(way), _attempts(way), _messages(way), _events(way), _audit(way))
    steps = list(chain(*happened, _deliveries(way, now), _tasks(way, now)))
    steps.sort(key=lambda step: (step.at is None, step.at or 0, step.rank))
    return [
        {
            "at": clock.iso(step.at) if step.at is not None else "",
            "kind": step.kind,
            "text": step.text,
            "lines": list(step.lines),
            "rules": step.rules,
            "body": step.body,
        }
        for step in steps
    ]


def _accepted(way: Way) -> Iterator[_Step]:
    order = way.order
    number = f", its number {order.external_id}" if order.external_id else ""
    about = f", about {order.subject}" if order.subject else ""
    text = f"accepted from {order.client} at face {order.face}: {order.operation} for market {order.market}{about}{number}"
    yield _Step(order.created_at, 0, "accepted", text, (f"correlation {order.correlation_id}",) if order.correlation_id else ())
    if order.done_at is not None:
        yield _Step(order.done_at, 9, "done", f"at its end: {order.state}")
    if order.attention:
        yield _Step(None, 0, "attention", f"a person has to look: {order.attention}")


def _changes(way: Way) -> Iterator[_Step]:
    """The requests about an order, each of which has a way of its own, and how the order stands that a request is about."""
    for change in way.changes:
        state = f", {change.state}" if change.state else ""
        text = f"{change.operation} {change.id} from {change.client}: {outcome(change.outcome)}{state}"
        yield _Step(change.created_at, 1, "change", text, (f"a person has to look: {change.attention}",) if change.attention else ())
    if way.order.subject:
        yield _Step(None, 0, "about", _standing(way.order.subject, way.subject))


def _standing(identifier: str, found: OrderRow | None) -> str:
    if found is None:
        return f"{identifier}, which is not on record any more"
    number = f", the backend's {found.backend_ref}" if found.backend_ref else ""
    return f"{found.resource or found.operation} {identifier}{number}: {found.state or outcome(found.outcome)}"


def outcome(kind: OutcomeKind | None) -> str:
    """What became of a call, in a word."""
    return kind.value if kind is not None else "open"


def _attempts(way: Way) -> Iterator[_Step]:
    for attempt in way.attempts:
        name, rules = f"attempt {attempt.number}", attempt.rule_version[:_RULES]
        yield _Step(
            attempt.started_at, 2, "attempt", f"{name} begins on node {attempt.node}, until {clock.iso(attempt.deadline)}", rules=rules
        )
        if attempt.settled_at is None:
            yield _Step(None, 1, "attempt", f"{name} is open: it is not known what became of it")
            continue
        issues = tuple(f"{issue.severity} {issue.name or issue.code or 'unknown'}: {issue.text}" for issue in attempt.issues)
        lines = (*((attempt.evidence,) if attempt.evidence else ()), *issues)
        yield _Step(attempt.settled_at, 5, "attempt", f"{name} {attempt.outcome or 'open'}", lines, rules)


def _messages(way: Way) -> Iterator[_Step]:
    for message in in_sequence(way.messages):
        status = f", HTTP {message.status}" if message.status is not None else ""
        if is_part(message):
            status = ", its part of an answer about many"
        text = f"{message.direction}: {_HEARD[message.direction]}, {message.operation}{status}"
        rank = {Direction.CLIENT_REQUEST: 1, Direction.CLIENT_REPLY: 6}.get(message.direction, 3)
        body = message.body.decode("utf-8", "replace")
        yield _Step(message.at, rank, "message", text, tuple(filter(None, (message.damage,))), _rules_of(way, message), body)


def in_sequence(messages: Iterable[MessageRow]) -> Iterator[MessageRow]:
    """The messages of one order as they were recorded, none of them older than the one before: when a reply came is reckoned back from
    when it was recorded, and may come out milliseconds before its request."""
    latest = 0
    for message in messages:
        latest = max(latest, message.at)
        yield replace(message, at=latest)


def is_part(message: MessageRow) -> bool:
    """Whether it is what an answer about many orders says of one; the whole, with its status and its question, belongs to none of them."""
    return message.direction is Direction.BACKEND_REPLY and message.status is None


def _rules_of(way: Way, message: MessageRow) -> str:
    """The rule set of the attempt that the message belongs to; "" for later messages, such as questions for the state."""
    attempt = next((attempt for attempt in way.attempts if attempt.number == message.attempt), None)
    if attempt is None:
        return way.order.rule_version[:_RULES] if not message.attempt else ""
    over = attempt.settled_at is not None and message.at > attempt.settled_at
    return "" if over or _is_probes(way, message) else attempt.rule_version[:_RULES]


def _is_probes(way: Way, message: MessageRow) -> bool:
    """Whether a message to or from the backend is that of another operation than the attempt's own, whose call stands first on record."""
    if message.direction not in (Direction.BACKEND_REQUEST, Direction.BACKEND_REPLY):
        return False
    calls = (each for each in way.messages if each.attempt == message.attempt and each.direction is Direction.BACKEND_REQUEST)
    return message.operation != next((each.operation for each in calls), message.operation)


def _events(way: Way) -> Iterator[_Step]:
    before, own, member = "", _identity(way.order.answer), Resource.load(kind_of(way.order)).member
    for event in way.events:  # a task's events are told in its subject's stream, and tell of the task's states
        state = _state(event.document, member) if _identity(event.document) == own else ""
        if state and state != before:
            yield _Step(event.at, 7, "state", f"{before} → {state}" if before else state)
        before = state or before
        about = f" about {event.field_path}" if event.field_path else ""
        yield _Step(event.at, 8, "event", f"event {event.seq}: {event.type}{about}", (f"id {event.id}", *filter(None, (event.damage,))))


def _state(document: bytes, member: str) -> str:
    """The state that a document has in this member, "" where it has none."""
    read = orjson.loads(document) if document else {}
    state = read.get(member) if isinstance(read, dict) else None
    return state if isinstance(state, str) else ""


def _identity(document: bytes | None) -> object:
    read = orjson.loads(document) if document else {}
    return read.get("id") if isinstance(read, dict) else None


def _audit(way: Way) -> Iterator[_Step]:
    for row in way.audit:
        yield _Step(row.at, 8, "audit", f"{row.actor}: {row.action}", (row.detail,) if row.detail else ())


def _deliveries(way: Way, now: int) -> Iterator[_Step]:
    for row in way.deliveries:
        sent = f"listener {row.listener}: {progress(row, way.audit)}"
        lines = (row.last_error,) if row.last_error else ()
        if row.parked_at is not None:
            yield _Step(row.parked_at, 8, "delivery", f"{sent}; parked at event {row.sent_seq + 1}", lines)
        elif row.due_at is not None:
            yield _Step(None, 3, "delivery", f"{sent}; event {row.sent_seq + 1} {when(row.due_at, now)}, {_tried(row.attempts)}", lines)
        else:
            yield _Step(None, 2, "delivery", sent)


def progress(row: DeliveryRow, audit: Iterable[AuditRow]) -> str:
    """How far a stream has come. An event that was left out stands behind it as well, but nobody was sent it: the audit has the gaps."""
    left_out = sum(is_gap(each, row) for each in audit)
    return f"{row.sent_seq - left_out} of {row.last_seq} events are sent{f', {left_out} left out' if left_out else ''}"


def _tasks(way: Way, now: int) -> Iterator[_Step]:
    for task in way.tasks:
        lines = (task.last_error,) if task.last_error else ()
        tried = f"{_tried(task.attempts)}, fence {task.fence}"
        if task.due_at is None:
            yield _Step(None, 4, "task", f"{task.id} is parked, {tried}", lines)
        else:
            yield _Step(None, 5, "task", f"{task.id} {when(task.due_at, now)}, {tried}", lines)


def _tried(times: int) -> str:
    return "not tried yet" if not times else "tried once" if times == 1 else f"tried {times} times"


def when(due: int, now: int) -> str:
    """When something is due, seen from now."""
    return f"due since {clock.iso(due)}" if due <= now else f"due at {clock.iso(due)}"
