"""How many instructions of the processor one order takes, and in which library: a measure that other work on the machine does not move.

.venv/bin/python -m benchmarks.instructions [--orders 300] [--connections 64] [--by-hand] [--output FILE]

Needs valgrind (`apt-get install valgrind`), under which everything takes some fifty times as long. Counts of one tree differ
by 0.3 % from run to run. Its processor has no instruction for SHA-256, so that libcrypto weighs more here than it does elsewhere.
With ``--by-hand`` the service by hand is counted as well, with fewer orders: it takes that much longer.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import put
from benchmarks.server import ADAPTER, ALL, BY_HAND, ROOT, STUB, Server, adapter_environment, by_hand_environment, free_port, running
from benchmarks.table import table

START_SECONDS = 300.0
_LINE = re.compile(r"^\s*([\d,]+) .*?(?:\[([^\]]+)\])?$")


@dataclass(frozen=True)
class Subject:
    """What is counted: the command of a service with its environment, which depends on the stub; and the load."""

    command: list[str]
    environment: Callable[[Server], dict[str, str]]
    orders: int
    connections: int
    warm_up: int


def count(subject: Subject) -> Counter[str]:
    """Instructions by library, of all orders together. Raises SystemExit where valgrind is missing or the service does not start."""
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not installed: apt-get install valgrind")
    with tempfile.TemporaryDirectory(prefix="bench-instructions-") as name, running("stub", STUB, ALL) as stub:
        folder = Path(name)
        port, counts = free_port(), folder / "counts"
        command = [sys.executable, *(part.format(port=port) for part in subject.command)]
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", "--instr-atstart=no"]
        values = os.environ | {"ADAPTER_DATA": name, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"} | subject.environment(stub)
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen([*tool, *command], cwd=ROOT, env=values, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(child, port, folder / "log")
            put(port, subject.warm_up, subject.connections)
            _control("--instr=on", child)
            _control("--zero", child)
            put(port, subject.orders, subject.connections)
            _control("--dump", child)
        finally:
            child.terminate()
            child.wait(60)
        return _by_library(counts.with_name("counts.1"))


def _control(what: str, child: subprocess.Popen[bytes]) -> None:
    subprocess.run(["callgrind_control", what, str(child.pid)], check=True, stdout=subprocess.DEVNULL)


def _wait(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and child.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"the service does not answer under valgrind:\n{log.read_text(errors='replace')}")


def _by_library(counts: Path) -> Counter[str]:
    said = subprocess.run(["callgrind_annotate", "--threshold=100", str(counts)], check=True, capture_output=True, text=True).stdout
    libraries: Counter[str] = Counter()
    for line in said.split("file:function", 1)[1].splitlines():
        if match := _LINE.match(line):
            libraries[Path(match[2] or "other").name.split(".")[0]] += int(match[1].replace(",", ""))
    return libraries


def report(orders: int, connections: int, *, by_hand: bool) -> str:
    """The table, in thousands of instructions per order."""
    subjects = {"adapter": Subject(ADAPTER, adapter_environment, orders, connections, 200)}
    if by_hand:  # a sixth of the callers: each waits for all others, and the service gives up after twenty seconds
        subjects["by hand"] = Subject(BY_HAND, by_hand_environment, max(1, orders // 3), max(1, connections // 6), 50)
    return "\n\n".join(_table(name, subject) for name, subject in subjects.items())


def _table(name: str, subject: Subject) -> str:
    libraries = count(subject)
    total, orders = libraries.total(), subject.orders
    seen = {"all": total} | {library: much for library, much in libraries.most_common() if much > total / 500}
    rows = [[library, f"{much / orders / 1000:,.0f}", f"{much / total:.1%}"] for library, much in seen.items()]
    return table([f"{name}, by library", "thousand instructions per order", "share"], rows)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--orders", type=int, default=300)
    arguments.add_argument("--connections", type=int, default=64)
    arguments.add_argument("--by-hand", action="store_true")
    arguments.add_argument("--output", type=Path)
    options = arguments.parse_args()
    text = report(options.orders, options.connections, by_hand=options.by_hand)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
