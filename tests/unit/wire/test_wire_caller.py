"""How the commands call a service: an answer read whole, or an error that says who did not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from adapter.wire.caller import Caller, NotReachable, call
from tests.service_kit import closed_port


class Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.send_response(202)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_document_goes_and_the_answer_comes_whole(echo: str) -> None:
    async def sent() -> object:
        async with Caller(echo, seconds=5) as caller:
            answer = await caller.post("/order", {"id": "é"}, {"x": "y"})
            return answer.status, answer.json()

    assert asyncio.run(sent()) == (202, {"id": "é"})
    assert call("POST", f"{echo}/reload", {}, seconds=5).content == b""


def test_who_does_not_answer_is_named() -> None:
    url = f"http://127.0.0.1:{closed_port()}"

    async def sent() -> None:
        async with Caller(url, seconds=5) as caller:
            await caller.post("/order", {}, {})

    with pytest.raises(NotReachable, match="/order does not answer"):
        asyncio.run(sent())
    for address in (url, "http://[", "no address"):
        with pytest.raises(NotReachable, match="does not answer"):
            call("GET", address, {}, seconds=5)
