"""What leaves on a connection, and in how many pieces: an answer that is whole in one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from adapter.faces.cycle import CYCLE, Cycle
from adapter.faces.incoming import Incoming

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

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


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


def answered(status, *headers, content=b"{}", **kind):
    """What the transport got of an answer, and how often the server was told that it is out."""
    made, transport, told = cycle(**kind)
    wrote = made.answer(status, headers, content)
    return SimpleNamespace(wrote=wrote, pieces=transport.pieces, closed=transport.closed, told=len(told), cycle=made)


LENGTH = (b"Content-Length", b"2")


def test_a_whole_answer_is_one_piece():
    out = answered(201, (b"Location", b"/1"), LENGTH)
    assert out.pieces == [
        b"HTTP/1.1 201 Created\r\ndate: Mon, 23 Nov 2026 09:00:00 GMT\r\nlocation: /1\r\ncontent-length: 2\r\n\r\n{}",
    ]
    assert (out.wrote, out.closed, out.told, out.cycle.response_complete) == (True, False, 1, True)


def test_the_last_answer_of_a_connection_says_so_and_closes_it():
    out = answered(200, LENGTH, keep_alive=False)
    assert out.pieces[0].endswith(b"content-length: 2\r\nconnection: close\r\n\r\n{}")
    assert (out.wrote, out.closed, out.told) == (True, True, 1)


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ([(b"Connection", b"close")], {}),
        ([(b"Transfer-Encoding", b"chunked")], {}),
        ([], {"method": "HEAD"}),
        ([], {"gone": True}),
        ([], {"content": b""}),
        *(([(b"Location", value)], {}) for value in (b"/1\r\nset-cookie: a=b", b"/1\n", b"/\x00", b"/\x7f")),
        *(([(name, b"1")], {}) for name in (b"a b", b"a:b", b"a\r\nb")),
    ],
)
def test_an_answer_with_something_special_about_it_is_left_to_uvicorn(headers, kind):
    out = answered(200, *headers, LENGTH, **kind)
    assert (out.wrote, out.pieces, out.told, out.cycle.response_started) == (False, [], 0, False)


def test_there_is_one_answer():
    out = answered(200, LENGTH)
    assert not out.cycle.answer(200, [LENGTH], b"{}")
    assert len(out.pieces) == 1


@pytest.mark.parametrize(("method", "content"), [("POST", b"{}"), ("HEAD", b"")])
def test_what_is_left_to_uvicorn_is_sent_as_ever(method, content):
    async def run():
        made, transport, told = cycle(method)
        scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "headers": [], "extensions": {CYCLE: made}}
        headers = [LENGTH, (b"connection", b"close")]
        await Incoming(scope, made.receive).answer(made.send, 200, headers, b"{}", more=False)
        return b"".join(transport.pieces), transport.closed, told

    written, closed, told = asyncio.run(run())
    assert written.endswith(b"content-length: 2\r\nconnection: close\r\n\r\n" + content)
    assert (closed, told) == (True, [1])


def test_a_body_that_is_here_is_taken_once():
    made, _, _ = cycle()
    made.body += b"{"
    made.flow.pause_reading()
    assert made.whole_body() is None
    made.body += b"}"
    made.more_body = False
    assert made.whole_body() == b"{}"
    assert not made.flow.read_paused
    assert made.whole_body() == b""


@pytest.mark.parametrize("state", ["waiting_for_100_continue", "disconnected", "response_complete"])
def test_a_body_that_has_to_be_asked_for_or_is_nobodys_is_not_taken(state):
    made, _, _ = cycle()
    made.more_body = False
    setattr(made, state, True)
    assert made.whole_body() is None
