"""Services as processes of their own that start in a moment: a parent that has loaded the program forks them.

``python -m tests.faults.forking`` is that parent. It reads orders from its input, one JSON object a line, and answers each with a line.
When its input ends, because whoever started it is gone, so do all processes it has forked.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]


class Forks:
    """The parent, as seen from a test."""

    def __init__(self, root: Path = ROOT) -> None:
        variables = {**os.environ, "PYTHONPATH": str(root)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forking"],
            cwd=root,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._lock = threading.Lock()

    def start(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> int:
        """Forks ``adapter`` with these arguments and nothing but this environment; its process id."""
        return int(self._ask({"start": arguments, "environment": dict(environment), "log": str(log)}))

    def ended(self, pid: int) -> int | None:
        """The exit code, None while it runs."""
        code: int | None = self._ask({"ended": pid})
        return code

    def wait(self, pid: int, seconds: float = 60) -> int:
        end = time.monotonic() + seconds
        while (code := self.ended(pid)) is None:
            assert time.monotonic() < end, f"process {pid} did not end within {seconds} s"
            time.sleep(0.01)
        return code

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _ask(self, order: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


@dataclass
class Served:
    """``adapter serve`` in a process of its own, with its own data folder and log."""

    forks: Forks
    data: Path
    environment: Mapping[str, str]
    port: int = 0
    pid: int = field(default=0, init=False)
    url: str = field(default="", init=False)
    more: Mapping[str, str] = field(default_factory=dict, init=False)  # the variables of this start alone

    def start(self, **more: str) -> Served:
        """Returns when the service listens. ``more`` holds for this start alone."""
        self.begin(**more)
        self.listens()
        return self

    def begin(self, **more: str) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.more = more
        self._said = self.log.stat().st_size if self.log.exists() else 0
        variables = {"ADAPTER_DATA": str(self.data), "PATH": os.environ["PATH"], **self.environment, **more}
        self.pid = self.forks.start(["serve", "--port", str(self.port)], variables, self.log)

    def listens(self, seconds: float = 60) -> None:
        self.url = self.until("adapter listens on ", seconds).split()[-1]
        self.port = int(self.url.rpartition(":")[2])  # the same one after a restart

    @property
    def log(self) -> Path:
        return self.data / "log"

    def said(self) -> str:
        """What it has said since its last start."""
        with contextlib.suppress(FileNotFoundError):
            return self.log.read_bytes()[self._said :].decode()
        return ""

    def until(self, text: str, seconds: float = 60) -> str:
        """Waits for a line with the text, and returns it."""
        end = time.monotonic() + seconds
        while True:
            found = [line for line in self.said().splitlines() if text in line]
            if found:
                return found[0]
            assert self.forks.ended(self.pid) is None, f"ended before it said {text!r}:\n{self.said()[-4000:]}"
            assert time.monotonic() < end, f"never said {text!r}:\n{self.said()[-4000:]}"
            time.sleep(0.02)

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Sends the signal and waits for the end; the exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
        return self.died()

    def died(self, seconds: float = 60) -> int:
        """Waits for the end, however it comes; the exit code."""
        code = self.forks.wait(self.pid, seconds)
        self.pid = 0
        return code

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def stopped(self) -> None:
        """Waits until the process is held by SIGSTOP."""
        end = time.monotonic() + 30
        while Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < end, "the process does not stop"
            time.sleep(0.01)

    def ask(self, path: str, method: str = "GET") -> Any:
        """What the operators' commands ask."""
        token = json.loads((self.data / "service.json").read_bytes())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        reply = httpx.request(method, self.url + path, headers=headers, trust_env=False, timeout=30)
        reply.raise_for_status()
        return reply.json()

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        text = httpx.get(self.url + "/metrics", trust_env=False, timeout=30).text
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.partition("{")[0].partition(" ")[0] == name)


def _serve_orders() -> None:
    from adapter.bootstrap import open_service  # noqa: F401, PLC0415 - what a child needs is loaded here, once
    from adapter.cli import backup, export, hosting, importing, migrate, serve  # noqa: F401, PLC0415
    from adapter.store import migrating_postgres, postgres  # noqa: F401, PLC0415
    from tests.faults import dying  # noqa: F401, PLC0415

    gc.freeze()
    children: dict[int, int | None] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            pid = os.fork()
            if pid == 0:
                _run(order)
            children[pid] = None
            answer: int | None = pid
        else:
            pid = order["ended"]
            if children[pid] is None:
                gone, status = os.waitpid(pid, os.WNOHANG)
                children[pid] = os.waitstatus_to_exitcode(status) if gone else None
            answer = children[pid]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid, code in children.items():
        if code is None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _run(order: Mapping[str, Any]) -> None:
    code: Any = 70
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(order["environment"])
        from adapter.cli.main import run  # noqa: PLC0415
        from tests.faults import dying  # noqa: PLC0415

        dying.prepare(os.environ)
        sys.argv = ["adapter", *order["start"]]
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001 - the child must not go on as a copy of its parent
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve_orders()
