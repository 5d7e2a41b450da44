"""What is declared and can never be used: a route that no market serves, a client's pattern that no route fits, a party that none names."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence

from adapter.faces.clients import Clients
from adapter.faces.declaration import Face, Kind
from adapter.finding import Finding, Position
from adapter.market import Market
from adapter.settings import Home

_OF_MARKETS = (Kind.CREATE, Kind.RETRIEVE)
"""A list is made of the record, and needs no market; so can be what is read of a resource that markets have."""


def unserved_routes(home: Home, faces: Sequence[Face], markets: Sequence[Market]) -> Iterator[Finding]:
    """Routes whose operation no market offers. A published interface is served whole, so there it means nothing."""
    offered = {name for market in markets for name in market.operations}
    kept = frozenset[str]().union(*(market.resources for market in markets))
    for face in (face for face in faces if not face.published):
        file = f"config/faces/{face.face}.yaml"
        for name, kind in dict.fromkeys((route.operation, route.kind) for route in face.routes if route.kind in _OF_MARKETS):
            if name not in offered and not (kind is Kind.RETRIEVE and name.partition(".")[0] in kept):
                at = _place(home, file, ("operation:", name))
                hint = f"markets offer: {', '.join(sorted(offered))}"
                yield Finding("K102", f"no market offers the operation {name} of this route", at, hint, "warning")


def idle_patterns(home: Home, file: str, clients: Clients, faces: Sequence[Face]) -> Iterator[Finding]:
    """Patterns of clients' ``operations`` that fit no operation of any face."""
    there = sorted({route.operation for face in faces for route in face.routes if route.kind is not Kind.NOT_OFFERED})
    for identity, client in clients.clients.items():
        for pattern in client.operations:
            if not fnmatch.filter(there, pattern):
                at = _place(home, file, (f"{identity}:",), (pattern,))
                text = f"clients.{identity}: no operation of any face fits the pattern '{pattern}'"
                yield Finding("K103", text, at, f"the faces have: {', '.join(there)}", "warning")


def idle_parties(home: Home, file: str, clients: Clients, markets: Sequence[Market]) -> Iterator[Finding]:
    """Parties of clients none of whose markets names a party anywhere: neither by ``visibleTo`` nor by the ``owner`` of a message."""
    naming = {market.market for market in markets if market.visible_to or _owned(market)}
    for identity, client in clients.clients.items():
        if client.parties and not naming & set(client.markets):
            at = _place(home, file, (f"{identity}:",), ("parties:",))
            text = f"clients.{identity}.parties: no market of this client says where its resources name a party; this has no effect"
            yield Finding("K209", text, at, "declare 'visibleTo', or the 'owner' of a message, in the market, or take it away", "warning")


def _owned(market: Market) -> bool:
    return any(each.owner for each in market.messages.values())


def _place(home: Home, file: str, *steps: tuple[str, ...]) -> Position:
    """The line that holds all words of the last step, looked for below those of the steps before; the last word's column."""
    lines = home.path(file).read_text(encoding="utf-8").splitlines()
    number = 0
    for words in steps:
        number = next((n for n in range(number, len(lines)) if all(word in lines[n].partition("#")[0] for word in words)), number)
    word = steps[-1][-1]
    return Position(file, number + 1, max(lines[number].find(word), 0) + 1, len(word))
