"""The markets that a face speaks of, against those there are."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from adapter.declared import At, Mistake
from adapter.faces.declaration import Face
from adapter.finding import suggest


def unknown_markets(face: Face, markets: Collection[str]) -> Iterator[Mistake]:
    """K112: what a face says of markets that nothing declares."""
    named: list[tuple[At, str]] = [(("market", "table", sent), market) for sent, market in face.market.table.items()]
    if face.market.default:
        named.append((("market", "default"), face.market.default))
    named += [(("headers", name, "markets", one), one) for name, header in face.headers.items() for one in header.markets]
    for number, route in enumerate(face.routes):
        named += [(("routes", number, "query", name, "markets", one), one) for name, each in route.query.items() for one in each.markets]
    for at, name in named:
        if name not in markets:
            yield Mistake(at, f"there is no market '{name}' in config/markets", suggest(name, markets, "there are"), "K112", value=True)
