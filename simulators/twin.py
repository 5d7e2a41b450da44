"""What every simulated backend has, whatever it speaks: a life cycle, answers that are planned, and a desk to look at it.

GET  /bookings           what was ordered, by reference; doubles are counted, not removed
GET  /requests?last=N    the last requests; secrets are masked
POST /reset              forgets everything
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import deque
from typing import Any, ClassVar, Generic, Self, TypeVar
from urllib.parse import parse_qs

from simulators.http_server import HttpReply, HttpRequest, HttpServer
from simulators.numbers import Numbers

Planned = TypeVar("Planned")
_KEPT_REQUESTS = 200
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


class Twin(ABC, Generic[Planned]):
    """A backend that can be started and looked at. ``async with twin: twin.url``, or ``start`` and ``stop``. ``Planned`` is how a call
    is answered that was planned by ``once``; ``contract_query`` is what the contract is asked for by."""

    contract_query: ClassVar[str] = "openapi"

    def __init__(self, name: str, host: str = "127.0.0.1", port: int = 0) -> None:
        self.name = name
        self.root = ""
        self._host, self._port = host, port
        self._server = HttpServer(self._answer)
        self._requests: deque[dict[str, Any]] = deque(maxlen=_KEPT_REQUESTS)
        self._received = 0
        self._plans: dict[str, deque[Planned]] = {}

    @property
    def url(self) -> str:
        """The endpoint that a market file names."""
        return f"{self.root}/{self.name}"

    @property
    def contract_url(self) -> str:
        """Where the backend serves its contract."""
        return f"{self.url}?{self.contract_query}"

    async def start(self, port: int | None = None) -> str:
        """Listens on ``port`` (0: a free one) and returns the endpoint. Raises OSError when the port is taken."""
        bound = await self._server.start(self._host, self._port if port is None else port)
        self.root = f"http://{self._host}:{bound}"
        return self.url

    async def stop(self) -> None:
        """Stops, and ends all connections at once. What is on record stays and is there after another ``start``."""
        await self._server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    @abstractmethod
    def numbers(self) -> Numbers:
        """Those that it gives to what it books."""

    @abstractmethod
    def bookings(self) -> dict[str, Any]:
        """As ``GET /bookings``."""

    def requests(self, last: int = _KEPT_REQUESTS) -> list[dict[str, Any]]:
        """As ``GET /requests``: number, operation ("" when there is none), headers without secrets, and what the backend keeps of it."""
        return list(self._requests)[-last:] if last > 0 else []

    def reset(self) -> None:
        """As ``POST /reset``: bookings, counters, requests and planned answers are forgotten."""
        self._requests.clear()
        self._received = 0
        self._plans.clear()

    def forget_plans(self) -> None:
        """What ``once`` has planned and no call has come for is forgotten; bookings stay."""
        self._plans.clear()

    def once(self, operation: str, planned: Planned, times: int = 1) -> None:
        """The next ``times`` calls of ``operation`` are answered so, whatever the scenario file says."""
        self._plans.setdefault(operation, deque()).extend([planned] * times)

    @abstractmethod
    def _called(self, request: HttpRequest) -> HttpReply:
        """A request that is for the backend itself, and not for the desk."""

    def _answer(self, request: HttpRequest) -> HttpReply:
        match request.method, request.path:
            case "GET", "/bookings":
                return shown(self.bookings())
            case "GET", "/requests":
                last = parse_qs(request.query, keep_blank_values=True).get("last", [str(_KEPT_REQUESTS)])[0]
                return shown(self.requests(int(last))) if last.isdecimal() else HttpReply(status=400, body=b"last is a number\n")
            case "POST", "/reset":
                self.reset()
                return HttpReply(status=204)
        return self._called(request)

    def _planned(self, operation: str) -> Planned | None:
        """Takes what was planned for this call of ``operation``."""
        plans = self._plans.get(operation)
        return plans.popleft() if plans else None

    def _remember(self, request: HttpRequest, operation: str, **sent: str) -> None:
        """Keeps a call for ``GET /requests``."""
        self._received += 1
        headers = {name: "***" if name in _SECRET else value for name, value in request.headers.items()}
        self._requests.append({"number": self._received, "operation": operation, "headers": headers, **sent})

    def _nothing_here(self) -> HttpReply:
        return HttpReply(status=404, body=f"nothing here; try {self.contract_url}, /bookings, /requests\n".encode())


def shown(content: object) -> HttpReply:
    """JSON for people."""
    return HttpReply(content_type="application/json", body=json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n")
