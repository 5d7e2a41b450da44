"""``adapter schema``: the JSON Schemas of the files that integration engineers write, for editors."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import orjson
import typer

from adapter.codes.keys import FILE, properties
from adapter.mapping.schema import codes_schema, mapping_schema


class Written(StrEnum):
    """The kinds of file there is a schema of."""

    MAPPING = "mapping"
    CODES = "codes"


def codes_file_schema() -> dict[str, Any]:
    """The schema of ``codes.yaml``: its code tables are the mapping language's, what a backend's codes mean is declared beside them."""
    tables, meanings = codes_schema(), properties(FILE)
    known = {**tables["properties"], **meanings["properties"]}
    return {**tables, "description": "What the codes of a market's backend mean.", "properties": known, "additionalProperties": False}


_SCHEMAS = {Written.MAPPING: mapping_schema, Written.CODES: codes_file_schema}


def schema(
    of: Written = typer.Argument(Written.MAPPING, metavar="mapping|codes", help="The kind of file: a mapping, or a market's codes.yaml."),
) -> None:
    """Print the JSON Schema of mapping files, or of codes files."""
    typer.echo(orjson.dumps(_SCHEMAS[of](), option=orjson.OPT_INDENT_2).decode())
