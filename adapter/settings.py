"""The service's own declaration: ``config/adapter.yaml``, and where the project's files lie."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from adapter.declared import Declared, load_declared
from adapter.errors import ConfigError


class Log(Declared):
    """``console`` is for people at a terminal, ``json`` for everything else."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class Settings(Declared):
    """``data`` holds the record and the contract cache; ``base_url`` is how callers reach the service (for ``href``)."""

    data: Path = Path("var")
    store: str = ""
    base_url: str = ""
    faces: tuple[str, ...]
    markets: tuple[str, ...]
    clients: Path = Path("config/clients.yaml")
    log: Log = Log()

    @property
    def contract_cache(self) -> Path:
        """The folder of compiled contracts."""
        return self.data / "contracts"


class Home:
    """The folder with ``config/`` and ``mappings/``. All relative paths of declared files start here."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def find(cls, environment: Mapping[str, str] | None = None) -> Home:
        """``ADAPTER_HOME``, else the current folder, else the checkout this package runs from. Raises ConfigError."""
        named = (os.environ if environment is None else environment).get("ADAPTER_HOME")
        candidates = [Path(named)] if named else [Path.cwd(), Path(__file__).resolve().parent.parent]
        for candidate in candidates:
            if (candidate / "config" / "adapter.yaml").is_file():
                return cls(candidate)
        looked = ", ".join(map(str, candidates))
        raise ConfigError(f"config/adapter.yaml was not found in {looked}; start in the project's folder or set ADAPTER_HOME")

    def path(self, relative: Path | str) -> Path:
        """A declared path as a real one; absolute paths stay."""
        return self.root / relative

    def market_file(self, market: str) -> Path:
        """``config/markets/<market>.yaml``."""
        return self.root / "config" / "markets" / f"{market}.yaml"

    def face_file(self, face: str) -> Path:
        """``config/faces/<face>.yaml``."""
        return self.root / "config" / "faces" / f"{face}.yaml"

    def mapping_folder(self, market: str) -> Path:
        """``mappings/<market>``."""
        return self.root / "mappings" / market


def load_settings(home: Home, environment: Mapping[str, str] | None = None) -> Settings:
    """Reads ``config/adapter.yaml``; ``ADAPTER_DATA`` goes before its ``data``. Raises ConfigError."""
    settings = load_declared(home.path("config/adapter.yaml"), Settings, environment)
    data = (os.environ if environment is None else environment).get("ADAPTER_DATA")
    folder = home.path(data or settings.data)
    return settings.model_copy(update={"data": folder, "store": settings.store or f"sqlite:///{folder / 'adapter.db'}"})
