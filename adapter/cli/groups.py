"""Commands that list, and have commands of their own for what can be done with what is listed."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup


class ShowsByDefault(TyperGroup):
    """``orders ID`` is ``orders show ID``: what is no command is something to be shown."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of the first word, else ``show`` for all words."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


def group(**more: Any) -> typer.Typer:
    """A command that does something itself where none of its own commands is named."""
    return typer.Typer(invoke_without_command=True, add_completion=False, **more)
