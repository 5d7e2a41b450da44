"""Who may listen where ``adapter serve`` runs: on trial anybody on this machine, else whom the configuration names."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from adapter.bootstrap import Service
from adapter.cli.hosting import Hosted
from adapter.cli.main import app
from adapter.cli.serve import _greeting
from adapter.errors import ConfigError
from simulators.registry import VARIABLES, passwords
from tests.service_kit import ROOT

SECRET_STORE = "postgresql://adapter:hidden@db.example/adapter"
HUB = "/tmf-api/productOrderingManagement/v4/hub"
Served = Callable[..., tuple[Result, Any]]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Served:
    """Runs the command, has ``use`` talk to the service, ends it with the signal; gives what it printed, and what ``use`` found."""

    def run(*arguments: str, use: Callable[[str], Any] = str, **environment: str) -> tuple[Result, Any]:
        monkeypatch.setattr("adapter.cli.serve.configure_logs", lambda _: None)
        for name, value in {"ADAPTER_HOME": str(ROOT), "ADAPTER_DATA": str(tmp_path), **environment}.items():
            monkeypatch.setenv(name, value)
        ended, found = Event(), []

        def talk() -> None:
            announced = tmp_path / "service.json"
            while not ended.wait(0.01):
                if announced.exists() and announced.stat().st_size:
                    try:
                        found.append(use(json.loads(announced.read_bytes())["url"]))
                    finally:
                        os.kill(os.getpid(), signal.SIGTERM)
                    return

        talker = Thread(target=talk)
        talker.start()
        try:
            result = CliRunner().invoke(app, ["serve", "--port", "0", *arguments])
        finally:
            ended.set()
            talker.join()
        return result, found[0] if found else None

    return run


def subscribed(*callbacks: str) -> Callable[[str], list[int]]:
    """Registers listeners, and gives the statuses."""

    def use(url: str) -> list[int]:
        return [httpx.post(url + HUB, json={"callback": callback}, trust_env=False, timeout=30).status_code for callback in callbacks]

    return use


def test_beside_simulators_anybody_on_this_machine_can_listen_and_nobody_else(served: Served):
    use = subscribed("http://127.0.0.1:9/a", "http://localhost:9/b", "http://192.0.2.1/c", "https://example.com/d")
    result, statuses = served("--with-simulators", use=use)
    assert result.exit_code == 0, (result.output, result.exception)
    assert statuses == [201, 201, 400, 400]
    assert "  events may go to listeners on this machine only (http://127.0.0.1, http://localhost)" in result.output


def test_declared_hosts_go_before_that(served: Served):
    result, statuses = served("--with-simulators", use=subscribed("http://127.0.0.1:9/a"), ADAPTER_CALLBACK_HOSTS="hooks.example.com")
    assert statuses == [403]  # signing is required as declared, and this client has no key
    assert "  events may go to hooks.example.com; signatures are required\n" in result.output


def test_without_simulators_nobody_is_told_until_somebody_is_named(served: Served):
    endpoints = {**passwords({}), **dict.fromkeys(VARIABLES.values(), "http://127.0.0.1:9/")}
    result, _ = served(**endpoints)
    assert result.exit_code == 0, (result.output, result.exception)
    assert "  events go to nobody: callbacks.hosts in config/adapter.yaml names no host\n" in result.output


def test_a_speed_that_is_none_is_told_in_a_sentence(served: Served):
    result, _ = served("--with-simulators", ADAPTER_SIMULATOR_SPEED="fast")
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == "ADAPTER_SIMULATOR_SPEED is 'fast'; write a number above 0, such as 30 for thirty times as fast"


def test_the_greeting_shows_no_password_of_the_record():
    service = Service(None, None, None, {}, {"tmf": "/tmf"}, SECRET_STORE)  # type: ignore[arg-type]
    lines = _greeting(Hosted(service, "http://127.0.0.1:1", {}, None))  # type: ignore[arg-type]
    assert "record postgresql://adapter:***@db.example/adapter" in lines[-1]
    assert "hidden" not in "".join(lines)
