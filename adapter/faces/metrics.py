"""What is counted at the faces. No label holds a value that a caller can choose."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from adapter.tallies import Tally, Timers


class FaceMetrics:
    """Requests by face, operation and status; time by face and operation. One per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Tally("adapter_requests", "Requests answered", ["face", "operation", "status"], registry)
        text = "From the first line of a request to its answer"
        self._seconds = Timers("adapter_request_seconds", text, ["face", "operation"], registry)
        self._in_flight = Gauge("adapter_requests_in_flight", "Requests in work", ["face"], registry=registry)

    def answered(self, face: str, operation: str, status: int, seconds: float) -> None:
        """One request was answered. ``status`` 499: its caller had gone."""
        self._requests.add(face, operation, str(status))
        self._seconds.of(face, operation).add(seconds)

    def in_flight(self, face: str, count: Callable[[], float]) -> None:
        """``count`` tells of one face how many requests are in work there."""
        self._in_flight.labels(face).set_function(count)
