"""The faces behind a real server on loopback: half requests, slow callers, huge bodies, callers that leave."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import json
import socket
import weakref

import httpx
import pytest
import structlog
import uvicorn

from adapter.faces.cycle import CYCLE, Cycle
from adapter.faces.server import BoundedProtocol
from tests.waiting import until

PATH = "/ecom-ux/v1/PR/productOrder"


@contextlib.asynccontextmanager
async def serving(app, arrival=30.0):
    protocol = type("Protocol", (BoundedProtocol,), {"arrival_seconds": arrival})
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, http=protocol, ws="none", loop="asyncio", access_log=False, server_header=False, log_level="error")
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()


class Watched:
    """The application, telling when it first waits for a body and when a request is over."""

    def __init__(self, app):
        self.app, self.reading, self.over = app, asyncio.Event(), asyncio.Event()

    async def __call__(self, scope, receive, send):
        async def told():
            self.reading.set()
            return await receive()

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await self.app(scope, told, send)
        self.over.set()


def head(headers, method="POST", path=PATH):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def converse(port, *pieces):
    """Sends the pieces and returns all that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def test_documented_order_over_a_socket(world, order, headers):
    async def run():
        async with serving(world.app) as port, httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"http://127.0.0.1:{port}{PATH}", json=order, headers=headers)
            again = await client.get(f"http://127.0.0.1:{port}{PATH}/1", headers=headers)
            return answer, again

    answer, again = asyncio.run(run())
    assert answer.status_code == 201
    assert again.json() == answer.json()
    assert "server" not in answer.headers


def test_what_was_answered_is_given_back_without_a_search_for_circles(world, order, headers):
    """An order is thousands of objects; one that holds itself would stay until the next collection."""
    seen: list[weakref.ref[Cycle]] = []

    async def watched(scope, receive, send):
        if scope["type"] == "http":
            seen.append(weakref.ref(scope["extensions"][CYCLE]))
        await world.app(scope, receive, send)

    async def run():
        async with serving(watched) as port, httpx.AsyncClient(trust_env=False) as client:
            for method, path in (("POST", PATH), ("GET", f"{PATH}/1"), ("HEAD", f"{PATH}/1"), ("GET", "/health/live")):
                await client.request(method, f"http://127.0.0.1:{port}{path}", json=order if method == "POST" else None, headers=headers)
            await until(lambda: [one() for one in seen[:3]] == [None] * 3, "all cycles but the connection's last one are gone")

    gc.disable()
    try:
        asyncio.run(run())
    finally:
        gc.enable()
    assert len(seen) == 4


@pytest.mark.parametrize("declared", [True, False])
def test_ten_megabytes_are_413_and_the_connection_is_closed(world, headers, declared):
    sent = {
        **headers,
        "Content-Type": "application/json",
        **({"Content-Length": "10000000"} if declared else {"Transfer-Encoding": "chunked"}),
    }
    piece = b" " * 65_536
    chunk = piece if declared else b"10000\r\n" + piece + b"\r\n"

    async def run():
        async with serving(world.app) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(sent))

            async def pour():
                with contextlib.suppress(ConnectionError):
                    for _ in range(152):
                        writer.write(chunk)
                        await writer.drain()

            pouring = asyncio.create_task(pour())
            status = await asyncio.wait_for(reader.readline(), 10)
            await pouring
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return status

    assert asyncio.run(run()).startswith(b"HTTP/1.1 413 ")
    assert not world.orders.seen


def test_expected_continue_is_not_given_to_a_body_that_is_too_large(world, headers):
    sent = {**headers, "Content-Type": "application/json", "Content-Length": "10000000", "Expect": "100-continue"}

    async def run():
        async with serving(world.app) as port:
            return await converse(port, head(sent))

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


def test_slow_body_is_answered_408_and_closed(make, face_with, headers):
    world = make(faces=[face_with("hybris", lambda data: data.update(limits={"bodySeconds": 0.1}))])
    sent = {**headers, "Content-Type": "application/json", "Content-Length": "100"}

    async def run():
        async with serving(world.app) as port:
            return await converse(port, head(sent), b'{"externalId"')

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["code"] == 408
    assert not world.orders.seen


@pytest.mark.parametrize("start", [b"", b"POST " + PATH.encode() + b" HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Drip: "])
def test_request_that_does_not_arrive_is_cut_off(world, start):
    async def run():
        async with serving(world.app, arrival=0.1) as port:
            return await converse(port, start)

    assert asyncio.run(run()) == b""


