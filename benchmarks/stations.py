"""What each station of the straight line costs for 10, 60 and 300 items, and mapping with serialising against the same by hand.

    .venv/bin/python -m benchmarks.stations [--output FILE]

Processor time of one thread in microseconds, the median of several runs; the record is measured with 64 orders in flight, a flush
to the disk before each answer, and the time of its writer thread included.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import uvloop

from adapter import clock
from adapter.backend import Backend
from adapter.bootstrap.connectors import way_of
from adapter.bootstrap.rules import read_rules
from adapter.conclusion import Exchange, answer_of, conclude
from adapter.contract.json_text import parse_json
from adapter.exchange import Prepared, judge, prepare
from adapter.faces.callers import Callers, Spelled
from adapter.faces.clients import load_clients
from adapter.faces.declaration import load_face
from adapter.faces.incoming import Incoming
from adapter.faces.rendering import Renderer
from adapter.intake import Intake, intake_of, scope_of
from adapter.market import load_market
from adapter.ports import Answer, Call, Message, Result, WireReply
from adapter.redaction import Redaction
from adapter.settings import Home, load_settings
from adapter.store import Fresh, OrderIds, Store
from adapter.wire import Wire, WireSettings
from benchmarks import by_hand_lxml
from benchmarks.order import order
from benchmarks.server import disk
from benchmarks.stub_backend import answer
from benchmarks.table import table

ITEMS = (10, 60, 300)
OPERATION = "productOrder.create"
ENVIRONMENT = {"ADAPTER_PR_ENDPOINT": "http://127.0.0.1:9/soap", "ADAPTER_LAB_ENDPOINT": "http://127.0.0.1:9/lab"}
HEADER = {"X-Conversation-Id": "QAHA017633E52B68CF0000", "channelId": "ECOM", "lob": "FIXED", "correlationId": "bench-1"}
CREDENTIALS = [
    (b"client-id", b"demo-channel"),
    (b"client-secret", b"demo-secret"),
    (b"content-type", b"application/json"),
    (b"host", b"localhost"),
]
WARNINGS = ("ORV59I - EXISTING CUSTOMER AT LOCATION", "JOB_UNSCHED_ALRT, ORV59I - EXISTING CUSTOMER AT LOCATION")
NEW_ID = OrderIds(clock.now)
SECONDS = 0.15
RUNS = 7
RECORDED = {10: 1500, 60: 600, 300: 200}


@dataclass
class Bench:
    """The parts of the service, as bootstrap joins them, without sockets."""

    backend: Backend
    callers: Callers
    renderer: Renderer
    credentials: Spelled

    @classmethod
    def of_project(cls) -> Bench:
        home = Home.find(os.environ)
        faces = [load_face(home.face_file(name), ENVIRONMENT) for name in ("hybris", "tmf")]
        market = load_market(home.market_file("pr"), ENVIRONMENT)
        rules = read_rules(home, market, faces)
        connector = way_of(market).connect(market, home.path(market.contract), load_settings(home, os.environ | ENVIRONMENT).contract_cache)
        backend = Backend(
            market, connector, Wire(WireSettings()), rules.translators(), rules.validators(), rules.catalogue, Redaction(market.redact)
        )
        callers = Callers(load_clients(home.path("config/clients.yaml"), ENVIRONMENT), [OPERATION], open_here=True)
        return cls(backend, callers, Renderer(faces[0]), Spelled(faces[0].credentials))

    def message(self, raw: bytes, number: int = 1) -> Message:
        return Message(
            face="hybris",
            client="demo-channel",
            market="pr",
            operation=OPERATION,
            correlation_id=f"bench-{number}",
            body=parse_json(raw),
            raw=raw,
            header=HEADER,
            query={},
            path={"businessId": "PR"},
            received_at=clock.now(),
            key=f"correlationId:bench-{number}",
        )


def cost(work: Callable[[], object]) -> float:
    """Microseconds of processor time per call."""
    count, spent = 1, 0.0
    while spent < SECONDS / 10:
        count *= 2
        spent = _spent(work, count)
    count = max(1, int(count * SECONDS / spent / RUNS))
    return statistics.median(_spent(work, count) / count for _ in range(RUNS)) * 1e6


def _spent(work: Callable[[], object], count: int) -> float:
    repeat = itertools.repeat(None, count)
    began = time.process_time()
    for _ in repeat:
        work()
    return time.process_time() - began


def stations(bench: Bench, items: int) -> Iterator[tuple[str, float]]:
    """Name and cost of each station for one order of that many items."""
    backend, raw = bench.backend, orjson.dumps(order(items), option=orjson.OPT_INDENT_2)
    message = bench.message(raw)
    intake = intake_of(message, NEW_ID())
    scope = scope_of(backend, message, intake.client_reference)
    translator, validator, codec = backend.translators[OPERATION], backend.validators[OPERATION], backend.connector
    document = translator.request(scope).document
    prepared = prepare(backend, OPERATION, scope)
    raw_reply = WireReply(200, {"content-type": "text/xml; charset=utf-8"}, answer(items).replace(b"@NUMBER@", b"1200047552281013"))
    read = _reader(bench, document, raw_reply)
    judged = replace(judge(backend, prepared, read()), raw=raw_reply)
    mapped = answer_of(prepared, judged, "hybris")
    result = Result(judged.outcome, mapped.view)
    incoming = Incoming({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": CREDENTIALS}, _no_body)
    asyncio.run(bench.callers.identify(incoming, bench.credentials))  # the slow hash is paid once, not per request

    yield "read and check the JSON", cost(lambda: validator.problems(parse_json(raw)))
    yield "know the caller", cost(lambda: _at_once(bench.callers.identify(incoming, bench.credentials)))
    yield "key, fingerprint, scope", cost(lambda: scope_of(backend, message, intake_of(message, intake.order_id).client_reference))
    yield "map the request", cost(lambda: translator.request(scope))
    yield "write the request", cost(lambda: next(codec.exchange(Call("UpdateOrderDetail", document))))
    yield "read the reply", cost(read) - cost(lambda: next(codec.exchange(Call("UpdateOrderDetail", document))))
    reading = read()
    yield "judge the outcome", cost(lambda: judge(backend, prepared, reading))
    yield "read two warnings", cost(lambda: backend.catalogue.read_all(WARNINGS, "warning"))
    mapping, writing = cost(lambda: answer_of(prepared, judged, "hybris")), cost(lambda: bench.renderer(message, result))
    yield "map the reply, and the face's view", mapping
    yield "write the answer", writing
    concluded = uvloop.run(_record(bench, raw, prepared, raw_reply, RECORDED[items]))
    yield "record: redact, accept, settle", concluded - mapping - writing


def _reader(bench: Bench, document: dict[str, Any], reply: WireReply) -> Callable[[], Answer]:
    def read() -> Answer:
        exchange = bench.backend.connector.exchange(Call("UpdateOrderDetail", document))
        next(exchange)
        try:
            exchange.send(reply)
        except StopIteration as done:
            found: Answer = done.value
            return found
        raise AssertionError("the connector asked for a second call")

    return read


async def _record(bench: Bench, raw: bytes, prepared: Prepared, reply: WireReply, orders: int) -> float:
    document = prepared.translator.request(prepared.scope).document
    judged = replace(judge(bench.backend, prepared, _reader(bench, document, reply)()), raw=reply)
    messages = [bench.message(raw.replace(b"0000000000002861", b"%016d" % number), number) for number in range(orders)]
    intakes: list[Intake] = [intake_of(message, NEW_ID()) for message in messages]
    with tempfile.TemporaryDirectory(prefix="bench-", dir=disk()) as folder:
        store = await Store.open(f"sqlite:///{folder}/record.db", clock=clock.now)
        numbers = iter(range(orders))

        async def caller() -> None:
            for number in numbers:
                fresh = await store.accept(intakes[number].acceptance(bench.backend, prepared, clock.now()))
                assert isinstance(fresh, Fresh)
                conclusion = conclude(Exchange(bench.backend, prepared, judged, messages[number], fresh, bench.renderer, clock.now()))
                assert await store.settle(fresh.order_id, fresh.attempt, conclusion.settlement)

        began = time.process_time()
        await asyncio.gather(*(caller() for _ in range(64)))
        spent = time.process_time() - began
        await store.close()
    return spent / orders * 1e6


def _at_once(coroutine: Any) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("a known caller must not wait")


async def _no_body() -> dict[str, Any]:
    return {"type": "http.request"}


def by_hand(bench: Bench) -> str:
    """Mapping with serialising of the documented order: ours, and plain Python with lxml."""
    message = bench.message(orjson.dumps(order()))
    scope = scope_of(bench.backend, message, "ref-1")
    ours = cost(lambda: prepare(bench.backend, OPERATION, scope))
    hand = cost(lambda: by_hand_lxml.request_bytes(message.body, HEADER, "bench-1", "ref-1"))
    rows = [["by hand with lxml", f"{hand:.0f} us", "1.00"], ["mapping file and WSDL, compiled", f"{ours:.0f} us", f"{ours / hand:.2f}"]]
    return table(["one documented order, mapped and serialised", "cost", "ratio"], rows)


def report(bench: Bench) -> str:
    """Both tables."""
    gc.collect()
    gc.freeze()
    columns = [dict(stations(bench, items)) for items in ITEMS]
    rows = [_row(name, [column[name] for column in columns]) for name in columns[0]]
    rows.append(_row("all stations", [sum(column.values()) for column in columns]))
    head = ["station", *(f"{items} items, us" for items in ITEMS), *(f"per item, {items} against 10" for items in ITEMS[1:])]
    return table(head, rows) + "\n\n" + by_hand(bench)


def _row(name: str, costs: list[float]) -> list[str]:
    per_item = [cost / items for cost, items in zip(costs, ITEMS, strict=True)]
    return [name, *(f"{cost:.1f}" for cost in costs), *(f"{one / per_item[0]:.2f}" for one in per_item[1:])]


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--output", type=Path)
    options = arguments.parse_args()
    text = report(Bench.of_project())
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
