"""The command ``adapter``. Each command is a module of its own; errors of the project are told in its own words."""

from __future__ import annotations

import sys
from importlib.metadata import version

import typer

from adapter.cli import cases, check, client, codes, demo, orders, reload, schema, serve, translate
from adapter.errors import AdapterError

app = typer.Typer(
    name="adapter",
    help="Translates between TM Forum Open APIs and legacy BSS systems by declarative mapping files.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("check")(check.check)
app.command("map")(translate.translate)
app.command("test")(cases.cases)
app.command("orders")(orders.orders)
app.command("codes")(codes.codes)
app.command("client")(client.client)
app.command("reload")(reload.reload)
app.command("schema")(schema.schema)


@app.callback(invoke_without_command=True)
def _version(show: bool = typer.Option(False, "--version", help="Print the version and end.", is_eager=True)) -> None:
    if show:
        typer.echo(version("tmf-legacy-adapter"))
        raise typer.Exit


def run() -> None:
    """Entry point: an error of the project becomes its text on stderr and exit code 2, never a traceback."""
    try:
        app()
    except AdapterError as error:
        sys.stderr.write(f"adapter: {error}\n")
        sys.exit(2)
