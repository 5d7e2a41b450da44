"""``adapter backup FILE``: a complete copy of the record, also while the service runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import typer

from adapter.cli.place import new_file
from adapter.cli.running import ask
from adapter.settings import Home, load_settings
from adapter.store import Store

_SECONDS = 3600.0


def backup(file: Path = typer.Argument(..., metavar="FILE", help="A file that does not exist yet.")) -> None:
    """Write a complete copy of the record to a new file; a running service makes it itself, and its requests wait meanwhile."""
    target = new_file(file)

    async def copied(store: Store) -> dict[str, Any]:
        await store.backup(target)
        return {"file": str(target)}

    path = f"/admin/backup?{urlencode({'file': str(target)})}"
    done = ask(load_settings(Home.find()), path, copied, method="POST", seconds=_SECONDS)
    typer.echo(f"the record is copied to {done['file']}")
