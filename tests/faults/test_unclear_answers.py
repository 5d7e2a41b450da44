"""Answers that can be read, and leave it open what became of the order: the caller, the log and the record each say so."""

from __future__ import annotations

import json
import re
import socket
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.faults.conftest import impatient
from tests.faults.middle import Middle, middle
from tests.service_kit import Running, pr_order, running

FAULT = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>'
    "<faultstring>boom</faultstring></s:Fault></s:Body></s:Envelope>"
)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Middle]]:
    with middle() as between:
        home = impatient(tmp_path_factory.mktemp("home"), total=8)
        with running(tmp_path_factory.mktemp("data"), {"ADAPTER_HOME": home, "ADAPTER_PR_ENDPOINT": between.url}) as service:
            between.target = service.simulators["slbos"]
            yield service, between


def told(wire: socket.socket, body: bytes, status: int = 200) -> None:
    head = f"HTTP/1.1 {status} Told\r\ncontent-type: text/xml; charset=utf-8\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    wire.sendall(head.encode() + body)


def numbered(number: str) -> Any:
    return lambda wire, body: told(wire, re.sub(rb"(orderNumber>)[^<]+(</)", rb"\g<1>" + number.encode() + rb"\g<2>", body))


def unknown_code(wire: socket.socket, body: bytes) -> None:
    told(wire, re.sub(rb"(returnCode>)0000(</[^>]*>)", rb"\g<1>0009\g<2>", body))


def fault(wire: socket.socket, _: bytes) -> None:
    told(wire, FAULT.encode(), 500)


def kept(service: Running, correlation: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {json.loads((service.data / 'service.json').read_bytes())['token']}"}
    rows = service.http.get("/admin/orders?limit=1000", headers=headers).json()
    [found] = [row["id"] for row in rows if row["correlationId"] == correlation]
    return service.http.get(f"/admin/orders/{found}", headers=headers).json()


@pytest.mark.parametrize("spoil", [numbered(""), numbered("  "), unknown_code, fault], ids=["no number", "blank number", "0009", "fault"])
def test_what_is_in_doubt_says_what_to_do_and_why_and_the_probe_decides(spoilt: tuple[Running, Middle], spoil: Any) -> None:
    service, between = spoilt
    order, correlation = pr_order(), str(uuid.uuid4())
    between.spoil = spoil
    with capture_logs() as said:
        first = service.place(order, correlation=correlation)
    assert first.status_code == 504, first.text
    assert "Repeat the request unchanged to learn it" in first.json()["errors"][0]["description"]
    held = kept(service, correlation)
    [attempt] = held["attempts"]
    [line] = [line for line in said if line["event"] == "attempt.unclear"]
    assert (line["order"], line["attempt"], line["outcome"], line["why"]) == (held["id"], 1, "inDoubt", attempt["evidence"])
    between.spoil = None
    again = service.place(order, correlation=correlation)
    assert again.status_code == 201
    assert service.bookings()["bookings"][order["externalId"]] == service.bookings()["bookings"][order["externalId"]] | {"count": 1}
    [settled] = kept(service, correlation)["attempts"]
    assert settled["evidence"].startswith(f"{attempt['evidence']}; then: a probe by the rules ")
    assert (settled["outcome"], settled["rules"]) == ("accepted", attempt["rules"])


def test_a_number_that_is_too_long_is_read_and_told_as_a_deviation(spoilt: tuple[Running, Middle]) -> None:
    service, between = spoilt
    between.spoil = numbered("9" * 5000)
    with capture_logs() as said:
        reply = service.place(pr_order())
    between.spoil = None
    assert (reply.status_code, len(reply.json()["id"])) == (201, 5000)
    [line] = [line for line in said if line["event"] == "reply.deviates"]
    assert line["first"] == ["orderNumber: does not fit the contract, which has at least 1 characters, at most 16 characters here"]


def test_a_caller_is_told_of_a_field_and_the_log_of_the_rule(spoilt: tuple[Running, Middle]) -> None:
    service, _ = spoilt
    with capture_logs() as said:
        reply = service.place(pr_order(externalId="9" * 30))
    assert reply.status_code == 400
    assert "externalId" in reply.text
    assert "mappings/" not in reply.text
    [line] = [line for line in said if line["event"] == "request.not-taken"]
    assert re.fullmatch(r"externalId: mappings/pr/productOrder\.create\.yaml:\d+:\d+", line["rules"][0])


def test_the_documented_fault_is_known_by_its_code(spoilt: tuple[Running, Middle]) -> None:
    service, _ = spoilt
    correlation = str(uuid.uuid4())
    assert service.place(pr_order(house="00918424400924"), correlation=correlation).status_code == 400
    [attempt] = kept(service, correlation)["attempts"]
    assert [(issue["code"], issue["name"]) for issue in attempt["issues"]] == [("ERROROCCURED", "operation-failed")]
