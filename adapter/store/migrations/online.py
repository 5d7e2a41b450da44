"""An index for a table that holds rows already, made while nodes read and write it."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import TextClause


def create_index_online(name: str, table: str, columns: Sequence[str], where: TextClause | None = None) -> None:
    """On PostgreSQL CONCURRENTLY, outside of the migration's transaction: the last step of a migration, one to each.

    What an earlier run left unfinished is made anew.
    """
    if op.get_context().dialect.name != "postgresql":
        op.create_index(name, table, list(columns), sqlite_where=where)
        return
    with op.get_context().autocommit_block():
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
        op.create_index(name, table, list(columns), postgresql_where=where, postgresql_concurrently=True)
