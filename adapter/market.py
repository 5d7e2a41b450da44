"""What is declared about one market: ``config/markets/<id>.yaml``. One market, one file, one id.

``${NAME}`` in a text is an environment variable. One that is not set refuses to start, unless ``${NAME:-default}`` is written.
Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from adapter.declared import Declared, load_declared
from adapter.errors import ConfigError
from adapter.ports import Fault, OutcomeKind

Seconds = Annotated[float, Field(gt=0, le=3600)]
Wish = Literal["rejected", "unavailable", "inDoubt"]


class UsernameToken(Declared):
    """WS-Security UsernameToken; ``digest`` sends the password digest with nonce and time instead of the text."""

    username: str
    password: SecretStr
    digest: bool = False


class Basic(Declared):
    """HTTP basic authentication."""

    username: str
    password: SecretStr


class Tls(Declared):
    """Files of the TLS client: own certificate and key, and the authorities to trust instead of the system's."""

    certificate: Path | None = None
    key: Path | None = None
    authorities: Path | None = None


class Security(Declared):
    """How the backend knows us."""

    username_token: UsernameToken | None = None
    basic: Basic | None = None
    tls: Tls | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)


class Limits(Declared):
    """Limits towards one backend. ``total`` bounds the whole exchange, ``slots`` the callers at one time."""

    slots: int = Field(64, ge=1, le=10_000)
    slot: Seconds = 2.0
    connect: Seconds = 2.0
    send: Seconds = 5.0
    total: Seconds = 20.0
    reply_bytes: int = Field(10_000_000, ge=1_000)
    keep_alive: Seconds = 4.0  # shorter than the common 5 s of servers: a connection they close as we write leaves an order in doubt


class Transport(Declared):
    """Outcomes that are seen before a reply can be read: by HTTP status without a readable answer, by fault code.

    What is not listed is in doubt. A fault is listed by the name of its detail element, which says most, or by the local name
    of its code (``Client``, ``Server``, a subcode).
    """

    status: dict[int, Wish] = Field(default_factory=dict)
    fault: dict[str, Wish] = Field(default_factory=dict)


class Expiry(Declared):
    """What a request rests on, and how long that holds: ``header`` is when it was given (RFC 3339), ``after`` is in seconds."""

    header: str
    after: float = Field(gt=0, le=86_400)


class Operation(Declared):
    """One operation of the market, named like its mapping file.

    ``idempotent``: the call changes nothing, so a repeat does no harm. ``probe`` names the operation that asks for an order
    whose fate is in doubt; ``settle`` is how long after its deadline a call may still take effect; ``authoritative`` says that
    a probe that finds nothing after that time proves that nothing was done. ``message`` is the headline of technical errors.
    ``expires``: a request whose header tells an older time is refused unsent; without the header, or without ``expires``, age is no matter.
    """

    idempotent: bool = False
    probe: str = ""
    settle: float = Field(5.0, ge=0, le=3600)
    authoritative: bool = False
    message: str = "The backend could not process the order"
    expires: Expiry | None = None

    @model_validator(mode="after")
    def _doubt_has_a_way_out(self) -> Operation:
        if self.authoritative and not self.probe:
            raise ValueError("authoritative is about a probe: name one in 'probe'")
        return self


def _text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Setting = Annotated[str, BeforeValidator(_text)]


class Market(Declared):
    """One market. ``contract`` is the WSDL, relative to the project; ``extension`` adds members to the canonical model."""

    market: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    connector: str
    endpoint: str
    contract: Path
    port: str = ""
    extension: Path | None = None
    timezone: str = "UTC"
    settings: dict[str, Setting] = Field(default_factory=dict)
    security: Security = Security()
    limits: Limits = Limits()
    outcomes: Transport = Transport()
    operations: dict[str, Operation]
    redact: tuple[str, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"'{value}' is no known time zone; write one such as America/Puerto_Rico, or UTC") from None
        return value

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_an_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            whole = False
        if not whole:  # what stands there may hold a password, and is not repeated
            raise ValueError("it must be a URL such as https://host:port/path")
        return value

    @model_validator(mode="after")
    def _probes_exist(self) -> Market:
        for name, operation in self.operations.items():
            if operation.probe and operation.probe not in self.operations:
                raise ValueError(f"operations.{name}.probe: there is no operation '{operation.probe}' in this file")
        return self

    def technical(self, status: int, fault: Fault | None) -> OutcomeKind:
        """The outcome of an answer that carries no readable reply."""
        names = (fault.detail_name, fault.code) if fault is not None else ()
        wishes = (self.outcomes.fault.get(name) for name in names)
        return OutcomeKind(next(filter(None, wishes), None) or self.outcomes.status.get(status) or "inDoubt")


def load_market(path: Path, environment: Mapping[str, str] | None = None) -> Market:
    """Reads one market file. Raises ConfigError, CheckFailed. The file's name must be the market's id."""
    market = load_declared(path, Market, environment)
    if market.market != path.stem:
        raise ConfigError(f"{path}: market is '{market.market}', but the file is called '{path.name}'; they must be the same")
    return market
