"""The service's own declaration: ``config/adapter.yaml``, and where the project's files lie."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from adapter.declared import Declared, load_declared
from adapter.errors import ConfigError

_HOST_PATTERN = re.compile(r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[?[0-9A-Fa-f:]+(?:\.[0-9.]+)?\]?")


class Log(Declared):
    """``console`` is for people at a terminal, ``json`` for everything else."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class Tracing(Declared):
    """Spans for an OpenTelemetry collector. ``endpoint`` takes OTLP over HTTP, e.g. http://collector:4318/v1/traces.

    ``share`` is how many of the traces that begin here are kept, from 0 to 1; of a caller's trace the caller has decided.
    """

    endpoint: str
    service: str = "adapter"
    share: float = Field(1.0, ge=0, le=1)
    headers: dict[str, SecretStr] = Field(default_factory=dict)

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it must be a URL such as http://collector:4318/v1/traces")
        return value


class Retention(Declared):
    """How many days rows are kept before a purge takes them; null keeps them for good. Nothing goes that somebody still needs.

    ``messages`` (bodies) and ``orders`` (with all that is left of them) since the order was over; ``events`` since they were made, once
    every listener has them; ``audit`` since the deed; ``codes`` since a code was seen last.
    """

    messages: float | None = Field(90, gt=0, le=36_500)
    events: float | None = Field(30, gt=0, le=36_500)
    orders: float | None = Field(400, gt=0, le=36_500)
    audit: float | None = Field(800, gt=0, le=36_500)
    codes: float | None = Field(None, gt=0, le=36_500)


class Retries(Declared):
    """When a failed call is made again: at a random moment within ``first`` seconds, then within twice as long each time up to ``most``.
    After ``attempts`` calls for the same event ``then`` says what becomes of the stream: it is parked for somebody to look at, or the
    event is left out and the gap put on record."""

    first: float = Field(1.0, gt=0, le=3600)
    most: float = Field(3600.0, gt=0, le=86_400)
    attempts: int = Field(12, ge=1, le=1000)
    then: Literal["park", "skip"] = "park"


class Pause(Declared):
    """A listener whose streams fail one after the other is left alone as a whole: after ``streams`` failures without a success, for
    ``first`` seconds, then twice as long each time up to ``most``."""

    streams: int = Field(5, ge=1, le=10_000)
    first: float = Field(30.0, gt=0, le=86_400)
    most: float = Field(3600.0, gt=0, le=86_400)


class Callbacks(Declared):
    """How events reach listeners. ``hosts`` are patterns of the names that may be called; none: nobody can subscribe. ``networks`` are
    those beyond the public ones that may be reached. ``authorities`` sign listeners' certificates, where they are not the system's own.
    Seconds may be fractions.

    ``seconds`` bounds a whole call, ``connect_seconds`` its connection; ``at_once`` is the number of calls to one listener at one time,
    ``listeners`` that of the subscriptions of one client.
    """

    hosts: tuple[str, ...] = ()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    http: bool = False
    authorities: Path | None = None
    signing: Literal["required", "optional"] = "required"
    seconds: float = Field(10.0, gt=0, le=120)
    connect_seconds: float = Field(3.0, gt=0, le=30)
    at_once: int = Field(8, ge=1, le=1000)
    listeners: int = Field(50, ge=1, le=10_000)
    retries: Retries = Retries()
    pause: Pause = Pause()

    @field_validator("hosts", "networks", mode="before")
    @classmethod
    def _text_is_a_list(cls, value: Any) -> Any:
        """One text may hold several, so that an environment variable can."""
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("hosts")
    @classmethod
    def _hosts_are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not _HOST_PATTERN.fullmatch(host):
                raise ValueError(f"'{host}' is not a host: write a name, *.example.com for the names below it, or an address")
        return tuple(host.lower() for host in value)


class Target(Declared):
    """A broker that is told of the events of ``markets`` (without any: all), in the words of ``face``. ``subject`` is NATS's subject or
    Kafka's topic, and may hold ``{market}`` and ``{type}``."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    kind: Literal["nats", "kafka"]
    servers: tuple[str, ...] = Field(min_length=1)
    face: str
    subject: str = Field("events.{market}.{type}", pattern=r"^(?:[A-Za-z0-9_.-]|\{market\}|\{type\})+$")
    markets: tuple[str, ...] = ()
    user: str = ""
    password: SecretStr = SecretStr("")
    authorities: Path | None = None

    @property
    def callback(self) -> str:
        """What stands in the record where a listener has its address."""
        return f"target:{self.name}"


class Settings(Declared):
    """``data`` holds the record and the contract cache; ``base_url`` is how callers reach the service (for ``href``)."""

    data: Path = Path("var")
    store: str = ""
    base_url: str = ""
    faces: tuple[str, ...]
    markets: tuple[str, ...]
    clients: Path = Path("config/clients.yaml")
    log: Log = Log()
    tracing: Tracing | None = None
    retention: Retention = Retention()
    callbacks: Callbacks = Callbacks()
    targets: tuple[Target, ...] = ()

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

    def declared(self, kind: str) -> list[str]:
        """The names of what has a file in ``config/<kind>``, served or not."""
        return sorted(path.stem for path in (self.root / "config" / kind).glob("*.yaml"))

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
