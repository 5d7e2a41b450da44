"""From the command to the first answer: a first start, which makes the record, then starts on it, against Python's own start.

.venv/bin/python -m benchmarks.start [--starts 5] [--output FILE]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.server import ADAPTER, ALL, STUB, adapter_environment, disk, running
from benchmarks.table import table


def measure(starts: int) -> str:
    """Median and slowest start. The first one fills the cache of contracts and makes the tables, and is not counted."""
    with running("stub", STUB, ALL) as stub, tempfile.TemporaryDirectory(prefix="bench-", dir=disk()) as data:
        times = []
        for _ in range(starts + 1):
            with running("adapter", ADAPTER, ALL, adapter_environment(stub) | {"ADAPTER_DATA": data}) as adapter:
                times.append(adapter.started_in)
    plain = statistics.median(_python() for _ in range(starts))
    median = statistics.median(times[1:])
    rows = [
        ["python -c pass", f"{plain:.2f} s", "1.0"],
        ["adapter serve, first start on a new record", f"{times[0]:.2f} s", f"{times[0] / plain:.1f}"],
        ["adapter serve, cached contract, existing record", f"{median:.2f} s", f"{median / plain:.1f}"],
        ["the slowest of these", f"{max(times[1:]):.2f} s", f"{max(times[1:]) / plain:.1f}"],
    ]
    return table(["start to first answer", "time", "ratio"], rows)


def _python() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--starts", type=int, default=5)
    arguments.add_argument("--output", type=Path)
    options = arguments.parse_args()
    text = measure(options.starts)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
