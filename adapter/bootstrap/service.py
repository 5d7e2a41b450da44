"""The running service: faces, pipeline, backends and record, opened in the order in which they need each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from adapter import clock
from adapter.bootstrap.backends import Backends
from adapter.bootstrap.observers import MarketMetrics
from adapter.bootstrap.rules import MarketRules
from adapter.contract.tmf import Error, model_schema, resource
from adapter.errors import StoreUnavailable
from adapter.faces.admin import admin_routes
from adapter.faces.app import create_app
from adapter.faces.clients import check_clients, load_clients
from adapter.faces.declaration import load_face
from adapter.faces.rendering import Renderer
from adapter.pipeline import Pipeline
from adapter.settings import Home, Settings
from adapter.store import Store

log = structlog.get_logger("adapter.service")


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running service."""

    app: Starlette
    pipeline: Pipeline
    store: Store
    backends: Backends
    face_bases: Mapping[str, str]
    store_name: str


@contextlib.asynccontextmanager
async def open_service(
    home: Home, settings: Settings, *, environment: Mapping[str, str], base_url: str, loopback: bool, admin_token: str
) -> AsyncIterator[Service]:
    """Opens everything; at the end no exchange is lost that has begun. Raises ConfigError, CheckFailed, StoreUnavailable."""
    faces = [load_face(home.face_file(name), environment) for name in settings.faces]
    clients = load_clients(home.path(settings.clients), environment)
    check_clients(clients, settings.faces, settings.markets)
    registry = CollectorRegistry()
    async with contextlib.AsyncExitStack() as stack:
        store = await Store.open(settings.store, clock=clock.now)
        stack.push_async_callback(store.close)
        metrics = MarketMetrics(registry, store)
        backends = Backends(home, settings, faces, environment, metrics)
        stack.push_async_callback(backends.close)
        renderers = {face.face: Renderer(face, base_url) for face in faces}
        pipeline = Pipeline(backends, store, renderers, metrics)
        stack.push_async_callback(pipeline.drain)
        app = create_app(
            renderers,
            clients,
            pipeline,
            _schemas(backends.rules),
            _readiness(store),
            loopback=loopback,
            registry=registry,
            extra=admin_routes(store, backends.reload, admin_token),
        )
        settling = asyncio.create_task(_settle_at_start(pipeline))
        stack.push_async_callback(_cancelled, settling)
        yield Service(app, pipeline, store, backends, {face.face: face.base for face in faces}, settings.store)


def _schemas(rules: Mapping[str, MarketRules]) -> Any:
    """What faces publish: the canonical resource with every market's additions, which its callers may send."""

    def schema(view: str, name: str, form: Literal["create", "full"]) -> Mapping[str, Any] | None:
        if name == "Error":
            return model_schema(Error)
        found = [market.resources[name] for market in rules.values() if name in market.resources and market.market.extension]
        chosen = found[0] if found else resource(name)
        return chosen.create_schema if form == "create" else chosen.answer(view).schema

    return schema


def _readiness(store: Store) -> Any:
    async def reasons() -> Sequence[str]:
        try:
            await store.ready()
        except StoreUnavailable as error:
            return [str(error)]
        return []

    return reasons


async def _settle_at_start(pipeline: Pipeline) -> None:
    try:
        settled = await pipeline.doubt.settle_all()
    except StoreUnavailable as error:
        log.error("doubt.not-settled-at-start", reason=str(error), remedy="a repeat of the request, or the next start, settles it")
        return
    if settled:
        log.info("doubt.settled-at-start", orders=settled)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
