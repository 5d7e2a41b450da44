"""``adapter dead-letters``: tasks and streams of events that stand still, and what can be done about them."""

from __future__ import annotations

from urllib.parse import quote

import typer

from adapter.cli.columns import columns
from adapter.cli.groups import group
from adapter.cli.running import ask, operator, with_query
from adapter.cli.tasks import tell_redriven
from adapter.faces.admin import dead_letters as letters
from adapter.faces.admin.by_hand import Hand
from adapter.settings import Home, load_settings

_COLUMNS = {"kind": "kind", "since": "since", "id": "id", "stands at": "waiting", "tries": "attempts", "reason": "reason"}

dead_letters = group()


@dead_letters.callback()
def listed(ctx: typer.Context, limit: int = typer.Option(50, min=1, max=1000, help="How many of each kind to list.")) -> None:
    """List what waits for a person: parked tasks, and parked streams of an order's events to a listener."""
    if ctx.invoked_subcommand is not None:
        return
    path = with_query("/admin/dead-letters", limit=limit)
    rows = ask(load_settings(Home.find()), path, lambda store: letters.list_dead_letters(store, limit))
    if not rows:
        typer.echo("nothing stands still")
        return
    for line in columns(tuple(_COLUMNS), [[str(row[name]) for name in _COLUMNS.values()] for row in rows]):
        typer.echo(line)


@dead_letters.command()
def redrive(
    identifier: str = typer.Argument("", metavar="ID", help="A task's id, or LISTENER/ORDER of a stream, as they are listed."),
    listener: str = typer.Option("", help="Every parked stream of this listener instead."),
) -> None:
    """Have a parked task tried again, or a parked stream go on with the event it stands at."""
    if bool(identifier) is bool(listener):
        raise typer.BadParameter("name either an ID or a --listener")
    hand = Hand(operator())
    path = f"/admin/dead-letters/redrive/{quote(identifier, safe='')}" if identifier else "/admin/dead-letters/redrive"
    done = ask(
        load_settings(Home.find()),
        with_query(path, listener=listener, actor=hand.actor),
        lambda store: letters.redrive(store, identifier, hand) if identifier else letters.redrive_listener(store, listener, hand),
        method="POST",
    )
    tell_redriven(done)


@dead_letters.command()
def skip(
    identifier: str = typer.Argument(..., metavar="LISTENER/ORDER", help="A parked stream, as it is listed."),
    why: str = typer.Option(..., help="Why the listener is not to get this event; kept in the audit."),
) -> None:
    """Leave out the event a parked stream stands at, and go on with the next one. The gap is on record."""
    hand = Hand(operator())
    path = with_query(f"/admin/dead-letters/skip/{quote(identifier, safe='')}", why=why, actor=hand.actor)
    done = ask(load_settings(Home.find()), path, lambda store: letters.skip(store, identifier, why, hand), method="POST")
    typer.echo(f"event {done['skipped']} is left out, {done['left']} more follow")
