"""``adapter simulate BACKEND``: a legacy twin alone, for front-end teams and for trying things out."""

from __future__ import annotations

from pathlib import Path

import typer

from adapter.errors import ConfigError


def simulate(
    backend: str = typer.Argument("", metavar="[BACKEND]", help="Which one; without it, all there are are listed."),
    host: str = typer.Option("127.0.0.1", "--host"),
    port: int = typer.Option(0, "--port", min=0, max=65535, help="0 takes a free one."),
    scenarios: Path = typer.Option(None, "--scenarios", help="A scenario file instead of the one that comes with it.", exists=True),
    speed: float = typer.Option(None, "--speed", min=0.001, help="How many times as fast orders go on."),
    tells: str = typer.Option("", "--tells", help="Where its own messages go, of those that call of their own accord."),
) -> None:
    """Run a simulated backend until it is told to stop. What it does for whom stands in simulators/README.md and its scenario file."""
    from simulators.command import main  # noqa: PLC0415 - not needed, and not imported, by a service with real backends
    from simulators.registry import CALLING, LIVING, SIMULATORS  # noqa: PLC0415

    if not backend:
        for name in SIMULATORS:
            typer.echo(name)
        return
    if backend not in SIMULATORS:
        raise ConfigError(f"there is no simulated backend '{backend}' (there are: {', '.join(SIMULATORS)})")
    given = ["--host", host, "--port", str(port)]
    given += ["--scenarios", str(scenarios)] if scenarios is not None else []
    for option, value, able, what in (
        ("--speed", speed, LIVING, "orders do not go on by themselves"),
        ("--tells", tells, CALLING, "it calls nobody of its own accord"),
    ):
        if value and backend not in able:
            raise ConfigError(f"{option} is not for {backend}: {what}")
        given += [option, str(value)] if value else []
    main(backend, given)
