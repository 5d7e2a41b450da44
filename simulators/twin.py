"""What every simulated backend offers a program, whatever it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, runtime_checkable


class Twin(Protocol):
    """A backend that can be started and looked at. ``async with twin: twin.url``, or ``start`` and ``stop``."""

    root: str

    @property
    def url(self) -> str:
        """The endpoint that a market file names."""

    @property
    def contract_url(self) -> str:
        """Where the backend serves its contract."""

    async def start(self, port: int | None = None) -> str:
        """Listens on ``port`` (0: a free one) and returns the endpoint. Raises OSError when the port is taken."""

    async def stop(self) -> None:
        """Stops, and ends all connections at once. What is on record stays and is there after another ``start``."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    def bookings(self) -> dict[str, Any]:
        """As ``GET /bookings``."""

    def requests(self, last: int = 200) -> list[dict[str, Any]]:
        """As ``GET /requests``."""

    def reset(self) -> None:
        """As ``POST /reset``."""


@runtime_checkable
class CallingTwin(Twin, Protocol):
    """A backend that calls the service of its own accord."""

    def tells(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        """Where the service takes its messages, and with which headers (credentials); as ``PUT /callbacks``. Until then they wait."""

    def callbacks(self) -> list[dict[str, Any]]:
        """What was told, and how it was answered; as ``GET /callbacks``."""
