"""Asks the record: through the running service where there is one, else by opening it.

A record on SQLite is open in the process of the service alone, so the service has to be asked; where none answers, a line on stderr says
which record it is that was opened instead. One on PostgreSQL is open to everybody who may look, whichever replica is running.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson
import structlog
import typer

from adapter.errors import AdapterError, ConfigError, Conflict, InvalidMessage, NotFound, StoreUnavailable
from adapter.logs import configure_logs
from adapter.settings import Settings
from adapter.store import Store
from adapter.store.address import SqliteAddress, parse
from adapter.wire.caller import NotReachable, call

T = TypeVar("T")

_SECONDS = 30.0
_KINDS: Mapping[str, type[AdapterError]] = {
    kind.__name__: kind for kind in (NotFound, ConfigError, Conflict, InvalidMessage, StoreUnavailable)
}


class ServiceNotReachable(AdapterError):
    """``service.json`` names a service that does not answer."""


def ask(
    settings: Settings, path: str, without_service: Callable[[Store], Awaitable[Any]], *, method: str = "GET", seconds: float = _SECONDS
) -> Any:
    """``path`` of the running service, or ``without_service`` on the opened record. Makes no record where there is none.

    ``seconds`` bound the wait for an answer. Raises NotFound, Conflict, InvalidMessage, StoreUnavailable, ConfigError as the one who
    was asked did.
    """
    announced = _announced(settings) if _of_one_process(settings) else None
    if announced is not None:
        # it may have been killed and could not take its announcement back; then the record is free
        with contextlib.suppress(ServiceNotReachable, orjson.JSONDecodeError):
            return _send(method, orjson.loads(announced), path, seconds)
    if not Store.there(settings.store):
        raise NotFound(
            f"there is no record {parse(settings.store)}; name its folder with ADAPTER_DATA, or start the service with 'adapter serve'"
        )
    return asyncio.run(_open(settings, without_service))


def tell(settings: Settings, path: str) -> Any:
    """``POST path`` of the running service. Raises ServiceNotReachable."""
    announced = _announced(settings)
    if announced is None:
        raise ServiceNotReachable(
            f"no service is running on {settings.data}; start one with 'adapter serve', or name its data folder with ADAPTER_DATA"
        )
    return _send("POST", orjson.loads(announced), path, _SECONDS)


def _announced(settings: Settings) -> bytes | None:
    """What the running service says of itself, None where none does. Raises PermissionError for other users than its own."""
    try:
        return (settings.data / "service.json").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def with_query(path: str, **values: object) -> str:
    """The path with a query of what is set: texts that are not empty, numbers, switches that are on."""
    return f"{path}?{urlencode({name: int(value) if value is True else value for name, value in values.items() if value})}"


def operator() -> str:
    """Who is at the keyboard, for the audit: the system's user, and who became that by sudo."""
    before = os.environ.get("SUDO_USER")
    return f"{getpass.getuser()} (sudo by {before})" if before else getpass.getuser()


def _send(method: str, service: dict[str, Any], path: str, seconds: float) -> Any:
    try:
        reply = call(method, service["url"] + path, {"Authorization": f"Bearer {service['token']}"}, seconds=seconds)
    except NotReachable as error:
        raise ServiceNotReachable(str(error)) from error
    try:
        answer = reply.json()
    except orjson.JSONDecodeError as error:
        raise ServiceNotReachable(f"{service['url']} answered HTTP {reply.status} without JSON: it is another program") from error
    if reply.status != 200:
        if isinstance(answer, dict) and answer.get("kind") in _KINDS:
            raise _KINDS[answer["kind"]](answer["error"])
        raise ServiceNotReachable(f"{service['url']} answered HTTP {reply.status}")
    return answer


async def _open(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    async with opened(settings) as store:
        return await work(store)


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """The record, opened by the command itself. What it logs goes to stderr, as that of the service. Raises StoreUnavailable."""
    if not structlog.is_configured():
        configure_logs(settings.log)
    store = await Store.open(settings.store)
    try:
        if _of_one_process(settings):  # and this is the process
            typer.echo(f"no service is running here: the record is {parse(settings.store)}", err=True)
        yield store
    finally:
        await store.close()


def _of_one_process(settings: Settings) -> bool:
    return isinstance(parse(settings.store), SqliteAddress)
