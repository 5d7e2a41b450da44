"""An exchange that goes well: what leaves, what comes back, which connection it takes."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import time
import zlib

import pytest

from adapter.errors import MaybeSent, NotSent
from adapter.ports import WireRequest
from adapter.wire.client import Wire
from adapter.wire.settings import WireSettings
from tests.unit.wire.raw_backend import Peer, RawBackend, obliging, reply


@contextlib.asynccontextmanager
async def wired(script, observer=None, probe=None, **settings):
    """A backend with the script, and the wire to it."""
    async with RawBackend(script) as backend:
        wire = Wire(WireSettings(**settings), observer=observer, **({"probe": probe} if probe else {}))
        try:
            yield backend, wire
        finally:
            await wire.close()


def test_the_request_leaves_as_it_was_given(run, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def main():
        async with wired(obliging) as (backend, wire):
            request = WireRequest("POST", backend.url("/a%2Fb?x=%41&y=a+b"), {"SOAPAction": '"urn:x"', "X-Id": "ä"}, b"<order/>")
            answer = await wire.send(request)
            head, _, body = backend.requests[0].partition(b"\r\n\r\n")
            return answer, head.decode().split("\r\n"), body

    answer, head, body = run(main())
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"<ok/>", "5")
    assert head[0] == "POST /a%2Fb?x=%41&y=a+b HTTP/1.1"
    assert body == b"<order/>"
    sent = dict(line.split(": ", 1) for line in head[1:])
    assert sent.pop("Host").startswith("127.0.0.1:")
    assert sent == {
        "SOAPAction": '"urn:x"',
        "X-Id": "ä",
        "User-Agent": "tmf-legacy-adapter",
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate",
        "Content-Length": "8",
        "Content-Type": "application/octet-stream",
    }


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("POST", b""), ("PUT", b"x"), ("DELETE", b"")])
def test_methods_with_and_without_body(run, method, body):
    async def main():
        async with wired(obliging) as (backend, wire):
            answers = [await wire.send(WireRequest(method, backend.url(), {}, body)) for _ in range(2)]
            return answers, backend.requests, backend.connections

    answers, requests, connections = run(main())
    assert [answer.status for answer in answers] == [200, 200]
    assert len(requests) == 2
    assert all(request.startswith(method.encode() + b" /soap") and request.endswith(b"\r\n\r\n" + body) for request in requests)
    assert connections == 1


@pytest.mark.parametrize("status", ["302 Found", "404 Not Found", "500 Internal Server Error", "503 Service Unavailable"])
def test_every_status_is_a_reply_and_no_redirect_is_followed(run, status):
    async def script(peer: Peer):
        while await peer.request():
            await peer.write(reply(b"<fault/>", status, "Location: /elsewhere", "Set-Cookie: a=b", "X-Two: 1", "X-Two: 2", "X-Odd: \xff"))

    async def main():
        async with wired(script) as (backend, wire):
            answer = await wire.send(backend.get())
            await wire.send(backend.get())
            return answer, backend.requests

    answer, requests = run(main())
    assert answer.status == int(status[:3])
    assert answer.body == b"<fault/>"
    assert answer.headers["location"] == "/elsewhere"
    assert answer.headers["x-two"] == "1, 2"
    assert len(requests) == 2
    assert all(b"cookie" not in request.lower() for request in requests)


def test_a_header_that_is_no_utf8_can_be_written_on(run):
    async def script(peer: Peer):
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Name: Jos\xe9\r\n\r\n")

    async def main():
        async with wired(script) as (backend, wire):
            return await wire.send(backend.post())

    assert run(main()).headers["x-name"].encode() == "Jos\N{REPLACEMENT CHARACTER}".encode()


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_a_packed_reply_is_unpacked(run, packing):
    body = b"<reply>" + b"x" * 100_000 + b"</reply>"

    async def script(peer: Peer):
        await peer.request()
        packed = gzip.compress(body) if packing == "gzip" else zlib.compress(body)
        await peer.write(reply(packed, "200 OK", f"Content-Encoding: {packing}"))

    async def main():
        async with wired(script) as (backend, wire):
            return await wire.send(backend.post())

    answer = run(main())
    assert answer.body == body
    assert "content-encoding" not in answer.headers
    assert "content-length" not in answer.headers


def test_a_reply_in_pieces_and_chunks_is_whole(run):
    async def script(peer: Peer):
        await peer.request()
        await peer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Enc")
        await peer.write(b"oding: chunked\r\n\r\n3\r\n<a/\r\n")
        await peer.write(b"1\r\n>\r\n0\r\n\r\n")

    async def main():
        async with wired(script) as (backend, wire):
            return await wire.send(backend.post())

    assert run(main()).body == b"<a/>"


def test_a_reply_without_length_ends_with_the_connection(run):
    async def script(peer: Peer):
        await peer.request()
        await peer.write(b"HTTP/1.0 200 OK\r\n\r\n<a/>")

    async def main():
        async with wired(script) as (backend, wire):
            return [(await wire.send(backend.post())).body for _ in range(2)], backend.connections

    assert run(main()) == ([b"<a/>", b"<a/>"], 2)


def test_an_answer_before_the_request_is_read_counts(run):
    async def script(peer: Peer):
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.write(reply(b"too big", "413 Content Too Large", "Connection: close"))
        await peer.until_closed()

    async def main():
        async with wired(script) as (backend, wire):
            return await wire.send(backend.post(b"x" * 20_000_000))

    assert run(main()).status == 413


def test_connections_are_kept_and_bounded_by_the_slots(run):
    async def main():
        busy, most = 0, 0
        gate = asyncio.Event()

        async def script(peer: Peer):
            nonlocal busy, most
            while await peer.request():
                busy += 1
                most = max(most, busy)
                if most == 4:
                    gate.set()
                await gate.wait()
                busy -= 1
                await peer.write(reply())

        async with wired(script, slots=4) as (backend, wire):
            await asyncio.gather(*(wire.send(backend.post()) for _ in range(40)))
            return most, backend.connections, len(backend.requests)

    assert run(main()) == (4, 4, 40)


def test_no_connection_is_kept_where_keepalive_is_off(run):
    async def main():
        async with wired(obliging, keepalive_seconds=0) as (backend, wire):
            for _ in range(3):
                await wire.send(backend.post())
            return backend.connections, backend.requests[0]

    connections, request = run(main())
    assert connections == 3
    assert b"Connection: close" in request


def test_an_idle_connection_is_dropped_after_its_time(run):
    async def main():
        async with wired(obliging, keepalive_seconds=0.001) as (backend, wire):
            await wire.send(backend.post())
            await backend.gone.acquire()  # closed by our side, as the script never does
            await wire.send(backend.post())
            return backend.connections, len(backend.requests)

    assert run(main()) == (2, 2)


class Ledger:
    """An observer that keeps what it was told."""

    def __init__(self):
        self.taken, self.refused, self.outcomes, self.replaced = [], [], [], 0

    def slot_taken(self, waited):
        self.taken.append(waited)

    def slot_refused(self, waited):
        self.refused.append(waited)

    def ended(self, outcome, took):
        assert took >= 0
        self.outcomes.append(outcome)

    def pool_replaced(self):
        self.replaced += 1


def test_the_observer_sees_slots_and_outcomes(run):
    async def script(peer: Peer):
        while request := await peer.request():
            if b"hang" in request:
                await peer.until_closed()
            elif b"close" in request:
                return
            await peer.write(reply())

    async def main():
        ledger = Ledger()
        async with wired(script, observer=ledger, slots=1, slot_seconds=0.02) as (backend, wire):
            await wire.send(backend.post())
            hung = asyncio.create_task(wire.send(backend.post(b"hang")))
            await backend.asked.acquire()
            await backend.asked.acquire()
            with pytest.raises(NotSent, match=r"all 1 slots were in use for 0\.02 s"):
                await wire.send(backend.post())
            hung.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await hung
            with pytest.raises(MaybeSent):
                await wire.send(backend.post(b"close"))
            with pytest.raises(NotSent):
                await wire.send(WireRequest("P T", backend.url(), {}, b""))
        return ledger

    ledger = run(main())
    assert ledger.outcomes == ["replied", "cancelled", "maybe_sent", "not_sent"]
    assert len(ledger.taken) == 4
    assert len(ledger.refused) == 1
    assert ledger.refused[0] >= 0.02
    assert ledger.replaced == 1  # by the closed connection; a cancelled caller says nothing about the backend


@pytest.mark.parametrize("body", [b"<order/>", b""])
def test_the_fault_points_are_passed_in_order(run, body):
    points: list[str] = []

    async def main():
        async with wired(obliging, probe=points.append) as (backend, wire):
            await wire.send(WireRequest("POST", backend.url(), {}, body))

    run(main())
    assert points == ["before-send", "after-send", "after-reply"]


def test_a_closed_wire_sends_nothing(run):
    async def main():
        async with wired(obliging) as (backend, wire):
            await wire.send(backend.post())
            await wire.close()
            await wire.close()
            with pytest.raises(NotSent, match="this client is closed; nothing was sent"):
                await wire.send(backend.post())
            return len(backend.requests)

    assert run(main()) == 1


def test_closing_ends_what_is_on_its_way(run):
    async def script(peer: Peer):
        await peer.request()
        await peer.until_closed()

    async def main():
        async with wired(script, slots=1) as (backend, wire):
            flying = asyncio.create_task(wire.send(backend.post()))
            await backend.asked.acquire()
            waiting = asyncio.create_task(wire.send(backend.post()))
            await asyncio.sleep(0)  # let it come to the slots
            await wire.close()
            with pytest.raises(MaybeSent):
                await flying
            with pytest.raises(NotSent, match="closed while the call waited for a slot"):
                await waiting
            return len(backend.requests)

    assert run(main()) == 1


def test_a_deadline_that_is_over_sends_nothing(run):
    async def main():
        async with wired(obliging) as (backend, wire):
            with pytest.raises(NotSent, match="the caller's deadline was over before the call; nothing was sent"):
                await wire.send(backend.post(), deadline=time.monotonic() - 1)
            return backend.connections

    assert run(main()) == 0
