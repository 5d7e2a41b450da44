"""Simulated backends that call the service of their own accord.

GET /callbacks   what was told, and how it was answered
PUT /callbacks   where the service listens: {"address": "http://…", "headers": {…}}; until then messages wait
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulators.http_server import HttpReply, HttpRequest
from simulators.twin import Planned, Twin, shown

_PATIENCE = 10.0  # seconds for one answer


class _Told(BaseModel):
    """Where messages go, as it is told."""

    model_config = ConfigDict(extra="forbid")

    address: str
    headers: dict[str, str] = Field(default_factory=dict)


class Listener:
    """Who takes the messages of a backend. Until its address is known, they wait."""

    def __init__(self) -> None:
        self._address, self._headers = "", dict[str, str]()
        self._known = asyncio.Event()
        self._client: httpx.AsyncClient | None = None

    def at(self, address: str, headers: Mapping[str, str]) -> None:
        """From now on messages go there, with these headers (credentials); "" keeps them back."""
        self._address, self._headers = address, dict(headers)
        if address:
            self._known.set()
        else:
            self._known.clear()

    async def known(self) -> None:
        """Waits until it is."""
        await self._known.wait()

    async def post(self, path: str = "", *, headers: Mapping[str, str] | None = None, **content: Any) -> httpx.Response:
        """Sends one message to its address + ``path``; ``content`` is httpx's (``json``, ``content``). Raises httpx.HTTPError."""
        await self.known()
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=_PATIENCE, trust_env=False)
        url = self._address.rstrip("/") + path if path else self._address
        return await self._client.post(url, headers={**(headers or {}), **self._headers}, **content)

    async def close(self) -> None:
        """Ends the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


class CallingTwin(Twin[Planned]):
    """A backend that calls the service of its own accord."""

    def __init__(self, *arguments: Any, **server: Any) -> None:
        super().__init__(*arguments, **server)
        self._listener = Listener()

    async def stop(self) -> None:
        """Also ends the connections to the service."""
        await super().stop()
        await self._listener.close()

    def tells(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        """Where the service takes its messages, and with which headers (credentials); as ``PUT /callbacks``. Until then they wait."""
        self._listener.at(address, headers or {})

    @abstractmethod
    def callbacks(self) -> list[dict[str, Any]]:
        """What was told, and how it was answered; as ``GET /callbacks``."""

    def _answer(self, request: HttpRequest) -> HttpReply:
        match request.method, request.path:
            case "GET", "/callbacks":
                return shown(self.callbacks())
            case "PUT", "/callbacks":
                return self._redirected(request.body)
        return super()._answer(request)

    def _redirected(self, body: bytes) -> HttpReply:
        try:
            told = _Told.model_validate_json(body)
        except ValidationError as error:
            form = '{"address": "http://host/path", "headers": {"name": "value"}}'
            return HttpReply(status=400, body=f"expected {form}: {error}\n".encode())
        self.tells(told.address, told.headers)
        return HttpReply(status=204)
