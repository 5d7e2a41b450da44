"""Where backends send messages, over HTTP: who is let in, how much is read, and that every request is answered and counted."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from lxml import etree

from adapter.errors import StoreUnavailable
from adapter.ports import InboundRequest
from tests.inbound_kit import INBOUND, RIGHT, XML, Desk, announcement, inbound_home, notice, said
from tests.work_kit import FOLLOWED, Node, run

Scenario = Callable[[Node, Desk], Awaitable[Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    changes = {"limits: {wait: 0.4}": "limits: {wait: 0.4, bodyBytes: 4000, depth: 20, bodySeconds: 0.1, inFlight: 1}"}
    return inbound_home(tmp_path_factory.mktemp("home"), changes=changes)


def on(home: Path, data: Path, scenario: Scenario) -> Any:
    async def inside(node: Node) -> Any:
        return await scenario(node, Desk(node))

    return run(home, data, inside)


def fault(reply: httpx.Response) -> tuple[int, str, str]:
    found = etree.fromstring(reply.content).find("{*}Body/{*}Fault")
    return reply.status_code, found.findtext("faultcode").partition(":")[2], found.findtext("faultstring")


def test_a_message_is_answered_counted_and_logged(home, tmp_path):
    async def scenario(node: Node, desk: Desk) -> None:
        await node.place()
        order = await node.order()
        with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
            reply = await desk.send(notice(order.backend_ref, "WORKING"), X_Correlation_ID="their-7")
        assert (reply.status_code, said(reply.content)) == (200, {"result": "TAKEN"})
        assert reply.headers["content-type"] == "text/xml; charset=utf-8"
        assert reply.headers["x-correlation-id"] == "their-7"
        assert (await node.order()).state == "inProgress"
        [line] = [line for line in lines if line["event"] == "message.answered"]
        assert {name: line[name] for name in ("market", "correlation_id", "operation", "outcome", "status")} == {
            "market": "lab",
            "correlation_id": "their-7",
            "operation": "productOrder.message",
            "outcome": "accepted",
            "status": 200,
        }
        again = await desk.send(notice(order.backend_ref, "WORKING"), X_Correlation_ID="no\tgood")
        assert again.content == reply.content
        assert len(again.headers["x-correlation-id"]) == 36
        assert [desk.counted("productOrder.message", outcome) for outcome in ("accepted", "repeated")] == [1, 1]

    on(home, tmp_path, scenario)


WRONG = [
    {"authorization": ""},
    {"authorization": "Basic " + base64.b64encode(b"lab-desk:desk-secre").decode()},
    {"authorization": "Basic " + base64.b64encode(b"lab-desk:desk-secret ").decode()},
    {"authorization": "Basic " + base64.b64encode(b"other:desk-secret").decode()},
    {"authorization": "Basic ???"},
    {"authorization": RIGHT.replace("Basic", "Bearer")},
]


@pytest.mark.parametrize("headers", WRONG, ids=["none", "shorter", "longer", "user", "no-base64", "scheme"])
def test_who_is_not_known_is_not_let_in(home, tmp_path, headers):
    async def scenario(_: Node, desk: Desk) -> None:
        reply = await desk.send(notice("LAB-000001", "WORKING"), **headers)
        assert fault(reply) == (401, "Client", "Client credentials are missing or wrong")
        assert reply.headers["www-authenticate"] == 'Basic realm="inbound lab"'
        assert desk.counted("none", "fault") == 1

    on(home, tmp_path, scenario)


def test_every_declared_credential_has_to_fit(tmp_path):
    both = "security: {basic: {username: lab-desk, password: desk-secret}, headers: {X-Api-Key: key-1234}}"
    one = "security: {basic: {username: lab-desk, password: desk-secret}}"

    async def scenario(_: Node, desk: Desk) -> None:
        body = notice("LAB-000001", "WORKING")
        sent = [{}, {"X_Api_Key": "key-1235"}, {"X_Api_Key": "key-1234", "authorization": ""}, {"X_Api_Key": "key-1234"}]
        assert [(await desk.send(body, **headers)).status_code for headers in sent] == [401, 401, 401, 200]
        twice = await desk.http.post(
            "/inbound/lab", content=body, headers=[("authorization", RIGHT), ("x-api-key", "key-1234"), ("x-api-key", "key-1234")]
        )
        assert twice.status_code == 401

    on(inbound_home(tmp_path / "home", changes={one: both}), tmp_path / "data", scenario)


def test_a_header_alone_may_be_what_is_asked_for(tmp_path):
    one, other = "{basic: {username: lab-desk, password: desk-secret}}", "{headers: {X-Api-Key: key-1234}}"

    async def scenario(_: Node, desk: Desk) -> None:
        refused = await desk.send(notice("LAB-000001", "WORKING"))
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Header realm="inbound lab"')
        assert (await desk.send(notice("LAB-000001", "WORKING"), authorization="", X_Api_Key="key-1234")).status_code == 200

    on(inbound_home(tmp_path / "home", changes={one: other}), tmp_path / "data", scenario)


def test_an_open_market_asks_nobody(tmp_path):
    security = "security: {basic: {username: lab-desk, password: desk-secret}}"

    async def scenario(_: Node, desk: Desk) -> None:
        assert (await desk.send(notice("LAB-000001", "WORKING"), authorization="")).status_code == 200

    on(inbound_home(tmp_path / "home", changes={security: "open: true"}), tmp_path / "data", scenario)


def test_the_wsdl_is_served_with_our_address_to_who_is_let_in(home, tmp_path):
    async def scenario(_: Node, desk: Desk) -> None:
        reply = await desk.http.get("/inbound/lab?wsdl", headers={"authorization": RIGHT})
        [address] = etree.fromstring(reply.content).iter("{http://schemas.xmlsoap.org/wsdl/soap/}address")
        assert (reply.status_code, address.get("location")) == (200, "https://adapter.example/inbound/lab")
        head = await desk.http.head("/inbound/lab?wsdl", headers={"authorization": RIGHT})
        assert (head.content, head.headers["content-length"]) == (b"", str(len(reply.content)))
        assert (await desk.http.get("/inbound/lab?wsdl")).status_code == 401
        assert (await desk.http.get("/inbound/lab", headers={"authorization": RIGHT})).status_code == 405
        assert desk.counted("none", "described") == 2

    on(home, tmp_path, scenario)


@pytest.mark.parametrize("path", ["/inbound", "/inbound/", "/inbound/other", "/inbound/labs", "/inboundlab"])
def test_there_is_nothing_for_other_markets(home, tmp_path, path):
    async def scenario(_: Node, desk: Desk) -> None:
        assert (await desk.send(notice("LAB-000001", "WORKING"), path)).status_code == 404
        assert desk.counted("none", "fault") == 0

    on(home, tmp_path, scenario)


def test_what_is_below_the_market_is_for_its_way_of_speaking(home, tmp_path):
    async def scenario(_: Node, desk: Desk) -> None:
        assert fault(await desk.send(notice("LAB-000001", "WORKING"), "/inbound/lab/orders"))[:2] == (404, "Client")
        assert (await desk.send(notice("LAB-000001", "WORKING"), "/inbound/lab/")).status_code == 200

    on(home, tmp_path, scenario)


BOMB = b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaa">]><b>&a;</b>'
TOO_MUCH = [
    (notice("LAB-000001", "WORKING", reason="x" * 5_000), {}, (413, "Client")),
    (BOMB, {}, (500, "Client")),
    (b"<a>" * 30 + b"</a>" * 30, {}, (500, "Client")),
    (notice("LAB-000001", "WORKING")[:-20], {}, (500, "Client")),
    (notice("LAB-000001", "WORKING"), {"content-encoding": "gzip"}, (415, "Client")),
    (notice("LAB-000001", "WORKING"), {"content-type": "application/json"}, (415, "Client")),
    (notice("LAB-000001", "WORKING"), {"content-length": "many"}, (500, "Client")),
]


@pytest.mark.parametrize(("body", "headers", "answer"), TOO_MUCH, ids=["large", "bomb", "deep", "half", "compressed", "json", "no-number"])
def test_what_is_too_much_or_cannot_be_read_is_a_fault_of_the_sender(home, tmp_path, body, headers, answer):
    async def scenario(node: Node, desk: Desk) -> None:
        assert fault(await desk.send(body, **headers))[:2] == answer
        assert desk.counted("none", "fault") == 1

    on(home, tmp_path, scenario)


async def called(desk: Desk, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """One request on the bare interface; behind ``events`` nothing comes any more."""
    left, sent = list(events), []

    async def receive() -> dict[str, Any]:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    headers = [(name.encode(), value.encode()) for name, value in {"authorization": RIGHT, **XML}.items()]
    scope = {"type": "http", "method": "POST", "path": "/inbound/lab", "query_string": b"", "headers": headers, "client": ("1.2.3.4", 1)}
    await desk.app(scope, receive, send)
    return sent


def test_a_body_that_does_not_come_is_given_up(home, tmp_path):
    async def scenario(_: Node, desk: Desk) -> None:
        start, body = await called(desk, {"type": "http.request", "body": b"<s:Envel", "more_body": True})
        assert start["status"] == 408
        assert b"did not arrive within 0.1 seconds" in body["body"]

    on(home, tmp_path, scenario)


def test_a_sender_that_goes_away_is_answered_nothing(home, tmp_path):
    async def scenario(_: Node, desk: Desk) -> None:
        events = [{"type": "http.request", "body": b"<s:Envel", "more_body": True}, {"type": "http.disconnect"}]
        assert await called(desk, *events) == []
        assert desk.counted("none", "gone") == 1

    on(home, tmp_path, scenario)


def test_the_rest_of_a_body_that_is_too_large_is_read_before_the_connection_ends(home, tmp_path):
    async def scenario(_: Node, desk: Desk) -> None:
        pieces = [{"type": "http.request", "body": b"x" * 3_000, "more_body": number < 3} for number in range(4)]
        start, body, end = await called(desk, *pieces)
        assert (start["status"], body["more_body"], end["body"]) == (413, True, b"")

    on(home, tmp_path, scenario)


def test_more_at_one_time_than_declared_have_to_come_again(home, tmp_path):
    async def scenario(node: Node, desk: Desk) -> None:
        await node.place()
        body, inside, go = notice((await node.order()).backend_ref, "WORKING"), asyncio.Event(), asyncio.Event()
        real = desk.receiving.take

        async def take(market: str, request: InboundRequest, correlation: str) -> Any:
            inside.set()
            await go.wait()
            return await real(market, request, correlation)

        desk.receiving.take = take  # type: ignore[method-assign]
        first = asyncio.create_task(desk.send(body))
        await inside.wait()
        assert fault(await desk.send(body))[:2] == (503, "Server")
        go.set()
        assert (await first).status_code == 200

    on(home, tmp_path, scenario)


@pytest.mark.parametrize(("error", "status"), [(StoreUnavailable("the disk is full"), 503), (RuntimeError("a bug"), 500)])
def test_what_cannot_be_recorded_is_a_fault_of_the_server_and_has_to_come_again(home, tmp_path, monkeypatch, error, status):
    async def scenario(node: Node, desk: Desk) -> None:
        await node.place()
        body, real = notice((await node.order()).backend_ref, "WORKING"), node.store.tx

        async def tx(function: Any, *arguments: Any) -> Any:
            if function.__name__ == "receive":
                raise error
            return await real(function, *arguments)

        monkeypatch.setattr(node.store, "tx", tx)
        reply = await desk.send(body)
        assert fault(reply) == (status, "Server", "The message could not be taken and was not recorded; send it again later")
        monkeypatch.undo()
        assert said((await desk.send(body)).content) == {"result": "TAKEN"}

    on(home, tmp_path, scenario)


def test_a_message_for_an_unknown_operation_names_those_there_are(home, tmp_path):
    async def scenario(_: Node, desk: Desk) -> None:
        status, code, reason = fault(await desk.send(announcement("LAB-1").replace(b"AnnounceOrder", b"DropOrder")))
        assert (status, code) == (500, "Client")
        assert reason == "'DropOrder' is no operation of this port; it has: NotifyOrder, AnnounceOrder"

    on(home, tmp_path, scenario)


def test_a_reload_may_close_the_way_in(tmp_path):
    home = inbound_home(tmp_path / "home")

    async def scenario(node: Node, desk: Desk) -> None:
        assert (await desk.send(notice("LAB-000001", "WORKING"))).status_code == 200
        file = home / "config" / "markets" / "lab.yaml"
        file.write_text(file.read_text().replace(INBOUND + FOLLOWED, FOLLOWED))
        assert (await node.backends.reload()).loaded
        assert (await desk.send(notice("LAB-000001", "WORKING"))).status_code == 404

    on(home, tmp_path / "data", scenario)
