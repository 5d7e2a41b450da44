"""The benchmarks are no tests, but they call the program's own parts: this shows that they still can."""

from __future__ import annotations

import orjson
import pytest
from lxml import etree

from adapter.exchange import prepare
from adapter.intake import scope_of
from adapter.ports import WireRequest
from benchmarks import by_hand_lxml, stations
from benchmarks.order import order


def test_every_station_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stations, "SECONDS", 0.002)
    monkeypatch.setattr(stations, "RUNS", 1)
    monkeypatch.setattr(stations, "RECORDED", {10: 64})
    bench = stations.Bench.of_project()
    costs = dict(stations.stations(bench, 10))
    assert len(costs) == 11
    assert costs["read and check the JSON"] > 0
    assert costs["record: redact, accept, settle"] > 0


def test_what_is_measured_against_hand_written_code_is_the_same_request() -> None:
    bench = stations.Bench.of_project()
    message = bench.message(orjson.dumps(order()))
    request = prepare(bench.backend, stations.OPERATION, scope_of(bench.backend, message, "ref-1")).first
    assert isinstance(request, WireRequest)
    by_hand = by_hand_lxml.request_bytes(message.body, stations.HEADER, "bench-1", "ref-1")
    assert _leaves(request.body) == _leaves(by_hand)


def _leaves(text: bytes) -> list[tuple[str, str]]:
    root = etree.fromstring(text, etree.XMLParser(resolve_entities=False))
    return [(element.tag, element.text or "") for element in root.iter() if not len(element)]
