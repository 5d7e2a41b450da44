"""How a backend is reached: how it knows us, how long and how often at once it may be called, what its refusals mean.

Durations are seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from adapter.declared import Declared, Mistake, Mistakes

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
    """TLS towards a backend: our certificate with its chain, its key where that is a file of its own, the authorities to trust instead of
    the system's, and the name that is expected in the backend's certificate where it is not the host of the endpoint. All files are PEM.
    Certificates and names are always verified."""

    certificate: Path | None = None
    key: Path | None = None
    key_password: SecretStr | None = None
    authorities: Path | None = None
    server_name: str = ""
    minimum_version: Literal["TLSv1.2", "TLSv1.3"] = "TLSv1.2"

    @model_validator(mode="after")
    def _key_needs_certificate(self) -> Tls:
        if self.key is not None and self.certificate is None:
            raise Mistakes([Mistake(("key",), "there is no certificate that it belongs to", "declare 'certificate' as well")])
        return self


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
