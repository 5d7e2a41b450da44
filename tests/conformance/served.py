"""The service with its simulators in a process of its own, and a client that may do everything at every TMF face."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import requests
import yaml

from adapter.faces.declaration import Face, load_face
from tests.conformance.definitions import APIS
from tests.conformance.documents import DOCUMENTS, Create, listener
from tests.service_kit import ROOT, closed_port

CLIENT, SECRET = "demo-channel", "demo-secret"
FACES: dict[str, Face] = {name: load_face(ROOT / "config" / "faces" / f"{name}.yaml", {}) for name in APIS}
MARKETS = tuple(DOCUMENTS)

UNREACHABLE = "gone"
"""A market like the lab whose backend is not there."""

_FEW = 3
_SPEED = "4"
_SECONDS = 60  # that a start may take on a busy machine


@dataclass
class Served:
    """The running service as a client of one market after the other sees it."""

    url: str
    log: Path
    session: requests.Session = field(default_factory=requests.Session)
    made: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _turn: Any = field(default_factory=count)

    def headers(self, market: str) -> dict[str, str]:
        return {"client-id": CLIENT, "client-secret": SECRET, "X-Market": market}

    def ask(self, market: str, method: str, path: str, **more: Any) -> requests.Response:
        """One request; ``path`` with the base path of its face."""
        headers = self.headers(market) | more.pop("headers", {})
        return self.session.request(method, self.url + path, headers=headers, timeout=30, **more)

    def create(self, market: str, resource: str, changed: dict[str, Any] | None = None) -> dict[str, Any]:
        """Makes a resource of the kind that the market takes, with what is ``changed``; as it was answered."""
        body = DOCUMENTS[market][resource](self.maker(market)) | (changed or {})
        answer = self.ask(market, "POST", collection(resource), json=body)
        assert answer.status_code == 201, f"{market} {resource}: {answer.status_code} {answer.text}"
        document: dict[str, Any] = answer.json()
        self.made.setdefault((market, resource), []).append(document["id"])
        return document

    def maker(self, market: str) -> Create:
        """Makes resources of one market."""
        return lambda kind, changed: self.create(market, kind, changed)

    def listen(self, market: str, face: str) -> dict[str, Any]:
        """Registers a listener at a face, which hears nothing: nobody is at its address."""
        answer = self.ask(market, "POST", f"{FACES[face].base}/hub", json=listener())
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def one(self, market: str, resource: str) -> str:
        """The id of a resource that is there: each of the first ones in turn."""
        while len(self.made.get((market, resource), ())) < _FEW:
            self.create(market, resource)
        return self.made[market, resource][next(self._turn) % _FEW]

    def complaints(self) -> list[str]:
        """Lines of the log that tell of something unforeseen."""
        return [
            line for line in self.log.read_text(encoding="utf-8").splitlines() if re.search(r"Traceback|request\.(crashed|failed)", line)
        ]


def all_markets() -> list[str]:
    """Every market that this checkout declares."""
    markets: list[str] = yaml.safe_load((ROOT / "config" / "adapter.yaml").read_text(encoding="utf-8"))["markets"]
    return markets


def face_of(resource: str) -> Face:
    """The face that shows such resources."""
    return next(face for face in FACES.values() if any(route.resource == resource for route in face.routes))


def collection(resource: str) -> str:
    """The path of all resources of a kind."""
    return f"{face_of(resource).base}/{resource}"


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Starts the service with its record and its log in ``folder``; it ends with the block."""
    log = folder / "log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")},
        "ADAPTER_HOME": str(_home(folder / "home")),
        "ADAPTER_DATA": str(folder / "data"),
        "ADAPTER_SIMULATOR_SPEED": _SPEED,
        "ADAPTER_LOG_LEVEL": "warning",
        **{f"ADAPTER_{market.upper()}_POLL": "36000" for market in MARKETS},
    }
    with log.open("wb") as said:
        command = [Path(sys.executable).parent / "adapter", "serve", "--with-simulators", "--port", "0"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=said)
        try:
            url = _address(process, log)
            with requests.Session() as session:
                session.trust_env = False
                yield Served(url, log, session)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=_SECONDS)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(b"adapter listens on "):
            return line.decode().split()[-1]
    raise AssertionError(f"the service did not start:\n{log.read_text(encoding='utf-8')[-4000:]}")


def _home(folder: Path) -> Path:
    """This checkout's declarations, but that one client may do everything, and that no market is spared."""
    for part in ("config", "mappings"):
        shutil.copytree(ROOT / part, folder / part)
    file = folder / "config" / "clients.yaml"
    clients = yaml.safe_load(file.read_text(encoding="utf-8"))
    clients["clients"][CLIENT] |= {
        "faces": list(APIS),
        "markets": [*all_markets(), UNREACHABLE],
        "operations": ["*.*"],
        "limits": {"bodyBytes": 1_048_576, "depth": 64, "perSecond": 100_000, "burst": 100_000},
    }
    file.write_text(yaml.safe_dump(clients), encoding="utf-8")
    for market in MARKETS:
        file = folder / "config" / "markets" / f"{market}.yaml"
        text, found = re.subn(r"(?m)^rate: .*$", "rate: {perSecond: 10000, burst: 10000, reserve: 5}", file.read_text(encoding="utf-8"))
        assert found == 1, f"{file} has {found} lines with a rate"
        file.write_text(text, encoding="utf-8")
    _without_backend(folder)
    return folder


def _without_backend(home: Path) -> None:
    shutil.copytree(home / "mappings" / "lab", home / "mappings" / UNREACHABLE)
    text = (home / "config" / "markets" / "lab.yaml").read_text(encoding="utf-8")
    for old, new in (("market: lab\n", f"market: {UNREACHABLE}\n"), ("${ADAPTER_LAB_ENDPOINT}", f"http://127.0.0.1:{closed_port()}/desk")):
        assert text.count(old) == 1, f"lab.yaml holds {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    (home / "config" / "markets" / f"{UNREACHABLE}.yaml").write_text(text, encoding="utf-8")
    file = home / "config" / "adapter.yaml"
    declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump(declared | {"markets": [*declared["markets"], UNREACHABLE]}), encoding="utf-8")
