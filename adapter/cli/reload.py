"""``adapter reload``: the running service reads its rules anew."""

from __future__ import annotations

import typer

from adapter.cli.place import here
from adapter.cli.running import tell


def reload() -> None:
    """Have the running service load changed mappings, codes and markets; exit 1, and keep the old ones, where something is wrong."""
    _, settings = here()
    outcome = tell(settings, "/admin/reload")
    typer.echo(outcome["text"], nl=False)
    typer.echo("the new rules are at work" if outcome["loaded"] else "nothing was loaded; the running rules stay")
    raise typer.Exit(0 if outcome["loaded"] else 1)
