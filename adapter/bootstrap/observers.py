"""What is counted about markets: outcomes, codes, misses of code tables, deviations, and the wire to each backend.

Labels hold declared names only; a code that no catalogue knows is counted as ``unknown`` here and by its text in the record.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from adapter.ports import Deviation, Outcome
from adapter.store import Store
from adapter.tallies import Tally, Timers

log = structlog.get_logger("adapter.market")

_SHOWN_DEVIATIONS = 5


class MarketMetrics:
    """All counters about markets. One per registry."""

    def __init__(self, registry: CollectorRegistry, store: Store) -> None:
        self._store = store
        self._outcomes = Tally("adapter_outcomes", "Judged calls", ["market", "operation", "outcome"], registry)
        self._codes = Counter("adapter_backend_codes", "Warnings and errors of backends", ["market", "severity", "code"], registry=registry)
        self._misses = Counter(
            "adapter_table_misses", "Values without a row in their code table", ["market", "table", "direction"], registry=registry
        )
        self._messages = Counter(
            "adapter_messages", "Messages of backends by what became of them", ["market", "operation", "outcome"], registry=registry
        )
        self._answering = Timers("adapter_message_seconds", "Messages of backends", ["market"], registry)
        self._deviations = Counter(
            "adapter_deviations", "Places where a reply broke its contract", ["market", "operation", "kind"], registry=registry
        )
        self.seconds = Timers("adapter_call_seconds", "Calls of backends", ["market", "result"], registry)
        self.waited = Timers("adapter_slot_wait_seconds", "Waiting for a free slot", ["market"], registry)
        self.in_flight = Gauge("adapter_calls_in_flight", "Calls under way", ["market"], registry=registry)
        self.calls: dict[str, int] = {}  # under way, by market
        self.refused = Counter("adapter_slot_refused", "Callers that went away without a slot", ["market"], registry=registry)
        self.replaced = Counter("adapter_pool_replaced", "Times the kept connections became suspect", ["market"], registry=registry)

    def judged(self, market: str, operation: str, outcome: Outcome, deviations: Sequence[Deviation]) -> None:
        """One call has been judged; its codes go to the log, the counters and the record."""
        self._outcomes.add(market, operation, outcome.kind)
        said = [issue for issue in outcome.issues if issue.parts]  # the adapter's own words are never taken apart
        for issue in said:
            for part in issue.parts:
                self._codes.labels(market, issue.severity, part.name or "unknown").inc()
            log.info(
                "backend.said",
                market=market,
                operation=operation,
                severity=issue.severity,
                code=issue.code,
                name=issue.name,
                text=issue.text,
            )
        if said:
            self._store.count_codes(market, said)
        self._deviates("reply.deviates", market, operation, deviations)

    def received(self, market: str, operation: str, deviations: Sequence[Deviation]) -> None:
        """One message of a backend was read."""
        self._deviates("message.deviates", market, operation, deviations)

    def message_answered(self, market: str, operation: str, outcome: str, seconds: float) -> None:
        """One request of a backend is over; ``operation`` none where it was not understood."""
        self._messages.labels(market, operation, outcome).inc()
        self._answering.of(market).add(seconds)

    def _deviates(self, event: str, market: str, operation: str, deviations: Sequence[Deviation]) -> None:
        for deviation in deviations:
            self._deviations.labels(market, operation, deviation.kind).inc()
        if deviations:  # one line, however badly it is built
            first = [f"{deviation.path}: {deviation.text}" for deviation in deviations[:_SHOWN_DEVIATIONS]]
            log.warning(event, market=market, operation=operation, places=len(deviations), first=first)

    def unknown_code(self, market: str, code: str | None, text: str) -> None:
        """A text holds a code that the catalogue does not name."""
        log.warning("code.unknown", market=market, code=code, text=text, remedy="describe it in the market's codes.yaml, under messages")

    def table_miss(self, market: str, table: str, direction: str) -> None:
        """A value has no row in its code table."""
        self._misses.labels(market, table, direction).inc()

    def wire(self, market: str) -> MarketWire:
        """The observer of one market's wire."""
        return MarketWire(self, market)


class MarketWire:
    """Counts one market's exchanges."""

    def __init__(self, metrics: MarketMetrics, market: str) -> None:
        self._market, self._calls = market, metrics.calls
        metrics.in_flight.labels(market).set_function(lambda: metrics.calls.get(market, 0))
        self._waited = metrics.waited.of(market)
        self._refused = metrics.refused.labels(market)
        self._replaced = metrics.replaced.labels(market)
        self._seconds = {name: metrics.seconds.of(market, name) for name in ("replied", "not_sent", "maybe_sent", "cancelled")}

    def slot_taken(self, waited: float) -> None:
        """An exchange is in flight."""
        self._calls[self._market] = self._calls.get(self._market, 0) + 1
        self._waited.add(waited)

    def slot_refused(self, waited: float) -> None:  # noqa: ARG002 - of interest is that it happened
        """A caller went away without a slot."""
        self._refused.inc()

    def ended(self, outcome: str, took: float) -> None:
        """An exchange is over."""
        self._calls[self._market] -= 1
        self._seconds[outcome].add(took)

    def pool_replaced(self) -> None:
        """The kept connections are not used again."""
        self._replaced.inc()
