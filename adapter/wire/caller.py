"""Calls an adapter, as the commands do that ask a running service, and the demo. Backends are the business of ``Wire``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from adapter.errors import AdapterError


class NotReachable(AdapterError):
    """No HTTP answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    content: bytes

    def json(self) -> Any:
        """The content as JSON. Raises orjson.JSONDecodeError."""
        return orjson.loads(self.content)


def call(method: str, url: str, headers: Mapping[str, str], *, seconds: float) -> Answer:
    """One request without a body. Asks no proxy of the environment. Raises NotReachable."""
    try:
        reply = httpx.request(method, url, headers=dict(headers), timeout=seconds, trust_env=False)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise NotReachable(f"{url} does not answer: {error}") from error
    return Answer(reply.status_code, reply.content)


class Caller:
    """Sends JSON to one service and keeps its connections; an asynchronous context manager."""

    def __init__(self, base_url: str, *, seconds: float) -> None:
        self._client = httpx.AsyncClient(base_url=base_url, timeout=seconds, trust_env=False)

    async def post(self, path: str, document: Any, headers: Mapping[str, str]) -> Answer:
        """``POST path``. Raises NotReachable."""
        return await self.send("POST", path, document, headers)

    async def send(self, method: str, path: str, document: Any, headers: Mapping[str, str]) -> Answer:
        """``method path``, with a body where ``document`` is not None. Raises NotReachable."""
        body = None if document is None else orjson.dumps(document)
        given = {"content-type": "application/json"} if body is not None else {}
        try:
            reply = await self._client.request(method, path, content=body, headers={**given, **headers})
        except httpx.TransportError as error:
            raise NotReachable(f"{path} does not answer: {error}") from error
        return Answer(reply.status_code, reply.content)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.__aexit__(kind, error, trace)
