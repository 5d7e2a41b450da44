"""``adapter import FILE``: what ``adapter export`` wrote, into an empty record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from adapter.settings import Home, load_settings
from adapter.store.address import parse
from adapter.store.moving import import_record


def import_file(file: Path = typer.Argument(..., metavar="FILE", exists=True, dir_okay=False, help="What 'adapter export' wrote.")) -> None:
    """Read an exported record into an empty one, in one transaction, and verify it there. Stop the service first."""
    settings = load_settings(Home.find())
    rows = asyncio.run(import_record(settings.store, file, typer.echo))
    typer.echo(f"{rows} rows are in the record {parse(settings.store)}")
