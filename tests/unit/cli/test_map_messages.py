"""``adapter map`` and ``adapter test`` for what a backend sends of its own accord, for changes and for tasks, with the lab's mappings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.main import app
from tests.service_kit import ROOT

NOTICE = {"noticeNo": "N-17", "orderNo": "LAB-000002", "status": "WORKING", "expectedOn": "2026-12-24"}


def run(home: Path, *arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=text, env={"ADAPTER_HOME": str(home), "ADAPTER_DATA": str(home / "var")})


def mapped(operation: str, document: dict[str, Any], *more: str) -> Result:
    return run(ROOT, "map", "-", "--market", "lab", "--operation", operation, *more, text=json.dumps(document))


def shown(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_message_is_shown_as_what_it_reports() -> None:
    found = mapped("productOrder.message", NOTICE, "--explain")
    assert found.exit_code == 0, found.output
    assert shown(found) == {"id": "LAB-000002", "state": "inProgress", "expectedCompletionDate": "2026-12-24T00:00:00Z"}
    assert "identity: N-17" in found.stderr
    assert "mappings/lab/productOrder.message.yaml" in found.stderr


def test_values_are_explained_as_a_mapping_writes_them() -> None:
    headers = ("-H", "X-Conversation-Id=QAHA017633E52B68CF0000", "-H", "channelId=ECOM", "-H", "lob=FIXED")
    order = str(ROOT / "tests" / "samples" / "pr" / "selfinstall.request.json")
    found = run(ROOT, "map", order, "--market", "pr", "--operation", "productOrder.create", *headers, "--explain")
    assert found.exit_code == 0, found.output
    values = {line.split("  <- ")[0].rstrip() for line in found.stderr.splitlines()}
    assert {"order.job.type = 'FN'", "order.line[0].quantity = 1", "order.line[0].bundle = true", "order.line[6].bundle = false"} <= values


@pytest.mark.parametrize(("outcome", "result"), [("accepted", "TAKEN"), ("unknown", "UNKNOWN")])
def test_the_other_way_is_what_the_backend_is_answered(outcome: str, result: str) -> None:
    found = mapped("productOrder.message", NOTICE, "--reply", "--outcome", outcome)
    assert shown(found) == {"result": result}


def test_a_task_shows_its_refusals_and_its_subject(tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    known.write_text(json.dumps({"id": "LAB-1", "state": "pendingCancellation"}), encoding="utf-8")
    cancel = {"productOrder": {"id": "LAB-1"}, "cancellationReason": "moved"}
    refused = mapped("cancelProductOrder.create", cancel, "--path", "id=LAB-1", "--known", str(known))
    assert refused.exit_code == 1
    assert "refused: 409 cancellation-under-way The order is being cancelled already" in refused.stderr
    sent = mapped("cancelProductOrder.create", cancel, "--path", "id=LAB-1")
    assert sent.exit_code == 0, sent.output
    assert shown(sent)["reason"] == "moved"
    request = tmp_path / "cancel.json"
    request.write_text(json.dumps(cancel), encoding="utf-8")
    reply = {"@state": "STOPPED", "receipt": {"@status": "OK"}}
    answered = mapped("cancelProductOrder.create", reply, "--reply", "--request", str(request))
    assert shown(answered)["state"] == "done"
    assert 'subject: {"state":"cancelled"}' in answered.stderr


def test_a_case_may_hold_a_message_as_it_comes_over_the_wire(tmp_path: Path) -> None:
    for folder in ("config", "mappings"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    cases = tmp_path / "mappings/lab/cases"
    schema = (ROOT / "mappings/lab/schema/lab-notices.wsdl").read_text(encoding="utf-8")
    space = schema.split('targetNamespace="', 1)[1].split('"', 1)[0]
    (cases / "notice.xml").write_text(
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<NotifyOrder xmlns="{space}"><noticeNo>N-1</noticeNo><orderNo>LAB-1</orderNo><status>DONE</status></NotifyOrder>'
        "</e:Body></e:Envelope>",
        encoding="utf-8",
    )
    case = {"title": "as it comes", "operation": "productOrder.message", "message": "notice.xml", "identity": "N-1"}
    (cases / "99-raw.json").write_text(json.dumps(case), encoding="utf-8")
    assert "ok   mappings/lab/cases/99-raw.json: as it comes" in run(tmp_path, "test", "lab").output
    (cases / "notice.xml").write_text("<nothing/>", encoding="utf-8")
    assert "the message cannot be read" in run(tmp_path, "test", "lab").output


def test_a_case_of_a_webhook_states_its_method_and_its_path_as_it_came(tmp_path: Path) -> None:
    for folder in ("config", "mappings"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    cases = tmp_path / "mappings/pl/cases"
    event = {"eventId": "E-1", "event": {"serviceTest": {"id": "T-1", "state": "Completed"}}}
    head = "POST /inbound/pl/ServiceTestAttributeValueChangeNotification HTTP/1.1\nContent-Type: application/json\n\n"
    (cases / "notice.http").write_text(head + json.dumps(event), encoding="utf-8")
    case = {
        "title": "as it came",
        "operation": "serviceTest.result",
        "message": "notice.http",
        "report": {"id": "T-1", "state": "completed"},
    }
    (cases / "99-raw.json").write_text(json.dumps(case), encoding="utf-8")
    assert "pl: ok   mappings/pl/cases/99-raw.json: as it came" in run(tmp_path, "test", "pl").output
    (cases / "notice.http").write_text(json.dumps(event), encoding="utf-8")
    said = run(tmp_path, "test", "pl").output
    assert "pl: FAIL mappings/pl/cases/99-raw.json: as it came" in said
    assert "begins with the line that names it, such as 'POST /path'" in said


def test_every_line_about_cases_names_its_market(tmp_path: Path) -> None:
    for folder in ("config", "mappings"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    cases = tmp_path / "mappings/lab/cases"
    document = json.loads((cases / "02-create-least.json").read_text(encoding="utf-8"))
    first = document[0] if isinstance(document, list) else document
    (cases / "02-create-least.json").write_text(json.dumps({**first, "legacy": {}}), encoding="utf-8")
    found = run(tmp_path, "test", "lab")
    assert found.exit_code == 1
    lines = found.output.splitlines()
    assert [line for line in lines if not line.startswith("lab: ")] == []
    assert [line for line in lines if line.startswith("lab: FAIL ")]
    assert [line for line in lines if line.startswith("lab:      legacy ")], "what differs stands for itself, too"
    assert " cases passed; used: " in lines[-1]


@pytest.mark.parametrize(
    ("given", "text", "said"),
    [
        (["-"], "{", "-: the document is not valid JSON: line 1 column 2"),
        (["-"], "[1]", "-: the document is no JSON object, which is needed here"),
        (["/no/such.json"], "", "/no/such.json: cannot be read: No such file or directory; name a JSON document"),
        (["-", "--outcome", "perhaps"], "{}", "'perhaps' is none of accepted, unknown, refused"),
    ],
)
def test_what_cannot_be_mapped_at_all_is_said_in_a_sentence(given: list[str], text: str, said: str) -> None:
    found = run(ROOT, "map", "--market", "lab", "--operation", "productOrder.message", *given, text=text)
    assert found.exit_code != 0
    assert said in (found.output if found.exit_code == 2 else str(found.exception))
