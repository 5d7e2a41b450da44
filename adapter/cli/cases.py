"""``adapter test [MARKET]``: the cases of a market's mappings, and what no case uses."""

from __future__ import annotations

import typer

from adapter.cli.place import here
from adapter.cli.translate import rules_of
from adapter.mapping.cases import load_cases, run_cases


def cases(
    market: str = typer.Argument("", metavar="[MARKET]", help="One market; all of config/adapter.yaml where none is named."),
) -> None:
    """Run the cases; exit 1 where one fails, or a rule, branch or table row is used by none."""
    home, settings = here()
    good = True
    for name in (market,) if market else settings.markets:
        rules = rules_of(home, settings, name)
        folder = home.mapping_folder(name) / "cases"
        report = run_cases(rules.translators(), rules.tables, load_cases(folder, f"mappings/{name}/cases"), rules.market.settings)
        typer.echo(f"{name}: {report}")
        good &= report.passed
    raise typer.Exit(0 if good else 1)
