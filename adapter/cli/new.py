"""``adapter new market``: a market from a contract, ready to be filled in."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from adapter.cli.check import Anything
from adapter.cli.place import here
from adapter.errors import ConfigError
from adapter.faces.declaration import load_face
from adapter.scaffold import new_market

new = typer.Typer(help="Make what an integration begins with.", no_args_is_help=True, add_completion=False)


@new.callback()
def _group() -> None:
    """Make what an integration begins with."""


@new.command()
def market(
    name: str = typer.Argument(metavar="ID", help="The market's id, lower case; file, folder and tests are called so."),
    wsdl: Path = typer.Option(None, "--wsdl", help="The WSDL of a SOAP backend; what it imports is copied with it.", dir_okay=False),
    openapi: Path = typer.Option(
        None, "--openapi", help="The OpenAPI document of a backend that speaks REST or XML over HTTP.", dir_okay=False
    ),
    operation: str = typer.Option("", "--operation", help="The legacy operation that takes an order; without it, all there are are named."),
    title: str = typer.Option("", "--title", help="What people call the market; its id, if not given."),
) -> None:
    """Write a market file, a mapping skeleton, a codes file, a case and a README; all of it passes 'check' and 'test' as it is."""
    if (wsdl is None) is (openapi is None):
        raise ConfigError("give the contract: either --wsdl FILE or --openapi FILE")
    home, settings = here(writes=False)
    environment = Anything(os.environ)
    faces = [load_face(home.face_file(face), environment) for face in settings.faces]
    made = new_market(home, faces, name, "soap" if wsdl else "rest", wsdl or openapi, operation, title)
    for file in made.files:
        typer.echo(file)
    typer.echo(f"\n{name} is listed in config/adapter.yaml" if made.listed else f"\nadd {name} to 'markets' in config/adapter.yaml")
    mappings = Path("mappings", name) if Path.cwd() == home.root.absolute() else home.root.absolute() / "mappings" / name
    typer.echo(f"next: adapter check {name} && adapter test {name}; then grep -rn REPLACE {mappings}")
    typer.echo(f"to serve it, set {made.variable} to the backend's address, and name the market for a client in {settings.clients}")
