"""The command of a simulator: start, say where it is, run until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulators.calling import CallingTwin
from simulators.life import SPEED, asked_speed, speed
from simulators.registry import CALLING, LIVING, SIMULATORS


def main(name: str, arguments: Sequence[str] | None = None) -> None:
    """Runs the simulator ``name`` until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog=f"python -m simulators.{name}", description=f"The simulated backend {name}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--scenarios", type=Path, help="a scenario file instead of the one that comes with it")
    parser.add_argument("--numbers", type=Path, help="a file for the numbers that it gives: after a restart it gives none of them again")
    if name in LIVING:
        parser.add_argument("--speed", type=speed, default=asked_speed(), help=f"how many times as fast orders go on (or {SPEED})")
    if name in CALLING:
        parser.add_argument("--tells", default="", help="where its messages go; later by PUT /callbacks, which takes headers, too")
    given = {key: value for key, value in vars(parser.parse_args(arguments)).items() if value is not None}
    try:
        asyncio.run(_run(name, given))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        reason = os.strerror(error.errno)
        sys.exit(f"{name}: cannot listen on {given['host']}:{given['port']}: {reason}; choose another with --port")


async def _run(name: str, given: Mapping[str, Any]) -> None:
    address = given.get("tells", "")
    simulator = SIMULATORS[name](**{key: value for key, value in given.items() if key not in ("tells", "numbers")})
    if "numbers" in given:
        try:
            simulator.numbers.keep(given["numbers"])
        except (OSError, ValueError) as error:
            sys.exit(f"{name}: --numbers: {error}")
    if address and isinstance(simulator, CallingTwin):
        simulator.tells(address, CALLING[name].headers(os.environ))
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    async with simulator:
        sys.stdout.write(f"{name}: {simulator.url}  ({simulator.contract_url}, {simulator.root}/bookings, {simulator.root}/requests)\n")
        sys.stdout.flush()
        await asked_to_stop.wait()
