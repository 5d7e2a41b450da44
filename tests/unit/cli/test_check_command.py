"""``adapter check`` and ``adapter map`` on a project with mistakes in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.main import app
from adapter.errors import ConfigError
from tests.service_kit import ROOT, warm


class Project:
    """A copy of the declared files, to be spoilt."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("config", "mappings"):
            shutil.copytree(ROOT / folder, root / folder)
        warm(root / "var" / "contracts")

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
        ("America/Puerto_Rico", "America/Nowhere", "8:11: error F203: timezone: 'America/Nowhere' is no known time zone"),
        ("${ADAPTER_PR_ENDPOINT}", "somewhere", "5:11: error F203: endpoint: it must be a URL such as https://host:port/path"),
        ("${ADAPTER_PR_ENDPOINT}", "'http://['", "5:12: error F203: endpoint: it must be a URL"),
    ],
)
def test_a_market_with_a_wrong_value_is_named_by_its_place_in_the_project(project: Project, old: str, new: str, said: str) -> None:
    project.change("config/markets/pr.yaml", old, new)
    shown = project.run("check", "pr")
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


def test_a_mistake_in_a_market_is_shown_at_its_place_with_its_line(project: Project) -> None:
    project.change("config/markets/lab.yaml", "acknowledged: [cancelled, ", "acknowledged: [cancelled, pendingCancelation, ")
    lines = (project.root / "config/markets/lab.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "pendingCancelation" in text)
    shown = project.run("check")
    assert shown.exit_code == 1
    place = f"config/markets/lab.yaml:{line}:33: error K202: lives.productOrder.edges.acknowledged.1: "
    frame = f"  {line} |       acknowledged: [cancelled, pendingCancelation, pendingCancellation]\n     | {' ' * 32}^{'~' * 17}\n"
    assert f"{place}there is no state 'pendingCancelation'\n{frame}  = did you mean 'pendingCancellation'?\n" in shown.output


def test_a_contract_that_is_not_there_is_named_where_it_is_declared(project: Project) -> None:
    project.change("config/markets/lab.yaml", "schema/lab-notices.wsdl", "schema/none.wsdl")
    lines = (project.root / "config/markets/lab.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "none.wsdl" in text)
    shown = project.run("check", "lab")
    assert f"config/markets/lab.yaml:{line}:13: error K001: " in shown.output
    assert str(project.root) not in shown.output


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


def test_parties_of_a_client_whose_markets_name_none_are_a_warning(project: Project) -> None:
    project.change("config/clients.yaml", 'parties: ["31420"]\n    market: se', 'parties: ["31420"]\n    market: pr')
    project.change("config/clients.yaml", "    markets: [se]", "    markets: [pr]")
    shown = project.run("check")
    assert shown.exit_code == 0, shown.output
    lines = (project.root / "config/clients.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if 'parties: ["31420"]' in text)
    assert f"config/clients.yaml:{line}:5: warning K209: clients.demo-provider.parties: no market of this client says where" in shown.output


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


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("steps:", "stepps:", "error F201: 'stepps' is not a known key"),
        ("expect: 201", "expect: soon", "error F203: "),
        ("market: lab", "market: pr", "error F203: market is 'pr', but the file is called 'lab.yaml'"),
    ],
)
def test_a_story_that_cannot_be_walked_is_told_before_somebody_walks_it(project: Project, old: str, new: str, said: str) -> None:
    project.change("config/stories/lab.yaml", old, new)
    for arguments in (("check",), ("check", "lab")):
        shown = project.run(*arguments)
        assert shown.exit_code == 1
        assert "config/stories/lab.yaml:" in shown.output
        assert said in shown.output
    assert "config/stories" not in project.run("check", "pa").output


def test_a_port_that_is_none_is_refused(project: Project) -> None:
    refused = project.run("serve", "--port", "99999")
    assert refused.exit_code == 2
    assert isinstance(refused.exception, SystemExit)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "config/faces/hybris.yaml",
            "PR: pr",
            "PR: prx",
            "config/faces/hybris.yaml:11:15: error K112: market.table.PR: there is no market 'prx'",
        ),
        ("config/faces/hybris.yaml", "markets: [pa]", "markets: [ps]", "markets.ps: there is no market 'ps' in config/markets"),
        (
            "config/clients.yaml",
            "markets: [pr, jm,",
            "markets: [prr, jm,",
            "config/clients.yaml:8:15: error K112: clients.demo-channel.markets.prr: ",
        ),
        (
            "config/faces/tmf-common.yaml",
            "openAs: demo-open",
            "openAs: demo-opn",
            "credentials.openAs: 'demo-opn' is not in the file of clients",
        ),
        (
            "mappings/pr/schema/slbos.wsdl",
            "</wsdl:definitions>",
            "</wsdl:definition>",
            "mappings/pr/schema/slbos.wsdl:119:19: error K001: this is no well-formed XML: Opening and ending tag mismatch",
        ),
    ],
)
def test_a_name_or_a_file_that_is_wrong_is_shown_at_its_place_with_its_line(
    project: Project, file: str, old: str, new: str, said: str
) -> None:
    project.change(file, old, new)
    shown = project.run("check", "pr")
    assert shown.exit_code == 1
    assert said in shown.output
    assert new in shown.output.partition(" | ")[2].partition("\n")[0]
    assert "1 error, 0 warnings" in shown.output


