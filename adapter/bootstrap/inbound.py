"""The messages that a market's backend sends of its own accord: what receives them, and what they stand for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from adapter.bootstrap.connectors import way_of
from adapter.declared import Mistake, Places
from adapter.errors import ConfigError
from adapter.faces.declaration import Face
from adapter.finding import Finding, suggest
from adapter.inbound import Inbound
from adapter.mapping.model import MappingFile
from adapter.mapping.translator import Translator
from adapter.market import Market
from adapter.ports import Receiver
from adapter.settings import Home


def receiver_of(home: Home, market: Market, cache: Path | None) -> Receiver | None:
    """What reads and answers the messages; None where a market's backend sends nothing. Raises ConfigError."""
    inbound, way = market.inbound, way_of(market)
    if inbound is None:
        return None
    if way.receive is None:
        raise ConfigError(f"config/markets/{market.market}.yaml: inbound: connector '{market.connector}' takes no messages")
    return way.receive(inbound, home.path(inbound.contract or market.contract), cache)


def arrivals_of(market: Market, translators: Mapping[str, Translator]) -> dict[str, str]:
    """By legacy operation, the operation that a market declares for it."""
    return {translators[name].legacy: name for name in market.messages if name in translators}


def check_inbound(market: Market, places: Places, faces: Collection[Face], mappings: Mapping[str, MappingFile]) -> list[Finding]:
    """K107: the face is none, or (a warning) does not show what messages make; or a message stands for two operations."""
    found = [places.finding(mistake.below("inbound")) for mistake in _face(market.inbound, faces)] if market.inbound is not None else []
    taken: dict[str, str] = {}
    for name, file in mappings.items():
        if file.received and (other := taken.setdefault(file.legacy.value, name)) != name:
            text = f"the message {file.legacy.value} stands for {other} already"
            found.append(Finding("K107", text, file.legacy.at, f"say in {other} all that it tells"))
    return found


def misplaced(market: Market, places: Places, name: str, file: MappingFile) -> Finding | None:
    """K108: the mapping of a message that the market does not declare; K111: one of an operation that is declared as the other kind. Such
    a mapping is left out."""
    if file.received == (name in market.messages):
        return None
    if name in market.messages:
        text = f"this is received, and its mapping calls {file.legacy.value}"
        hint = "move it to 'operations', or write 'receives' in the mapping"
        return places.finding(Mistake(("inbound", "operations", name), text, hint, "K111"))
    if name in market.operations:
        text = f"this is called, and its mapping is that of the message {file.legacy.value}"
        hint = "move it to 'inbound.operations', or write 'legacy' in the mapping"
        return places.finding(Mistake(("operations", name), text, hint, "K111"))
    hint = f"declare it under 'inbound.operations' of config/markets/{market.market}.yaml, or remove the file"
    return Finding("K108", f"nobody receives {file.operation.value}", file.operation.at, hint, "warning")


def _face(inbound: Inbound, faces: Collection[Face]) -> Iterator[Mistake]:
    face = next((face for face in faces if face.face == inbound.face), None)
    if face is None:
        names = sorted(each.face for each in faces)
        yield Mistake(("face",), f"there is no face '{inbound.face}'", suggest(inbound.face, names, "write one of"), "K107", value=True)
        return
    shown = {route.resource for route in face.routes}
    for kind in sorted({name.partition(".")[0] for name, each in inbound.operations.items() if each.creates} - shown):
        others = sorted(each.face for each in faces if any(route.resource == kind for route in each.routes))
        text = f"messages make {kind}, and the face '{face.face}' shows none"
        yield Mistake(("face",), text, f"write one of: {', '.join(others)}" if others else "", "K107", value=True, severity="warning")
