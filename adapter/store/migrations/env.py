"""Runs the migrations on the connection that the record has opened.

A SQLite file is migrated in one transaction. On PostgreSQL each migration is one, so that one which must not run in a transaction
(an index made beside running nodes) can step out of its own.
"""

from typing import Any

from alembic import context

from adapter.store.schema import metadata

connection = context.config.attributes["connection"]
progress = context.config.attributes.get("progress", lambda _: None)
on_server = connection.dialect.name == "postgresql"


def tell(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:  # noqa: ARG001 - called by these names
    progress(f"tables {step.up_revision_id}: {step.up_revision.doc}")


context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    transaction_per_migration=on_server,
    on_version_apply=tell,
)
with context.begin_transaction():
    context.run_migrations()
