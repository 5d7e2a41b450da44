"""What may be declared about the way to one backend: slots, time limits, sizes, TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Seconds = float


class TlsSettings(BaseModel):
    """TLS towards a backend. Certificates and host names are always verified, but for a declared loopback address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca_file: Path | None = Field(None, description="PEM bundle of the trusted authorities; the system's own where not given")
    certificate_file: Path | None = Field(None, description="PEM client certificate with its chain")
    key_file: Path | None = Field(None, description="PEM private key; where not given, the certificate file holds it")
    key_password: SecretStr | None = Field(None, description="of the private key")
    server_name: str | None = Field(None, description="name expected in the backend's certificate, where it is not the host of the URL")
    minimum_version: Literal["1.2", "1.3"] = "1.2"
    verify: bool = Field(True, description="false is allowed for loopback addresses only")

    @model_validator(mode="after")
    def _key_needs_certificate(self) -> Self:
        if self.certificate_file is None and (self.key_file is not None or self.key_password is not None):
            raise ValueError("key_file and key_password belong to a client certificate: declare certificate_file as well")
        return self


class WireSettings(BaseModel):
    """Limits of the calls to one backend. Seconds may be fractions; each limit ends the call with its own text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slots: int = Field(32, ge=1, le=10_000, description="calls, and so connections, at the same time")
    slot_seconds: Seconds = Field(5.0, gt=0, description="longest wait for a free slot")
    connect_seconds: Seconds = Field(5.0, gt=0, description="name lookup, TCP connection and TLS handshake together")
    send_seconds: Seconds = Field(10.0, gt=0, description="until the whole request is handed to the operating system's or our send buffer")
    answer_seconds: Seconds = Field(30.0, gt=0, description="from there to the end of the reply's headers")
    exchange_seconds: Seconds = Field(60.0, gt=0, description="everything, the wait for a slot and the reply's last byte included")
    keepalive_seconds: Seconds = Field(
        4.0, ge=0, description="an idle connection is not used again after this time; keep it below the backend's own limit. 0: never reuse"
    )
    max_reply_bytes: int = Field(8 * 1024 * 1024, ge=1, description="of the unpacked body")
    max_header_bytes: int = Field(16 * 1024, ge=256, description="of one header line of the reply")
    user_agent: str = Field("tmf-legacy-adapter", min_length=1, pattern=r"^[\x20-\x7e]+$")
    tls: TlsSettings = TlsSettings()
