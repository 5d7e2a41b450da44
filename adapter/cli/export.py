"""``adapter export FILE``: the whole record as one file that ``adapter import`` reads on either engine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from adapter.cli.place import new_file
from adapter.settings import Home, load_settings
from adapter.store.address import parse
from adapter.store.moving import export_record


def export(file: Path = typer.Argument(..., metavar="FILE", help="A file that does not exist yet, e.g. record.jsonl.zst.")) -> None:
    """Write the whole record into one portable file, with counts and checksums. Stop the service first."""
    settings = load_settings(Home.find())
    rows = asyncio.run(export_record(settings.store, new_file(file), typer.echo))
    typer.echo(f"{rows} rows of the record {parse(settings.store)} are in {file}")
