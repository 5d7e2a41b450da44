"""``adapter orders [ID]``: the recorded orders, or one order's way with every attempt and message."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from adapter.cli.place import here
from adapter.cli.running import ask
from adapter.errors import NotFound
from adapter.faces.admin import order_row, show_order
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
    _, settings = here()
    console = Console()
    if identifier:
        found = ask(settings, f"/admin/orders/{quote(identifier, safe='')}", lambda store: _one(store, identifier))
        _show(console, found)
        return

    async def newest(store: Store) -> list[dict[str, Any]]:
        return [order_row(row) for row in await store.orders(OrderQuery(limit=limit, state=state or None))]

    rows = ask(settings, f"/admin/orders?{urlencode({'limit': limit, 'state': state})}", newest)
    table = Table(*_COLUMNS)
    for row in rows:
        cells = (row[name] for name in _COLUMNS.values())
        table.add_row(*(escape(str(cell)) for cell in cells))
    console.print(table if rows else "no orders on record")


async def _one(store: Store, identifier: str) -> dict[str, Any]:
    found = await show_order(store, identifier)
    if found is None:
        raise NotFound(f"there is no order '{identifier}' on record")
    return found


def _show(console: Console, order: dict[str, Any]) -> None:
    attempts, messages = order.pop("attempts"), order.pop("messages")
    for key, value in order.items():
        console.print(f"[bold]{key:18}[/] {escape(str(value))}", highlight=False)
    for attempt in attempts:
        console.print(
            f"\n[bold]attempt {attempt['number']}[/] {attempt['outcome']}  {attempt['startedAt']} … {attempt['settledAt'] or 'open'}"
        )
        if attempt["evidence"]:
            console.print(f"  {attempt['evidence']}", markup=False)
        for issue in attempt["issues"]:
            console.print(f"  {issue['severity']} {issue['name'] or issue['code'] or 'unknown'}: {issue['text']}", markup=False)
    for message in messages:
        status = f" {message['status']}" if message["status"] else ""
        console.print(f"\n[bold]{message['direction']}[/] {message['operation']}{status}  {message['at']}")
        console.print(message["body"], markup=False, highlight=False)
