"""``adapter codes``: which codes the backends have used, how often, and one text of each."""

from __future__ import annotations

from typing import Any

import typer

from adapter.cli.columns import columns
from adapter.cli.running import ask
from adapter.faces.admin import code_row
from adapter.settings import Home, load_settings
from adapter.store import Store


def codes(unknown: bool = typer.Option(False, "--unknown", help="Only codes that no catalogue names.")) -> None:
    """List the backends' codes with counts and samples."""
    settings = load_settings(Home.find())

    async def seen(store: Store) -> list[dict[str, Any]]:
        return [code_row(row) for row in await store.codes()]

    rows = [row for row in ask(settings, "/admin/codes", seen) if not (unknown and row["name"])]
    if not rows:
        typer.echo(f"no {'unknown ' if unknown else ''}codes on record")
        return
    heads = ("market", "code", "normalised", "severity", "count", "last seen", "sample")
    for line in columns(heads, [_cells(row) for row in rows]):
        typer.echo(line)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    name = row["name"] or "unknown"
    return row["market"], row["code"], name, row["severity"], str(row["count"]), row["lastSeen"], row["sample"]
