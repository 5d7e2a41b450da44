"""The paths of the operator's face."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.routing import Route

from adapter.faces.admin import attention, dead_letters, listeners, orders, tasks, upkeep
from adapter.faces.admin.answers import guarded, number, said, yes
from adapter.faces.admin.by_hand import Hand
from adapter.faces.admin.codes import code_row
from adapter.faces.admin.purging import purge_by_hand
from adapter.faces.admin.settling import Judge, settle_by_hand
from adapter.faces.admin.upkeep import Reloaded
from adapter.settings import Retention
from adapter.store import Store

_MOST = 1000


def admin_routes(store: Store, reload: Callable[[], Awaitable[Reloaded]], token: str, judge: Judge, retention: Retention) -> list[Route]:
    """Everything below ``/admin``. What changes something is POST, says in ``actor`` who does it, and leaves a row in the audit."""
    return [
        *_looking(store, token, judge),
        *_acting(store, token, judge, retention),
        guarded("/admin/backup", lambda request: upkeep.backup(store, Path(request.query_params.get("file", ""))), token, "POST"),
        guarded("/admin/reload", lambda _: upkeep.reload_rules(reload), token, "POST"),
    ]


def _looking(store: Store, token: str, judge: Judge) -> list[Route]:
    def related(market: str) -> str:
        try:
            return judge.rules(market).market.related
        except KeyError:  # no market of this service any more
            return ""

    async def listed(request: Request) -> Any:
        query = request.query_params
        return await orders.list_orders(store, number(query, "limit", 50, _MOST), query.get("state", ""), _markets(query))

    async def calling(request: Request) -> Any:
        query = request.query_params
        return await attention.list_attention(store, number(query, "limit", 50, _MOST), _markets(query))

    async def codes(_: Request) -> Any:
        return [code_row(row) for row in await store.codes()]

    async def waiting(request: Request) -> Any:
        query = request.query_params
        limit = number(query, "limit", 50, _MOST)
        return await tasks.list_tasks(store, limit, query.get("lane", ""), yes(query, "parked"), query.get("order", ""))

    return [
        guarded("/admin/orders", listed, token),
        guarded(
            "/admin/orders/in-doubt", lambda request: orders.list_in_doubt(store, number(request.query_params, "limit", 50, _MOST)), token
        ),
        guarded("/admin/orders/attention", calling, token),
        guarded("/admin/orders/{id:path}", lambda request: orders.way_of_order(store, request.path_params["id"], related), token),
        guarded("/admin/codes", codes, token),
        guarded("/admin/tasks", waiting, token),
        guarded(
            "/admin/dead-letters",
            lambda request: dead_letters.list_dead_letters(store, number(request.query_params, "limit", 50, _MOST)),
            token,
        ),
        guarded("/admin/listeners", lambda _: listeners.list_listeners(store), token),
    ]


def _markets(query: QueryParams) -> list[str]:
    return [name for name in query.get("market", "").split(",") if name]


def _acting(store: Store, token: str, judge: Judge, retention: Retention) -> list[Route]:
    def declared(market: str) -> bool:
        try:
            judge.rules(market)
        except KeyError:
            return False
        return True

    def hand(request: Request) -> Hand:
        return Hand(said(request.query_params, "actor"))

    async def settle(request: Request) -> Any:
        query = request.query_params
        verdict, reference, why = (query.get(name, "") for name in ("verdict", "reference", "why"))
        identifier, shared = request.path_params["id"], yes(query, "shared")
        return await settle_by_hand(store, judge, identifier, verdict, reference, why, hand(request), shared=shared)

    async def skip(request: Request) -> Any:
        return await dead_letters.skip(store, request.path_params["id"], said(request.query_params, "why"), hand(request))

    async def dismiss(request: Request) -> Any:
        return await attention.dismiss(store, request.path_params["id"], said(request.query_params, "why"), hand(request))

    routes: list[tuple[str, Callable[[Request], Awaitable[Any]]]] = [
        ("/admin/tasks/redrive", lambda request: tasks.redrive_lane(store, said(request.query_params, "lane"), hand(request), declared)),
        ("/admin/tasks/redrive/{id:path}", lambda request: tasks.redrive_task(store, request.path_params["id"], hand(request))),
        (
            "/admin/dead-letters/redrive",
            lambda request: dead_letters.redrive_listener(store, said(request.query_params, "listener"), hand(request)),
        ),
        ("/admin/dead-letters/redrive/{id:path}", lambda request: dead_letters.redrive(store, request.path_params["id"], hand(request))),
        ("/admin/dead-letters/skip/{id:path}", skip),
        ("/admin/listeners/resume/{id:path}", lambda request: listeners.resume(store, request.path_params["id"], hand(request))),
        ("/admin/settle/{id:path}", settle),
        ("/admin/dismiss/{id:path}", dismiss),
        ("/admin/purge", lambda request: purge_by_hand(store, retention, yes(request.query_params, "dry"), hand(request))),
    ]
    return [guarded(path, work, token, "POST") for path, work in routes]
