"""A simulated Nexera: its REST interface, its resources, and what happens to them, behind one small HTTP server.

/nexera/<its paths>      REST, checked strictly against the OpenAPI document
GET  /nexera?openapi     the OpenAPI document with the server's own address
POST /play/<kind>/<id>/<act>   one act of the scenario file happens now, whatever the script says
Everything else as the other simulators that call do; what was created stands by requestId.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from simulators.calling import CallingTwin
from simulators.http_server import HttpReply, HttpRequest
from simulators.nexera.calls import Calls, Said, refused
from simulators.nexera.contract import Contract, ContractError, Operation
from simulators.nexera.playing import Player
from simulators.nexera.resources import Resources
from simulators.nexera.scenario import Refusal, Response, Scenarios, Step
from simulators.nexera.telling import Callbacks
from simulators.numbers import Numbers
from simulators.scenario import read_yaml

HERE = Path(__file__).parent
OPENAPI = HERE.parents[1] / "mappings" / "pl" / "schema" / "nexera.openapi.yaml"
_JSON = "application/json"


class Nexera(CallingTwin[Response]):
    """One running Nexera. Scripts run ``speed`` times as fast as written; ``clock`` gives seconds since the epoch for the times that it
    writes. Callbacks go to ``inbound`` with ``headers``."""

    def __init__(
        self,
        scenarios: Scenarios,
        *,
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
        limit: int = 10_000,
        inbound: str = "",
        headers: Mapping[str, str] | None = None,
        **server: Any,
    ) -> None:
        super().__init__("nexera", **server)
        self._contract = Contract(OPENAPI)
        self._kinds = scenarios.kinds
        self._resources = Resources(limit)
        self._callbacks = Callbacks(self._listener, scenarios.pauses, speed)
        self.tells(inbound, headers)
        self._player = Player(self._kinds, self._resources, self._callbacks, self._contract, speed, clock)
        self._calls = Calls(self._kinds, self._resources, self._player, clock)

    async def stop(self) -> None:
        """Also ends all scripts and callbacks."""
        await self._player.stop()
        await super().stop()

    @property
    def numbers(self) -> Numbers:
        """Those that it gives to what it books."""
        return self._resources.numbers

    def bookings(self) -> dict[str, Any]:
        """As ``GET /bookings``."""
        return self._resources.summary()

    def callbacks(self) -> list[dict[str, Any]]:
        """As ``GET /callbacks``."""
        return self._callbacks.told()

    def members(self, kind: str, identity: str) -> dict[str, Any] | None:
        """A resource as it stands here now."""
        resource = self._resources.get(kind, identity)
        return None if resource is None else dict(resource.members)

    async def play(self, kind: str, identity: str, act: str) -> list[int]:
        """As ``POST /play``; returns the statuses that its callbacks came to. Raises KeyError for what there is not."""
        resource = self._resources.get(kind, identity)
        if resource is None:
            raise KeyError(f"there is no {kind} {identity}")
        return await self._player.perform(resource, self._kinds[kind].acts[act])

    def reset(self) -> None:
        """As ``POST /reset``: resources, counts, requests, callbacks and planned answers are forgotten."""
        for kind in self._kinds:
            for resource in self._resources.of(kind):
                self._player.end(resource)
        self._resources.clear()
        self._calls.clear()
        self._callbacks.clear()
        super().reset()

    def _called(self, request: HttpRequest) -> HttpReply:
        base, played = f"/{self.name}", "/play/"
        if request.method == "GET" and request.path.rstrip("/") == base:
            return HttpReply(content_type="application/yaml", body=self._contract.served(self.url))
        if request.method == "POST" and request.path.startswith(played):
            return self._played(request.path.removeprefix(played))
        within = request.path.lower().startswith(f"{base}/")
        operation, path, methods = self._contract.find(request.method, request.path[len(base) :] if within else "")
        self._keep(request, operation)
        if operation is None:
            status = 405 if methods else 404
            said = refused(Refusal(status=status, code="NO_SUCH_OPERATION", reason=f"There is no {request.method} {request.path}"))
            return _json(said, headers={"allow": ", ".join(sorted(methods))} if methods else {})
        try:
            query, body = self._contract.read_query(operation, request.query), _body(operation, request)
            self._contract.check_request(operation, body)
            response = self._planned(operation.name) or self._calls.response(operation, body)
            if not response.keep:
                return HttpReply().sent(response)
            said = refused(response.refuse) if response.refuse else self._calls.do(operation, path, query, body)
        except ContractError as error:
            return _json(refused(Refusal(status=400, code="INVALID", reason=str(error))))
        if said.status < 300 or said.status in operation.answers:
            self._contract.check_answer(operation, said.status, said.body)
        return _json(said).sent(response)

    def _played(self, rest: str) -> HttpReply:
        kind, identity, act = (*rest.split("/"), "", "", "")[:3]
        resource = self._resources.get(kind, identity)
        if resource is None or act not in self._kinds[kind].acts:
            acts = ", ".join(sorted(self._kinds[kind].acts)) if kind in self._kinds else ""
            known = f"acts of {kind}: {acts}" if acts else f"kinds: {', '.join(sorted(self._kinds))}"
            return HttpReply(404, body=f"expected /play/<kind>/<id>/<act>; {known}\n".encode())
        self._player.beside(resource, Step(act=act))
        return HttpReply(status=202)

    def _keep(self, request: HttpRequest, operation: Operation | None) -> None:
        target = request.path + (f"?{request.query}" if request.query else "")
        body = request.body.decode("utf-8", "replace")
        self._remember(request, operation.name if operation else "", method=request.method, target=target, body=body)


def nexera(scenarios: Path = HERE / "scenarios.yaml", **options: Any) -> Nexera:
    """The Nexera simulator. ``options``: host, port, speed, clock, limit, inbound, headers."""
    return Nexera(Scenarios.model_validate(read_yaml(scenarios)), **options)


def _body(operation: Operation, request: HttpRequest) -> Any:
    """The JSON of the request, None where the operation takes none. Raises ContractError."""
    if operation.request is None:
        return None
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in (_JSON, "application/merge-patch+json"):
        raise ContractError(f"content type {media or '(none)'}: expected {_JSON}")
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise ContractError(f"the body is no JSON: {error}") from None


def _json(said: Said, headers: Mapping[str, str] | None = None) -> HttpReply:
    return HttpReply(said.status, f"{_JSON};charset=utf-8", json.dumps(said.body, ensure_ascii=False).encode(), headers or {})
