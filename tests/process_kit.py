"""The service as a process of its own, with its simulators."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.service_kit import warm

COMMAND = [sys.executable, "-c", "from adapter.cli.main import run; run()", "serve", "--with-simulators", "--port", "0"]


@contextmanager
def serving(home: Path, data: Path, log: Path, **environment: str) -> Iterator[str]:
    """Gives its address; it is stopped as an operator stops it. Its log goes to ``log``; no other variables of the adapter are set."""
    data.mkdir(parents=True, exist_ok=True)
    warm(data / "contracts")
    others = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")}
    given = {**others, "ADAPTER_HOME": str(home), "ADAPTER_DATA": str(data), **environment}
    with log.open("wb") as errors, subprocess.Popen(COMMAND, env=given, stdout=subprocess.PIPE, stderr=errors, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().rsplit(" ", 1)[-1].strip()
        finally:
            running.send_signal(signal.SIGTERM)
            rest = running.stdout.read()
            assert running.wait(60) == 0, log.read_text(encoding="utf-8")
    assert "stopping" in rest
