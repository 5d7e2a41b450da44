"""A simulated Nexera: its REST interface, its resources, and what happens to them, behind one small HTTP server.

/nexera/<its paths>      REST, checked strictly against the OpenAPI document
GET  /nexera?openapi     the OpenAPI document with the server's own address
GET  /bookings           what was created, by requestId; doubles are counted, not removed
GET  /requests?last=N    the last raw requests
GET  /callbacks          what the operator was told, and how it answered
PUT  /callbacks          where the operator listens: {"address": "http://…", "headers": {…}}
POST /play/<kind>/<id>/<act>   one act of the scenario file happens now, whatever the script says
POST /reset              forgets everything
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

from simulators.http_server import HttpReply, HttpRequest, HttpServer
from simulators.nexera.calls import Calls, Said, refused
from simulators.nexera.contract import Contract, ContractError, Operation
from simulators.nexera.playing import Player
from simulators.nexera.resources import Resources
from simulators.nexera.scenario import Refusal, Response, Scenarios, Step
from simulators.nexera.telling import Callbacks
from simulators.scenario import read_yaml

HERE = Path(__file__).parent
OPENAPI = HERE.parents[1] / "mappings" / "pl" / "schema" / "nexera.openapi.yaml"
_KEPT_REQUESTS = 200
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
_JSON = "application/json"
_BASE = "/nexera"


class Nexera:
    """One running Nexera. ``async with Nexera(scenarios) as simulator: simulator.url``, or ``start`` and ``stop``.

    Scripts run ``speed`` times as fast as written; ``clock`` gives seconds since the epoch for the times that it writes. Callbacks go to
    ``inbound`` with ``headers``.
    """

    def __init__(
        self,
        scenarios: Scenarios,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
        limit: int = 10_000,
        inbound: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._contract = Contract(OPENAPI)
        self._kinds = scenarios.kinds
        self._resources = Resources(limit)
        self._callbacks = Callbacks(scenarios.pauses, speed)
        self.tells(inbound, headers)
        self._player = Player(self._kinds, self._resources, self._callbacks, self._contract, speed, clock)
        self._calls = Calls(self._kinds, self._resources, self._player, clock)
        self._server = HttpServer(self._answer)
        self._requests: deque[dict[str, Any]] = deque(maxlen=_KEPT_REQUESTS)
        self._received = 0
        self._planned: dict[str, deque[Response]] = {}
        self.root = ""

    @property
    def url(self) -> str:
        """The address that the paths of the interface begin with."""
        return self.root + _BASE

    @property
    def contract_url(self) -> str:
        """Where the OpenAPI document is served."""
        return f"{self.url}?openapi"

    async def start(self, port: int | None = None) -> str:
        """Listens on ``port`` (0: a free one) and returns its address. Raises OSError when the port is taken."""
        self._callbacks.open()
        bound = await self._server.start(self._host, self._port if port is None else port)
        self.root = f"http://{self._host}:{bound}"
        return self.url

    async def stop(self) -> None:
        """Stops: all scripts, callbacks and connections end at once. What was created stays."""
        await self._player.stop()
        await self._server.stop()
        await self._callbacks.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def tells(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        """As ``PUT /callbacks``; until then callbacks wait."""
        self._callbacks.to(address, headers or {})

    def bookings(self) -> dict[str, Any]:
        """As ``GET /bookings``."""
        return self._resources.summary()

    def requests(self, last: int = _KEPT_REQUESTS) -> list[dict[str, Any]]:
        """As ``GET /requests``: number, operation ("" when there is none), method, target, headers without secrets, body."""
        return list(self._requests)[-last:] if last > 0 else []

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
        self._requests.clear()
        self._received = 0
        self._planned.clear()

    def once(self, operation: str, response: Response, times: int = 1) -> None:
        """The next ``times`` calls of ``operation`` are answered so, whatever the scenario file says."""
        self._planned.setdefault(operation, deque()).extend([response] * times)

    def _answer(self, request: HttpRequest) -> HttpReply:
        if (reply := self._desk(request)) is not None:
            return reply
        within = request.path.lower().startswith(f"{_BASE}/")
        operation, path, methods = self._contract.find(request.method, request.path[len(_BASE) :] if within else "")
        self._remember(request, operation)
        if operation is None:
            status = 405 if methods else 404
            said = refused(Refusal(status=status, code="NO_SUCH_OPERATION", reason=f"There is no {request.method} {request.path}"))
            return _json(said, headers={"allow": ", ".join(sorted(methods))} if methods else {})
        try:
            query, body = self._contract.read_query(operation, request.query), _body(operation, request)
            self._contract.check_request(operation, body)
            planned = self._planned.get(operation.name)
            response = planned.popleft() if planned else self._calls.response(operation, body)
            if not response.keep:
                return HttpReply(after=response.after, transport=response.transport)
            said = refused(response.refuse) if response.refuse else self._calls.do(operation, path, query, body)
        except ContractError as error:
            return _json(refused(Refusal(status=400, code="INVALID", reason=str(error))))
        if said.status < 300 or said.status in operation.answers:
            self._contract.check_answer(operation, said.status, said.body)
        return _json(said, response)

    def _desk(self, request: HttpRequest) -> HttpReply | None:
        """What is no part of the interface, but of the simulator."""
        name, _, rest = request.path.removeprefix("/").partition("/")
        match (request.method, name):
            case ("GET", "nexera") if not rest:
                return HttpReply(content_type="application/yaml", body=self._contract.served(self.url))
            case ("GET", "bookings" | "callbacks" | "requests"):
                return self._shown(name, request.query)
            case ("PUT", "callbacks"):
                return self._addressed(request.body)
            case ("POST", "play"):
                return self._played(rest)
            case ("POST", "reset"):
                self.reset()
                return HttpReply(status=204)
        return None

    def _shown(self, name: str, query: str) -> HttpReply:
        if name == "requests":
            last = parse_qs(query).get("last", [str(_KEPT_REQUESTS)])[0]
            return _json(Said(200, self.requests(int(last)))) if last.isdecimal() else HttpReply(400, body=b"last is a number\n")
        return _json(Said(200, self.bookings() if name == "bookings" else self.callbacks()))

    def _addressed(self, body: bytes) -> HttpReply:
        try:
            told = json.loads(body)
            self.tells(str(told["address"]), {str(name): str(value) for name, value in told.get("headers", {}).items()})
        except (ValueError, KeyError, TypeError, AttributeError):
            return HttpReply(400, body=b'expected {"address": "http://host/path", "headers": {"name": "value"}}\n')
        return HttpReply(status=204)

    def _played(self, rest: str) -> HttpReply:
        kind, identity, act = (*rest.split("/"), "", "", "")[:3]
        resource = self._resources.get(kind, identity)
        if resource is None or act not in self._kinds[kind].acts:
            acts = ", ".join(sorted(self._kinds[kind].acts)) if kind in self._kinds else ""
            known = f"acts of {kind}: {acts}" if acts else f"kinds: {', '.join(sorted(self._kinds))}"
            return HttpReply(404, body=f"expected /play/<kind>/<id>/<act>; {known}\n".encode())
        self._player.beside(resource, Step(act=act))
        return HttpReply(status=202)

    def _remember(self, request: HttpRequest, operation: Operation | None) -> None:
        self._received += 1
        headers = {name: "***" if name in _SECRET else value for name, value in request.headers.items()}
        target = request.path + (f"?{request.query}" if request.query else "")
        entry = {"number": self._received, "operation": operation.name if operation else "", "method": request.method, "target": target}
        self._requests.append({**entry, "headers": headers, "body": request.body.decode("utf-8", "replace")})


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


def _json(said: Said, response: Response | None = None, headers: Mapping[str, str] | None = None) -> HttpReply:
    body = json.dumps(said.body, ensure_ascii=False).encode()
    if response is None:
        return HttpReply(said.status, f"{_JSON};charset=utf-8", body, headers or {})
    return HttpReply(said.status, f"{_JSON};charset=utf-8", body, headers or {}, response.after, response.transport)
