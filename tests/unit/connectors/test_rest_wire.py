"""The connector over a real connection: to a server that takes the same document's operations."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from adapter.contract.openapi import load_openapi
from adapter.contract.openapi_model import OpenApi
from adapter.ports import Answer, Call, InboundRequest, Received
from adapter.wire.client import Wire
from adapter.wire.settings import WireSettings
from connectors.rest import RestConnector, RestReceiver
from tests.unit.wire.raw_backend import Peer, RawBackend, reply

ORDERS = load_openapi(Path(__file__).parents[1] / "contract" / "openapi" / "orders.yaml")
SERVER = RestReceiver(OpenApi(ORDERS.location, {}, ORDERS.operations))


async def asked(call: Call, answered: dict[str, Any]) -> tuple[Received, Answer]:
    """What the server read of a call, and what the connector read of its answer."""
    heard: list[Received] = []

    async def serve(peer: Peer) -> None:
        head, _, body = (await peer.request()).partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        request = InboundRequest(method, unquote(path).removeprefix("/api/"), query, headers, body)
        heard.append(SERVER.read(request))
        told = SERVER.answer(request, heard[0], answered)
        await peer.write(reply(told.body, f"{told.status} Told", *(f"{name}: {value}" for name, value in told.headers.items())))

    async with RawBackend(serve) as backend:
        wire = Wire(WireSettings())
        try:
            exchange = RestConnector(ORDERS, backend.url("/api")).exchange(call)
            answer = await wire.send(next(exchange))
            try:
                exchange.send(answer)
            except StopIteration as done:
                return heard[0], done.value
            raise AssertionError("the exchange asks once")
        finally:
            await wire.close()


def test_an_order_there_and_its_refusal_back() -> None:
    document = {"header": {"x-trace": "t"}, "body": {"customer": "Åsa Öberg", "lines": [{"code": "å/ä", "quantity": 2}]}}
    refusal = {"status": 422, "body": {"code": "60", "message": "Fel från lagret"}}
    read, answer = asyncio.run(asked(Call("placeOrder", document, {"X-Correlation-ID": "c"}), refusal))
    assert read == Received("placeOrder", document)
    assert (answer.document, answer.deviations) == (refusal, ())


def test_a_path_a_form_and_a_text_back() -> None:
    document = {
        "path": {"id": "ö ?#%&", "numbers": [1, 2]},
        "header": {"x-reasons": ["late", "broken"]},
        "body": {"quantity": 3, "note": ["a+b", "ö=&"]},
    }
    read, answer = asyncio.run(asked(Call("changeLines", document), {"status": 200, "body": "tack så mycket"}))
    assert read == Received("changeLines", document)
    assert (answer.document, answer.deviations) == ({"status": 200, "body": "tack så mycket"}, ())
