"""``adapter test [MARKET]``: the cases of a market's mappings, and what no case uses."""

from __future__ import annotations

from collections.abc import Callable

import typer

from adapter.bootstrap import MarketRules
from adapter.bootstrap.inbound import receiver_of
from adapter.cli.place import here
from adapter.cli.translate import rules_of
from adapter.mapping.cases import load_cases, run_cases
from adapter.ports import Document, InboundRequest
from adapter.settings import Home, Settings


def cases(
    market: str = typer.Argument("", metavar="[MARKET]", help="One market; all of config/adapter.yaml where none is named."),
) -> None:
    """Run the cases; exit 1 where one fails, or a rule, branch or table row is used by none."""
    home, settings = here()
    good = True
    for name in (market,) if market else settings.markets:
        rules = rules_of(home, settings, name)
        folder = home.mapping_folder(name) / "cases"
        found = load_cases(folder, f"mappings/{name}/cases")
        reader = _reader(home, settings, rules) if any(isinstance(case.message, str) for case in found) else None
        report = run_cases(rules.translators(), rules.tables, found, rules.market.settings, reader)
        typer.echo(f"{name}: {report}")
        good &= report.passed
    raise typer.Exit(0 if good else 1)


def _reader(home: Home, settings: Settings, rules: MarketRules) -> Callable[[bytes], Document] | None:
    """What reads the messages of a market's backend as they come over the wire."""
    receiver = receiver_of(home, rules.market, settings.contract_cache)
    if receiver is None:
        return None

    def read(raw: bytes) -> Document:
        media = "text/xml" if raw.lstrip().startswith(b"<") else "application/json"
        return receiver.read(InboundRequest("POST", "", "", {"content-type": media}, raw)).document

    return read
