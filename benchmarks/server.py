"""The processes under measurement: started on a free port, pinned to a processor, asked for their processor time and memory."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from simulators.registry import VARIABLES, passwords

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
STUB = [sys.executable, "-m", "benchmarks.stub_backend", "--port", "{port}"]
BY_HAND = [str(BIN / "uvicorn"), "benchmarks.by_hand:app", "--port", "{port}", "--no-access-log", "--log-level", "warning"]
ADAPTER = [str(BIN / "adapter"), "serve", "--port", "{port}"]
START_SECONDS = 30.0
ALL: list[int] = psutil.Process().cpu_affinity() if hasattr(psutil.Process, "cpu_affinity") else list(range(psutil.cpu_count() or 1))


@dataclass
class Server:
    """One running process and its children."""

    name: str
    port: int
    process: psutil.Process
    log: Path
    started_in: float

    def cpu_seconds(self) -> float:
        """Processor time so far, user and system."""
        times = [one.cpu_times() for one in self._family()]
        return float(sum(one.user + one.system for one in times))

    def memory(self) -> int:
        """Resident bytes now."""
        return sum(one.memory_info().rss for one in self._family())

    def _family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextlib.contextmanager
def running(name: str, command: list[str], cpus: list[int], environment: dict[str, str] | None = None) -> Iterator[Server]:
    """Starts ``command`` with ``{port}`` filled in, waits until it answers, ends it in the end.

    The adapter keeps its data in a folder that is gone at the end, unless ``environment`` names another one."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-", dir=disk()) as folder:
        log = Path(folder) / "log"
        values = os.environ | {"ADAPTER_DATA": folder, "PYTHONPATH": str(ROOT)} | (environment or {})
        if values.pop("PYTHONDONTWRITEBYTECODE", None):  # an installed service has its modules compiled
            values["PYTHONPYCACHEPREFIX"] = str(disk() / "bytecode")
        began = time.perf_counter()
        with log.open("wb") as output:
            child = subprocess.Popen(
                [part.format(port=port) for part in command], cwd=ROOT, env=values, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            process = psutil.Process(child.pid)
            _pin(process, cpus)
            _wait(child, port, log)
            yield Server(name, port, process, log, time.perf_counter() - began)
        finally:
            child.terminate()
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def adapter_environment(stub: Server) -> dict[str, str]:
    """Every backend of the adapter is the stub, which answers orders only: the questions for their state come later than the run."""
    url = f"http://127.0.0.1:{stub.port}/soap"
    return dict.fromkeys(VARIABLES.values(), url) | passwords({}) | {"ADAPTER_PR_POLL": "3600"}


def by_hand_environment(stub: Server) -> dict[str, str]:
    """The backend of the service by hand is the stub."""
    return {"BACKEND": f"http://127.0.0.1:{stub.port}/soap"}


def processors() -> tuple[list[int], list[int]]:
    """One processor for the service under measurement, the rest for stub and load; where there is only one, all share it."""
    return (ALL[:1], ALL[1:]) if len(ALL) > 1 else (ALL, ALL)


def pin_load() -> None:
    """Keeps this process, which makes the load, off the processor of the service."""
    _pin(psutil.Process(), processors()[1])


def _pin(process: psutil.Process, cpus: list[int]) -> None:
    if hasattr(process, "cpu_affinity"):  # not everywhere
        process.cpu_affinity(cpus)


def disk() -> Path:
    """Where measurements write: a real disk, so that a flush costs what it costs."""
    folder = ROOT / "var"
    folder.mkdir(exist_ok=True)
    return folder


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if child.poll() is not None:
            raise SystemExit(f"{log.parent.name}: ended with {child.returncode}\n{log.read_text(errors='replace')}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as probe:
            probe.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if probe.recv(1):
                return
        time.sleep(0.005)
    raise SystemExit(f"{log.parent.name}: does not answer after {START_SECONDS} s\n{log.read_text(errors='replace')}")
