"""HTTP below SOAP: kept connections, pipelines, limits, silence."""

from __future__ import annotations

import asyncio

import pytest

from simulators.http_server import HttpReply, HttpServer, Transport


def echo(request):
    return HttpReply(body=f"{request.method} {request.path}?{request.query} ".encode() + request.body)


def conversation(handler, *sent, limit=1000, read=None):
    """Sends each text over one connection and returns all that came back until the server closed it (or ``read`` bytes ends)."""

    async def talk():
        server = HttpServer(handler, body_limit=limit)
        port = await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        got = b""
        for text in sent:
            writer.write(text)
            await writer.drain()
            if read:
                got += await reader.readuntil(read)
        if not read:
            got = await reader.read()
        await server.stop()
        writer.close()
        return got

    return asyncio.run(asyncio.wait_for(talk(), 10))


def test_a_connection_is_kept_and_closed_when_the_client_asks():
    kept = b"GET /a%20b?x=1 HTTP/1.1\r\nhost: h\r\n\r\n"
    last = b"GET /c HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"
    got = conversation(echo, kept + kept + last)
    assert got.count(b"GET /a b?x=1") == 2
    assert got.endswith(b"GET /c? ")
    assert got.count(b"connection: close") == 1


def test_a_body_in_chunks_and_in_pieces():
    head = b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    assert conversation(echo, head, b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n").endswith(b"POST /? abcde")


def test_a_client_that_waits_for_100_continue_gets_it():
    head = b"POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
    got = conversation(echo, head, b"ok", read=b"\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 12\r\n\r\n123456789012", b"413"),
    ],
)
def test_what_cannot_be_served_is_refused_and_the_connection_closed(sent, status):
    got = conversation(echo, sent, limit=10)
    assert got.startswith(b"HTTP/1.1 " + status)


def test_a_client_that_leaves_in_the_middle_does_no_harm():
    async def talk():
        server = HttpServer(echo)
        port = await server.start("127.0.0.1", 0)
        _, leaving = await asyncio.open_connection("127.0.0.1", port)
        leaving.write(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nhalf")
        await leaving.drain()
        leaving.transport.abort()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
        assert b"200 OK" in await reader.read()
        writer.close()
        await server.stop()

    asyncio.run(asyncio.wait_for(talk(), 10))


def test_close_sends_nothing():
    assert conversation(lambda _: HttpReply(transport=Transport.CLOSE), b"GET / HTTP/1.1\r\nhost: h\r\n\r\n") == b""


def test_silence_lasts_until_the_client_leaves():
    async def talk():
        server = HttpServer(lambda _: HttpReply(transport=Transport.NEVER))
        port = await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n and more")
        writer.write_eof()
        assert await reader.read() == b""
        await server.stop()
        writer.close()

    asyncio.run(asyncio.wait_for(talk(), 10))


@pytest.mark.parametrize("reply", [HttpReply(transport=Transport.NEVER), HttpReply(after=3600)])
def test_stop_ends_a_silent_and_a_slow_connection_at_once(reply):
    async def talk():
        asked = asyncio.Event()

        def handler(_):
            asked.set()
            return reply

        server = HttpServer(handler)
        port = await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
        await asked.wait()
        await server.stop()
        assert await reader.read() == b""
        writer.close()
        await server.stop()  # a second stop does nothing

    asyncio.run(asyncio.wait_for(talk(), 10))