def test_a_face_that_cannot_be_read_brings_no_findings_about_mappings(project: Project) -> None:
    project.change("config/faces/hybris.yaml", "method: POST", "method: PSOT")
    shown = project.run("check", "pr")
    assert "routes.0.method: 'PSOT' is none of GET, POST, PUT, PATCH, DELETE\n" in shown.output
    assert "= did you mean 'POST'?\n\n1 error, 0 warnings" in shown.output


def test_a_secret_in_the_file_of_clients_is_covered_up_in_frames(project: Project) -> None:
    lines = (project.root / "config/clients.yaml").read_text(encoding="utf-8").splitlines()
    old = next(line for line in lines if "secret: scrypt" in line)
    project.change("config/clients.yaml", old, "    secret: hush-hush")
    shown = project.run("check", "pr")
    assert "| " + "    secret: *********\n" in shown.output
    assert "hush" not in shown.output


def test_cases_that_cannot_be_read_are_shown_at_their_place(project: Project) -> None:
    project.change("mappings/pr/cases/dates.json", '"operation"', '"operaton"')
    project.change("mappings/pr/cases/items.json", '"title":', '"title"')
    shown = project.run("test", "pr")
    assert shown.exit_code == 1
    assert "mappings/pr/cases/dates.json:4:6: error K113: 'operaton' is no part of a case\n" in shown.output
    assert "| " + '    "operaton": "productOrder.create",\n' in shown.output
    assert "mappings/pr/cases/items.json:" in shown.output
    assert "error K113: the file is not valid JSON: a colon is expected after the member name\n" in shown.output


def test_a_case_lets_the_backend_say_nothing_that_its_contract_does_not_have(project: Project) -> None:
    project.change("mappings/lab/cases/09-status.json", '"@state"', '"@stat"')
    shown = project.run("test", "lab")
    assert shown.exit_code == 1
    assert "      reply @stat: the contract has no such member; did you mean '@state'?\n" in shown.output


def test_the_id_of_a_new_order_is_in_every_accepted_answer(project: Project) -> None:
    project.change("mappings/lab/productOrder.create.yaml", " and reply['@orderNo'] is present", "")
    shown = project.run("check", "lab")
    assert shown.exit_code == 1
    assert "error M402: 'id' is what the backend knows the new one by, and this rule does not always write it\n" in shown.output
    remedy = "let the accepted outcome ask for it (reply['@orderNo'] is present), or write … | default(…)"
    assert f"  = {remedy}; a backend that tells no number knows it by ours: clientReference\n" in shown.output


def test_a_create_that_is_never_refused_is_a_warning(project: Project) -> None:
    project.change("mappings/lab/productOrder.create.yaml", "    is: rejected\n", "    is: unavailable\n")
    shown = project.run("check", "lab")
    assert shown.exit_code == 0
    said = "warning K114: no rule of 'outcome' is rejected, so every order that the backend refuses stays in doubt\n"
    assert said in shown.output
    assert "| outcome:\n" in shown.output


def test_a_create_whose_answer_has_no_id_is_an_error(project: Project) -> None:
    project.change("mappings/lab/productOrder.create.yaml", "  id:                          reply['@orderNo']\n", "")
    shown = project.run("check", "lab")
    assert shown.exit_code == 1
    assert "error K115: no rule writes 'id', so nothing tells by which id the backend knows what it made\n" in shown.output
    remedy = "add a rule for it to 'reply' or 'both'; a backend that tells no number knows it by ours: clientReference"
    assert f"  = {remedy}\n\n1 error, 0 warnings" in shown.output


@pytest.mark.parametrize(("old", "new"), [("both:", "both: ["), ("operation: productOrder.create", "- a list")])
def test_a_mapping_that_cannot_be_read_makes_no_table_unused(project: Project, old: str, new: str) -> None:
    project.change("mappings/lab/productOrder.create.yaml", old, new)
    shown = project.run("check", "lab")
    assert shown.exit_code == 1
    assert "M602" not in shown.output


def test_a_mask_that_hides_nothing_keeps_the_market_from_starting(project: Project) -> None:
    project.change(
        "config/markets/pr.yaml",
        "  - note[@type=TelephoneNumberId].text",
        "  - note[@type=TelephoneNumberId].txt\n  - note[@type=TelephonNumberId].text",
    )
    shown = project.run("check", "pr")
    assert shown.exit_code == 1
    assert "error K212: redact.1: no document of this market has 'txt' in 'note', so nothing is masked\n" in shown.output
    assert "warning K213: redact.2: no mapping and no case of this market names 'TelephonNumberId'" in shown.output
    assert "= did you mean 'TelephoneNumberId'?" in shown.output
