"""What may be declared about the way to one backend: slots, time limits, sizes, TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import ConfigDict, Field, SecretStr, model_validator
from pydantic.dataclasses import dataclass

Seconds = float


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TlsSettings:
    """TLS towards a backend. Certificates and host names are always verified, but for a declared loopback address."""

    ca_file: Path | None = Field(default=None, description="PEM bundle of the trusted authorities; the system's own where not given")
    certificate_file: Path | None = Field(default=None, description="PEM client certificate with its chain")
    key_file: Path | None = Field(default=None, description="PEM private key; where not given, the certificate file holds it")
    key_password: SecretStr | None = Field(default=None, description="of the private key")
    server_name: str | None = Field(
        default=None, description="name expected in the backend's certificate, where it is not the host of the URL"
    )
    minimum_version: Literal["1.2", "1.3"] = "1.2"
    verify: bool = Field(default=True, description="false is allowed for loopback addresses only")

    @model_validator(mode="after")
    def _key_needs_certificate(self) -> Self:
        if self.certificate_file is None and (self.key_file is not None or self.key_password is not None):
            raise ValueError("key_file and key_password belong to a client certificate: declare certificate_file as well")
        return self


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class WireSettings:
    """Limits of the calls to one backend. Seconds may be fractions; each limit ends the call with its own text."""

    slots: int = Field(default=32, ge=1, le=10_000, description="calls, and so connections, at the same time")
    slot_seconds: Seconds = Field(default=5.0, gt=0, description="longest wait for a free slot")
    connect_seconds: Seconds = Field(default=5.0, gt=0, description="name lookup, TCP connection and TLS handshake together")
    send_seconds: Seconds = Field(
        default=10.0, gt=0, description="until the whole request is handed to the operating system's or our send buffer"
    )
    answer_seconds: Seconds = Field(default=30.0, gt=0, description="from there to the end of the reply's headers")
    exchange_seconds: Seconds = Field(default=60.0, gt=0, description="everything, the wait for a slot and the reply's last byte included")
    keepalive_seconds: Seconds = Field(
        default=4.0,
        ge=0,
        description="an idle connection is not used again after this time; keep it below the backend's own limit. 0: never reuse",
    )
    max_reply_bytes: int = Field(default=8 * 1024 * 1024, ge=1, description="of the unpacked body")
    max_header_bytes: int = Field(default=16 * 1024, ge=256, description="of one header line of the reply")
    user_agent: str = Field(default="tmf-legacy-adapter", min_length=1, pattern=r"^[\x20-\x7e]+$")
    tls: TlsSettings = TlsSettings()
