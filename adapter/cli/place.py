"""What every command needs to begin: the project's folder, and its settings."""

from __future__ import annotations

from pathlib import Path

from adapter.settings import Home, Settings, load_settings


def here(data: Path | None = None) -> tuple[Home, Settings]:
    """The project and its settings; ``data`` goes before the declared folder. Raises ConfigError."""
    home = Home.find()
    settings = load_settings(home, {"ADAPTER_DATA": str(data)} if data else None)
    settings.data.mkdir(parents=True, exist_ok=True)
    return home, settings
