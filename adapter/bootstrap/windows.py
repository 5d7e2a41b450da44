"""The closed windows of a market, tried before anything relies on them: what is no cron expression is a finding at its line."""

from __future__ import annotations

from adapter.finding import Finding, Position
from adapter.market import Market
from adapter.settings import Home
from adapter.work.windows import Windows
from adapter.yaml_text import Block, Items, Node, numbered, read_document

_HINT = "write five parts: minute hour day month weekday, e.g. '30 2 * * mon-fri'"


def check_windows(home: Home, market: Market) -> list[Finding]:
    """K106: a ``cron`` of ``windows`` that nobody can read."""
    found = []
    for number, window in enumerate(market.windows):
        try:
            Windows([(window.cron, float(window.minutes))], market.timezone)
        except ValueError as error:
            text = f"windows.{number}.cron: '{window.cron}' is no cron expression: {error}"
            found.append(Finding("K106", text, _place(home, market, number), _HINT))
    return found


def _place(home: Home, market: Market, number: int) -> Position:
    file = f"config/markets/{market.market}.yaml"
    root = read_document(home.market_file(market.market), file, numbered("F")).root
    windows = _under(root, "windows")
    node = _under(list(windows)[number] if isinstance(windows, Items) else None, "cron")
    return node.at if node is not None else Position(file, 1, 1)


def _under(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Block) else None
