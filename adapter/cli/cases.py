"""``adapter test [MARKET]``: the cases of a market's mappings, and what no case uses."""

from __future__ import annotations

import typer

from adapter.bootstrap import MarketRules
from adapter.bootstrap.inbound import receiver_of
from adapter.bootstrap.market_file import framed
from adapter.cli.place import here
from adapter.cli.translate import rules_of
from adapter.errors import CheckFailed
from adapter.mapping.cases import Read, load_cases, run_cases
from adapter.mapping.frame import render_all
from adapter.settings import Home, Settings


def cases(
    market: str = typer.Argument("", metavar="MARKET", help="One market; all of config/adapter.yaml where none is named."),
) -> None:
    """Run the cases; exit 1 where one fails, or a rule, branch or table row is used by none."""
    home, settings = here()
    good = True
    for name in (market,) if market else settings.markets:
        rules = rules_of(home, settings, name)
        folder = home.mapping_folder(name) / "cases"
        try:
            found = load_cases(folder, f"mappings/{name}/cases")
        except CheckFailed as error:
            typer.echo(render_all(error.findings, framed(home, error.findings, {})), nl=False)
            good = False
            continue
        reader = _reader(home, settings, rules) if any(isinstance(case.message, str) for case in found) else None
        report = run_cases(rules.translators(), rules.tables, found, rules.market.settings, reader, rules.said)
        for line in str(report).splitlines():
            typer.echo(f"{name}: {line}")
        good &= report.passed
    raise typer.Exit(0 if good else 1)


def _reader(home: Home, settings: Settings, rules: MarketRules) -> Read | None:
    """What reads the messages of a market's backend as they come over the wire."""
    receiver = receiver_of(home, rules.market, settings.contract_cache)
    return receiver.read if receiver is not None else None
