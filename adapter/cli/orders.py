"""``adapter orders [ID]``: the recorded orders, or one order's way with every attempt and message."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import typer

from adapter.cli.columns import columns, printable
from adapter.cli.running import ask
from adapter.errors import NotFound
from adapter.faces.admin import order_row, show_order
from adapter.settings import Home, load_settings
from adapter.store import OrderQuery, Store

_COLUMNS = {
    "created": "createdAt",
    "market": "market",
    "id": "id",
    "backend": "backendReference",
    "external id": "externalId",
    "state": "state",
    "outcome": "outcome",
    "attempts": "attempts",
}


def orders(
    identifier: str = typer.Argument("", metavar="[ID]", help="An order's own id, or the backend's."),
    limit: int = typer.Option(20, min=1, max=1000, help="How many of the newest orders to list."),
    state: str = typer.Option("", help="Only orders in this state."),
) -> None:
    """List recorded orders, or show one order's whole way."""
    settings = load_settings(Home.find())
    if identifier:
        found = ask(settings, f"/admin/orders/{quote(identifier, safe='')}", lambda store: _one(store, identifier))
        _show(found)
        return

    async def newest(store: Store) -> list[dict[str, Any]]:
        return [order_row(row) for row in await store.orders(OrderQuery(limit=limit, state=state or None))]

    rows = ask(settings, f"/admin/orders?{urlencode({'limit': limit, 'state': state})}", newest)
    if not rows:
        typer.echo("no orders on record")
        return
    for line in columns(tuple(_COLUMNS), [[str(row[name]) for name in _COLUMNS.values()] for row in rows]):
        typer.echo(line)


async def _one(store: Store, identifier: str) -> dict[str, Any]:
    found = await show_order(store, identifier)
    if found is None:
        raise NotFound(f"there is no order '{identifier}' on record")
    return found


def _show(order: dict[str, Any]) -> None:
    attempts, messages = order.pop("attempts"), order.pop("messages")
    for key, value in order.items():
        typer.echo(f"{key:18} {printable(str(value))}".rstrip())
    for attempt in attempts:
        typer.echo(f"\nattempt {attempt['number']} {attempt['outcome']}  {attempt['startedAt']} … {attempt['settledAt'] or 'open'}")
        if attempt["evidence"]:
            typer.echo(f"  {printable(attempt['evidence'])}")
        for issue in attempt["issues"]:
            typer.echo(printable(f"  {issue['severity']} {issue['name'] or issue['code'] or 'unknown'}: {issue['text']}"))
    for message in messages:
        status = f" {message['status']}" if message["status"] else ""
        typer.echo(f"\n{message['direction']} {message['operation']}{status}  {message['at']}")
        typer.echo(printable(message["body"], keep="\n\t"))
