"""Secrets of callers and of backends: they reach whom they are for, and are in no log, no answer and no record."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import httpx
import pytest

from adapter.store.packing import unpack
from tests.faults.conftest import HEADERS, HYBRIS, TMF, Launch, Twin, hybris, impatient
from tests.service_kit import pr_order

SECRETS = {"PR_TOKEN": "pass-for-the-token", "PR_BASIC": "pass-for-basic", "PR_KEY": "key-of-the-gateway"}
DECLARED = """\
security:
  usernameToken: {username: adapter, password: "${PR_TOKEN}"}
  basic: {username: adapter, password: "${PR_BASIC}"}
  headers: {X-Api-Key: "${PR_KEY}", X-Gateway: "${PR_KEY}"}

limits:"""


@pytest.fixture
def guarded(tmp_path: Path) -> str:
    return impatient(tmp_path / "home", changes={"config/markets/pr.yaml": ("limits:", DECLARED)})


def test_secrets_are_in_no_log_no_answer_and_no_record(launch: Launch, twin: Twin, guarded: str, tmp_path: Path):
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url, "ADAPTER_LOG_LEVEL": "debug", **SECRETS}, guarded)
    answers: list[httpx.Response] = []
    for house in ("1", "00918424400901", "00918424400911", "00918424400923", "00918424400924", "00918424400926"):
        answers.append(hybris(process.url, pr_order(house=house), f"c-{house}"))
    answers.append(hybris(process.url, pr_order(), "c-wrong", **{"client-secret": "guess-of-a-secret"}))
    answers.append(httpx.post(process.url + HYBRIS, content=b"{", headers=HEADERS | {"content-type": "application/json"}, trust_env=False))
    answers.append(httpx.get(process.url + TMF, headers=HEADERS, trust_env=False))
    answers.append(httpx.get(process.url + "/metrics", trust_env=False))
    assert [answer.status_code for answer in answers] == [201, 201, 400, 504, 400, 504, 401, 400, 200, 200]
    ways = process.orders()
    assert len(ways) == 6
    process.end(15)

    seen = twin.simulator.requests()
    assert SECRETS["PR_TOKEN"] in seen[0]["envelope"]
    assert seen[0]["headers"]["x-gateway"] == SECRETS["PR_KEY"]
    assert (seen[0]["headers"]["x-api-key"], seen[0]["headers"]["authorization"]) == ("***", "***"), "as the simulator shows them"

    with sqlite3.connect(tmp_path / "data" / "adapter.db") as record:
        kept = b"".join(unpack(row[0], "a message") for row in record.execute("select body from message"))
        kept += b"".join(unpack(row[0], "a request") for row in record.execute("select request from resource_order"))
    record.close()
    assert b"UpdateOrderDetail" in kept
    raw = b"".join(file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file())
    told = "".join(process.lines) + "".join(answer.text + str(answer.headers) for answer in answers) + str(ways)
    for secret in (*SECRETS.values(), "demo-secret", "guess-of-a-secret"):
        assert secret not in told
        assert secret.encode() not in kept
        assert secret.encode() not in raw


def test_every_log_line_of_a_request_carries_its_correlation_id_and_none_its_content(launch: Launch, twin: Twin):
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url})
    assert hybris(process.url, pr_order(house="00918424400901"), "chain-17").status_code == 201
    process.end(15)
    lines = [json.loads(line) for line in process.lines if line.startswith("{")]
    assert ("backend.said", "existing-customer-at-location") in [(line["event"], line.get("name")) for line in lines]
    assert {line["correlation_id"] for line in lines} == {"chain-17"}
    assert not any("DEV TESTING001" in line for line in process.lines)
