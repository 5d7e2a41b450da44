"""``adapter serve``: the service, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal

import typer
import uvloop

from adapter.cli.hosting import Hosted, hosted
from adapter.cli.place import here
from adapter.logs import configure_logs


def serve(
    port: int = typer.Option(8080, min=0, max=65535, help="Port to listen on; 0 takes a free one."),
    host: str = typer.Option("127.0.0.1", help="Address to listen on. The tmf face is open without credentials on loopback only."),
    with_simulators: bool = typer.Option(False, "--with-simulators", help="Start a simulator for every backend, on free loopback ports."),
) -> None:
    """Run the service."""
    home, settings = here()
    configure_logs(settings.log)

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        async with hosted(home, settings, host=host, port=port, simulators=with_simulators) as running:
            for line in _greeting(running):
                typer.echo(line)
            reloads: set[asyncio.Task[object]] = set()
            loop.add_signal_handler(signal.SIGHUP, lambda: reloads.add(asyncio.create_task(running.service.backends.reload())))
            await stop.wait()
            typer.echo("stopping: requests under way are finished and recorded first")

    uvloop.run(run())


def _greeting(running: Hosted) -> list[str]:
    lines = [f"adapter listens on {running.url}"]
    lines += [f"  face {name}: {running.url}{base}" for name, base in running.service.face_bases.items()]
    lines += [f"  OpenAPI: {running.url}/openapi/{name}.json" for name in running.service.face_bases]
    lines += [f"  simulator {name}: {url}" for name, url in running.simulators.items()]
    lines.append(f"  health {running.url}/health/ready, metrics {running.url}/metrics, record {running.service.store_name}")
    return lines
