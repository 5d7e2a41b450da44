"""Changed rules are put to work without a restart; wrong ones are not, and the running ones stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from tests.service_kit import home_with, pr_order, running

MAPPING = "mappings/pr/productOrder.create.yaml"


def edit(home: str, file: str, old: str, new: str) -> None:
    path = Path(home) / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_changed_mapping_is_loaded_a_wrong_one_is_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = home_with(tmp_path / "home", {})
    environment = {"ADAPTER_HOME": home, "ADAPTER_DATA": str(tmp_path / "data")}
    with running(tmp_path / "data", environment) as service:

        def credit_limit() -> str:
            with service.listening() as calls:
                assert service.place(pr_order()).status_code == 201
            return str(calls[0].order["creditLimit"])

        assert credit_limit() == "100"

        edit(home, MAPPING, "default: \"'100'\"", "default: \"'250'\"")
        loaded = CliRunner().invoke(app, ["reload"], env=environment)
        assert loaded.exit_code == 0, loaded.output
        assert "the new rules are at work" in loaded.output
        assert credit_limit() == "250"
        [said] = [each for each in caplog.records if "rules.reloaded" in each.getMessage()]
        assert "pr/productOrder.create" in said.getMessage()
        assert "pr/productOrder.status" not in said.getMessage()

        edit(home, MAPPING, "order.job.type", "order.job.typ")
        refused = CliRunner().invoke(app, ["reload"], env=environment)
        assert refused.exit_code == 1
        assert f"{MAPPING}:" in refused.output
        assert "did you mean" in refused.output
        assert "the running rules stay" in refused.output
        assert credit_limit() == "250"


def test_a_window_that_nobody_can_read_is_not_loaded(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", {})
    environment = {"ADAPTER_HOME": home, "ADAPTER_DATA": str(tmp_path / "data")}
    with running(tmp_path / "data", environment) as service:
        edit(home, "config/markets/pr.yaml", "\nlimits:", '\nwindows: [{cron: "0 2 * * tues", minutes: 60}]\nlimits:')
        refused = CliRunner().invoke(app, ["reload"], env=environment)
        assert refused.exit_code == 1
        assert "K106: windows.0.cron: '0 2 * * tues' is no cron expression" in refused.output
        assert "the running rules stay" in refused.output
        assert service.place(pr_order()).status_code == 201


def test_a_reload_says_what_only_a_restart_changes(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", {})
    environment = {"ADAPTER_HOME": home, "ADAPTER_DATA": str(tmp_path / "data")}
    with running(tmp_path / "data", environment):
        edit(home, "config/markets/pr.yaml", "  slots: 64", "  slots: 32")
        told = CliRunner().invoke(app, ["reload"], env=environment)
        assert told.exit_code == 0
        assert "K104" in told.output
        assert "limits has changed and takes effect at the next start" in told.output


def test_a_reload_says_which_files_it_does_not_read(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", {})
    environment = {"ADAPTER_HOME": home, "ADAPTER_DATA": str(tmp_path / "data")}
    with running(tmp_path / "data", environment):
        edit(home, "config/clients.yaml", "The channel of the demo", "The channel of the shop")
        told = CliRunner().invoke(app, ["reload"], env=environment)
        assert told.exit_code == 0
        said = "config/clients.yaml:1:1: warning K104: the file has changed, and takes effect at the next start\n"
        assert said in told.output
        assert "config/adapter.yaml" not in told.output


def test_without_a_running_service_there_is_nothing_to_reload(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["reload"], env={"ADAPTER_DATA": str(tmp_path / "data")})
    assert told.exit_code != 0
    assert "no service is running" in str(told.exception)
