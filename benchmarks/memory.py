"""Memory of the service over many orders: resident bytes after each tenth of the load.

.venv/bin/python -m benchmarks.memory [--orders 100000] [--output FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.load import put
from benchmarks.server import ADAPTER, STUB, adapter_environment, pin_load, processors, running
from benchmarks.table import table

STEPS = 10


def measure(orders: int) -> str:
    """The table of memory; flat means that the last steps add nothing."""
    service, others = processors()
    pin_load()
    with running("stub", STUB, others) as stub, running("adapter", ADAPTER, service, adapter_environment(stub)) as adapter:
        rows = [["0", f"{adapter.memory() / 2**20:.1f} MB", "", ""]]
        before = adapter.memory()
        for step in range(1, STEPS + 1):
            measured = put(adapter.port, orders // STEPS)
            now = adapter.memory()
            rows.append(
                [
                    str(step * (orders // STEPS)),
                    f"{now / 2**20:.1f} MB",
                    f"{(now - before) / (orders // STEPS):+.0f}",
                    f"{measured.rate:.0f}",
                ]
            )
            before = now
    return table(["orders", "resident", "bytes per order in this step", "orders/s"], rows)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--orders", type=int, default=100_000)
    arguments.add_argument("--output", type=Path)
    options = arguments.parse_args()
    text = measure(options.orders)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
