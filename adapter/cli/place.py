"""What every command needs to begin: the project's folder, and its settings."""

from __future__ import annotations

from adapter.errors import ConfigError
from adapter.settings import Home, Settings, load_settings


def here() -> tuple[Home, Settings]:
    """The project and its settings; the data folder is there. Raises ConfigError."""
    home = Home.find()
    settings = load_settings(home)
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{settings.data}: the data folder cannot be made: {error.strerror}; name another one with ADAPTER_DATA"
        ) from error
    return home, settings
