"""What leaves on a connection, and in how many pieces: an answer that is whole in one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from adapter.faces.cycle import Cycle

DATE = (b"date", b"Mon, 23 Nov 2026 09:00:00 GMT")


class Transport:
    """Keeps what is written."""

    def __init__(self):
        self.pieces, self.closed = [], False

    def write(self, data):
        if data:
            self.pieces.append(data)

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


def cycle(method="POST", keep_alive=True, gone=False):
    """One request on a connection; what it has ``told`` the server is how often its answer was out."""
    transport, told = Transport(), []
    made = Cycle(
        scope={"type": "http", "method": method},
        transport=transport,
        flow=FlowControl(transport),
        logger=SimpleNamespace(error=lambda *_, **__: None),
        access_logger=None,
        access_log=False,
        default_headers=[DATE],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: told.append(1),
    )
    made.disconnected = gone
    return made, transport, told


def answered(*messages, **kind):
    """What the transport got, and how often the server was told that the answer is out."""

    async def run():
        made, transport, told = cycle(**kind)
        for message in messages:
            await made.send(message)
        return SimpleNamespace(pieces=transport.pieces, closed=transport.closed, told=len(told), cycle=made)

    return asyncio.run(run())


def start(*headers, status=200):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(content, more=False):
    return {"type": "http.response.body", "body": content, "more_body": more}


LENGTH = (b"Content-Length", b"2")


def test_a_whole_answer_is_one_piece():
    out = answered(start((b"Location", b"/1"), LENGTH, status=201), body(b"{}"))
    assert out.pieces == [
        b"HTTP/1.1 201 Created\r\ndate: Mon, 23 Nov 2026 09:00:00 GMT\r\nlocation: /1\r\ncontent-length: 2\r\n\r\n{}",
    ]
    assert (out.closed, out.told, out.cycle.response_complete) == (False, 1, True)


def test_the_last_answer_of_a_connection_says_so_and_closes_it():
    out = answered(start(LENGTH), body(b"{}"), keep_alive=False)
    assert out.pieces[0].endswith(b"content-length: 2\r\nconnection: close\r\n\r\n{}")
    assert (out.closed, out.told) == (True, 1)


def test_an_answer_that_closes_by_itself_says_it_once():
    out = answered(start(LENGTH, (b"Connection", b"close")), body(b"{}"))
    assert b"".join(out.pieces).count(b"connection: close") == 1
    assert (out.closed, out.told) == (True, 1)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((start(LENGTH), body(b"{", more=True), body(b"}")), b"\r\n\r\n{}"),
        ((start(), body(b"{}")), b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        ((start(status=204), body(b"")), b"GMT\r\n\r\n"),
    ],
    ids=["in pieces", "of unknown length", "without content"],
)
def test_other_answers_are_as_uvicorn_writes_them(messages, expected):
    out = answered(*messages)
    assert b"".join(out.pieces).endswith(expected)
    assert out.told == 1


def test_a_head_without_its_body_is_what_head_asks_for():
    out = answered(start(LENGTH), body(b"{}"), method="HEAD")
    assert b"".join(out.pieces).endswith(b"content-length: 2\r\n\r\n")


def test_nothing_is_written_to_a_caller_who_has_left():
    assert answered(start(LENGTH), body(b"{}"), gone=True).pieces == []


@pytest.mark.parametrize("value", [b"/1\r\nset-cookie: a=b", b"/1\n", b"/\x00", b"/\x7f"])
def test_no_header_ends_its_line(value):
    with pytest.raises(RuntimeError, match="Invalid HTTP header value"):
        answered(start((b"Location", value), LENGTH), body(b"{}"))


@pytest.mark.parametrize("name", [b"a b", b"a:b", b"a\r\nb"])
def test_no_header_has_a_name_that_is_none(name):
    with pytest.raises(RuntimeError, match="Invalid HTTP header name"):
        answered(start((name, b"1"), LENGTH), body(b"{}"))


def test_a_body_of_another_length_than_was_said_is_a_fault():
    with pytest.raises(RuntimeError, match="longer than Content-Length"):
        answered(start(LENGTH), body(b"{ }"))


def test_an_application_that_fails_behind_its_head_is_a_500():
    async def fails(scope, receive, send):
        await send(start(LENGTH))
        raise ZeroDivisionError

    async def run():
        made, transport, _ = cycle()
        await made.run_asgi(fails)
        return transport.pieces

    assert asyncio.run(run())[0].startswith(b"HTTP/1.1 500 ")
