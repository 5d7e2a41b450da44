"""Asks the record: through the running service where there is one, else by opening the file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import orjson

from adapter import clock
from adapter.errors import AdapterError, NotFound, StoreUnavailable
from adapter.settings import Settings
from adapter.store import Store

T = TypeVar("T")


class ServiceNotReachable(AdapterError):
    """``service.json`` names a service that does not answer."""


def ask(settings: Settings, path: str, without_service: Callable[[Store], Awaitable[Any]]) -> Any:
    """``GET path`` of the running service, or ``without_service`` on the opened record. Raises NotFound, StoreUnavailable."""
    announced = settings.data / "service.json"
    if announced.is_file():
        # it may have been killed and could not take its announcement back; then the record is free
        with contextlib.suppress(ServiceNotReachable, orjson.JSONDecodeError, FileNotFoundError):
            return _send("GET", orjson.loads(announced.read_bytes()), path)
    return asyncio.run(_open(settings, without_service))


def tell(settings: Settings, path: str) -> Any:
    """``POST path`` of the running service. Raises ServiceNotReachable."""
    announced = settings.data / "service.json"
    if not announced.is_file():
        raise ServiceNotReachable(f"no service is running on {settings.data}; start one with 'adapter serve'")
    return _send("POST", orjson.loads(announced.read_bytes()), path)


def _send(method: str, service: dict[str, Any], path: str) -> Any:
    try:
        reply = httpx.request(
            method, service["url"] + path, headers={"Authorization": f"Bearer {service['token']}"}, timeout=30, trust_env=False
        )
    except httpx.TransportError as error:
        raise ServiceNotReachable(f"{service['url']} does not answer: {error}") from error
    try:
        answer = orjson.loads(reply.content)
    except orjson.JSONDecodeError as error:
        raise ServiceNotReachable(f"{service['url']} answered HTTP {reply.status_code} without JSON: it is another program") from error
    refusals: dict[int, type[AdapterError]] = {404: NotFound, 503: StoreUnavailable}
    if reply.status_code in refusals and isinstance(answer, dict) and "error" in answer:
        raise refusals[reply.status_code](answer["error"])
    if reply.status_code != 200:
        raise ServiceNotReachable(f"{service['url']} answered HTTP {reply.status_code}")
    return answer


async def _open(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    store = await Store.open(settings.store, clock=clock.now)
    try:
        return await work(store)
    finally:
        await store.close()
