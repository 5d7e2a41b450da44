"""A bounded load of distinct orders over kept connections, with as little work per order as Python allows.

.venv/bin/python -m benchmarks.load --port 8080 [--orders 2000] [--connections 64]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

from benchmarks.order import OrderRequests

PATIENCE = 120.0


@dataclass
class Measured:
    """What a load saw. Times in seconds; ``latencies`` are sorted."""

    orders: int
    seconds: float
    latencies: list[float] = field(repr=False)
    failures: list[bytes] = field(default_factory=list, repr=False)

    @property
    def rate(self) -> float:
        """Orders per second."""
        return self.orders / self.seconds

    def percentile(self, part: float) -> float:
        """Latency that ``part`` of the orders did not exceed."""
        return self.latencies[min(int(len(self.latencies) * part), len(self.latencies) - 1)]


class Caller(asyncio.Protocol):
    """One connection: the next order goes out when the last one is answered."""

    def __init__(self, load: Load) -> None:
        self._load, self._buffer, self._sent = load, b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        self._next()

    def _next(self) -> None:
        if self._load.left == 0:
            self._transport.close()
            return
        self._load.left -= 1
        self._sent = time.perf_counter()
        self._transport.write(self._load.requests.next())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        if at < 0 or len(self._buffer) < end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0]):
            return
        answer, self._buffer = self._buffer, b""
        self._load.answered(answer, time.perf_counter() - self._sent)
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._load.ended(error)


class Load:
    """``orders`` requests over ``connections``; every answer must be a 201."""

    def __init__(self, requests: OrderRequests, orders: int) -> None:
        self.requests, self.left, self.orders = requests, orders, orders
        self.latencies: list[float] = []
        self.failures: list[bytes] = []
        self.done = asyncio.get_running_loop().create_future()
        self._open = 0

    async def run(self, port: int, connections: int) -> Measured:
        loop = asyncio.get_running_loop()
        self._open = connections
        began = time.perf_counter()
        await asyncio.gather(*(loop.create_connection(lambda: Caller(self), "127.0.0.1", port) for _ in range(connections)))
        async with asyncio.timeout(PATIENCE):
            await self.done
        return Measured(len(self.latencies), time.perf_counter() - began, sorted(self.latencies), self.failures)

    def answered(self, answer: bytes, took: float) -> None:
        self.latencies.append(took)
        if not answer.startswith(b"HTTP/1.1 201"):
            self.failures.append(answer)

    def ended(self, error: Exception | None) -> None:
        self._open -= 1
        if self._open == 0 and not self.done.done():
            if len(self.latencies) < self.orders:
                first = self.failures[0].decode(errors="replace") if self.failures else error
                self.done.set_exception(ConnectionError(f"{self.orders - len(self.latencies)} orders got no answer: {first}"))
            else:
                self.done.set_result(None)


_runs = time.time_ns() // 10**9 % 10**7


def put(port: int, orders: int, connections: int = 64) -> Measured:
    """Puts the load on a port. Raises SystemExit with the first answer that is no 201: such a measurement means nothing."""
    global _runs  # noqa: PLW0603 - ids must differ between all loads of a process
    _runs += 1

    async def main() -> Measured:
        return await Load(OrderRequests(port, _runs), orders).run(port, connections)

    measured = uvloop.run(main())
    if measured.failures:
        raise SystemExit(f"{len(measured.failures)} of {orders} orders failed; the first:\n{measured.failures[0].decode(errors='replace')}")
    return measured


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--orders", type=int, default=2000)
    arguments.add_argument("--connections", type=int, default=64)
    options = arguments.parse_args()
    seen = put(options.port, options.orders, options.connections)
    print(f"{seen.rate:.0f} orders/s, p50 {seen.percentile(0.5) * 1000:.1f} ms, p99 {seen.percentile(0.99) * 1000:.1f} ms")
