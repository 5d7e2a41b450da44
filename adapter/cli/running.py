"""Asks the record: through the running service where there is one, else by opening the file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import orjson

from adapter import clock
from adapter.errors import AdapterError, NotFound
from adapter.settings import Settings
from adapter.store import Store

T = TypeVar("T")


class ServiceNotReachable(AdapterError):
    """``service.json`` names a service that does not answer."""


def ask(settings: Settings, path: str, without_service: Callable[[Store], Awaitable[Any]]) -> Any:
    """``GET path`` of the running service, or ``without_service`` on the opened record. Raises NotFound, StoreUnavailable."""
    announced = settings.data / "service.json"
    if announced.is_file():
        try:
            return _get(orjson.loads(announced.read_bytes()), path)
        except ServiceNotReachable:
            pass  # it was killed and could not take its announcement back; then the record is free
    return asyncio.run(_open(settings, without_service))


def _get(service: dict[str, Any], path: str) -> Any:
    try:
        reply = httpx.get(service["url"] + path, headers={"Authorization": f"Bearer {service['token']}"}, timeout=30, trust_env=False)
    except httpx.TransportError as error:
        raise ServiceNotReachable(f"{service['url']} does not answer: {error}") from error
    if reply.status_code == 404:
        raise NotFound(reply.json().get("error", "not found"))
    if reply.status_code != 200:
        raise ServiceNotReachable(f"{service['url']} answered {reply.status_code}")
    return reply.json()


async def _open(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    store = await Store.open(settings.store, clock=clock.now)
    try:
        return await work(store)
    finally:
        await store.close()
