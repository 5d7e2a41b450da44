"""Orders that a person has to look at are found without reading all the others."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CALLS_FOR_SOMEBODY = sa.text("attention != ''")


def upgrade() -> None:
    op.create_index(
        "ix_resource_order_attention", "resource_order", ["id"], sqlite_where=CALLS_FOR_SOMEBODY, postgresql_where=CALLS_FOR_SOMEBODY
    )


def downgrade() -> None:
    op.drop_index("ix_resource_order_attention", "resource_order")
