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
from typer.testing import CliRunner, Result

from adapter.cli.main import app
from adapter.cli.serve import of_the_demo
from adapter.errors import ConfigError
from adapter.faces.authentication import hash_secret
from adapter.faces.clients import load_clients
from tests.service_kit import ROOT


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Logs stay as they are: they belong to the whole process of the tests."""
    monkeypatch.setattr("adapter.cli.serve.configure_logs", lambda _: None)
    monkeypatch.setenv("ADAPTER_HOME", str(ROOT))
    monkeypatch.setenv("ADAPTER_DATA", str(tmp_path))


def served(data: Path, environment: dict[str, str] | None = None) -> tuple[Result, list[int]]:
    """A service that is told to end as soon as it is ready, and what it answered to the question whether it is."""
    seen: list[int] = []
    ended = Event()

    def use_and_end() -> None:
        announced = data / "service.json"
        while not ended.is_set() and not (announced.exists() and announced.stat().st_size):
            pass
        if not ended.is_set():
            seen.append(httpx.get(json.loads(announced.read_bytes())["url"] + "/health/ready", trust_env=False, timeout=30).status_code)
            os.kill(os.getpid(), signal.SIGTERM)

    user = Thread(target=use_and_end)
    user.start()
    done = CliRunner().invoke(app, ["serve", "--with-simulators", "--port", "0"], env=environment)
    ended.set()
    user.join()
    return done, seen


def test_it_tells_where_everything_is_and_ends_with_the_signal(tmp_path: Path):
    done, seen = served(tmp_path, {"ADAPTER_LAB_ENDPOINT": "http://127.0.0.1:9/real"})
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


def test_clients_with_the_secret_of_the_demo_are_known(tmp_path: Path):
    shipped = ROOT / "config" / "clients.yaml"
    assert of_the_demo(load_clients(shipped)) == ["demo-channel", "demo-provider", "demo-operator", "demo-agauf", "demo-agab"]
    own = tmp_path / "clients.yaml"
    own.write_text(f"clients: {{shop: {{secret: {hash_secret('its own secret')}, faces: [tmf], markets: [lab], operations: ['*']}}}}\n")
    assert of_the_demo(load_clients(own)) == []


def test_a_start_that_others_can_reach_names_clients_with_the_secret_of_the_demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert served(tmp_path)[0].stderr == ""
    monkeypatch.setattr("adapter.cli.serve.is_loopback", lambda _: False)  # it listens on loopback all the same
    done, _ = served(tmp_path)
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith(
        "WARNING: demo-channel, demo-provider, demo-operator, demo-agauf, demo-agab sign in with the secret of the demo"
    )
