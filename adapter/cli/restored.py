"""``adapter restored``: the record is an older state of itself, and does not know what was sent since."""

from __future__ import annotations

import asyncio

import typer

from adapter.cli.running import opened
from adapter.settings import Home, Settings, load_settings
from adapter.store.restoring import doubt_all_waiting


def restored() -> None:
    """After a restore: whatever waits to be sent may have been, and is asked for first. Before the start, with every node stopped.

    What 'adapter backup' wrote is known as a copy and needs no telling."""
    settings = load_settings(Home.find())
    count = asyncio.run(_doubt_all_waiting(settings))
    typer.echo(f"{count} orders that wait are in doubt now: the backend is asked for each before anything is sent")


async def _doubt_all_waiting(settings: Settings) -> int:
    async with opened(settings) as store:
        return await store.tx(doubt_all_waiting, await store.now(), store.node)
