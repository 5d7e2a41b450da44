"""Events for a broker, as one more listener: the same cursors, so the same order and the same care; only the last step differs.

Off unless declared. A client library is loaded for a declared kind only; it comes with the extra of that name.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Protocol

from adapter.errors import AdapterError, ConfigError
from adapter.settings import Target as TargetSettings
from adapter.store import listening
from adapter.store.connection import Connection
from adapter.store.outbox import EventRow, ListenerRow

_PREFIX = "target:"
_MODULES = {"nats": ("adapter.work.target_nats", "NatsTarget"), "kafka": ("adapter.work.target_kafka", "KafkaTarget")}


class TargetFailed(AdapterError):
    """The broker has not confirmed an event; it may have it all the same."""


class Target(Protocol):
    """A broker. Events of one order are put one after the other, those of different orders at the same time."""

    async def put(self, event: EventRow, body: bytes) -> None:
        """Returns when the broker has the event for good. May be called again with the same one. Raises TargetFailed."""

    async def close(self) -> None:
        """Leaves the broker."""


def is_target(callback: str) -> bool:
    """Whether this stands for a broker, where a listener has its address."""
    return callback.startswith(_PREFIX)


def open_target(settings: TargetSettings, seconds: float) -> Target:
    """The broker of a declaration; it is connected to with the first event. ``seconds`` bound each ``put``. Raises ConfigError."""
    module, name = _MODULES[settings.kind]
    try:
        target: Target = getattr(importlib.import_module(module), name)(settings, seconds)
    except ModuleNotFoundError as error:
        remedy = f"install it with: pip install 'tmf-legacy-adapter[{settings.kind}]'"
        raise ConfigError(f"config/adapter.yaml: targets.{settings.name} needs the package '{error.name}'; {remedy}") from error
    return target


def declare(c: Connection, targets: Sequence[TargetSettings], markets: Sequence[str], now: int, ids: Sequence[str]) -> None:
    """Makes the subscriptions of targets those that are declared: new ones begin with what comes next, others end.

    ``ids`` are unused ones, at least one for each target and market.
    """
    unused = iter(ids)
    wanted = [
        ListenerRow(next(unused), target.face, "", market, target.callback, "", now)
        for target in targets
        for market in target.markets or markets
    ]
    kept = {(row.face, row.market, row.callback) for row in wanted}
    for row in listening.listeners(c):
        if is_target(row.callback) and (row.face, row.market, row.callback) not in kept:
            listening.unsubscribe(c, row.id, now)
    for row in wanted:
        listening.subscribe(c, row)


def subject_of(settings: TargetSettings, event: EventRow) -> str:
    """Where an event goes."""
    return settings.subject.replace("{market}", event.market).replace("{type}", event.type)