@pytest.mark.parametrize(
    "pieces",
    [
        (b"GET / HTTP/1.1\r\nX-Big: ", *[b"x" * 50_000] * 12),  # without an end
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + b"x" * 70_000 + b"\r\n\r\n",),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",),
        (b"GET / HTTP/1.1\r\n" + b"X-Many: x\r\n" * 7_000 + b"\r\n",),
    ],
)
def test_head_that_is_too_large_is_431(world, pieces):
    async def run():
        async with serving(world.app) as port:
            return await converse(port, *pieces)

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert plain_error(answer) == ("head-too-large", "431")


def test_head_that_never_ends_is_cut_off_in_the_end(world):
    async def run():
        async with serving(world.app) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nX-Big: ")
            with contextlib.suppress(ConnectionError):
                for _ in range(1000):
                    writer.write(b"x" * 50_000)
                    await writer.drain()
                raise AssertionError("50 MB of a head were taken")
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    asyncio.run(run())


def plain_error(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head
    error = json.loads(body)
    assert set(error) == {"code", "reason", "message", "status"}
    return error["code"], error["status"]


@pytest.mark.parametrize("whole", [True, False])
def test_client_that_sends_10_megabytes_before_it_reads_gets_the_413(world, headers, whole):
    body = b" " * 10 * 1024 * 1024

    def talk(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            content = body if whole else (body[start : start + 65_536] for start in range(0, len(body), 65_536))
            connection.request("POST", PATH, content, {**headers, "Content-Type": "application/json"}, encode_chunked=not whole)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    async def run():
        async with serving(world.app) as port:
            return await asyncio.to_thread(talk, port)

    status, text = asyncio.run(run())
    assert status == 413
    assert "larger than" in json.loads(text)["errors"][0]["description"]
    assert not world.orders.seen


@pytest.mark.parametrize("bounds", [{"_MOST_DRAINED": 1_000_000}, {"_DRAIN_SECONDS": 0.05, "_DRAIN_PAUSE": 0.02}])
def test_only_so_much_of_a_refused_body_is_drained(world, headers, monkeypatch, bounds):
    for name, value in bounds.items():
        monkeypatch.setattr(f"adapter.faces.incoming.{name}", value)
    sent = {**headers, "Content-Type": "application/json", "Content-Length": "900000000"}
    poured = 200_000 if "_DRAIN_PAUSE" in bounds else 2_000_000

    async def run():
        async with serving(world.app) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(sent) + b" " * poured)  # and then nothing more
            status = await asyncio.wait_for(reader.readline(), 10)
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(reader.read(), 10)  # the end: the connection is closed
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return status

    assert asyncio.run(run()).startswith(b"HTTP/1.1 413 ")


def test_body_that_trickles_in_after_its_answer_is_cut_off(world, headers):
    sent = {**headers, "client-secret": "wrong-secret", "Content-Type": "application/json", "Content-Length": "1000000"}

    async def run():
        async with serving(world.app, arrival=0.5) as port:
            return await converse(port, head(sent), b"{")

    assert asyncio.run(run()).startswith(b"HTTP/1.1 401 ")


def test_connection_carries_further_requests_after_a_refusal(world, order, headers):
    body = json.dumps(order).encode()
    refused = head({**headers, "Content-Type": "text/plain", "Content-Length": str(len(body))}) + body
    taken = head({**headers, "Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}) + body

    async def run():
        async with serving(world.app) as port:
            return await converse(port, refused, taken)

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b"HTTP/1.1 201 Created" in answer


def test_caller_that_leaves_in_the_middle_of_its_body_leaves_nothing(world, headers):
    sent = {**headers, "Content-Type": "application/json", "Content-Length": "100"}

    async def run():
        watched = Watched(world.app)
        async with serving(watched) as port, asyncio.timeout(10):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(sent) + b"{")
            await watched.reading.wait()
            assert world.registry.get_sample_value("adapter_requests_in_flight", {"face": "hybris"}) == 1
            writer.close()
            await writer.wait_closed()
            await watched.over.wait()

    asyncio.run(run())
    labels = {"face": "hybris", "operation": "productOrder.create", "status": "499"}
    assert world.registry.get_sample_value("adapter_requests_total", labels) == 1
    assert world.registry.get_sample_value("adapter_requests_in_flight", {"face": "hybris"}) == 0
    assert not world.orders.seen


def test_caller_that_leaves_while_its_order_is_placed_does_not_stop_it(world, order, headers):
    body = json.dumps(order).encode()
    sent = {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}

    async def run():
        watched = Watched(world.app)
        world.orders.hold, world.orders.arrived = asyncio.Event(), asyncio.Event()
        async with serving(watched) as port, asyncio.timeout(10):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(sent) + body)
            await world.orders.arrived.wait()
            writer.close()
            await writer.wait_closed()
            world.orders.hold.set()
            await watched.over.wait()

    asyncio.run(run())
    assert list(world.orders.kept) == [("pr", "1")]


@pytest.mark.parametrize("behind", [b"NONSENSE\r\n\r\n", b"FOO / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nx: " + b"y" * 200_000])
@pytest.mark.parametrize("at_once", [True, False])
def test_what_comes_behind_an_order_does_not_take_its_answer(world, order, headers, monkeypatch, behind, at_once):
    body = json.dumps(order).encode()
    whole = head({**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}) + body
    refuse, refused = BoundedProtocol._refuse, asyncio.Event()

    def told(self, status):
        refuse(self, status)
        refused.set()

    async def run():
        monkeypatch.setattr(BoundedProtocol, "_refuse", told)
        world.orders.hold, world.orders.arrived = asyncio.Event(), asyncio.Event()
        async with serving(world.app) as port, asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(whole + behind if at_once else whole)
            try:
                await world.orders.arrived.wait()
                if not at_once:
                    writer.write(behind)
                await refused.wait()
            finally:
                world.orders.hold.set()
            answer = await reader.read()
            writer.close()
            return answer

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert list(world.orders.kept) == [("pr", "1")]


def test_header_with_control_characters_is_refused_by_the_server(world, headers):
    async def run():
        async with serving(world.app) as port:
            return await converse(port, head({**headers, "X-Conversation-Id": "a\0b", "Connection": "close"}, "GET"))

    assert asyncio.run(run()).startswith(b"HTTP/1.1 400 ")


def test_plain_http_that_is_none_is_refused_in_json_and_logged_as_an_event(world, capfd):
    async def run():
        async with serving(world.app) as port:
            return await converse(port, b"\x16\x03\x01\x02\x00garbage\r\n\r\n")

    with structlog.testing.capture_logs() as events:
        answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert plain_error(answer) == ("invalid-request", "400")
    assert [(event["event"], event["text"]) for event in events] == [("server.said", "Invalid HTTP request received.")]
    assert "Invalid HTTP" not in "".join(capfd.readouterr())


def test_a_method_that_http_does_not_have_is_not_implemented(world):
    async def run():
        async with serving(world.app) as port:
            return await converse(port, b"FOO /tmf-api/productOrder HTTP/1.1\r\nHost: a\r\n\r\n")

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 501 Not Implemented\r\n")
    assert plain_error(answer) == ("not-implemented", "501")


def test_bad_chunk_in_the_middle_of_a_body_ends_its_request(world, headers):
    sent = {**headers, "Content-Type": "application/json", "Transfer-Encoding": "chunked"}

    async def run():
        watched = Watched(world.app)
        async with serving(watched) as port, asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(sent) + b"1\r\n{\r\n")
            await watched.reading.wait()
            writer.write(b"ZZ\r\n")
            answer = await reader.read()
            writer.close()
            await watched.over.wait()
            return answer

    assert plain_error(asyncio.run(run())) == ("invalid-request", "400")
    assert not world.orders.seen


