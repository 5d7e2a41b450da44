"""Accepted and settled orders per second through the record, with a flush to the disk before every answer.

    .venv/bin/python benchmarks/store.py [--orders 4000] [--folder DIR] [--work MICROSECONDS]

Each order is one transaction before its call and one after it, with the documents and messages of a ten-item order (6 kB).
``--work`` burns that much of the event loop's time per order, as the rest of the service would.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import orjson
import uvloop

from adapter.ports import Issue, OutcomeKind
from adapter.store import Acceptance, Direction, Fresh, MessageRow, Response, Settlement, Store

ITEM = {"id": "10", "action": "add", "@type": "Offer", "product": {"productCharacteristic": [{"name": "ServiceType", "value": "TD"}] * 6}}


def document(number: int) -> bytes:
    notes = [{"@type": f"Note{index}", "text": f"text {number * 31 + index}"} for index in range(30)]
    return orjson.dumps({"externalId": f"E{number}", "note": notes, "productOrderItem": [{**ITEM, "id": str(i)} for i in range(10)]})


def burn(microseconds: int) -> None:
    end = time.perf_counter_ns() + microseconds * 1000
    while time.perf_counter_ns() < end:
        pass


async def one(store: Store, number: int, body: bytes, work: int) -> float:
    now = int(time.time() * 1000)
    began = time.perf_counter()
    request = MessageRow(Direction.CLIENT_REQUEST, "productOrder.create", body, now, "application/json")
    acceptance = Acceptance(
        scope="client/productOrder.create",
        key=f"key:{number}",
        fingerprint=f"{number:064x}",
        market="lab",
        operation="productOrder.create",
        client="bench",
        face="tmf",
        correlation_id=f"c{number}",
        request=body,
        deadline=now + 20_000,
        external_id=f"E{number}",
        rule_version="1",
        messages=(request,),
    )
    fresh = await store.accept(acceptance)
    assert isinstance(fresh, Fresh)
    burn(work)
    messages = (
        MessageRow(Direction.BACKEND_REQUEST, "Update", body[:4000], now, "text/xml"),
        MessageRow(Direction.BACKEND_REPLY, "Update", body[:1500], now, "text/xml", 200),
        MessageRow(Direction.CLIENT_REPLY, "productOrder.create", body, now, "application/json", 201),
    )
    settlement = Settlement(
        OutcomeKind.ACCEPTED,
        now,
        "acknowledged",
        f"B{number}",
        "judged",
        Response(201, body, {"Content-Type": "application/json"}),
        body,
        (Issue("text", "warning", code="ORV59I"),),
        messages,
    )
    assert await store.settle(fresh.order_id, fresh.attempt, settlement)
    return time.perf_counter() - began


async def run(folder: Path, orders: int, callers: int, work: int) -> None:
    store = await Store.open(f"sqlite:///{folder}/bench-{callers}.db")
    bodies = [document(number) for number in range(orders)]
    numbers = iter(range(orders))
    times: list[float] = []

    async def caller() -> None:
        for number in numbers:
            times.append(await one(store, number, bodies[number], work))

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(callers)))
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    await store.close()
    times.sort()
    size = (folder / f"bench-{callers}.db").stat().st_size / orders / 1000
    print(
        f"{callers:3} callers: {orders / wall:7.0f} accepted+settled/s  CPU {cpu / orders * 1e6:5.0f} us/order  "
        f"p50 {times[len(times) // 2] * 1e3:6.2f} ms  p99 {times[len(times) * 99 // 100] * 1e3:6.2f} ms  {size:.1f} kB/order"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=4000)
    parser.add_argument("--work", type=int, default=0)
    parser.add_argument("--switch", type=float, default=sys.getswitchinterval(), help="interpreter's switch interval, seconds")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    sys.setswitchinterval(given.switch)
    for callers, orders in ((1, given.orders // 8), (16, given.orders), (64, given.orders)):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            uvloop.run(run(Path(folder), orders, callers, given.work))


if __name__ == "__main__":
    main()
