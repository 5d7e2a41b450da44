"""What the city network does with a call, as data: scenarios by the last three characters of a socket."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulators.http_server import Transport


class Form(StrEnum):
    """How the answer looks: as the contract says; readable, but not as it says; in ISO 8859-1; XML cut off; HTTP 500 without XML; with an
    entity that grows beyond measure; with an entity that is a file of the reader's machine."""

    REGULAR = "regular"
    ODD = "odd"
    LATIN1 = "latin1"
    BROKEN = "broken"
    HTTP_500 = "http500"
    BOMB = "bomb"
    EXTERNAL = "external"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Behaviour(_Strict):
    """How one call is answered. Nothing set: it is done, with success.

    ``status`` is the HTTP status, ``code`` and ``message`` are the words of a refusal (then nothing is done), ``hardware`` what does not
    do; ``book``: whether the order is kept although the caller gets no answer; ``after``: seconds until the answer.
    """

    status: int = 200
    code: str = ""
    message: str = ""
    hardware: str = ""
    book: bool = True
    after: float = 0.0
    transport: Transport = Transport.ANSWER
    form: Form = Form.REGULAR

    @model_validator(mode="after")
    def _ignored_calls_get_no_answer(self) -> Behaviour:
        if self.ignores and self.transport not in (Transport.CLOSE, Transport.NEVER):
            raise ValueError("book: false says that the call is ignored, so it needs transport: close or never (or a code and message)")
        return self

    @property
    def refuses(self) -> bool:
        """Whether the call is answered with a no."""
        return bool(self.code)

    @property
    def ignores(self) -> bool:
        """Whether the call leaves no trace and gets no answer."""
        return not self.book and not self.refuses


NORMAL = Behaviour()


class Told(StrEnum):
    """What port_status says about the services that are sold at a socket."""

    YES = "YES"
    NO = "NO"
    NOTHING = ""


class Scenario(_Strict):
    """One socket. ``deliverable`` is what port_status says of every service, ``message`` why not (otherwise it is the port's own message).

    The other members are the behaviours of single methods; ``provider`` is that of a service_order whose origin is the provider.
    """

    deliverable: Told = Told.YES
    message: str = ""
    port_status: Behaviour = NORMAL
    service_deliverable: Behaviour = NORMAL
    service_order: Behaviour = NORMAL
    provider: Behaviour | None = None
    service_deactivate: Behaviour = NORMAL

    def of(self, method: str, origin: str) -> Behaviour:
        """The behaviour of a method."""
        if method == "service_order" and origin == "provider" and self.provider is not None:
            return self.provider
        found: Behaviour = getattr(self, method)
        return found


DEFAULT = Scenario()


class CityNetworkScenarios(_Strict):
    """``scenarios.yaml``: the sockets of the network (a pattern), the services that are sold there by uid, and the scenarios."""

    sockets: str
    services: dict[str, str] = Field(min_length=1)
    scenarios: dict[str, Scenario]

    def scenario(self, socket: str) -> Scenario:
        """By the last three characters of the socket."""
        return self.scenarios.get(socket[-3:], DEFAULT)

    def overridden(self, changes: Mapping[str, Mapping[str, Any]]) -> CityNetworkScenarios:
        """The same with members of single scenarios changed, or whole scenarios added."""
        known = {key: one.model_dump(exclude_unset=True) for key, one in self.scenarios.items()}
        merged = known | {key: known.get(key, {}) | dict(values) for key, values in changes.items()}
        return CityNetworkScenarios.model_validate({**self.model_dump(exclude={"scenarios"}), "scenarios": merged})
