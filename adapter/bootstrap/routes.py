"""Routed markets, put together: whether the markets they stand for can take their place, and what their clients may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapter.bootstrap.rules import MarketRules
from adapter.errors import CheckFailed
from adapter.faces.clients import Client, Clients
from adapter.finding import Finding, Position
from adapter.market import Market, RoutedMarket
from adapter.routing import Routes
from adapter.settings import Home


def routes_of(home: Home, rules: Mapping[str, MarketRules]) -> dict[str, Routes]:
    """Every routed market at work. Raises CheckFailed."""
    findings = check_routes(home, [each.market for each in rules.values()])
    if findings:
        raise CheckFailed(findings)
    return {
        name: Routes(each.market, each.translators(), each.validators())
        for name, each in rules.items()
        if isinstance(each.market, RoutedMarket)
    }


def check_routes(home: Home, markets: Iterable[Market]) -> list[Finding]:
    """K105: a routed market and those it stands for do not go together."""
    known = {market.market: market for market in markets}
    found: list[Finding] = []
    for market in known.values():
        if not isinstance(market, RoutedMarket):
            continue
        at = _place(home, market)
        for name in market.routes:
            found += [Finding("K105", text, at, hint) for text, hint in _misfits(market, known.get(name), name)]
    return found


def _misfits(market: RoutedMarket, target: Market | None, name: str) -> Iterable[tuple[str, str]]:
    if target is None:
        yield f"{market.market} stands for '{name}', which is no market of config/adapter.yaml", "add it there, or correct the name"
        return
    if isinstance(target, RoutedMarket):
        yield f"{market.market} stands for '{name}', which stands for others itself", f"name {', '.join(target.routes)} instead"
        return
    if target.extension != market.extension:
        text = f"'{name}' takes other members than {market.market}: their 'extension' differs"
        yield text, f"write 'extension: {target.extension}'" if target.extension else "remove 'extension'"
    for operation in market.operations:
        if operation not in target.operations:
            yield f"'{name}' does not offer {operation}, which {market.market} does", "add it there, or remove it here"


def _place(home: Home, market: Market) -> Position:
    lines = home.market_file(market.market).read_text(encoding="utf-8").splitlines()
    line = next((number for number, line in enumerate(lines, 1) if line.startswith("routes:")), 1)
    return Position(f"config/markets/{market.market}.yaml", line, 1, len("routes"))


def with_routes(clients: Clients, rules: Mapping[str, MarketRules]) -> Clients:
    """Who may use a routed market may use those it stands for: their orders are its orders."""
    routed = {name: each.market.routes for name, each in rules.items() if isinstance(each.market, RoutedMarket)}
    return clients.model_copy(update={"clients": {name: _with_routes(client, routed) for name, client in clients.clients.items()}})


def _with_routes(client: Client, routed: Mapping[str, tuple[str, ...]]) -> Client:
    markets = dict.fromkeys(client.markets)
    for name in client.markets:
        markets.update(dict.fromkeys(routed.get(name, ())))
    if len(markets) == len(client.markets):
        return client
    only = client.markets[0] if len(client.markets) == 1 else ""
    return client.model_copy(update={"markets": tuple(markets), "market": client.market or only})
