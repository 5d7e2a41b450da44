"""The HTTP application: every declared face, and what operators and front-end developers ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Any, cast

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from adapter import clock
from adapter.contract.json_bytes import write_json
from adapter.faces.callers import Callers
from adapter.faces.clients import Clients
from adapter.faces.declaration import Face
from adapter.faces.failure import plain_error
from adapter.faces.gateway import Gateway
from adapter.faces.metrics import FaceMetrics
from adapter.faces.openapi import openapi
from adapter.faces.port import Hub, Readiness, Schemas, Service
from adapter.faces.rendering import Renderer

Measure = Callable[[], Awaitable[None]]


class FaceRoute(BaseRoute):
    """Everything under a face's base path, so that every answer there is in the face's own words."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway, self._base = gateway, gateway.face.base.lower()

    def leads(self, path: str) -> bool:
        """Whether a path, in lower case, is the base path or below it."""
        return path.startswith(self._base) and path[len(self._base) : len(self._base) + 1] in ("", "/")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Full for the base path and all below it."""
        return (Match.FULL if scope["type"] == "http" and self.leads(scope["path"].lower()) else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request to the face."""
        await self.gateway(scope, receive, send)


class Application(Starlette):
    """Requests to faces go straight to them: a face answers its own errors, so that Starlette's layers have nothing to do there."""

    faces: Sequence[FaceRoute] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request. One slash at the end of a path is no part of it, as it is within the faces."""
        if scope["type"] == "http":
            path: str = scope["path"]
            lower = path.lower()
            for route in self.faces:
                if route.leads(lower):
                    await route.gateway(scope, receive, send)
                    return
            if len(path) > 1 and path.endswith("/") and all(route.matches(scope)[0] is Match.NONE for route in self.routes):
                scope = {**scope, "path": path[:-1]}
        await super().__call__(scope, receive, send)


def create_app(
    renderers: Mapping[str, Renderer],
    clients: Clients,
    service: Service,
    schemas: Schemas,
    readiness: Readiness,
    *,
    loopback: bool,
    registry: CollectorRegistry,
    hub: Hub | None = None,
    extra: Sequence[BaseRoute] = (),
    now: Callable[[], int] = clock.now,
    measure: Measure | None = None,
) -> Starlette:
    """Joins the faces of ``renderers`` with the service.

    ``loopback`` says that the server can be reached from its own machine only: faces that open themselves do so there alone.
    ``registry`` takes the metrics, ``hub`` keeps the listeners (None: no events are sent), ``extra`` are further routes beside the
    faces, ``now`` gives milliseconds since the epoch, ``measure`` brings the metrics up to date before they are shown. Clients and faces
    have been checked to fit together.
    """
    faces = [renderer.face for renderer in renderers.values()]
    operations = {route.operation for face in faces for route in face.routes}
    callers = Callers(clients, operations, open_here=loopback)
    metrics = FaceMetrics(registry)
    gateways = [
        FaceRoute(Gateway(renderer.face, renderer, service, callers, schemas=schemas, metrics=metrics, hub=hub, now=now))
        for renderer in renderers.values()
    ]
    routes: list[BaseRoute] = [
        *gateways,
        Route("/health/live", _live),
        Route("/health/ready", _ready(readiness)),
        Route("/metrics", _metrics(registry, measure)),
        Route("/openapi/{face}.json", _openapi(faces, schemas)),
        *extra,
    ]
    handlers = cast("Any", {HTTPException: _refused})
    app = Application(routes=routes, exception_handlers=handlers)
    app.faces = gateways
    app.router.redirect_slashes = False  # the address would be made of what the caller says the host is
    return app


async def _live(_: Request) -> Response:
    return _json(200, {"status": "live"})


def _ready(readiness: Readiness) -> Callable[[Request], Any]:
    async def ready(_: Request) -> Response:
        reasons: Sequence[str] = await readiness()
        return _json(503 if reasons else 200, {"status": "not ready" if reasons else "ready", "reasons": list(reasons)})

    return ready


def _metrics(registry: CollectorRegistry, measure: Measure | None) -> Callable[[Request], Any]:
    async def metrics(_: Request) -> Response:
        if measure is not None:
            await measure()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return metrics


def _openapi(faces: Sequence[Face], schemas: Schemas) -> Callable[[Request], Any]:
    named = {face.face: face for face in faces}

    @cache  # made when it is first asked for
    def text(name: str) -> bytes:
        return write_json(openapi(named[name], schemas))

    async def document(request: Request) -> Response:
        name = request.path_params["face"]
        if name not in named:
            raise HTTPException(404)
        return Response(text(name), media_type="application/json")

    return document


async def _refused(request: Request, error: Exception) -> Response:
    """Paths that belong to no face, and methods that a path of ours does not take."""
    refused = cast("HTTPException", error)
    headers = dict(refused.headers or {})
    if "Allow" in headers:
        headers["Allow"] = ", ".join(sorted({*headers["Allow"].split(", "), "OPTIONS"}))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    return _json(refused.status_code, plain_error(refused.status_code), headers)


def _json(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(write_json(value), status, headers, media_type="application/json")
