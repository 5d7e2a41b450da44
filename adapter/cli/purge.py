"""``adapter purge``: removes at once what is past the age that ``config/adapter.yaml`` declares."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from adapter.cli.columns import columns
from adapter.cli.running import ask, operator, with_query
from adapter.faces.admin.by_hand import Hand
from adapter.faces.admin.purging import purge_by_hand
from adapter.settings import Home, load_settings

_SECONDS = 3600.0
_NAMES: Mapping[str, str] = {"resource_order": "orders", "code_seen": "codes", "idempotency": "keys", "delivery": "streams"}


def purge(dry_run: bool = typer.Option(False, "--dry-run", help="Only count what would go.")) -> None:
    """Remove what is past its age; never an open order, an unsettled attempt, an undelivered event or a pending task."""
    settings, hand = load_settings(Home.find()), Hand(operator())
    path = with_query("/admin/purge", dry=dry_run, actor=hand.actor)
    done = ask(settings, path, lambda store: purge_by_hand(store, settings.retention, dry_run, hand), method="POST", seconds=_SECONDS)
    rows: Mapping[str, int] = done["rows"]
    if not rows:
        typer.echo("nothing is past its age")
        return
    typer.echo("would go:" if done["dryRun"] else "gone:")
    for line in columns(("rows", "of"), [(str(count), _NAMES.get(table, f"{table}s")) for table, count in rows.items()]):
        typer.echo(f"  {line}")
    if done["more"]:
        typer.echo("  and more: only the first of each were counted")
