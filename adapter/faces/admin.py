"""The operator's face: orders with their way, and the codes backends have used. The other commands ask it, because the
record of a running service on SQLite is open in that process alone.

Every request carries the token that the service wrote into ``service.json`` in its data folder, readable by its user only.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter import clock
from adapter.errors import ConfigError, StoreUnavailable
from adapter.store import AttemptRow, CodeRow, MessageRow, OrderQuery, OrderRow, Store

Handler = Callable[[Request], Awaitable[Response]]


class Reloaded(Protocol):
    """What became of a reload of the rules."""

    @property
    def loaded(self) -> bool:
        """Whether the new rules are at work."""

    @property
    def text(self) -> str:
        """What was found, for people."""


def admin_routes(store: Store, reload: Callable[[], Awaitable[Reloaded]], token: str) -> list[Route]:
    """``/admin/orders``, ``/admin/orders/{id}``, ``/admin/codes``, ``POST /admin/reload`` and ``POST /admin/backup?file=``."""

    def guarded(handler: Handler) -> Handler:
        async def check(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), token.encode()):
                return _json({"error": "the token of service.json is needed"}, 401)
            try:
                return await handler(request)
            except StoreUnavailable as error:
                return _json({"error": str(error)}, 503)

        return check

    async def orders(request: Request) -> Response:
        query = request.query_params
        asked = query.get("limit", "")
        limit = min(int(asked), 1000) if asked.isdecimal() and len(asked) < 10 else 50
        rows = await store.orders(OrderQuery(limit=limit, state=query.get("state") or None))
        return _json([order_row(row) for row in rows])

    async def order(request: Request) -> Response:
        found = await show_order(store, request.path_params["id"])
        return _json(found) if found else _json({"error": "there is no such order"}, 404)

    async def codes(_: Request) -> Response:
        return _json([code_row(row) for row in await store.codes()])

    async def reload_rules(_: Request) -> Response:
        outcome = await reload()
        return _json({"loaded": outcome.loaded, "text": outcome.text})

    async def backup(request: Request) -> Response:
        file = Path(request.query_params.get("file", ""))
        if not file.is_absolute():
            return _json({"error": "name the file of the backup by its absolute path"}, 409)
        try:
            await store.backup(file)
        except ConfigError as error:
            return _json({"error": str(error)}, 409)
        return _json({"file": str(file)})

    return [
        Route("/admin/backup", guarded(backup), methods=["POST"]),
        Route("/admin/reload", guarded(reload_rules), methods=["POST"]),
        Route("/admin/orders", guarded(orders)),
        Route("/admin/orders/{id:path}", guarded(order)),
        Route("/admin/codes", guarded(codes)),
    ]


async def show_order(store: Store, identifier: str) -> dict[str, Any] | None:
    """One order with its attempts and messages, by our id or the backend's (the newest, where several have it)."""
    row = await store.order(identifier)
    if row is None and identifier:
        row = next(iter(await store.orders(OrderQuery(backend_ref=identifier, limit=1))), None)
    if row is None:
        return None
    attempts, messages = await store.attempts(row.id), await store.messages(row.id)
    return {**order_row(row), "attempts": [_attempt(item) for item in attempts], "messages": [_message(item) for item in messages]}


def order_row(row: OrderRow) -> dict[str, Any]:
    """An order as operators see it."""
    return {
        "id": row.id,
        "market": row.market,
        "operation": row.operation,
        "face": row.face,
        "client": row.client,
        "externalId": row.external_id,
        "clientReference": row.client_reference,
        "backendReference": row.backend_ref,
        "correlationId": row.correlation_id,
        "state": row.state,
        "outcome": row.outcome or "open",
        "attempts": row.attempt,
        "createdAt": clock.iso(row.created_at),
        "updatedAt": clock.iso(row.updated_at),
        "rules": row.rule_version,
    }


def code_row(row: CodeRow) -> dict[str, Any]:
    """A code as operators see it."""
    return {
        "market": row.market,
        "code": row.code,
        "name": row.name,
        "severity": row.severity,
        "count": row.count,
        "firstSeen": clock.iso(row.first_seen),
        "lastSeen": clock.iso(row.last_seen),
        "sample": row.sample,
    }


def _attempt(row: AttemptRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "outcome": row.outcome or "open",
        "startedAt": clock.iso(row.started_at),
        "deadline": clock.iso(row.deadline),
        "settledAt": clock.iso(row.settled_at) if row.settled_at else None,
        "evidence": row.evidence,
        "issues": [{"text": issue.text, "severity": issue.severity, "code": issue.code, "name": issue.name} for issue in row.issues],
    }


def _message(row: MessageRow) -> dict[str, Any]:
    return {
        "direction": row.direction,
        "operation": row.operation,
        "at": clock.iso(row.at),
        "contentType": row.content_type,
        "status": row.status,
        "digest": row.digest,
        "body": row.body.decode("utf-8", "replace"),
    }


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