def test_trailers_behind_a_body_are_neither_headers_nor_kept(world, order, headers):
    sent = {**headers, "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    body = json.dumps(order).encode()
    trailers = b"correlationId: other\r\nIdempotency-Key: k\r\n" + b"X-Many: x\r\n" * 20_000

    async def run():
        seen = []

        async def app(scope, receive, send):
            if scope["type"] == "http":
                seen.append(scope)
            await world.app(scope, receive, send)

        async with serving(app) as port:
            pieces = (
                head(sent),
                b"%x\r\n%b\r\n0\r\n" % (len(body), body),
                trailers,
                b"\r\n",
                head({**headers, "Connection": "close"}, "GET"),
            )
            return await converse(port, *pieces), [name for name, _ in seen[0]["headers"]]

    answer, names = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert b"\r\ncorrelationid: " + headers["correlationId"].encode() in answer
    assert b"HTTP/1.1 405 " in answer
    assert world.orders.seen[0].key == f"correlationId:{headers['correlationId']}"
    assert b"x-many" not in names
    assert b"idempotency-key" not in names


def test_pipelined_requests_are_answered_in_order(world, headers):
    first = head(headers, "GET", f"{PATH}/1")
    second = head({**headers, "Connection": "close"}, "PUT", PATH)

    async def run():
        async with serving(world.app) as port:
            return await converse(port, first + second)

    answer = asyncio.run(run())
    assert answer.index(b"HTTP/1.1 404 ") < answer.index(b"HTTP/1.1 405 ")
