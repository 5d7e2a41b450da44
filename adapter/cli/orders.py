"""``adapter orders``: what is on record, what is in doubt, what needs a person, one order's whole way, and seeing to one by hand."""

from __future__ import annotations

import os
from enum import StrEnum
from functools import partial
from typing import Any
from urllib.parse import quote

import typer

from adapter.cli.check import Anything
from adapter.cli.columns import columns, printable
from adapter.cli.groups import ShowsByDefault, group
from adapter.cli.meant import meant
from adapter.cli.place import here
from adapter.cli.running import ask, operator, with_query
from adapter.cli.settling import judge_without_service
from adapter.errors import ConfigError, NotFound
from adapter.faces.admin.attention import dismiss as dismissed
from adapter.faces.admin.attention import list_attention
from adapter.faces.admin.by_hand import Hand
from adapter.faces.admin.orders import list_in_doubt, list_orders, way_of_order
from adapter.faces.admin.settling import settle_by_hand
from adapter.market import load_market
from adapter.settings import Home, load_settings
from adapter.store import Store

_COLUMNS = {
    "created": "createdAt",
    "market": "market",
    "id": "id",
    "request": "operation",
    "about": "subject",
    "backend": "backendReference",
    "external id": "externalId",
    "state": "state",
    "outcome": "outcome",
    "attempts": "attempts",
}
_ATTENTION = {
    "changed": "updatedAt",
    "market": "market",
    "id": "id",
    "request": "operation",
    "about": "subject",
    "external id": "externalId",
    "state": "state",
    "stands still": "stands",
    "reason": "reason",
}
_HEAD = (
    "id",
    "market",
    "operation",
    "subject",
    "face",
    "client",
    "externalId",
    "clientReference",
    "backendReference",
    "correlationId",
    "state",
    "legacyState",
    "attention",
    "outcome",
    "createdAt",
    "updatedAt",
    "doneAt",
    "rules",
)


class Settled(StrEnum):
    """What a person knows about an order in doubt."""

    ACCEPTED = "accepted"
    ABSENT = "absent"


orders = group(cls=ShowsByDefault)


@orders.callback()
def listed(
    ctx: typer.Context,
    limit: int = typer.Option(20, min=1, max=1000, help="How many orders to list."),
    state: str = typer.Option("", help="Only orders in this state."),
    market: str = typer.Option("", help="Only orders of this market; of one that is routed, those of all it stands for."),
    in_doubt: bool = typer.Option(False, "--in-doubt", help="Orders whose backend may or may not have taken them, the oldest first."),
    attention: bool = typer.Option(False, "--attention", help="All that a person has to look at, with the reason."),
) -> None:
    """List recorded requests (orders, and changes and tasks about them), show one's whole way (orders ID), or see to one by hand."""
    if ctx.invoked_subcommand is not None:
        return
    home = Home.find()
    settings = load_settings(home)
    if (in_doubt and (attention or state or market)) or (attention and state):
        raise typer.BadParameter("--in-doubt lists all of them: it goes with --limit only; --attention with --market and --limit")
    if in_doubt:
        path = with_query("/admin/orders/in-doubt", limit=limit)
        _doubts(ask(settings, path, lambda store: list_in_doubt(store, limit)))
        return
    markets = meant(home, market)
    of = "".join((f" of market {market}" if market else "", f" in state {state}" if state else ""))
    if attention:
        path = with_query("/admin/orders/attention", limit=limit, market=",".join(markets))
        rows = ask(settings, path, lambda store: list_attention(store, limit, markets))
    else:
        path = with_query("/admin/orders", limit=limit, state=state, market=",".join(markets))
        rows = ask(settings, path, lambda store: list_orders(store, limit, state, markets))
    if not rows and markets == (market,) and not home.market_file(market).is_file():
        raise NotFound(f"there is no market '{market}' (there are: {', '.join(settings.markets)}), and no order of one on record")
    _show(_ATTENTION if attention else _COLUMNS, rows, f"nothing{of} needs a person" if attention else f"no orders{of} on record")


def _show(heads: dict[str, str], rows: list[dict[str, Any]], none: str) -> None:
    if not rows:
        typer.echo(none)
        return
    for line in columns(tuple(heads), [[str(row[name]) for name in heads.values()] for row in rows]):
        typer.echo(line)


