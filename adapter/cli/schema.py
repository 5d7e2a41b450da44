"""``adapter schema``: the JSON Schema of mapping files, for editors."""

from __future__ import annotations

import orjson
import typer

from adapter.mapping.schema import mapping_schema


def schema() -> None:
    """Print the JSON Schema of a mapping file."""
    typer.echo(orjson.dumps(mapping_schema(), option=orjson.OPT_INDENT_2).decode())
