"""What every command needs to begin: the project's folder, and its settings."""

from __future__ import annotations

from pathlib import Path

from adapter.errors import ConfigError
from adapter.settings import Home, Settings, load_settings


def here(*, writes: bool = True) -> tuple[Home, Settings]:
    """The project and its settings. Raises ConfigError.

    The data folder is there, and if it was made now, nobody else can look into it; a command that ``writes`` nothing but the
    contract cache does without one that cannot be made.
    """
    home = Home.find()
    settings = load_settings(home)
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        if not writes:
            return home, settings
        raise ConfigError(
            f"{settings.data}: the data folder cannot be made: {error.strerror}; name another one with ADAPTER_DATA"
        ) from error
    return home, settings


def new_file(file: Path) -> Path:
    """The whole path of a file that is to be written. Raises ConfigError where it has no folder."""
    target = file.absolute()
    if not target.parent.is_dir():
        raise ConfigError(f"{target}: there is no folder {target.parent}; make it first, or name a file elsewhere")
    return target
