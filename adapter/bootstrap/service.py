"""The running service: faces, pipeline, backends and record, opened in the order in which they need each other."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from adapter.bootstrap.backends import Backends
from adapter.bootstrap.gauges import RecordGauges
from adapter.bootstrap.listeners import Listeners
from adapter.bootstrap.named import named_nowhere
from adapter.bootstrap.observers import MarketMetrics
from adapter.bootstrap.routes import with_routes
from adapter.bootstrap.rules import MarketRules
from adapter.bootstrap.work import PURGE_SECONDS, Work, closed_until
from adapter.bootstrap.work_metrics import WorkMetrics
from adapter.contract.tmf import Error, model_schema, resource, type_name_of
from adapter.contract.tmf.widening import widened
from adapter.errors import CheckFailed, ConfigError, StoreUnavailable
from adapter.faces.admin import admin_routes
from adapter.faces.admin.purging import retention
from adapter.faces.admin.settling import Judge
from adapter.faces.app import create_app
from adapter.faces.clients import load_clients
from adapter.faces.declaration import Face, load_face
from adapter.faces.inbound import InboundRoute
from adapter.faces.paths import WITHOUT_DOCUMENT
from adapter.faces.port import Form, Readiness, Schemas
from adapter.faces.rendering import Renderer
from adapter.following import Follower
from adapter.pipeline import Pipeline
from adapter.receiving import Receiving
from adapter.routing import Router
from adapter.settings import Home, Settings
from adapter.store import Store
from adapter.tracing import traced
from adapter.work.housekeeping import Chore
from adapter.work.purge import Purge

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
    faces = [_with_resources(load_face(home.face_file(name), environment)) for name in settings.faces]
    clients = load_clients(home.path(settings.clients), environment)
    if unknown := named_nowhere(home, settings, faces, clients):
        raise CheckFailed(unknown)
    registry = CollectorRegistry()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(traced(settings.tracing))
        store = await Store.open(settings.store)
        stack.push_async_callback(store.close)
        metrics, work_metrics = MarketMetrics(registry, store), WorkMetrics(registry)
        gauges = RecordGauges(registry, store, settings.store)
        store.watch(work_metrics.transaction)
        backends = Backends(home, settings, faces, environment, metrics)
        stack.push_async_callback(backends.close)
        renderers = {face.face: Renderer(face, base_url) for face in faces}
        pipeline = Pipeline(backends, store, renderers, metrics, store.clock, clients.owners)
        stack.push_async_callback(pipeline.drain)
        receiving = Receiving(backends, store, metrics, store.clock, clients.owners)
        callers, schemas = with_routes(clients, backends.rules), _schemas(backends.rules)
        routes = {name: found.market.routes for name, found in backends.routes.items()}
        listeners = Listeners.build(home, settings, callers, renderers, schemas, store, work_metrics, routes)
        app = create_app(
            renderers,
            callers,
            Router(pipeline, backends.routes),
            schemas,
            _readiness(store),
            loopback=loopback,
            registry=registry,
            extra=(
                InboundRoute(receiving, base_url, metrics.message_answered),
                *admin_routes(store, backends.reload, admin_token, Judge(backends.__getitem__, renderers), settings.retention),
            ),
            measure=gauges.refresh,
            hub=listeners.hub,
        )
        chores = (Chore("purge", PURGE_SECONDS, Purge(store, retention(settings.retention))),)
        work = Work(store, backends, Follower(backends, metrics, store.clock), pipeline.doubt, work_metrics, chores)
        pipeline.wake, pipeline.closed_until = work.wake, closed_until(store.clock)
        await listeners.start()
        stack.push_async_callback(listeners.stop)
        work.start()
        stack.push_async_callback(work.stop)
        yield Service(app, pipeline, store, backends, {face.face: face.base for face in faces}, settings.store)


def _with_resources(face: Face) -> Face:
    """The face itself. Raises ConfigError where it is about a resource that is none; its schema is not made before it is needed."""
    for route in face.routes:
        if route.kind not in WITHOUT_DOCUMENT:
            try:
                type_name_of(route.resource)
            except ConfigError as error:
                raise ConfigError(f"config/faces/{face.face}.yaml: {route.operation}: {error}") from None
    return face


def _schemas(rules: Mapping[str, MarketRules]) -> Schemas:
    """What faces publish: the canonical resource with every market's additions, which its callers may send."""

    def schema(view: str, name: str, form: Form) -> Mapping[str, Any] | None:
        if name == "Error":
            return model_schema(Error)
        found = [market.resources[name] for market in rules.values() if name in market.resources and market.market.extension]
        chosen = found or [resource(name)]
        if form == "update":
            patches = [one.update_schema for one in chosen if one.update_schema is not None]
            return widened(patches) if patches else None
        return widened([one.create_schema if form == "create" else one.answer(view).schema for one in chosen])

    return schema


def _readiness(store: Store) -> Readiness:
    async def reasons() -> Sequence[str]:
        try:
            await store.ready()
        except StoreUnavailable as error:
            return [str(error)]
        return []

    return reasons
