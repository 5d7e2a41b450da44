"""What is over is told without a list: for each order that is written, SQLite makes a table of the list's values to look into."""

import sqlalchemy as sa
from alembic import op

from adapter.store.migrations.online import create_index_online

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LISTED = sa.text("done_at IS NOT NULL OR outcome IN ('rejected', 'unavailable', 'absent')")
OVER = sa.text("done_at IS NOT NULL OR outcome = 'rejected' OR outcome = 'unavailable' OR outcome = 'absent'")


def upgrade() -> None:
    _index(OVER)


def downgrade() -> None:
    _index(LISTED)


def _index(over: sa.TextClause) -> None:
    op.drop_index("ix_resource_order_over", "resource_order")
    create_index_online("ix_resource_order_over", "resource_order", ["updated_at", "id"], where=over)
