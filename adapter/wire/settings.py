"""What may be declared about the way to one backend: slots, time limits, sizes, TLS."""

from __future__ import annotations

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from adapter.channel import Tls

Seconds = float


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
    tls: Tls = Tls()
