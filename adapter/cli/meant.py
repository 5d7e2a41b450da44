"""The markets that a market's name means: a routed one has no orders of its own, they are those of the markets it stands for."""

from __future__ import annotations

import os

from adapter.cli.check import Anything
from adapter.errors import ConfigError
from adapter.market import RoutedMarket, load_market
from adapter.settings import Home


def meant(home: Home, market: str) -> tuple[str, ...]:
    """``market`` with those it stands for; none for "". A file that cannot be read, or is not there any more, stands for itself: its
    orders may be on record all the same."""
    if not market:
        return ()
    try:
        found = load_market(home.market_file(market), Anything(os.environ))
    except ConfigError:
        return (market,)
    return (market, *found.routes) if isinstance(found, RoutedMarket) else (market,)
