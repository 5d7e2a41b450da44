"""A backend that does what it is asked, and spoils the answer on its way back."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator

import httpx

Spoil = Callable[[socket.socket, bytes], None]


class Middle(socketserver.ThreadingTCPServer):
    """Hands requests on to ``target``; the answers to ``operation`` are written by ``spoil(wire, body)``, all others as they are."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = ""
        self.operation = "UpdateOrderDetail"
        self.spoil: Spoil | None = None
        self.gate = threading.Event()  # while it is clear, calls of ``operation`` wait before they reach the target
        self.gate.set()
        self.asked = threading.Event()  # set when any other call has been answered

    @property
    def url(self) -> str:
        """The endpoint for the service."""
        return f"http://127.0.0.1:{self.server_address[1]}/slbos"


class _Handler(socketserver.BaseRequestHandler):
    server: Middle

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError), self.request.makefile("rb") as reader:
            while head := self._head(reader):
                length = next((int(value) for name, value in head if name == "content-length"), 0)
                body = reader.read(length)
                held = self.server.operation.encode() in body
                if held:
                    self.server.gate.wait(20)
                passed = {name: value for name, value in head if name in ("content-type", "soapaction")}
                reply = httpx.post(self.server.target, content=body, headers=passed, trust_env=False, timeout=20)
                if self.server.spoil is not None and held:
                    self.server.spoil(self.request, reply.content)
                    return
                fields = f"content-type: {reply.headers['content-type']}\r\ncontent-length: {len(reply.content)}\r\n\r\n"
                self.request.sendall(f"HTTP/1.1 {reply.status_code} Passed\r\n{fields}".encode() + reply.content)
                if not held:
                    self.server.asked.set()

    def _head(self, reader: socket.SocketIO) -> list[tuple[str, str]]:
        """The header fields of the next request; empty where the caller has left."""
        fields = []
        while (line := reader.readline().strip()) or not fields:
            if not line:
                return []
            name, _, value = line.decode("latin-1").partition(":")
            fields.append((name.lower(), value.strip()))
        return fields


@contextlib.contextmanager
def middle() -> Iterator[Middle]:
    """One that listens on a free loopback port."""
    with Middle() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
