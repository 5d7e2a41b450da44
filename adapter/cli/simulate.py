"""``adapter simulate BACKEND``: a legacy twin alone, for front-end teams and for trying things out."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import typer
import yaml

from adapter.cli.columns import columns
from adapter.cli.place import new_file
from adapter.errors import ConfigError
from simulators.command import main
from simulators.registry import CALLING, LIVING, SIMULATORS

_PASSWORDS = ", ".join(f"{calling.variable} ({name})" for name, calling in CALLING.items())


def simulate(
    backend: str = typer.Argument("", metavar="BACKEND", help="Which one; without it, all there are are listed."),
    host: str = typer.Option("127.0.0.1", "--host", help="The address to listen on."),
    port: int = typer.Option(0, "--port", min=0, max=65535, help="0 takes a free one."),
    scenarios: Path = typer.Option(
        None, "--scenarios", help="A scenario file instead of the one that comes with it.", exists=True, dir_okay=False
    ),
    numbers: Path = typer.Option(
        None,
        "--numbers",
        metavar="FILE",
        dir_okay=False,
        help="Where it keeps the numbers that it gives: after a restart it gives none of them again.",
    ),
    speed: float = typer.Option(None, "--speed", min=0.001, help="How many times as fast orders go on."),
    tells: str = typer.Option(
        "",
        "--tells",
        metavar="URL",
        help="Where its own messages go, of those that call of their own accord. They sign in with the password in the environment, "
        f"which is to be the service's own: {_PASSWORDS}.",
    ),
) -> None:
    """Run a simulated backend until it is told to stop. What it does for whom stands in simulators/README.md and its scenario file."""
    if not backend:
        rows = [(name, "yes" if name in LIVING else "", CALLING[name].variable if name in CALLING else "") for name in SIMULATORS]
        for line in columns(("backend", "--speed", "--tells, with its password in"), rows):
            typer.echo(line)
        return
    if backend not in SIMULATORS:
        raise ConfigError(f"there is no simulated backend '{backend}' (there are: {', '.join(SIMULATORS)})")
    given = ["--host", host, "--port", str(port)]
    given += ["--scenarios", str(scenarios)] if scenarios is not None else []
    given += ["--numbers", str(new_file(numbers))] if numbers is not None else []
    for option, value, able, what in (
        ("--speed", speed, LIVING, "orders do not go on by themselves"),
        ("--tells", tells, CALLING, "it calls nobody of its own accord"),
    ):
        if value and backend not in able:
            raise ConfigError(f"{option} is not for {backend}: {what}")
        given += [option, str(value)] if value else []
    if tells:
        _check_calling(backend, tells)
    try:
        main(backend, given)
    except (yaml.YAMLError, ValueError) as error:
        if scenarios is None:
            raise
        raise ConfigError(
            f"--scenarios: {scenarios} is no file of scenarios for {backend}: {error}; simulators/README.md says what it holds"
        ) from error


def _check_calling(backend: str, url: str) -> None:
    """A simulator whose messages would all be turned away is not started. Raises ConfigError."""
    place, calling = urlsplit(url), CALLING[backend]
    if place.scheme not in ("http", "https") or not place.netloc:
        raise ConfigError(f"--tells: '{url}' is no URL; write it whole, such as http://127.0.0.1:8080{calling.path}")
    if not os.environ.get(calling.variable):
        raise ConfigError(
            f"--tells: {calling.variable} is not set: {backend} calls {url} as '{calling.user}' with the password in it. Set it to the one "
            f"the service was started with: export {calling.variable}=…"
        )
