"""Looking after the service: its rules, and a copy of its record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from adapter.errors import ConfigError
from adapter.store import Store


class Reloaded(Protocol):
    """What became of a reload of the rules."""

    @property
    def loaded(self) -> bool:
        """Whether the new rules are at work."""

    @property
    def text(self) -> str:
        """What was found, for people."""


async def reload_rules(reload: Callable[[], Awaitable[Reloaded]]) -> dict[str, Any]:
    """Has the rules read anew."""
    outcome = await reload()
    return {"loaded": outcome.loaded, "text": outcome.text}


async def backup(store: Store, file: Path) -> dict[str, Any]:
    """Copies the record. Raises ConfigError."""
    if not file.is_absolute():
        raise ConfigError("name the file of the backup by its absolute path")
    await store.backup(file)
    return {"file": str(file)}
