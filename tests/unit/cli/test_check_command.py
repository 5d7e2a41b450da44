"""``adapter check`` and ``adapter map`` on a project with mistakes in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.main import app
from adapter.errors import ConfigError
from tests.service_kit import ROOT


class Project:
    """A copy of the declared files, to be spoilt."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("config", "mappings"):
            shutil.copytree(ROOT / folder, root / folder)

    def change(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def run(self, *arguments: str) -> Result:
        variables = {"ADAPTER_HOME": str(self.root), "ADAPTER_DATA": str(self.root / "var")}
        return CliRunner().invoke(app, arguments, env=variables)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_mapping_that_cannot_be_read_is_not_called_missing(project: Project) -> None:
    project.change("mappings/lab/productOrder.create.yaml", "both:", "both: [")
    shown = project.run("check", "lab")
    assert shown.exit_code == 1
    assert "mappings/lab/productOrder.create.yaml:" in shown.output
    assert "K101" not in shown.output
    (project.root / "mappings/lab/productOrder.create.yaml").unlink()
    assert "has no mapping" in project.run("check", "lab").output


def test_expressions_nested_without_end_are_a_finding(project: Project) -> None:
    project.change("mappings/pr/productOrder.create.yaml", "clientReference\n", "(" * 400 + "clientReference" + ")" * 400 + "\n")
    shown = project.run("check", "pr")
    assert shown.exit_code == 1, shown.exception
    assert "M115: the expression cannot be read: it is nested too deeply" in shown.output


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("America/Puerto_Rico", "America/Nowhere", "8:1: error F203: timezone: 'America/Nowhere' is no known time zone"),
        ("${ADAPTER_PR_ENDPOINT}", "somewhere", "5:1: error F203: endpoint: it must be a URL such as https://host:port/path"),
        ("${ADAPTER_PR_ENDPOINT}", "'http://['", "5:1: error F203: endpoint: it must be a URL"),
    ],
)
def test_a_market_with_a_wrong_value_is_named_by_its_place_in_the_project(project: Project, old: str, new: str, said: str) -> None:
    project.change("config/markets/pr.yaml", old, new)
    shown = project.run("check")
    assert shown.exit_code == 1
    assert f"config/markets/pr.yaml:{said}" in shown.output
    assert str(project.root) not in shown.output


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("61 2 * * *", "the last value (61) is higher than the maximum value (59)"),
        ("0 2 * * tues", "'tues' is no weekday; write 0 to 7 (0 and 7 are Sunday) or sun to sat"),
    ],
)
def test_a_window_that_is_no_cron_expression_is_named_by_its_place(project: Project, cron: str, said: str) -> None:
    project.change(
        "config/markets/lab.yaml",
        "operations:",
        f'windows:\n  - {{cron: "0 1 * * *", minutes: 5}}\n  - {{cron: "{cron}", minutes: 60}}\noperations:',
    )
    lines = (project.root / "config/markets/lab.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if cron in text)
    shown = project.run("check", "lab")
    assert shown.exit_code == 1
    assert f"config/markets/lab.yaml:{line}:13: error K106: windows.1.cron: '{cron}' is no cron expression: " in shown.output
    assert said in shown.output
    assert "minute hour day month weekday" in shown.output


def test_a_reserve_that_lets_no_question_through_is_named_by_its_place(project: Project) -> None:
    project.change("config/markets/lab.yaml", "burst: 20, reserve: 5", "burst: 2, reserve: 2")
    lines = (project.root / "config/markets/lab.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("rate:"))
    shown = project.run("check", "lab")
    assert shown.exit_code == 1
    place = f"config/markets/lab.yaml:{line}:1: error F203: rate: reserve: "
    assert f"{place}of 2 permits at once (burst) 2 are kept for orders, so no state is ever asked for" in shown.output


def test_what_can_never_be_used_is_a_warning(project: Project) -> None:
    patterns = '["productOrder.*", "cancelProductOrder.*", "hub.*"]'
    project.change("config/clients.yaml", patterns, '["productOrder.*", "cancelProductOrder.*", "quote.*"]')
    project.change("config/faces/hybris.yaml", "operation: productOrder.create", "operation: productOrder.make")
    shown = project.run("check")
    assert shown.exit_code == 0, shown.output
    line = next(n for n, text in enumerate((ROOT / "config/clients.yaml").read_text().splitlines(), 1) if patterns in text)
    assert f"config/clients.yaml:{line}:61: warning K103: clients.demo-channel: no operation of any face fits" in shown.output
    assert "warning K102: no market offers the operation productOrder.make of this route" in shown.output
    assert "2 warnings" in shown.output


def test_a_finding_of_a_file_that_others_start_from_comes_once(project: Project) -> None:
    shutil.copytree(project.root / "mappings/pr", project.root / "mappings/px")
    for path in (project.root / "mappings/px").glob("productOrder.*.yaml"):
        path.write_text(f"like: pr\noperation: {path.stem}\n", encoding="utf-8")
    pr = (project.root / "config/markets/pr.yaml").read_text(encoding="utf-8")
    (project.root / "config/markets/px.yaml").write_text(pr.replace("market: pr", "market: px"), encoding="utf-8")
    project.change("config/adapter.yaml", "markets: [pr,", "markets: [px, pr,")
    project.change("mappings/pr/productOrder.create.yaml", "order.job.type", "order.job.typ")
    place = "mappings/pr/productOrder.create.yaml:31:"
    found = [line for line in project.run("check").output.splitlines() if line.startswith(place) and "'typ'" in line]
    assert len(found) == 1, found


@pytest.mark.parametrize("file", ["nope.json", "."])
def test_a_document_that_cannot_be_read_is_told(project: Project, file: str) -> None:
    refused = project.run("map", str(project.root / file), "--market", "lab", "--operation", "productOrder.create")
    assert isinstance(refused.exception, ConfigError)
    assert "cannot be read" in str(refused.exception)


def test_a_face_that_is_not_there_is_told(project: Project) -> None:
    refused = project.run("map", "-", "--market", "lab", "--operation", "productOrder.create", "--face", "nope")
    assert "there is no face 'nope'" in str(refused.exception)


def test_a_port_that_is_none_is_refused(project: Project) -> None:
    refused = project.run("serve", "--port", "99999")
    assert refused.exit_code == 2
    assert isinstance(refused.exception, SystemExit)