@orders.command()
def show(
    identifier: str = typer.Argument(..., metavar="ID", help="An order's own id, the backend's, or the caller's own number of it."),
    brief: bool = typer.Option(False, "--brief", help="Without the messages' bodies."),
) -> None:
    """Show one order's whole way, in the order of time: attempts, messages, events, deliveries, tasks, acts of people."""
    home = Home.find()
    path = f"/admin/orders/{quote(identifier, safe='')}"
    order = ask(load_settings(home), path, lambda store: way_of_order(store, identifier, partial(_related_in, home)))
    for key in _HEAD:
        if order[key] != "":
            typer.echo(f"{key:18} {printable(str(order[key]))}".rstrip())
    for older in order["namesakes"]:
        typer.echo(f"{'same number, older':18} {printable(older)}")
    for other in order["related"]:
        typer.echo(f"{'related':18} {printable(other)}")
    for step in order["timeline"]:
        rules = f"  [rules {step['rules']}]" if step["rules"] else ""
        typer.echo(f"\n{step['at'] or 'now':24}  {step['kind']:9} {printable(step['text'])}{rules}")
        for line in step["lines"]:
            typer.echo(f"  {printable(line)}")
        if step["body"] and not brief:
            typer.echo(printable(step["body"], keep="\n\t"))


def _related_in(home: Home, market: str) -> str:
    """Where resources of a market that belong together have the same value, as it is declared now; "" where that cannot be read: an order
    is shown whatever its market's file looks like."""
    try:
        return load_market(home.market_file(market), Anything(os.environ)).related
    except ConfigError:
        return ""


@orders.command()
def settle(
    identifier: str = typer.Argument(..., metavar="ID", help="The order's own id, or the backend's."),
    verdict: Settled = typer.Option(..., "--as", help="accepted: the backend has it. absent: it certainly has not, and never will."),
    reference: str = typer.Option("", help="With accepted: the backend's number of the order."),
    shared: bool = typer.Option(False, "--shared", help="The number is right, although another order has it too."),
    why: str = typer.Option("", help="How you know; kept in the audit."),
) -> None:
    """Settle an order in doubt by hand. Refused where its attempt is settled, its call is still under way, or another
    order has the number."""
    home, settings = here()
    hand = Hand(operator())
    asked = {"verdict": verdict.value, "reference": reference, "shared": shared, "why": why, "actor": hand.actor}
    path = with_query(f"/admin/settle/{quote(identifier, safe='')}", **asked)

    async def without_service(store: Store) -> dict[str, Any]:
        judge = judge_without_service(home, settings)
        return await settle_by_hand(store, judge, identifier, verdict.value, reference, why, hand, shared=shared)

    done = ask(settings, path, without_service, method="POST")
    typer.echo(printable(done["text"]))


@orders.command()
def dismiss(
    identifier: str = typer.Argument(..., metavar="ID", help="The order's own id, or the backend's."),
    why: str = typer.Option(..., help="What was done about it; kept in the audit."),
) -> None:
    """Take an order off the list of --attention: a person has seen to it. The order itself stays as it is."""
    hand = Hand(operator())
    path = with_query(f"/admin/dismiss/{quote(identifier, safe='')}", why=why, actor=hand.actor)
    done = ask(load_settings(Home.find()), path, lambda store: dismissed(store, identifier, why, hand), method="POST")
    typer.echo(printable(f"order {done['order']} calls for nobody any more; it said: {done['reason']}"))


def _doubts(rows: list[dict[str, Any]]) -> None:
    if not rows:
        typer.echo("no order is in doubt")
        return
    heads = ("since", "market", "id", "request", "about", "client reference", "external id", "attempt", "task", "evidence")
    for line in columns(heads, [_doubt(row) for row in rows]):
        typer.echo(line)


def _doubt(row: dict[str, Any]) -> tuple[str, ...]:
    task = row["task"]
    standing = "none" if task is None else f"parked: {task['error']}" if task["state"] == "parked" else f"{task['state']} {task['dueAt']}"
    shown = (row["since"], row["market"], row["id"], row["operation"], row["subject"], row["clientReference"], row["externalId"])
    return (*shown, str(row["attempt"]), standing, row["evidence"])
