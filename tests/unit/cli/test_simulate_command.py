"""``adapter simulate``: what it says before a simulated backend runs; that it runs is shown with the simulators."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.errors import ConfigError
from simulators.registry import CALLING, SIMULATORS

ROOT = Path(__file__).parents[3]
URL = "http://127.0.0.1:9/inbound/pl"


def test_all_are_listed_with_what_they_can_and_need():
    heads, *rows = CliRunner().invoke(app, ["simulate"]).output.splitlines()
    assert heads.split() == ["backend", "--speed", "--tells,", "with", "its", "password", "in"]
    cells = {row.split()[0]: row.split()[1:] for row in rows}
    assert list(cells) == list(SIMULATORS)
    assert cells["citynetwork"] == ["-", "-"]
    assert cells["nexera"] == ["yes", "ADAPTER_PL_INBOUND_PASSWORD"]


def test_help_says_which_password_the_messages_need():
    told = CliRunner().invoke(app, ["simulate", "--help"], env={"COLUMNS": "300", "TERMINAL_WIDTH": "300"}).output
    for calling in CALLING.values():
        assert calling.variable in told


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nobody"], "there is no simulated backend 'nobody' (there are: slbos, lab, "),
        (["citynetwork", "--speed", "2"], "--speed is not for citynetwork: orders do not go on by themselves"),
        (["lab", "--tells", URL], "--tells is not for lab: it calls nobody of its own accord"),
        (["nexera", "--tells", "localhost:8080"], "'localhost:8080' is no URL; write it whole, such as http://127.0.0.1:8080/inbound/pl"),
        (["nexera", "--tells", "http:/inbound"], "'http:/inbound' is no URL"),
        (["nexera", "--tells", URL], "ADAPTER_PL_INBOUND_PASSWORD is not set: nexera calls " + URL + " as 'nexera'"),
    ],
)
def test_what_cannot_run_as_asked_is_refused_in_a_sentence(given, said, monkeypatch):
    monkeypatch.delenv("ADAPTER_PL_INBOUND_PASSWORD", raising=False)
    refused = CliRunner().invoke(app, ["simulate", *given]).exception
    assert isinstance(refused, ConfigError)
    assert said in str(refused)


@pytest.mark.parametrize("text", ["a: [", "nonsense: 1\n", "- 7\n"])
def test_a_file_that_holds_no_scenarios_is_named(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    refused = CliRunner().invoke(app, ["simulate", "lab", "--scenarios", str(file)]).exception
    assert isinstance(refused, ConfigError)
    assert str(refused).startswith(f"--scenarios: {file} is no file of scenarios for lab: ")
    assert CliRunner().invoke(app, ["simulate", "lab", "--scenarios", str(tmp_path)]).exit_code == 2


def test_with_its_password_it_runs_until_it_is_told_to_stop():
    command = [sys.executable, "-c", "from adapter.cli.main import run; run()", "simulate", "nexera", "--tells", URL]
    environment = {**os.environ, "ADAPTER_PL_INBOUND_PASSWORD": "secret"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("nexera: http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
