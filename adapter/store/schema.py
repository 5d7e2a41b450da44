"""The tables. A change here needs a migration; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text, UniqueConstraint, text

HEAD = "0004"
"""The newest migration. Known here so that a start on a current file does not have to load the migration machinery."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _time(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _counter(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


idempotency = Table(
    "idempotency",
    metadata,
    _text("scope"),
    _text("key"),
    _text("fingerprint"),
    _text("order_id"),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", LargeBinary),
    _time("created_at"),
    PrimaryKeyConstraint("scope", "key"),
)
Index(None, idempotency.c.order_id)

resource_order = Table(
    "resource_order",
    metadata,
    _text("id"),
    _text("market"),
    _text("operation"),
    _text("client"),
    _text("face"),
    _text("scope"),
    _text("key"),
    _text("correlation_id"),
    _text("external_id"),
    _text("client_reference"),
    _text("state"),
    Column("outcome", Text),
    _text("backend_ref"),
    _number("attempt"),
    _text("rule_version"),
    Column("request", LargeBinary, nullable=False),
    Column("answer", LargeBinary),
    _time("created_at"),
    _time("updated_at"),
    _counter("event_seq"),
    _text("legacy_state", default=""),
    _text("attention", default=""),
    Column("done_at", BigInteger),
    _text("resource", default=""),  # productOrder, …; "": a request that changes another resource and is none itself, or one deleted
    _text("subject", default=""),  # the id of the resource that a change or a task is about
    PrimaryKeyConstraint("id"),
    UniqueConstraint("client_reference"),
)
Index(None, resource_order.c.market, resource_order.c.resource, resource_order.c.id)
# The id stands last, so that "the newest of …" is the end of a range and no reason to choose the index above.
Index(None, resource_order.c.market, resource_order.c.external_id, resource_order.c.id)
Index(
    None,
    resource_order.c.market,
    resource_order.c.backend_ref,
    resource_order.c.id,
    sqlite_where=resource_order.c.backend_ref != text("''"),  # for PostgreSQL see the migration: named here, it loads that dialect
)
ABOUT_ANOTHER = "subject != ''"
Index(None, resource_order.c.subject, resource_order.c.id, sqlite_where=text(ABOUT_ANOTHER))
CALLS_FOR_SOMEBODY = "attention != ''"
Index("ix_resource_order_attention", resource_order.c.id, sqlite_where=text(CALLS_FOR_SOMEBODY))  # few rows
# Not with IN: SQLite would make a table of the list for each order that is written.
OVER = "done_at IS NOT NULL OR outcome = 'rejected' OR outcome = 'unavailable' OR outcome = 'absent'"
Index("ix_resource_order_over", resource_order.c.updated_at, resource_order.c.id, sqlite_where=text(OVER))

attempt = Table(
    "attempt",
    metadata,
    _text("order_id"),
    _number("number"),
    _text("node"),
    _time("started_at"),
    _time("deadline"),
    _text("rule_version"),
    Column("outcome", Text),
    Column("settled_at", BigInteger),
    _text("evidence"),
    Column("issues", Text),
    PrimaryKeyConstraint("order_id", "number"),
)
UNSETTLED = "outcome IS NULL OR outcome = 'inDoubt'"
Index("ix_attempt_unsettled", attempt.c.started_at, sqlite_where=text(UNSETTLED))

message = Table(
    "message",
    metadata,
    _text("order_id"),
    _number("seq"),
    _number("attempt"),
    _text("direction"),
    _text("operation"),
    _time("at"),
    _text("content_type"),
    Column("status", Integer),
    Column("body", LargeBinary, nullable=False),
    _text("digest"),  # of releases before: not read any more, and no longer written (decision 78)
    PrimaryKeyConstraint("order_id", "seq"),
)

code_seen = Table(
    "code_seen",
    metadata,
    _text("market"),
    _text("code"),
    _text("name"),
    _text("severity"),
    _number("count"),
    _time("first_seen"),
    _time("last_seen"),
    _text("sample"),
    PrimaryKeyConstraint("market", "code"),
)

meta = Table("meta", metadata, _text("name"), _text("value"), PrimaryKeyConstraint("name"))

task = Table(
    "task",
    metadata,
    _text("id"),  # kind:subject, so that the same work cannot be asked for twice
    _text("lane"),  # kind:market
    Column("due_at", BigInteger),  # also the end of a lease; NULL: parked
    Column("was_due_at", BigInteger),  # when it was due that was claimed last
    Column("asked_at", BigInteger),  # for when it was asked for again during its lease
    _counter("fence"),
    _text("owner", default=""),  # "": nobody works on it
    _counter("attempts"),  # claims since the last success
    _text("order_id", default=""),
    _text("payload", default="{}"),
    _text("last_error", default=""),
    _time("created_at"),
    PrimaryKeyConstraint("id"),
)
Index(None, task.c.lane, task.c.due_at, task.c.id)
Index(None, task.c.order_id)

event = Table(
    "event",
    metadata,
    _text("order_id"),
    _number("seq"),
    _text("id"),
    _text("type"),
    _text("market"),
    _text("field_path", default=""),
    _time("at"),
    Column("document", LargeBinary, nullable=False),
    PrimaryKeyConstraint("order_id", "seq"),
)
Index(None, event.c.at)

listener = Table(
    "listener",
    metadata,
    _text("id"),
    _text("face"),
    _text("client"),
    _text("market"),
    _text("callback"),
    _text("query", default=""),
    _time("created_at"),
    Column("paused_until", BigInteger),
    _counter("failures"),  # in a row, over all its orders
    Column("deleted_at", BigInteger),
    PrimaryKeyConstraint("id"),
)

delivery = Table(
    "delivery",
    metadata,
    _text("listener"),
    _text("order_id"),
    _counter("sent_seq"),
    _counter("last_seq"),
    Column("due_at", BigInteger),  # NULL: nothing to send, or parked
    _counter("fence"),
    _text("owner", default=""),
    _counter("attempts"),
    Column("parked_at", BigInteger),
    _text("last_error", default=""),
    PrimaryKeyConstraint("listener", "order_id"),
)
Index(None, delivery.c.listener, delivery.c.due_at, delivery.c.order_id)  # as they are claimed, many due at one moment included
PARKED = "parked_at IS NOT NULL"
Index("ix_delivery_parked", delivery.c.listener, delivery.c.order_id, sqlite_where=text(PARKED))  # few rows: what people have to look at

rate = Table(
    "rate",
    metadata,
    _text("backend"),
    Column("tat", BigInteger, nullable=False, server_default="0"),  # microseconds: when the next permit is due in theory (GCRA)
    Column("paused_until", BigInteger),  # milliseconds: the circuit breaker
    _counter("failures"),  # in a row
    PrimaryKeyConstraint("backend"),
)

audit = Table(
    "audit",
    metadata,
    _text("id"),
    _time("at"),
    _text("actor"),
    _text("action"),
    _text("order_id", default=""),
    _text("detail", default=""),
    PrimaryKeyConstraint("id"),
)
Index(None, audit.c.order_id)
