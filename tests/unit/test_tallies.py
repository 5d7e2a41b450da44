"""Our own counters and histograms are told as those of prometheus_client are."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from adapter.tallies import SECONDS, Tally, Timers

LABELS = ["market", "operation"]
labels = st.tuples(st.sampled_from(["pr", "jm"]), st.sampled_from(["productOrder.create", 'a "b"\n']))
seconds = st.one_of(st.sampled_from(SECONDS), st.floats(0, 60, allow_nan=False))


def told(registry: CollectorRegistry) -> str:
    """All samples, without the times at which they began."""
    return re.sub(r"(_created\{.*\}) .*", r"\1", generate_latest(registry).decode())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(labels, seconds), max_size=20), st.lists(labels, max_size=2))
def test_they_tell_what_prometheus_client_tells(seen: list[tuple[tuple[str, str], float]], announced: list[tuple[str, str]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tally, timers = Tally("adapter_things", "Things", LABELS, ours), Timers("adapter_thing_seconds", "Time", LABELS, ours)
    counter = Counter("adapter_things", "Things", LABELS, registry=theirs)
    histogram = Histogram("adapter_thing_seconds", "Time", LABELS, buckets=SECONDS, registry=theirs)
    for place in announced:
        timers.of(*place)
        histogram.labels(*place)
    for place, took in seen:
        tally.add(*place)
        counter.labels(*place).inc()
        timers.of(*place).add(took)
        histogram.labels(*place).observe(took)
    assert told(ours) == told(theirs)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1, allow_nan=False), max_size=20))
def test_buckets_of_ones_own_without_labels_are_told_as_well(seen: list[float]) -> None:
    ours, theirs, bounds = CollectorRegistry(), CollectorRegistry(), (0.001, 0.05, 0.5)
    timer = Timers("adapter_thing_seconds", "Time", [], ours, bounds).of()
    histogram = Histogram("adapter_thing_seconds", "Time", buckets=bounds, registry=theirs)
    for took in seen:
        timer.add(took)
        histogram.observe(took)
    assert unlabelled(ours) == unlabelled(theirs)


def unlabelled(registry: CollectorRegistry) -> str:
    """The same, where ``_created`` has no labels."""
    return re.sub(r"(_created) .*", r"\1", generate_latest(registry).decode())


def test_a_series_says_when_it_began() -> None:
    registry = CollectorRegistry()
    tally, timers = Tally("adapter_things", "Things", ["of"], registry), Timers("adapter_thing_seconds", "Time", ["of"], registry)
    for _ in range(2):
        tally.add("a")
        timers.of("a").add(1.0)
    began = [registry.get_sample_value(name, {"of": "a"}) for name in ("adapter_things_created", "adapter_thing_seconds_created")]
    assert all(since is not None and since > 1_600_000_000 for since in began)
