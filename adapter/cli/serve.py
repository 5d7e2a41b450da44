"""``adapter serve``: the service, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping

import typer
import uvloop

from adapter.cli.hosting import Hosted, hosted, to_this_machine
from adapter.cli.place import here
from adapter.faces.authentication import SecretHash
from adapter.faces.clients import Clients, load_clients
from adapter.logs import configure_logs
from adapter.loopback import is_loopback
from adapter.settings import Callbacks, Settings
from adapter.store.address import parse

_DEMO = b"demo-secret"
"""The secret of the clients that are shipped."""
_TOO_OPEN = (
    "WARNING: {clients} sign in with the secret of the demo, which everybody can read, and {host} is more than this machine: "
    "take them out of {file}, or give them secrets of their own ('adapter client NAME --make-secret')"
)


def serve(
    port: int = typer.Option(8080, min=0, max=65535, help="Port to listen on; 0 takes a free one."),
    host: str = typer.Option("127.0.0.1", help="Address to listen on. The tmf face is open without credentials on loopback only."),
    with_simulators: bool = typer.Option(
        False,
        "--with-simulators",
        help="Start a simulator, on a free loopback port, for every backend whose endpoint is not set in the environment. "
        "On loopback listeners on this machine may then register, "
        "signed or not, unless callbacks.hosts says who may.",
    ),
) -> None:
    """Run the service."""
    home, declared = here()
    settings = _on_trial(declared) if with_simulators and is_loopback(host) else declared
    configure_logs(settings.log)

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        async with hosted(home, settings, host=host, port=port, simulators=with_simulators) as running:
            for line in [*_greeting(running), _listeners(settings.callbacks, on_trial=settings is not declared)]:
                typer.echo(line)
            if not is_loopback(host) and (known := of_the_demo(load_clients(home.path(settings.clients)))):
                typer.echo(_TOO_OPEN.format(clients=", ".join(known), host=host, file=settings.clients), err=True)
            reloads: set[asyncio.Task[object]] = set()
            loop.add_signal_handler(signal.SIGHUP, lambda: reloads.add(asyncio.create_task(running.service.backends.reload())))
            await stop.wait()
            typer.echo("stopping: requests under way are finished and recorded first")

    uvloop.run(run())


def of_the_demo(clients: Clients) -> list[str]:
    """The clients whose secret is that of the demo. Each hash takes tens of milliseconds, and is looked at once."""
    hashes = {text for client in clients.clients.values() for text in client.hashes}
    known = {text for text in hashes if SecretHash.parse(text).matches(_DEMO)}
    return [name for name, client in clients.clients.items() if known.intersection(client.hashes)]


def _on_trial(settings: Settings) -> Settings:
    """Whoever tries the service out on one machine can listen there; hosts that are declared are left as they are."""
    if settings.callbacks.hosts:
        return settings
    callbacks = to_this_machine(settings.callbacks).model_copy(update={"signing": "optional"})
    return settings.model_copy(update={"callbacks": callbacks})


def _greeting(running: Hosted) -> list[str]:
    lines = [f"adapter listens on {running.url}"]
    lines += [f"  face {name}: {running.url}{base}" for name, base in running.service.face_bases.items()]
    lines += [f"  OpenAPI: {running.url}/openapi/{name}.json" for name in running.service.face_bases]
    told = sorted(name for name, backend in running.service.backends.items() if backend.market.inbound is not None)
    lines += [f"  messages of {name}: {running.url}/inbound/{name}" for name in told]
    lines += [f"  simulator {name}: {url}" for name, url in running.simulators.items()]
    lines += [f"  no simulator {name}: {variable} is set" for name, variable in _real(running.simulators)]
    lines.append(f"  health {running.url}/health/ready, metrics {running.url}/metrics, record {parse(running.service.store_name)}")
    return lines


def _real(simulators: Mapping[str, str]) -> list[tuple[str, str]]:
    """The backends that are not simulated beside others that are, with the variable that names each."""
    if not simulators:
        return []
    from simulators.registry import VARIABLES  # noqa: PLC0415 - not needed, and not imported, where real backends are used

    return [(name, variable) for name, variable in VARIABLES.items() if name not in simulators]


def _listeners(callbacks: Callbacks, *, on_trial: bool) -> str:
    """Who may be told of events."""
    if on_trial:
        return (
            "  events may go to listeners on this machine only (http://127.0.0.1, http://localhost), signed where a client has a key; "
            "this is because of --with-simulators, and callbacks.hosts in config/adapter.yaml goes before it"
        )
    if not callbacks.hosts:
        return "  events go to nobody: callbacks.hosts in config/adapter.yaml names no host"
    return f"  events may go to {', '.join(callbacks.hosts)}; signatures are {callbacks.signing}"
