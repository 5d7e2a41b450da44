"""The command of a simulator: start, say where it is, run until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from simulators.registry import SIMULATORS


def main(name: str, arguments: Sequence[str] | None = None) -> None:
    """Runs the simulator ``name`` until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog=f"python -m simulators.{name}", description=f"The simulated backend {name}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--scenarios", type=Path, help="a scenario file instead of the one that comes with it")
    given = parser.parse_args(arguments)
    asyncio.run(_run(name, given.host, given.port, given.scenarios))


async def _run(name: str, host: str, port: int, scenarios: Path | None) -> None:
    make = SIMULATORS[name]
    simulator = make(host=host, port=port) if scenarios is None else make(scenarios=scenarios, host=host, port=port)
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    async with simulator:
        sys.stdout.write(f"{name}: {simulator.url}  (?wsdl, {simulator.root}/bookings, {simulator.root}/requests)\n")
        sys.stdout.flush()
        await asked_to_stop.wait()
