"""Counters and histograms that are plain numbers until somebody asks for the metrics. All that is counted here is counted on the event
loop, so nothing is locked: each of prometheus_client's own takes more than twice as long.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Tally(Collector):
    """How often something happened, by labels."""

    def __init__(self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self._name, self._text, self._labels = name, text, labels
        self._counts: dict[tuple[str, ...], int] = {}
        self._since: dict[tuple[str, ...], float] = {}
        registry.register(self)

    def add(self, *labels: str) -> None:
        """It happened once."""
        try:
            self._counts[labels] += 1
        except KeyError:
            self._counts[labels], self._since[labels] = 1, time.time()

    def collect(self) -> Iterator[Metric]:
        """The one family."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for labels, count in self._counts.items():
            family.add_metric(labels, count, created=self._since[labels])
        yield family


class Timer:
    """How long something took, each time."""

    __slots__ = ("_bounds", "counts", "since", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts, self.sum, self.since = [0] * (len(bounds) + 1), 0.0, time.time()

    def add(self, seconds: float) -> None:
        """It took so long."""
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.sum += seconds


class Timers(Collector):
    """The same, by labels. ``bounds`` are those of the histogram's buckets."""

    def __init__(self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry, bounds: Sequence[float] = SECONDS) -> None:
        self._name, self._text, self._labels, self._bounds = name, text, labels, bounds
        self._timers: dict[tuple[str, ...], Timer] = {}
        registry.register(self)

    def of(self, *labels: str) -> Timer:
        """The one with these labels, which is told of from now on."""
        timer = self._timers.get(labels)
        if timer is None:
            timer = self._timers[labels] = Timer(self._bounds)
        return timer

    def collect(self) -> Iterator[Metric]:
        """The one family."""
        bounds = [*map(str, self._bounds), "+Inf"]
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for labels, timer in self._timers.items():
            family.add_metric(labels, list(zip(bounds, accumulate(timer.counts), strict=True)), timer.sum)
            family.add_sample(f"{self._name}_created", dict(zip(self._labels, labels, strict=True)), timer.since)
        yield family
