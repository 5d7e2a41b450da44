"""What is counted at the faces. No label holds a value that a caller can choose."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class FaceMetrics:
    """Requests by face, operation and status; time by face and operation. One per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter("adapter_requests", "Requests answered", ["face", "operation", "status"], registry=registry)
        self._seconds = Histogram(
            "adapter_request_seconds",
            "From the first line of a request to its answer",
            ["face", "operation"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge("adapter_requests_in_flight", "Requests in work", ["face"], registry=registry)
        self._children: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[tuple[str, str], Histogram] = {}

    def answered(self, face: str, operation: str, status: int, seconds: float) -> None:
        """One request was answered. ``status`` 499: its caller had gone."""
        counter = self._children.get((face, operation, status))
        if counter is None:
            counter = self._children[face, operation, status] = self._requests.labels(face, operation, str(status))
        timer = self._timers.get((face, operation))
        if timer is None:
            timer = self._timers[face, operation] = self._seconds.labels(face, operation)
        counter.inc()
        timer.observe(seconds)

    def in_flight(self, face: str, count: Callable[[], float]) -> None:
        """``count`` tells of one face how many requests are in work there."""
        self._in_flight.labels(face).set_function(count)
