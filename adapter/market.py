"""What is declared about one market: ``config/markets/<id>.yaml``. One market, one file, one id.

``${NAME}`` in a text is an environment variable. One that is not set refuses to start, unless ``${NAME:-default}`` is written.
Durations are seconds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator

from adapter.errors import ConfigError
from adapter.ports import Fault, OutcomeKind

Seconds = Annotated[float, Field(gt=0, le=3600)]
Wish = Literal["rejected", "unavailable", "inDoubt"]


class Declared(BaseModel):
    """A part of a declared file: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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

    username_token: UsernameToken | None = Field(None, alias="usernameToken")
    basic: Basic | None = None
    tls: Tls | None = None
    headers: dict[str, SecretStr] = {}


class Limits(Declared):
    """Limits towards one backend. ``total`` bounds the whole exchange, ``slots`` the callers at one time."""

    slots: int = Field(64, ge=1, le=10_000)
    slot: Seconds = 2.0
    connect: Seconds = 2.0
    send: Seconds = 5.0
    total: Seconds = 20.0
    reply_bytes: int = Field(10_000_000, alias="replyBytes", ge=1_000)
    keep_alive: Seconds = Field(15.0, alias="keepAlive")


class Transport(Declared):
    """Outcomes that are seen before a reply can be read: by HTTP status without a readable answer, by fault code.

    What is not listed is in doubt. A fault is listed by the name of its detail element, which says most, or by the local name
    of its code (``Client``, ``Server``, a subcode).
    """

    status: dict[int, Wish] = {}
    fault: dict[str, Wish] = {}


class Operation(Declared):
    """One operation of the market, named like its mapping file.

    ``idempotent``: the call changes nothing, so a repeat does no harm. ``probe`` names the operation that asks for an order
    whose fate is in doubt; ``settle`` is how long after its deadline a call may still take effect; ``authoritative`` says that
    a probe that finds nothing after that time proves that nothing was done. ``message`` is the headline of technical errors.
    """

    idempotent: bool = False
    probe: str = ""
    settle: float = Field(5.0, ge=0, le=3600)
    authoritative: bool = False
    message: str = "The backend could not process the order"

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
    settings: dict[str, Setting] = {}
    security: Security = Security()
    limits: Limits = Limits()
    outcomes: Transport = Transport()
    operations: dict[str, Operation]
    redact: tuple[str, ...] = ()

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


_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)(?::-(?P<default>[^}]*))?\}")


def expand(value: Any, environment: Mapping[str, str], where: str) -> Any:
    """Replaces ``${NAME}`` in every text of a parsed file. Raises ConfigError naming the variable that is not set."""
    if isinstance(value, dict):
        return {key: expand(item, environment, f"{where}.{key}" if where else str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item, environment, f"{where}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def put(match: re.Match[str]) -> str:
        found = environment.get(match["name"], match["default"])
        if found is None:
            raise ConfigError(
                f"{where}: the environment variable {match['name']} is not set; set it or write ${{{match['name']}:-default}}"
            )
        return found

    return _VARIABLE.sub(put, value)


def load_yaml(path: Path, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Reads a declared file and puts in the environment variables. Raises ConfigError with file, line and reason."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 (byte {error.start})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ConfigError(f"{place}: {getattr(error, 'problem', error)}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected a mapping of keys to values")
    try:
        expanded: dict[str, Any] = expand(data, os.environ if environment is None else environment, "")
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return expanded


def explain_validation(path: Path, error: ValidationError) -> ConfigError:
    """A pydantic error as lines that an operator can act on; values are left out, they may be secrets."""
    lines = [f"{path}: {'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors(include_input=False)]
    return ConfigError("\n".join(lines))


def load_market(path: Path, environment: Mapping[str, str] | None = None) -> Market:
    """Reads one market file. Raises ConfigError. The file's name must be the market's id."""
    try:
        market = Market.model_validate(load_yaml(path, environment))
    except ValidationError as error:
        raise explain_validation(path, error) from error
    if market.market != path.stem:
        raise ConfigError(f"{path}: market is '{market.market}', but the file is called '{path.name}'; they must be the same")
    return market
