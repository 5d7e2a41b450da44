"""``adapter tasks``: what is to be done and when, and having something that stands still go on."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import typer

from adapter.cli.columns import columns
from adapter.cli.groups import group
from adapter.cli.running import ask, operator, with_query
from adapter.faces.admin.by_hand import Hand
from adapter.faces.admin.tasks import list_tasks, redrive_lane, redrive_task
from adapter.settings import Home, load_settings

_COLUMNS = {"due": "dueAt", "state": "state", "lane": "lane", "id": "id", "claims": "attempts", "owner": "owner", "reason": "error"}

tasks = group()


@tasks.callback()
def listed(
    ctx: typer.Context,
    lane: str = typer.Option("", help="Only one lane, e.g. poll:pr."),
    parked: bool = typer.Option(False, "--parked", help="Only tasks that wait for a person."),
    order: str = typer.Option("", help="Only the tasks of one order, by our id."),
    limit: int = typer.Option(50, min=1, max=1000, help="How many to list."),
) -> None:
    """List tasks: due, waiting for their time, leased by a worker, or parked."""
    if ctx.invoked_subcommand is not None:
        return
    path = with_query("/admin/tasks", lane=lane, parked=parked, order=order, limit=limit)
    rows = ask(load_settings(Home.find()), path, lambda store: list_tasks(store, limit, lane, parked, order))
    if not rows:
        of = "".join((f" in lane {lane}" if lane else "", f" of order {order}" if order else ""))
        typer.echo(
            f"no{' parked' if parked else ''} tasks{of} on record"
            + ("; --order takes our id, as 'adapter orders' lists it" if order else "")
        )
        return
    for line in columns(tuple(_COLUMNS), [[str(row[name]) for name in _COLUMNS.values()] for row in rows]):
        typer.echo(line)


@tasks.command()
def redrive(
    identifier: str = typer.Argument("", metavar="ID", help="A task's id, e.g. poll:ORDER."),
    lane: str = typer.Option("", help="Every parked task of this lane instead."),
) -> None:
    """Have a parked or waiting task tried again at once."""
    if bool(identifier) is bool(lane):
        raise typer.BadParameter("name either a task's ID or a --lane")
    hand = Hand(operator())
    path = f"/admin/tasks/redrive/{quote(identifier, safe='')}" if identifier else "/admin/tasks/redrive"
    settings = load_settings(Home.find())
    done = ask(
        settings,
        with_query(path, lane=lane, actor=hand.actor),
        lambda store: (
            redrive_task(store, identifier, hand) if identifier else redrive_lane(store, lane, hand, settings.markets.__contains__)
        ),
        method="POST",
    )
    tell_redriven(done)


def tell_redriven(done: dict[str, Any]) -> None:
    """Says what goes on."""
    for identifier in done["redriven"]:
        typer.echo(f"{identifier} is due now")
    if not done["redriven"]:
        typer.echo("nothing stands still there")
