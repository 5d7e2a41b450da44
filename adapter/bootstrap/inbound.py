"""The messages that a market's backend sends of its own accord: what receives them, and what they stand for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from adapter.bootstrap.connectors import way_of
from adapter.errors import ConfigError
from adapter.finding import Finding, Position
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
    declared = market.inbound.operations if market.inbound is not None else {}
    return {translators[name].legacy: name for name in declared if name in translators}


def check_inbound(home: Home, market: Market, faces: Collection[str], mappings: Mapping[str, MappingFile]) -> list[Finding]:
    """K107: the face is none, or a message stands for two operations."""
    inbound, found = market.inbound, []
    if inbound is not None and inbound.face not in faces:
        hint = f"write one of {', '.join(sorted(faces))}"
        found.append(Finding("K107", f"inbound.face: there is no face '{inbound.face}'", _place(home, market, "face:"), hint))
    taken: dict[str, str] = {}
    for name, file in mappings.items():
        if file.received and (other := taken.setdefault(file.legacy.value, name)) != name:
            text = f"the message {file.legacy.value} stands for {other} already"
            found.append(Finding("K107", text, file.legacy.at, f"say in {other} all that it tells"))
    return found


def not_received(market: Market, file: MappingFile) -> Finding:
    """K108: a mapping of a message that the market does not declare; it is left out."""
    hint = f"declare it under 'inbound.operations' of config/markets/{market.market}.yaml, or remove the file"
    return Finding("K108", f"nobody receives {file.operation.value}", file.operation.at, hint, "warning")


def _place(home: Home, market: Market, key: str) -> Position:
    lines = home.market_file(market.market).read_text(encoding="utf-8").splitlines()
    begin = next((number for number, line in enumerate(lines) if line.startswith("inbound:")), 0)
    line = next((number for number, line in enumerate(lines[begin:], begin + 1) if line.strip().startswith(key)), begin + 1)
    return Position(f"config/markets/{market.market}.yaml", line, 1, len(key))
