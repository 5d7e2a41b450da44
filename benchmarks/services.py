"""This adapter with everything on against the same exchange written by hand, in alternation on the same processor.

.venv/bin/python -m benchmarks.services [--rounds 5] [--orders 3000] [--by-hand-orders 400] [--output FILE]
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import Measured, put
from benchmarks.server import ADAPTER, BY_HAND, STUB, Server, adapter_environment, by_hand_environment, pin_load, processors, running
from benchmarks.table import table

WARM_UP = 200


@dataclass
class Series:
    """The rounds of one service."""

    server: Server
    orders: int
    rounds: list[Measured] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory_before: int = 0

    def warm_up(self) -> None:
        put(self.server.port, min(WARM_UP, self.orders))
        self.memory_before = self.server.memory()

    def round(self) -> None:
        before = self.server.cpu_seconds()
        self.rounds.append(put(self.server.port, self.orders))
        self.cpu.append((self.server.cpu_seconds() - before) / self.orders)

    def median(self, what: str) -> float:
        values = {
            "rate": [one.rate for one in self.rounds],
            "p50": [one.percentile(0.5) for one in self.rounds],
            "p99": [one.percentile(0.99) for one in self.rounds],
            "cpu": self.cpu,
        }
        return statistics.median(values[what])


def compare(rounds: int, orders: int, by_hand_orders: int) -> str:
    """The table of both services and their ratios."""
    service, others = processors()
    pin_load()
    with (
        running("stub", STUB, others) as stub,
        running("by-hand", BY_HAND, service, by_hand_environment(stub)) as hand,
        running("adapter", ADAPTER, service, adapter_environment(stub)) as adapter,
    ):
        by_hand, ours = Series(hand, by_hand_orders), Series(adapter, orders)
        for series in (by_hand, ours):
            series.warm_up()
        for _ in range(rounds):
            by_hand.round()
            ours.round()
        return _report(by_hand, ours)


def _report(by_hand: Series, ours: Series) -> str:
    rows = []
    for name, key, unit, digits, scale in (
        ("orders per second", "rate", "", 0, 1.0),
        ("p50 at 64 connections", "p50", " ms", 1, 1e3),
        ("p99 at 64 connections", "p99", " ms", 1, 1e3),
        ("processor time per order", "cpu", " us", 0, 1e6),
    ):
        a, b = by_hand.median(key) * scale, ours.median(key) * scale
        rows.append([name, f"{a:.{digits}f}{unit}", f"{b:.{digits}f}{unit}", f"{b / a:.2f}"])
    ratios = [b.rate / a.rate for a, b in zip(by_hand.rounds, ours.rounds, strict=True)]
    rows.append(["orders per second, each round", "", "", f"{min(ratios):.2f}-{max(ratios):.2f}"])
    for name, before in (("memory after warm-up", True), ("memory after all rounds", False)):
        a, b = ((one.memory_before if before else one.server.memory()) / 2**20 for one in (by_hand, ours))
        rows.append([name, f"{a:.0f} MB", f"{b:.0f} MB", f"{b / a:.2f}"])
    rows.append(["start to first answer", f"{by_hand.server.started_in:.2f} s", f"{ours.server.started_in:.2f} s", ""])
    rows.append(["orders measured", str(by_hand.orders * len(ratios)), str(ours.orders * len(ratios)), ""])
    return table(["service", "by hand (a)", "adapter (b)", "b/a"], rows)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--orders", type=int, default=3000)
    arguments.add_argument("--by-hand-orders", type=int, default=400)
    arguments.add_argument("--output", type=Path)
    options = arguments.parse_args()
    text = compare(options.rounds, options.orders, options.by_hand_orders)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
