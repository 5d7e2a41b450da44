"""From the command to the first answer: a first start, which makes the record, then starts on it, against Python's own start.

.venv/bin/python -m benchmarks.start [--starts 5] [--output FILE]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from adapter.settings import Home, load_settings
from benchmarks.server import ADAPTER, ALL, ROOT, STUB, adapter_environment, disk, running
from benchmarks.table import table


def measure(starts: int) -> str:
    """Median and slowest start. The first one fills the cache of contracts and rules and makes the tables, and is not counted."""
    with running("stub", STUB, ALL) as stub, tempfile.TemporaryDirectory(prefix="bench-", dir=disk()) as data:
        times = []
        for _ in range(starts + 1):
            with running("adapter", ADAPTER, ALL, adapter_environment(stub) | {"ADAPTER_DATA": data}) as adapter:
                times.append((adapter.started_in, adapter.cpu_seconds()))
    plain = _median([_python() for _ in range(starts)])
    markets = len(load_settings(Home(ROOT), {}).markets)
    rows: list[tuple[str, tuple[float, float]]] = [
        ("python -c pass", plain),
        (f"adapter serve, {markets} markets, first start on a new record", times[0]),
        (f"adapter serve, {markets} markets, cached contracts and rules, existing record", _median(times[1:])),
        ("the slowest of these", max(times[1:])),
    ]
    cells = [[name, f"{time:.2f} s", f"{time / plain[0]:.1f}", f"{cpu:.2f} s"] for name, (time, cpu) in rows]
    return table(["start to first answer", "time", "ratio", "processor time"], cells)


def _median(found: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(time for time, _ in found), statistics.median(cpu for _, cpu in found)


def _python() -> tuple[float, float]:
    began, used = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    now = os.times()
    cpu = now.children_user + now.children_system - used.children_user - used.children_system
    return time.perf_counter() - began, cpu


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--starts", type=int, default=5)
    arguments.add_argument("--output", type=Path)
    options = arguments.parse_args()
    text = measure(options.starts)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
