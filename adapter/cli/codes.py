"""``adapter codes``: which codes the backends have used, how often, and one text of each."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from adapter.cli.place import here
from adapter.cli.running import ask
from adapter.faces.admin import code_row
from adapter.store import Store


def codes(unknown: bool = typer.Option(False, "--unknown", help="Only codes that no catalogue names.")) -> None:
    """List the backends' codes with counts and samples."""
    _, settings = here()

    async def seen(store: Store) -> list[dict[str, Any]]:
        return [code_row(row) for row in await store.codes()]

    rows = [row for row in ask(settings, "/admin/codes", seen) if not (unknown and row["name"])]
    table = Table("market", "code", "normalised", "severity", "count", "last seen", "sample")
    for row in rows:
        name = escape(row["name"]) or "[red]unknown[/]"
        sample = escape(row["sample"])
        table.add_row(row["market"], escape(row["code"]), name, row["severity"], str(row["count"]), row["lastSeen"], sample)
    Console().print(table if rows else "no codes on record")
