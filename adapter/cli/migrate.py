"""``adapter migrate``: the record's tables as this release needs them."""

from __future__ import annotations

import asyncio

import typer

from adapter.settings import Home, load_settings
from adapter.store.migrating_command import migrate_record


def migrate() -> None:
    """Make the record's tables, or bring them up to date; on PostgreSQL also beside running nodes, before those of a new release start."""
    settings = load_settings(Home.find())
    asyncio.run(migrate_record(settings.store, typer.echo))
