"""Asks the record: through the running service where there is one, else by opening the file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson

from adapter import clock
from adapter.errors import AdapterError, ConfigError, NotFound, StoreUnavailable
from adapter.settings import Settings
from adapter.store import Store
from adapter.wire.caller import NotReachable, call

T = TypeVar("T")

_SECONDS = 30.0


class ServiceNotReachable(AdapterError):
    """``service.json`` names a service that does not answer."""


def ask(
    settings: Settings, path: str, without_service: Callable[[Store], Awaitable[Any]], *, method: str = "GET", seconds: float = _SECONDS
) -> Any:
    """``path`` of the running service, or ``without_service`` on the opened record. Makes no record where there is none.

    ``seconds`` bound the wait for an answer. Raises NotFound, StoreUnavailable, and ConfigError where the service says so.
    """
    announced = settings.data / "service.json"
    if announced.is_file():
        # it may have been killed and could not take its announcement back; then the record is free
        with contextlib.suppress(ServiceNotReachable, orjson.JSONDecodeError, FileNotFoundError):
            return _send(method, orjson.loads(announced.read_bytes()), path, seconds)
    if not Store.there(settings.store):
        raise NotFound(f"no record in {settings.data}; name its folder with ADAPTER_DATA, or start the service with 'adapter serve'")
    return asyncio.run(_open(settings, without_service))


def tell(settings: Settings, path: str) -> Any:
    """``POST path`` of the running service. Raises ServiceNotReachable."""
    announced = settings.data / "service.json"
    if not announced.is_file():
        raise ServiceNotReachable(f"no service is running on {settings.data}; start one with 'adapter serve'")
    return _send("POST", orjson.loads(announced.read_bytes()), path, _SECONDS)


def _send(method: str, service: dict[str, Any], path: str, seconds: float) -> Any:
    try:
        reply = call(method, service["url"] + path, {"Authorization": f"Bearer {service['token']}"}, seconds=seconds)
    except NotReachable as error:
        raise ServiceNotReachable(str(error)) from error
    try:
        answer = reply.json()
    except orjson.JSONDecodeError as error:
        raise ServiceNotReachable(f"{service['url']} answered HTTP {reply.status} without JSON: it is another program") from error
    refusals: dict[int, type[AdapterError]] = {404: NotFound, 409: ConfigError, 503: StoreUnavailable}
    if reply.status in refusals and isinstance(answer, dict) and "error" in answer:
        raise refusals[reply.status](answer["error"])
    if reply.status != 200:
        raise ServiceNotReachable(f"{service['url']} answered HTTP {reply.status}")
    return answer


async def _open(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    store = await Store.open(settings.store, clock=clock.now)
    try:
        return await work(store)
    finally:
        await store.close()
