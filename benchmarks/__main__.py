"""``make bench``: every measurement in turn, printed and written to one file. About five minutes on two processors.

.venv/bin/python -m benchmarks [--quick] [--output var/benchmarks.md]
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import memory, services, start, stations
from benchmarks.server import ALL, disk


def main() -> None:
    """Runs all, or with ``--quick`` a short form of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path, default=disk() / "benchmarks.md")
    options = parser.parse_args()
    quick = options.quick
    sections: dict[str, Callable[[], str]] = {
        "The cost of each station": lambda: stations.report(stations.Bench.of_project()),
        "The whole service against one written by hand": lambda: services.compare(
            2 if quick else 5, 1000 if quick else 3000, 150 if quick else 400
        ),
        "Start": lambda: start.measure(2 if quick else 5),
        "Memory": lambda: memory.measure(10_000 if quick else 100_000),
    }
    machine = f"Python {platform.python_version()}, {len(ALL)} processors"
    text = f"# Benchmarks\n\n{machine}. Read the ratios; the times are this machine's.\n"
    print(text)
    for title, measure in sections.items():
        section = f"## {title}\n\n{measure()}\n"
        print(section)
        sys.stdout.flush()
        text += f"\n{section}"
    options.output.write_text(text)
    print(f"written to {options.output}")


if __name__ == "__main__":
    main()
