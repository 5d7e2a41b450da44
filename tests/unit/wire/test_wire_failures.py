"""Each way an exchange can fail: what it means (not sent, may have been sent), what it says, and that it is never repeated."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import socket
import time
from pathlib import Path

import pytest

from adapter.errors import MaybeSent, NotSent
from adapter.ports import WireRequest
from adapter.wire.client import Wire
from adapter.wire.settings import WireSettings
from tests.unit.wire.raw_backend import Peer, RawBackend, obliging, reply

DONE = "; the request may have been carried out"


async def fails(script, kind, text, *, method="POST", body=b"<order/>", deadline=None, **settings):
    """Sends one request with a credential in its query, which must not show; gives the backend as it was left."""
    async with RawBackend(script) as backend:
        wire = Wire(WireSettings(**settings))
        try:
            request = WireRequest(method, backend.url("/soap?password=geheim"), {"Authorization": "Basic geheim"}, body)
            with pytest.raises((NotSent, MaybeSent)) as caught:
                await wire.send(request, deadline=deadline and time.monotonic() + deadline)
            assert type(caught.value) is kind
            assert re.fullmatch(rf"127\.0\.0\.1:{backend.port}: {text}", str(caught.value)), str(caught.value)
            assert "geheim" not in str(caught.value)
        finally:
            await wire.close()
        return backend


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
def test_closed_after_reading_is_in_doubt_and_never_sent_again(run, method):
    async def script(peer: Peer):
        await peer.request()

    backend = run(fails(script, MaybeSent, "the backend closed the connection without a whole answer" + DONE, method=method))
    assert (len(backend.requests), backend.connections) == (1, 1)


def test_closed_without_reading_is_in_doubt_as_nobody_can_prove_it_unread(run):
    async def script(peer: Peer):
        await peer.reader.readexactly(1)  # the rest stays unread, so the system answers with a reset

    run(fails(script, MaybeSent, f"the (backend closed the connection without a whole answer|connection broke .*){DONE}"))


def test_reset_after_reading(run):
    async def script(peer: Peer):
        await peer.request()
        peer.writer.transport.abort()

    run(fails(script, MaybeSent, f"the (backend closed the connection without a whole answer|connection broke .*){DONE}"))


def test_half_the_headers(run):
    async def script(peer: Peer):
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nContent-Le")

    run(fails(script, MaybeSent, "the backend closed the connection without a whole answer" + DONE))


@pytest.mark.parametrize(
    ("head", "sent"),
    [(b"Content-Length: 10\r\n\r\n", b"12345"), (b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\n12345\r\n")],
)
def test_half_the_body(run, head, sent):
    async def script(peer: Peer):
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\n" + head + sent)

    text = "the answer broke off before its end, or cannot be unpacked, after [05] bytes of its body"
    run(fails(script, MaybeSent, text + DONE))


@pytest.mark.parametrize(
    "answer",
    [
        b"220 smtp.example ready\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 3000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_http(run, answer):
    async def script(peer: Peer):
        await peer.request()
        await peer.write(answer)
        await peer.until_closed()

    run(fails(script, MaybeSent, f"the answer is not valid HTTP .*{DONE}", max_header_bytes=2048))


def test_nobody_listens(run):
    async def main():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound, not listening: refused for certain
            wire = Wire(WireSettings())
            port = taken.getsockname()[1]
            with pytest.raises(NotSent) as caught:
                await wire.send(WireRequest("POST", f"http://127.0.0.1:{port}/x", {}, b"x"))
            await wire.close()
            return str(
                caught.value
            ) == f"127.0.0.1:{port}: no connection (Connect call failed ('127.0.0.1', {port})); nothing was sent" or str(caught.value)

    assert run(main()) is True


def test_a_name_that_does_not_exist(run):
    async def main():
        wire = Wire(WireSettings())
        try:
            await wire.send(WireRequest("POST", "http://backend.invalid/x", {}, b"x"))
        finally:
            await wire.close()

    with pytest.raises(NotSent, match=r"^backend\.invalid:80: the host name cannot be resolved \(.+\); nothing was sent$"):
        run(main())


def test_a_host_that_takes_no_connection(run):
    async def main():
        # A listener whose queue is full lets further connections hang, as a host behind a silent firewall does.
        with socket.socket() as full, contextlib.ExitStack() as clients:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(4):
                client = clients.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(full.getsockname())
            wire = Wire(WireSettings(connect_seconds=0.05))
            try:
                await wire.send(WireRequest("POST", f"http://127.0.0.1:{full.getsockname()[1]}/x", {}, b"x"))
            finally:
                await wire.close()

    with pytest.raises(NotSent, match=r"no connection within 0\.05 s \(connect_seconds\); nothing was sent$"):
        run(main())


async def silent(peer: Peer):
    await peer.request()
    await peer.until_closed()


async def dripping(peer: Peer):
    await peer.request()
    await peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        await peer.write(b"x")
        await asyncio.sleep(0.001)


async def dripping_headers(peer: Peer):
    await peer.request()
    await peer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        await peer.write(b"x")
        await asyncio.sleep(0.001)


async def deaf(peer: Peer):
    peer.writer.transport.pause_reading()
    await peer.backend.asked.acquire()


@pytest.mark.parametrize(
    ("script", "limits", "text"),
    [
        (silent, {"answer_seconds": 0.05}, r"no answer within 0\.05 s \(answer_seconds\)"),
        (silent, {"exchange_seconds": 0.3}, r"no answer within 0\.\d+ s \(exchange_seconds: 0\.3 in all\)"),
        (silent, {"deadline": 0.3}, r"no answer within 0\.\d+ s \(the caller's deadline\)"),
        (dripping, {"exchange_seconds": 0.3}, r"the answer began but was not complete within 0\.\d+ s \(exchange_seconds: 0\.3 in all\)"),
        (dripping, {"deadline": 0.3}, r"the answer began but was not complete within 0\.\d+ s \(the caller's deadline\)"),
        (dripping_headers, {"answer_seconds": 0.1}, r"no answer within 0\.1 s \(answer_seconds\)"),
    ],
)
def test_each_limit_ends_the_exchange_with_its_own_text(run, script, limits, text):
    backend = run(fails(script, MaybeSent, text + DONE, **limits))
    assert len(backend.requests) == 1


@pytest.mark.parametrize("limits", [{"send_seconds": 0.05}, {"deadline": 0.3}])
def test_a_backend_that_does_not_read(run, limits):
    reason = "send_seconds" if "send_seconds" in limits else "the caller's deadline"
    text = rf"the request could not be written within 0\.\d+ s \({reason}\)"
    run(fails(deaf, MaybeSent, text + DONE, body=b"x" * 20_000_000, **limits))


def test_a_half_written_request_is_never_completed_later(run):
    async def main():
        received = asyncio.get_running_loop().create_future()
        gave_up = asyncio.Event()

        async def script(peer: Peer):
            peer.writer.transport.pause_reading()
            await gave_up.wait()
            peer.writer.transport.resume_reading()
            size = 0
            with contextlib.suppress(ConnectionError):
                while block := await peer.reader.read(65536):
                    size += len(block)
            received.set_result(size)

        async with RawBackend(script) as backend:
            wire = Wire(WireSettings(send_seconds=0.05))
            with pytest.raises(MaybeSent):
                await wire.send(backend.post(b"x" * 20_000_000))
            gave_up.set()
            size = await received
            await wire.close()
            return size

    assert run(main()) < 20_000_000


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_a_connection_given_up_while_writing_is_gone_at_once(run):
    """A peer that never reads again would otherwise hold the rest of the request, and the socket, for ever."""

    async def main():
        async with RawBackend(deaf) as backend:
            wire = Wire(WireSettings(send_seconds=0.05))
            before = open_files()
            with pytest.raises(MaybeSent):
                await wire.send(backend.post(b"x" * 20_000_000))
            for _ in range(5):
                await asyncio.sleep(0)  # the loop closes a socket in one of its next turns
            after = open_files()
            await wire.close()
            return after - before

    assert run(main()) == 1  # the backend's end


def test_a_reply_announced_over_the_limit_is_not_read(run):
    async def script(peer: Peer):
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
        await peer.until_closed()

    text = r"the answer is announced with 10000000 bytes, more than max_reply_bytes \(1000\)"
    run(fails(script, MaybeSent, text + DONE, max_reply_bytes=1000))


def test_a_reply_that_grows_over_the_limit_is_cut(run):
    written = 0

    async def script(peer: Peer):
        nonlocal written
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(10_000):
            await peer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            written += 1024
        await peer.write(b"0\r\n\r\n")

    run(fails(script, MaybeSent, r"the answer is larger than max_reply_bytes \(100000\)" + DONE, max_reply_bytes=100_000))
    assert written < 10_240_000


def test_a_packed_bomb_is_not_unpacked(run):
    bomb = gzip.compress(bytes(200_000_000), compresslevel=1)

    async def script(peer: Peer):
        await peer.request()
        await peer.write(reply(bomb, "200 OK", "Content-Encoding: gzip"))

    run(fails(script, MaybeSent, r"the answer is larger than max_reply_bytes \(1000000\)" + DONE, max_reply_bytes=1_000_000))


def test_what_cannot_be_unpacked(run):
    async def script(peer: Peer):
        await peer.request()
        await peer.write(reply(b"no gzip at all", "200 OK", "Content-Encoding: gzip"))

    run(fails(script, MaybeSent, r"(the answer broke off|the answer is not valid HTTP).*" + DONE))


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://[::1/x", "is not a valid URL"),
        ("ftp://host/x", "is not a valid http or https URL"),
        ("/x", "is not a valid http or https URL"),
        ("http://host/a b", "holds blanks, control characters or characters that are not ASCII"),
        ("http://host/x\r\nX-Evil: 1", "holds blanks, control characters or characters that are not ASCII"),
        ("http://user:geheim@host/x", "holds credentials, which belong into the settings of basic authentication"),
    ],
)
def test_an_address_that_cannot_be_called(run, url, text):
    async def main():
        wire = Wire(WireSettings())
        try:
            await wire.send(WireRequest("POST", url, {}, b"x"))
        finally:
            await wire.close()

    with pytest.raises(NotSent) as caught:
        run(main())
    assert str(caught.value) == f"the address of the request {text}; nothing was sent"


@pytest.mark.parametrize(
    ("method", "headers", "text"),
    [
        ("POST", {"X-Id": "1\r\nX-Evil: 1"}, "the header 'X-Id' holds control characters; nothing was sent"),
        ("GET", {"X-\nId": "1"}, r"the header 'X-\\nId' holds control characters; nothing was sent"),
        ("P T", {}, "the exchange cannot be carried on .*; nothing was sent"),
    ],
)
def test_a_request_that_cannot_be_written_leaves_no_byte(run, method, headers, text):
    async def main():
        async with RawBackend(obliging) as backend:
            wire = Wire(WireSettings())
            with pytest.raises(NotSent, match=text):
                await wire.send(WireRequest(method, backend.url(), headers, b""))
            good = await wire.send(backend.post())
            await wire.close()
            return good.status, len(backend.requests)

    assert run(main()) == (200, 1)


def test_no_free_slot_in_time_is_not_sent(run):
    async def main():
        async with RawBackend(silent) as backend:
            wire = Wire(WireSettings(slots=2, slot_seconds=0.03))
            flying = [asyncio.create_task(wire.send(backend.post())) for _ in range(2)]
            for _ in flying:
                await backend.asked.acquire()
            with pytest.raises(NotSent, match=r"all 2 slots were in use for 0\.03 s \(slot_seconds\); nothing was sent"):
                await wire.send(backend.post())
            with pytest.raises(NotSent, match=r"all 2 slots were in use for 0\.0\d+ s \(the caller's deadline\); nothing was sent"):
                await wire.send(backend.post(), deadline=time.monotonic() + 0.02)
            await wire.close()
            await asyncio.gather(*flying, return_exceptions=True)
            return len(backend.requests)

    assert run(main()) == 2


def test_a_cancelled_call_gives_its_slot_back_and_closes_its_connection(run):
    async def script(peer: Peer):
        while b"hang" not in await peer.request():
            await peer.write(reply())
        await peer.until_closed()

    async def main():
        async with RawBackend(script) as backend:
            wire = Wire(WireSettings(slots=1))
            hung = asyncio.create_task(wire.send(backend.post(b"hang")))
            await backend.asked.acquire()
            hung.cancel()
            with pytest.raises(asyncio.CancelledError):
                await hung
            await backend.gone.acquire()
            good = await wire.send(backend.post())
            await wire.close()
            return good.status, backend.connections

    assert run(main()) == (200, 2)
