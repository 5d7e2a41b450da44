"""The way of an order after its acceptance: tasks, events, listeners, deliveries, rates, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OVER = sa.text("done_at IS NOT NULL OR outcome IN ('rejected', 'unavailable', 'absent')")
PARKED = sa.text("parked_at IS NOT NULL")
ABOUT_ANOTHER = sa.text("subject != ''")
RESOURCE_OF = {
    "sqlite": sa.text("UPDATE resource_order SET resource = substr(operation, 1, instr(operation || '.', '.') - 1)"),
    "postgresql": sa.text("UPDATE resource_order SET resource = split_part(operation, '.', 1)"),
}


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def _counter(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _time(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    op.add_column("resource_order", _counter("event_seq"))
    op.add_column("resource_order", _text("legacy_state", ""))
    op.add_column("resource_order", _text("attention", ""))
    op.add_column("resource_order", _time("done_at", nullable=True))
    op.add_column("resource_order", _text("resource", ""))
    op.add_column("resource_order", _text("subject", ""))
    op.execute(RESOURCE_OF[op.get_context().dialect.name])
    op.drop_index("ix_resource_order_market_id", "resource_order")
    op.create_index("ix_resource_order_market_resource_id", "resource_order", ["market", "resource", "id"])
    op.create_index(
        "ix_resource_order_subject_id", "resource_order", ["subject", "id"], sqlite_where=ABOUT_ANOTHER, postgresql_where=ABOUT_ANOTHER
    )
    op.create_index("ix_resource_order_over", "resource_order", ["updated_at", "id"], sqlite_where=OVER, postgresql_where=OVER)
    op.create_index("ix_idempotency_order_id", "idempotency", ["order_id"])
    op.create_table(
        "task",
        _text("id"),
        _text("lane"),
        _time("due_at", nullable=True),
        _time("was_due_at", nullable=True),
        _time("asked_at", nullable=True),
        _counter("fence"),
        _text("owner", ""),
        _counter("attempts"),
        _text("order_id", ""),
        _text("payload", "{}"),
        _text("last_error", ""),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
    )
    op.create_index("ix_task_lane_due_at_id", "task", ["lane", "due_at", "id"])
    op.create_index("ix_task_order_id", "task", ["order_id"])
    op.create_table(
        "event",
        _text("order_id"),
        sa.Column("seq", sa.Integer(), nullable=False),
        _text("id"),
        _text("type"),
        _text("market"),
        _text("field_path", ""),
        _time("at"),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "seq", name="pk_event"),
    )
    op.create_index("ix_event_at", "event", ["at"])
    op.create_table(
        "listener",
        _text("id"),
        _text("face"),
        _text("client"),
        _text("market"),
        _text("callback"),
        _text("query", ""),
        _time("created_at"),
        _time("paused_until", nullable=True),
        _counter("failures"),
        _time("deleted_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_listener"),
    )
    op.create_table(
        "delivery",
        _text("listener"),
        _text("order_id"),
        _counter("sent_seq"),
        _counter("last_seq"),
        _time("due_at", nullable=True),
        _counter("fence"),
        _text("owner", ""),
        _counter("attempts"),
        _time("parked_at", nullable=True),
        _text("last_error", ""),
        sa.PrimaryKeyConstraint("listener", "order_id", name="pk_delivery"),
    )
    op.create_index("ix_delivery_listener_due_at_order_id", "delivery", ["listener", "due_at", "order_id"])
    op.create_index("ix_delivery_parked", "delivery", ["listener", "order_id"], sqlite_where=PARKED, postgresql_where=PARKED)
    op.create_table(
        "rate",
        _text("backend"),
        sa.Column("tat", sa.BigInteger(), nullable=False, server_default="0"),
        _time("paused_until", nullable=True),
        _counter("failures"),
        sa.PrimaryKeyConstraint("backend", name="pk_rate"),
    )
    op.create_table(
        "audit",
        _text("id"),
        _time("at"),
        _text("actor"),
        _text("action"),
        _text("order_id", ""),
        _text("detail", ""),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_order_id", "audit", ["order_id"])


def downgrade() -> None:
    for table in ("audit", "rate", "delivery", "listener", "event", "task"):
        op.drop_table(table)
    op.drop_index("ix_idempotency_order_id", "idempotency")
    op.drop_index("ix_resource_order_over", "resource_order")
    op.drop_index("ix_resource_order_subject_id", "resource_order")
    op.drop_index("ix_resource_order_market_resource_id", "resource_order")
    op.create_index("ix_resource_order_market_id", "resource_order", ["market", "id"])
    with op.batch_alter_table("resource_order") as batch:
        for column in ("subject", "resource", "done_at", "attention", "legacy_state", "event_seq"):
            batch.drop_column(column)
