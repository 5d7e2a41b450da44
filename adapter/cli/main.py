"""The command ``adapter``. Each command is a module of its own; errors of the project are told in its own words."""

from __future__ import annotations

import gc
import getpass
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any

import typer
from typer.core import TyperGroup

from adapter.errors import AdapterError

_COMMANDS = {
    "serve": "serve.serve",
    "demo": "demo.demo",
    "check": "check.check",
    "map": "translate.translate",
    "test": "cases.cases",
    "orders": "orders.orders",
    "tasks": "tasks.tasks",
    "dead-letters": "dead_letters.dead_letters",
    "listeners": "listeners.listeners",
    "codes": "codes.codes",
    "backup": "backup.backup",
    "restored": "restored.restored",
    "migrate": "migrate.migrate",
    "export": "export.export",
    "import": "importing.import_file",
    "purge": "purge.purge",
    "client": "client.client",
    "reload": "reload.reload",
    "schema": "schema.schema",
    "new": "new.new",
    "simulate": "simulate.simulate",
}


class _OnDemand(TyperGroup):
    """Imports the module of the command that is given, and no other: ``serve`` starts in half the time without the rest."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - they are always the same
        """Their names."""
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command, None where there is none of that name."""
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, function = place.partition(".")
        found = getattr(import_module(f"adapter.cli.{module}"), function)
        if isinstance(found, typer.Typer):  # a command with commands of its own
            group = typer.main.get_command(found)
            group.name = cmd_name
            return group
        single = typer.Typer(add_completion=False)
        single.command(cmd_name)(found)
        return typer.main.get_command(single)


app = typer.Typer(
    name="adapter",
    help="Translates between TM Forum Open APIs and legacy BSS systems by declarative mapping files.",
    cls=_OnDemand,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _version(show: bool = typer.Option(False, "--version", help="Print the version and end.", is_eager=True)) -> None:
    if show:
        typer.echo(version("tmf-legacy-adapter"))
        raise typer.Exit


def run() -> None:
    """Entry point: an error of the project becomes its text on stderr and exit code 2, never a traceback; so does a file of another user's,
    which is what an operator meets first who is signed in as himself."""
    gc.set_threshold(100_000, 50, 100)  # what is imported and compiled stays, and is not to be searched for cycles again and again
    try:
        app()
    except AdapterError as error:
        sys.stderr.write(f"adapter: {error}\n")
        sys.exit(2)
    except PermissionError as error:
        if error.filename is None:
            raise
        sys.stderr.write(
            f"adapter: {error.filename}: {getpass.getuser()} has no right to it; give the command as the user that runs the service\n"
        )
        sys.exit(2)
