"""The service as a running process: simulators, record, HTTP server, in that order, and back again at the end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import orjson
import uvicorn

from adapter.bootstrap import Service, open_service
from adapter.errors import ConfigError
from adapter.faces.server import BoundedProtocol
from adapter.loopback import is_loopback
from adapter.settings import Callbacks, Home, Settings

_LOOPBACK: Mapping[str, object] = {
    "hosts": ("127.0.0.1", "localhost", "::1"),
    "networks": (ip_network("127.0.0.0/8"), ip_network("::1/128")),
    "http": True,
}
GRACE_SECONDS = 30.0
"""How long the end waits for connections."""

_COLLECTING = (20_000, 20, 100)
"""Counts of new objects between two collections of cycles: an exchange makes hundreds of objects, and few cycles."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """A service that answers at ``url``; ``simulators`` are the loopback addresses of the backends started with it."""

    service: Service
    url: str
    simulators: Mapping[str, str]
    server: uvicorn.Server


def to_this_machine(declared: Callbacks) -> Callbacks:
    """The same, but that events go to listeners on this machine, without TLS, and to nobody else."""
    return declared.model_copy(update=_LOOPBACK)


@contextlib.asynccontextmanager
async def hosted(
    home: Home,
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    simulators: bool = False,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Hosted]:
    """Runs the service in this loop until the block ends. Port 0 takes a free one. With ``simulators`` each backend has one whose endpoint
    is not set. Raises ConfigError, StoreUnavailable."""
    async with contextlib.AsyncExitStack() as stack:
        variables = dict(os.environ if environment is None else environment)
        urls: Mapping[str, str] = {}
        listener = _listen(host, port)
        stack.callback(listener.close)
        url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        if simulators:
            urls = await stack.enter_async_context(_simulated(variables, url, settings.data / "simulators"))
        token = secrets.token_urlsafe(32)
        service = await stack.enter_async_context(
            open_service(
                home,
                settings,
                environment=variables,
                base_url=settings.base_url or (url if is_loopback(host) else ""),
                loopback=is_loopback(host),
                admin_token=token,
            )
        )
        stack.enter_context(_announced(settings.data / "service.json", url, token))
        server = _Server(_config(service))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started and not running.done():  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.005)
            if running.done():
                raise ConfigError(f"the HTTP server on {url} ended before it had started")
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_COLLECTING)
            yield Hosted(service, url, urls, server)
        finally:
            server.should_exit = True
            await asyncio.wait({running}, timeout=GRACE_SECONDS)
            server.force_exit = True  # not for what is under way: the service itself waits for that, and nothing is cancelled
            await running


@contextlib.asynccontextmanager
async def _simulated(variables: dict[str, str], url: str, numbers: Path) -> AsyncIterator[Mapping[str, str]]:
    """Simulators of the backends whose endpoints ``variables`` do not name, for the service at ``url``, until the block ends: their
    addresses. ``variables`` get these, and the passwords with which they call; ``numbers`` is the folder of the numbers that they gave.
    Raises ConfigError."""
    from simulators import registry  # noqa: PLC0415 - not needed, and not imported, where real backends are used

    variables.update(registry.passwords(variables))
    async with contextlib.AsyncExitStack() as stack:
        try:
            urls = await stack.enter_async_context(registry.running(variables, url, numbers))
        except ValueError as error:  # the speed of their orders is none, or their numbers cannot be read
            raise ConfigError(str(error)) from error
        variables.update({registry.VARIABLES[name]: address for name, address in urls.items()})
        yield urls


class _Server(uvicorn.Server):
    """Leaves signals to who hosts it; uvicorn's own handlers would end the process before the service is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def _config(service: Service) -> uvicorn.Config:
    return uvicorn.Config(
        service.app,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        proxy_headers=False,  # nothing here asks for the peer's address but the bound on wrong secrets, which is for the real one
        server_header=False,
        date_header=True,
        log_level="warning",
        timeout_keep_alive=30,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        option = "--port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "--host"
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}; choose another with {option}") from error
    listener.listen(1024)
    listener.setblocking(False)
    return listener


@contextlib.contextmanager
def _announced(path: Path, url: str, token: str) -> Iterator[None]:
    """Tells the other commands where the running service is; only its own user can read it."""
    path.unlink(missing_ok=True)  # what a killed service left may be readable by others
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps({"url": url, "token": token, "pid": os.getpid()}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
