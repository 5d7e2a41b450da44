"""``adapter serve`` from its first line to its last, with the signal that ends it."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.errors import ConfigError
from tests.service_kit import ROOT


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Logs stay as they are: they belong to the whole process of the tests."""
    monkeypatch.setattr("adapter.cli.serve.configure_logs", lambda _: None)
    monkeypatch.setenv("ADAPTER_HOME", str(ROOT))
    monkeypatch.setenv("ADAPTER_DATA", str(tmp_path))


def test_it_tells_where_everything_is_and_ends_with_the_signal(tmp_path: Path):
    seen: list[int] = []
    ended = Event()

    def use_and_end() -> None:
        announced = tmp_path / "service.json"
        while not ended.is_set() and not (announced.exists() and announced.stat().st_size):
            pass
        if not ended.is_set():
            seen.append(httpx.get(json.loads(announced.read_bytes())["url"] + "/health/ready", trust_env=False, timeout=30).status_code)
            os.kill(os.getpid(), signal.SIGTERM)

    user = Thread(target=use_and_end)
    user.start()
    done = CliRunner().invoke(app, ["serve", "--with-simulators", "--port", "0"], env={"ADAPTER_LAB_ENDPOINT": "http://127.0.0.1:9/real"})
    ended.set()
    user.join()
    assert done.exit_code == 0, done.output
    assert seen == [200]
    lines = done.output.splitlines()
    assert lines[0].startswith("adapter listens on http://127.0.0.1:")
    for start in ("  face hybris: ", "  face tmf: ", "  OpenAPI: ", "  simulator slbos: ", "  health "):
        assert any(line.startswith(start) for line in lines), start
    assert [line for line in lines if "simulator lab" in line] == ["  no simulator lab: ADAPTER_LAB_ENDPOINT is set"]
    assert lines[-1] == "stopping: requests under way are finished and recorded first"
    assert not (tmp_path / "service.json").exists()


def test_an_address_that_is_not_this_machine_s_is_told_as_such():
    refused = CliRunner().invoke(app, ["serve", "--with-simulators", "--port", "0", "--host", "192.0.2.1"])
    assert isinstance(refused.exception, ConfigError)
    assert str(refused.exception).endswith("choose another with --host")


def test_a_taken_port_is_told_before_anything_is_opened(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = CliRunner().invoke(app, ["serve", "--with-simulators", "--port", str(taken.getsockname()[1])])
    assert isinstance(refused.exception, ConfigError)
    assert "choose another with --port" in str(refused.exception)
    assert not (tmp_path / "adapter.db").exists()


def test_an_address_of_another_machine_is_refused(tmp_path: Path):
    refused = CliRunner().invoke(app, ["serve", "--with-simulators", "--port", "0", "--host", "192.0.2.1"])
    assert "cannot listen on 192.0.2.1" in str(refused.exception)
