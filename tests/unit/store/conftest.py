from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.ports import Issue, OutcomeKind
from adapter.store import Acceptance, Direction, MessageRow, Response, Settlement, Store
from tests import postgres_kit, record_kit

ENGINES = ("sqlite", "postgresql")
START = 1_760_000_000_000


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that opens a record runs on both engines, unless it or its module names its own."""
    chosen = any("engine" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" in metafunc.fixturenames and not chosen:
        metafunc.parametrize("engine", getattr(metafunc.module, "ENGINES", ENGINES))


@pytest.fixture
def engine() -> str:
    return ENGINES[0]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(tmp_path: Path, engine: str) -> Iterator[str]:
    with postgres_kit.record(engine, tmp_path / "var") as made:
        yield made


@pytest.fixture
def with_store(url: str, clock: Clock) -> Callable[[Callable[[Store], Awaitable[Any]]], Any]:
    """Opens the record, runs a coroutine function with it, closes it; again and again on the same record."""

    def run(scenario: Callable[[Store], Awaitable[Any]], **options: Any) -> Any:
        return record_kit.on_store(url, scenario, clock=clock, **options)

    return run


@pytest.fixture
def acceptance() -> Callable[..., Acceptance]:
    def build(key: str = "k1", **changes: Any) -> Acceptance:
        values: dict[str, Any] = {
            "scope": "shop/productOrder.create",
            "key": key,
            "fingerprint": "f1",
            "market": "north",
            "operation": "productOrder.create",
            "client": "shop",
            "face": "tmf",
            "correlation_id": "c-1",
            "request": b'{"externalId":"E-1"}',
            "deadline": START + 20_000,
            "external_id": "",
            "rule_version": "rules-1",
            "resource": "productOrder",
            "messages": (MessageRow(Direction.CLIENT_REQUEST, "productOrder.create", b'{"externalId":"E-1"}', START, "application/json"),),
        }
        return Acceptance(**{**values, **changes})

    return build


@pytest.fixture
def settlement() -> Callable[..., Settlement]:
    def build(outcome: OutcomeKind = OutcomeKind.ACCEPTED, **changes: Any) -> Settlement:
        body = b'{"id":"B-1","state":"acknowledged"}'
        values: dict[str, Any] = {
            "at": START + 900,
            "state": "acknowledged",
            "backend_ref": "B-1" if outcome is OutcomeKind.ACCEPTED else "",
            "evidence": "judged by order.create.yaml:12:3",
            "response": Response(201, body, {"Content-Type": "application/json", "Location": "/order/B-1"}),
            "answer": body if outcome is OutcomeKind.ACCEPTED else None,
            "issues": (Issue("ORV59I - no technician", "warning", ret="ORV59I", code="ORV59I", name="order.no-technician"),),
            "messages": (
                MessageRow(Direction.BACKEND_REQUEST, "Update", b"<Update/>", START + 10, "text/xml"),
                MessageRow(Direction.BACKEND_REPLY, "Update", b"<UpdateResponse/>", START + 890, "text/xml", 200),
                MessageRow(Direction.CLIENT_REPLY, "productOrder.create", body, START + 900, "application/json", 201),
            ),
        }
        return Settlement(outcome, **{**values, **changes})

    return build
