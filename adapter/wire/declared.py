"""A market's declaration of its backend, in the words of the wire."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adapter.channel import Tls
from adapter.market import Market
from adapter.wire.settings import WireSettings
from adapter.wire.tls import check_endpoint


def settings_of(market: Market, locate: Callable[[Path], Path]) -> WireSettings:
    """Limits and TLS of a market; ``locate`` makes a declared path a real one. Raises ConfigError for an endpoint that cannot be called.

    A market bounds the answer by the whole exchange, not on its own.
    """
    limits, declared = market.limits, market.security.tls or Tls()
    files = {name: locate(file) for name in ("certificate", "key", "authorities") if (file := getattr(declared, name)) is not None}
    for address in market.addresses.values() or (market.endpoint,):
        check_endpoint(address)
    return WireSettings(
        slots=limits.slots,
        slot_seconds=limits.slot,
        connect_seconds=limits.connect,
        send_seconds=limits.send,
        answer_seconds=limits.total,
        exchange_seconds=limits.total,
        keepalive_seconds=limits.keep_alive,
        max_reply_bytes=limits.reply_bytes,
        tls=declared.model_copy(update=files),
    )
