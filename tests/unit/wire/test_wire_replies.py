"""How a reply is taken apart, however it is cut, framed or followed by what nobody asked for."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import zlib

import pytest

from adapter.channel import Tls
from adapter.errors import MaybeSent, NotSent
from adapter.ports import WireRequest
from adapter.wire.client import Wire
from adapter.wire.settings import WireSettings
from tests.unit.wire.raw_backend import CERTS, Peer, RawBackend, reply, server_tls


@contextlib.asynccontextmanager
async def wired(script, **settings):
    """A backend with the script, and the wire to it."""
    async with RawBackend(script) as backend:
        wire = Wire(WireSettings(**settings))
        try:
            yield backend, wire
        finally:
            await wire.close()


def answering(*answers: bytes, close: bool = False):
    """A script that gives one answer per request, over all connections."""
    waiting = list(answers)

    async def script(peer: Peer):
        while waiting and await peer.request():
            await peer.write(waiting.pop(0))
        if not close:
            await peer.until_closed()

    return script


CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n"
    b"5;x=y\r\n<repl\r\nC\r\ny>ok</reply>\r\n0\r\nX-Trailer: 1\r\n\r\n"
)
WHOLE = reply(b"<reply>ok</reply>", "200 OK", "X-A: 1")
PACKED = reply(gzip.compress(b"<reply>ok</reply>", mtime=0), "200 OK", "X-A: 1", "Content-Encoding: gzip")


@pytest.mark.parametrize("answer", [CHUNKED, WHOLE, PACKED], ids=["chunked", "whole", "packed"])
def test_a_reply_may_be_cut_anywhere(run, answer):
    async def main():
        cuts = iter(range(1, len(answer)))

        async def script(peer: Peer):
            while await peer.request():
                cut = next(cuts)
                await peer.write(answer[:cut])
                await asyncio.sleep(0)  # the client reads the first part by itself, or both at once: either has to do
                await peer.write(answer[cut:])

        async with wired(script) as (backend, wire):
            answers = [await wire.send(backend.post()) for _ in range(1, len(answer))]
            return answers, backend.connections

    answers, connections = run(main())
    assert {(one.status, one.body, one.headers["x-a"]) for one in answers} == {(200, b"<reply>ok</reply>", "1")}
    assert all("x-trailer" not in one.headers for one in answers)
    assert connections == 1


@pytest.mark.parametrize("size", [1, 7])
def test_a_reply_may_come_in_the_smallest_pieces(run, size):
    async def script(peer: Peer):
        await peer.request()
        for at in range(0, len(CHUNKED), size):
            await peer.write(CHUNKED[at : at + size])
            await asyncio.sleep(0)
        await peer.until_closed()

    async def main():
        async with wired(script) as (backend, wire):
            return await wire.send(backend.post())

    assert run(main()).body == b"<reply>ok</reply>"


@pytest.mark.parametrize("rest", [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nBAD", b"HTTP/1.1 200", b"garbage", b"\r\n\r\n\0"])
def test_what_follows_a_reply_is_never_taken_for_the_next_one(run, rest):
    async def main():
        async with wired(answering(WHOLE + rest, reply(b"2"))) as (backend, wire):
            first = await wire.send(backend.post())
            second = await wire.send(backend.post())
            return first.body, second.body, backend.connections

    assert run(main()) == (b"<reply>ok</reply>", b"2", 2)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 200 OK\r\nBad Name : x\r\n\r\n", r"the answer is not valid HTTP \(.+\)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456", r"the answer is not valid HTTP \(.+\)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", r"the answer is not valid HTTP \(.+\)"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", r"the answer is not valid HTTP \(.+\)"),
        (
            b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            r"the answer is not valid HTTP \(it asks for another protocol\)",
        ),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 3000, r"the answer is not valid HTTP \(its headers do not end\)"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000, r"the answer is not valid HTTP \(its headers do not end\)"),
        (
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1100 + b"\r\n\r\n",
            r"the answer is not valid HTTP \(a header is longer than max_header_bytes \(1024\)\)",
        ),
        (b"\x16\x03\x01\x00\x05hello", r"the answer is not valid HTTP \(.+\)"),
    ],
)
def test_a_bad_head_ends_the_exchange_in_doubt(run, answer, text):
    async def main():
        async with wired(answering(answer, reply()), max_header_bytes=1024) as (backend, wire):
            with pytest.raises(MaybeSent) as caught:
                await wire.send(backend.post())
            assert re.fullmatch(rf"127\.0\.0\.1:{backend.port}: {text}; the request may have been carried out", str(caught.value))
            return (await wire.send(backend.post())).status, backend.connections

    assert run(main()) == (200, 2)


@pytest.mark.parametrize("cut", [1, 20, len(CHUNKED) - 8, len(CHUNKED) - 1])
def test_a_reply_that_ends_early_is_in_doubt(run, cut):
    async def main():
        async with wired(answering(CHUNKED[:cut], close=True)) as (backend, wire):
            with pytest.raises(MaybeSent, match=r"closed the connection without a whole answer|broke off before its end"):
                await wire.send(backend.post())

    run(main())


def test_folded_headers_and_bare_line_feeds_are_read(run):
    answer = b"HTTP/1.1 200 OK\nX-A: 1\r\n 2\r\nContent-Length: 2\n\nok"

    async def main():
        async with wired(answering(answer)) as (backend, wire):
            return await wire.send(backend.post())

    answered = run(main())
    assert answered.body == b"ok"
    assert answered.headers["x-a"].split() == ["1", "2"]


def test_a_reply_to_head_has_no_body(run):
    async def main():
        async with wired(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", reply())) as (backend, wire):
            head = await wire.send(WireRequest("HEAD", backend.url(), {}, b""))
            return head.status, head.body, (await wire.send(backend.post())).status

    assert run(main()) == (200, b"", 200)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_reply_without_body_leaves_the_connection_usable(run, status):
    async def main():
        async with wired(answering(f"HTTP/1.1 {status}\r\n\r\n".encode(), reply())) as (backend, wire):
            return [(await wire.send(backend.post())).status for _ in range(2)], backend.connections

    assert run(main()) == ([int(status[:3]), 200], 1)


@pytest.mark.parametrize(
    ("packed", "packing", "plain"),
    [
        (zlib.compress(b"<a/>"), "deflate", b"<a/>"),
        (zlib.compress(b"<a/>")[2:-4], "deflate", b"<a/>"),  # without the frame
        (gzip.compress(b"", mtime=0), "gzip", b""),
        (b"", "gzip", b""),
        (gzip.compress(b"<a/>", mtime=0), "X-GZIP", b"<a/>"),
    ],
)
def test_packed_bodies_are_unpacked(run, packed, packing, plain):
    async def main():
        async with wired(answering(reply(packed, "200 OK", f"Content-Encoding: {packing}"))) as (backend, wire):
            return (await wire.send(backend.post())).body

    assert run(main()) == plain


@pytest.mark.parametrize(
    ("packed", "packing"),
    [(gzip.compress(b"x" * 100, mtime=0)[:-9], "gzip"), (b"plain", "br"), (gzip.compress(b"x" * 500, mtime=0), "gzip")],
)
def test_bodies_that_cannot_be_unpacked_or_grow_too_large_are_in_doubt(run, packed, packing):
    async def main():
        async with wired(answering(reply(packed, "200 OK", f"Content-Encoding: {packing}")), max_reply_bytes=400) as (backend, wire):
            with pytest.raises(MaybeSent, match=r"cannot be unpacked, after \d+ bytes|larger than max_reply_bytes \(400\)"):
                await wire.send(backend.post())

    run(main())


def test_a_kept_connection_that_the_backend_closes_while_idle_is_let_go(run):
    async def main():
        async def once(peer: Peer):
            await peer.request()
            await peer.write(reply())

        async with wired(once) as (backend, wire):
            for _ in range(3):
                await wire.send(backend.post())
                await backend.gone.acquire()
                for _ in range(5):
                    await asyncio.sleep(0)  # now the loop has seen the end too
            return backend.connections, len(backend.requests)

    assert run(main()) == (3, 3)


def test_a_backend_that_speaks_first_is_not_sent_anything(run):
    async def main():
        async def banner(peer: Peer):
            await peer.write(b"220 smtp.example ready\r\n")
            await peer.until_closed()

        async with wired(banner) as (backend, wire):
            with pytest.raises((NotSent, MaybeSent)):
                await wire.send(backend.post())
            return backend.connections

    assert run(main()) == 1


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"Content-Length": "3"}, "the header 'Content-Length' is not a caller's to set"),
        ({"transfer-encoding": "chunked"}, "the header 'transfer-encoding' is not a caller's to set"),
        ({"X Y": "1"}, "the header 'X Y' is not a caller's to set, or its name is none"),
        ({"X-Id": "\ud800"}, "the exchange cannot be carried on"),
    ],
)
def test_headers_that_would_change_the_request_are_not_sent(run, headers, text):
    async def main():
        async with wired(answering(reply())) as (backend, wire):
            with pytest.raises(NotSent, match=text):
                await wire.send(WireRequest("POST", backend.url(), headers, b"x"))
            return backend.connections

    assert run(main()) == 0


def test_a_request_larger_than_all_buffers_is_written_and_then_answered(run):
    points: list[str] = []

    async def main():
        async def slow(peer: Peer):
            await peer.reader.readuntil(b"\r\n\r\n")
            size = 0
            while size < 20_000_000:
                size += len(await peer.reader.read(2**20))
            await peer.write(reply(str(size).encode()))

        async with RawBackend(slow) as backend:
            wire = Wire(WireSettings(), probe=points.append)
            answer = await wire.send(backend.post(b"x" * 20_000_000))
            await wire.close()
            return answer.body

    assert run(main()) == b"20000000"
    assert points == ["before-send", "after-send", "after-reply"]


def test_headers_of_the_caller_go_before_ours(run):
    own = {"host": "backend.example", "accept": "text/xml", "User-agent": "x", "Accept-Encoding": "identity", "content-type": "text/xml"}

    async def main():
        async with wired(answering(reply())) as (backend, wire):
            await wire.send(WireRequest("POST", backend.url(), own, b"x"))
            return backend.requests[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]

    assert run(main()) == [*(f"{name}: {value}" for name, value in own.items()), "Content-Length: 1"]


def test_connections_to_two_places_are_kept_apart(run):
    async def main():
        async def named(peer: Peer):
            while await peer.request():
                await peer.write(reply(str(peer.backend.port).encode()))

        async with RawBackend(named) as one, wired(named) as (other, wire):
            answers = [await wire.send(backend.post()) for backend in (one, other, one, other)]
            return [answer.body == str(backend.port).encode() for answer, backend in zip(answers, (one, other) * 2, strict=True)], (
                one.connections,
                other.connections,
            )

    assert run(main()) == ([True] * 4, (1, 1))


def test_tls_connections_are_kept_and_closed(run):
    async def main():
        tls = Tls(authorities=CERTS / "ca.pem")
        async with RawBackend(answering(reply(b"1"), reply(b"2"), WHOLE), tls=server_tls()) as backend:
            wire = Wire(WireSettings(tls=tls, keepalive_seconds=0.2))
            bodies = [(await wire.send(backend.post(scheme="https", host="localhost"))).body for _ in range(2)]
            kept = backend.connections
            await backend.gone.acquire()  # our side has let it go
            bodies.append((await wire.send(backend.post(scheme="https", host="localhost"))).body)
            await wire.close()
            return bodies, kept, backend.connections

    assert run(main()) == ([b"1", b"2", b"<reply>ok</reply>"], 1, 2)
