"""Reads whose rules cannot take a value: what the record or the backend has wrong is no mistake of the caller."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service_kit import Running, home_with, pr_order, running

RULES = "mappings/pr/productOrder.retrieve.yaml"
TMF = "/tmf-api/productOrderingManagement/v4/productOrder"
QUESTION = """
require:
  - {path: priority, when: "header['channelId'] == 'WANTS-PRIORITY'"}

request:
  orderNumber:    path['id']
  accountNumber:
    choose:
      - when: query['accountId'] is present
        value: query['accountId'] | integer | text
      - when: header['channelId'] == 'WANTS-SETTING'
        value: setting['selfInstallDate'] | integer | text
      - when: request.description is present
        value: request.description | strip_prefix('plain ') | integer | text
        note: the account was taken from the description

reply:
  completionDate:
    choose:
      - when: reply['order.category'] == 'SOON'
        value: reply['order.category'] | to_utc
      - otherwise: reply.completionDate
"""
OUTCOME = """
outcome:
  - when: reply['order.category'] is present and reply['order.category'] == 'ODD' and reply['order.category'] | integer == 5
    is: rejected
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose reads ask more of the record, and of the answer, than these always have."""
    folder = tmp_path_factory.mktemp("odd")
    home = Path(home_with(folder / "home", {RULES: ("  completionDate:           reply.completionDate\n", "")}))
    text = (home / RULES).read_text(encoding="utf-8")
    head, _, rest = text.partition("\nrequest:\n")
    rest = rest.partition("\nreply:\n")[2].replace("\noutcome:\n", OUTCOME, 1)
    (home / RULES).write_text(head + QUESTION + rest, encoding="utf-8")
    with running(folder / "data", {"ADAPTER_HOME": str(home)}) as started:
        yield started


def placed(service: Running, **members: Any) -> str:
    reply = service.place(pr_order(**members))
    assert reply.status_code == 201, reply.text
    number: str = reply.json()["id"]
    return number


def read(service: Running, number: str, face: str = "hybris", query: str = "", **headers: str) -> httpx.Response:
    path = f"/ecom-ux/v1/PR/productOrder/{number}" if face == "hybris" else f"{TMF}/{number}"
    return service.http.get(path + query, headers=service.headers() | {"X-Market": "pr"} | headers)


def error(face: str, reply: httpx.Response, status: int) -> str:
    """The text of a refusal; its body is that of the face."""
    assert reply.status_code == status, reply.text
    body = reply.json()
    if face == "hybris":
        (entry,) = body["errors"]
        assert (entry.keys(), entry["code"]) == ({"code", "message", "description"}, status)
        return str(entry["description"])
    assert (body["status"], body["@type"]) == (str(status), "Error")
    return str(body["message"])


def told(caplog: pytest.LogCaptureFixture) -> str:
    """The one log line of a read that failed."""
    (line,) = [line for line in caplog.messages if "read.unfit" in line]
    return line


@pytest.mark.parametrize("face", ["hybris", "tmf"])
@pytest.mark.parametrize(
    ("description", "reason"),
    [("twelve", "the text is no whole number"), ("plain " + "1" * 40, "does not fit the pattern")],
    ids=["a rule", "the strict writer"],
)
def test_a_recorded_value_that_a_read_cannot_take_is_502(
    odd: Running, face: str, description: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    number = placed(odd, description=description)
    with odd.listening() as calls:
        reply = read(odd, number, face)
    assert calls == []
    said = error(face, reply, 502)
    assert "on record" in said
    assert "twelve" not in said
    line = told(caplog)
    assert "request.description" in line
    assert reason in line
    assert "rule=mappings/pr/productOrder.retrieve.yaml:" in line


@pytest.mark.parametrize("face", ["hybris", "tmf"])
@pytest.mark.parametrize("category", ["SOON", "ODD"], ids=["its answer", "its outcome"])
def test_an_answer_that_a_read_cannot_take_is_502(odd: Running, face: str, category: str, caplog: pytest.LogCaptureFixture) -> None:
    number = placed(odd, category=category)
    with odd.listening() as calls:
        reply = read(odd, number, face)
    assert [call.operation for call in calls] == ["GetOrderStatus"]
    assert "its answer does not fit" in error(face, reply, 502)
    line = told(caplog)
    assert "rule=mappings/pr/productOrder.retrieve.yaml:" in line
    assert ("completionDate" if category == "SOON" else "outcome rejected") in line


def test_what_the_caller_sent_itself_is_still_400(odd: Running) -> None:
    number = placed(odd, description="twelve")
    said = error("hybris", read(odd, number, query="?accountId=none"), 400)
    assert said.startswith("query accountId: the text is no whole number")
    assert read(odd, placed(odd)).status_code == 200


@pytest.mark.parametrize("face", ["hybris", "tmf"])
def test_what_only_the_record_could_tell_is_502_or_404(odd: Running, face: str) -> None:
    number = placed(odd)
    assert "on record" in error(face, read(odd, number, face, channelId="WANTS-PRIORITY"), 502)
    assert "no order 'none' on record" in error(face, read(odd, "none", face, channelId="WANTS-PRIORITY"), 404)


@pytest.mark.parametrize("face", ["hybris", "tmf"])
def test_a_setting_that_a_read_cannot_take_is_502_too(odd: Running, face: str, caplog: pytest.LogCaptureFixture) -> None:
    error(face, read(odd, placed(odd), face, channelId="WANTS-SETTING"), 502)
    line = told(caplog)
    assert "rule=mappings/pr/productOrder.retrieve.yaml:" in line
    assert "place=accountNumber" in line
