"""An exchange comes to its end whoever leaves: its caller, or the service itself."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from adapter.cli import hosting
from simulators.scenario import Behaviour
from tests.service_kit import Running, pr_order, running
from tests.waiting import eventually

SOON = 0.05  # seconds; less than the backend takes
SLOWLY = Behaviour(after=0.5)


def asking(service: Running, order: Mapping[str, Any], correlation: str = "", *, left_out: int = 0) -> socket.socket:
    """A connection that an order has been sent on, but for the last bytes of its body."""
    body = json.dumps(order).encode()
    headers = service.headers(correlation) | {"host": "localhost", "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    parts = urlsplit(service.url)
    connection = socket.create_connection((parts.hostname, parts.port), 20)
    connection.sendall(f"POST /ecom-ux/v1/PR/productOrder HTTP/1.1\r\n{head}\r\n".encode() + body[: len(body) - left_out])
    return connection


def called(service: Running) -> None:
    eventually(service.calls, "a call of the backend")


def attempts(data: Path) -> list[Any]:
    with closing(sqlite3.connect(data / "adapter.db")) as record:
        return [outcome for (outcome,) in record.execute("SELECT outcome FROM attempt")]


def test_a_caller_that_hangs_up_does_not_stop_its_order(tmp_path):
    order, correlation = pr_order(), str(uuid.uuid4())
    with running(tmp_path) as service:
        service.loop.call_soon_threadsafe(service.slbos.once, "UpdateOrderDetail", SLOWLY)
        with asking(service, order, correlation):
            called(service)
        assert service.place(order, correlation=correlation).status_code == 201, "what the first one got"
        assert service.bookings()["total"] == 1
    assert attempts(tmp_path) == ["accepted"]


def test_the_end_waits_for_an_order_under_way_longer_than_for_connections(tmp_path, monkeypatch):
    monkeypatch.setattr(hosting, "GRACE_SECONDS", SOON)
    with ExitStack() as stack:
        with running(tmp_path) as service:
            service.loop.call_soon_threadsafe(service.slbos.once, "UpdateOrderDetail", SLOWLY)
            connection = stack.enter_context(asking(service, pr_order()))
            called(service)
        assert connection.recv(65536).startswith(b"HTTP/1.1 201 ")
    assert attempts(tmp_path) == ["accepted"]


def test_a_request_that_does_not_arrive_does_not_hold_up_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(hosting, "GRACE_SECONDS", SOON)
    with ExitStack() as stack:
        with running(tmp_path) as service:
            stack.enter_context(asking(service, pr_order(), left_out=1))
            began = time.monotonic()
        assert time.monotonic() - began < 20, "it has 30 seconds to arrive"
    assert attempts(tmp_path) == []
