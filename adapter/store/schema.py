"""The tables. A change here needs a migration; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text, UniqueConstraint, text

HEAD = "0001"
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


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _time(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


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
    PrimaryKeyConstraint("id"),
    UniqueConstraint("client_reference"),
)
Index(None, resource_order.c.market, resource_order.c.id)
# The id stands last, so that "the newest of …" is the end of a range and no reason to choose the index above.
Index(None, resource_order.c.market, resource_order.c.external_id, resource_order.c.id)
Index(
    None,
    resource_order.c.market,
    resource_order.c.backend_ref,
    resource_order.c.id,
    sqlite_where=resource_order.c.backend_ref != text("''"),  # for PostgreSQL see the migration: named here, it loads that dialect
)

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
    _text("digest"),
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
