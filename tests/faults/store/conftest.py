from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.ports import OutcomeKind
from adapter.store import Acceptance, Direction, MessageRow, Response, Settlement

ROOT = Path(__file__).resolve().parents[3]
BODY = b'{"id":"B-1","state":"acknowledged","padding":"' + os.urandom(1500).hex().encode() + b'"}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "record.db"


@pytest.fixture
def acceptance() -> Callable[..., Acceptance]:
    def build(key: str, **changes: Any) -> Acceptance:
        message = MessageRow(Direction.CLIENT_REQUEST, "productOrder.create", BODY, 1, "application/json")
        values: dict[str, Any] = {"correlation_id": "c-1", "request": BODY, "deadline": 2**60, "messages": (message,)}
        values |= {"resource": "productOrder"} | changes
        return Acceptance("shop", key, "f1", "north", "productOrder.create", "shop", "tmf", **values)

    return build


@pytest.fixture
def settlement() -> Callable[..., Settlement]:
    def build() -> Settlement:
        message = MessageRow(Direction.CLIENT_REPLY, "productOrder.create", BODY, 2, "application/json", 201)
        return Settlement(OutcomeKind.ACCEPTED, 2, "acknowledged", "B-1", response=Response(201, BODY), answer=BODY, messages=(message,))

    return build


@pytest.fixture
def python() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a script in a process of its own; its standard output can be read line by line."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-u", "-c", textwrap.dedent(script), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
