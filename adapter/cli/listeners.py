"""``adapter listeners``: who hears of orders, and how that goes."""

from __future__ import annotations

from urllib.parse import quote

import typer

from adapter.cli.columns import columns
from adapter.cli.groups import group
from adapter.cli.running import ask, operator, with_query
from adapter.faces.admin import listeners as hearers
from adapter.faces.admin.by_hand import Hand
from adapter.settings import Home, load_settings

_COLUMNS = {
    "id": "id",
    "market": "market",
    "client": "client",
    "state": "state",
    "waiting": "waiting",
    "parked": "parked",
    "oldest s": "oldestSeconds",
    "callback": "callback",
    "query": "query",
}

listeners = group()


@listeners.callback()
def listed(ctx: typer.Context) -> None:
    """List the listeners with what waits for each."""
    if ctx.invoked_subcommand is not None:
        return
    rows = ask(load_settings(Home.find()), "/admin/listeners", hearers.list_listeners)
    if not rows:
        typer.echo("nobody listens")
        return
    for line in columns(tuple(_COLUMNS), [[str(row[name]) for name in _COLUMNS.values()] for row in rows]):
        typer.echo(line)


@listeners.command()
def resume(identifier: str = typer.Argument(..., metavar="ID", help="The listener's id.")) -> None:
    """End the pause of a listener that failed too often; its parked streams stay parked until they are redriven."""
    hand = Hand(operator())
    path = with_query(f"/admin/listeners/resume/{quote(identifier, safe='')}", actor=hand.actor)
    ask(load_settings(Home.find()), path, lambda store: hearers.resume(store, identifier, hand), method="POST")
    typer.echo(f"listener {identifier} is sent to again")
