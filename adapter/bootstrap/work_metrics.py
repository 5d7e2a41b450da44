"""What is counted about work: claims and their results by lane, calls of listeners. Labels are declared names and listeners' ids."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from adapter.tallies import Timers

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_TRANSACTIONS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class WorkMetrics:
    """Hears what the lanes do, those of deliveries included. One per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        self._claimed = counter("adapter_tasks_claimed", "Tasks taken by this node", "lane")
        self._acknowledged = counter("adapter_tasks_acknowledged", "Results of tasks on record", "lane")
        self._lost = counter("adapter_leases_lost", "Results that came too late and changed nothing", "lane")
        self._parked = counter("adapter_tasks_parked", "Tasks that began to wait for a person", "lane")
        self._waits = counter("adapter_lane_waits", "Looks of a lane that took nothing although something may be due", "lane", "why")
        self._called = counter("adapter_deliveries", "Claims of streams by what became of them", "listener", "outcome")
        self._callback = Histogram(
            "adapter_delivery_seconds", "From the claim of a stream to its end", ["outcome"], buckets=_SECONDS, registry=registry
        )
        asked = "From asking for a transaction to its commit"
        self._transactions = Timers("adapter_transaction_seconds", asked, [], registry, _TRANSACTIONS).of()

    # the lanes

    def claimed(self, lane: str, count: int) -> None:
        """So many tasks were taken."""
        self._claimed.labels(lane).inc(count)

    def acknowledged(self, lane: str, count: int) -> None:
        """So many results are on record."""
        self._acknowledged.labels(lane).inc(count)

    def lease_lost(self, lane: str, task: str) -> None:  # noqa: ARG002 - which one is in the log
        """A result changed nothing."""
        self._lost.labels(lane).inc()

    def parked(self, lane: str, task: str, reason: str) -> None:  # noqa: ARG002 - which one, and why, is in the log and on record
        """A task waits for a person."""
        self._parked.labels(lane).inc()

    def waited(self, lane: str, why: str) -> None:
        """Nothing was taken: window, breaker, permits or record."""
        self._waits.labels(lane, why).inc()

    # the listeners

    def delivery_ended(self, listener: str, outcome: str, took: float) -> None:
        """One claim of a stream is over: delivered, left-out, failed (and tried again), late, parked, skipped, lost or crashed."""
        self._called.labels(listener, outcome).inc()
        self._callback.labels(outcome).observe(took)

    # the record

    def transaction(self, seconds: float) -> None:
        """A transaction of the record has ended, well or not."""
        self._transactions.add(seconds)
