"""Stations as spans: nothing while off; names, parents, attributes and the W3C headers while on, at a real collector's endpoint."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapter import tracing
from adapter.errors import CheckFailed, ConfigError
from adapter.settings import Home, Tracing, load_settings
from simulators.http_server import HttpReply, HttpRequest
from tests.inbound_kit import Desk, inbound_home, notice
from tests.listener_kit import listener
from tests.loop_kit import LoopThread
from tests.service_kit import ROOT, closed_port, home_with, pr_order, running
from tests.work_kit import Node, run

CALLERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


@dataclass
class Collector:
    """What an OTLP endpoint got."""

    url: str = ""
    requests: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    def hear(self, request: HttpRequest) -> HttpReply:
        """Takes an export."""
        self.requests.append((request.headers, request.body))
        return HttpReply()

    @property
    def all_spans(self) -> list[Any]:
        """In the order in which they came."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: PLC0415 - of an extra

        exports = [ExportTraceServiceRequest.FromString(body) for _, body in self.requests]
        return [span for export in exports for resource in export.resource_spans for scope in resource.scope_spans for span in scope.spans]

    @property
    def spans(self) -> dict[str, Any]:
        """By name."""
        return {span.name: span for span in self.all_spans}

    def attributes(self, name: str) -> dict[str, Any]:
        """Of one span."""
        return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in self.spans[name].attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra 'tracing' is not installed")
    heard = Collector()
    with LoopThread() as thread, thread.holding(listener(heard.hear)) as root:
        heard.url = f"{root}/v1/traces"
        yield heard


def test_off_there_is_one_station_for_all_and_it_does_nothing():
    with tracing.traced(None):
        assert not tracing.is_on()
        with tracing.station("call", "pr", "productOrder.create") as first, tracing.received("request", {"traceparent": CALLERS}) as second:
            first.note("outcome", "accepted")
            assert first is second
            assert tracing.carried() == {}
            assert tracing.trace_id() == ""
        with pytest.raises(ValueError, match=r"^it$"), tracing.station("call"):
            raise ValueError("it")


def test_off_opentelemetry_is_not_even_imported():
    code = "import sys; from adapter import tracing\nwith tracing.station('a'): tracing.carried()\nprint('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout == "False\n"


def test_on_stations_are_spans_with_parents_attributes_and_outcomes(collector):
    secret = {"authorization": "Bearer demo"}
    with tracing.traced(Tracing.model_validate({"endpoint": collector.url, "service": "edge", "headers": secret})):
        assert tracing.is_on()
        with tracing.received("request", {"traceparent": CALLERS, "tracestate": "shop=1", "accept": "*/*"}) as root:
            root.note("correlation_id", "c-1")
            assert tracing.trace_id() == CALLERS.split("-")[1]
            with tracing.station("map request", "pr", "productOrder.create"):
                pass
            with contextlib.suppress(ValueError), tracing.station("call", "pr", role="CLIENT") as call:
                sent = tracing.carried()
                call.note("status", 503)
                raise ValueError("a secret of the caller")
            assert tracing.trace_id() == CALLERS.split("-")[1], "the outer station is the current one again"
        assert tracing.trace_id() == ""
    assert not tracing.is_on()
    spans = collector.spans
    assert set(spans) == {"request", "map request", "call"}
    trace, parent = bytes.fromhex(CALLERS.split("-")[1]), bytes.fromhex(CALLERS.split("-")[2])
    assert {span.trace_id for span in spans.values()} == {trace}
    assert spans["request"].parent_span_id == parent
    assert {spans[name].parent_span_id for name in ("map request", "call")} == {spans["request"].span_id}
    assert [spans[name].kind for name in ("request", "map request", "call")] == [2, 1, 3]  # server, internal, client
    assert collector.attributes("request") == {"adapter.correlation_id": "c-1"}
    assert collector.attributes("map request") == {"adapter.market": "pr", "adapter.operation": "productOrder.create"}
    assert collector.attributes("call") == {"adapter.market": "pr", "adapter.status": 503}
    assert (spans["call"].status.code, spans["call"].status.message) == (2, "ValueError")
    assert not any(b"secret of" in body for _, body in collector.requests)
    assert sent == {"traceparent": f"00-{trace.hex()}-{spans['call'].span_id.hex()}-01", "tracestate": "shop=1"}
    [(headers, body)] = collector.requests
    assert headers["authorization"] == "Bearer demo"
    assert b"edge" in body


@pytest.mark.parametrize("given", [{}, {"traceparent": "nonsense"}, {"traceparent": CALLERS[:-10]}])
def test_without_a_readable_parent_a_trace_begins_here(collector, given):
    with tracing.traced(Tracing(endpoint=collector.url)), tracing.received("request", given):
        begun = tracing.trace_id()
        assert tracing.carried()["traceparent"].split("-")[1] == begun
    assert begun != CALLERS.split("-")[1]
    assert collector.spans["request"].trace_id.hex() == begun
    assert collector.spans["request"].parent_span_id == b""


def test_a_trace_that_its_caller_does_not_keep_is_carried_on_and_not_sent(collector):
    with tracing.traced(Tracing(endpoint=collector.url)), tracing.received("request", {"traceparent": NOT_SAMPLED}):
        assert tracing.carried()["traceparent"].startswith(NOT_SAMPLED[:35])
        assert tracing.carried()["traceparent"].endswith("-00")
    assert collector.requests == []


def test_a_share_of_none_keeps_none_of_our_own(collector):
    with tracing.traced(Tracing(endpoint=collector.url, share=0)), tracing.received("request", {}), tracing.station("call"):
        pass
    assert collector.requests == []


def test_a_collector_that_does_not_answer_costs_spans_only(caplog):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra 'tracing' is not installed")
    with tracing.traced(Tracing(endpoint=f"http://127.0.0.1:{closed_port()}/v1/traces")), tracing.received("request", {}):
        assert tracing.trace_id()
    assert not tracing.is_on()


def test_the_packages_are_asked_for_only_where_tracing_is_declared(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with tracing.traced(None):
        pass
    with (
        pytest.raises(ConfigError, match=r"tracing is declared.*install the extra 'tracing'"),
        tracing.traced(Tracing(endpoint="http://c:1")),
    ):
        pass


def test_the_section_is_declared_in_the_services_file(tmp_path):
    section = (
        "clients: config/clients.yaml\ntracing: {endpoint: 'http://collector:4318/v1/traces', share: 0.1, headers: {x-key: '${KEY}'}}\n"
    )
    home = Home(type(tmp_path)(home_with(tmp_path / "good", {"config/adapter.yaml": ("clients: config/clients.yaml\n", section)})))
    declared = load_settings(home, {"KEY": "k"}).tracing
    assert declared is not None
    assert (declared.share, declared.service, declared.headers["x-key"].get_secret_value()) == (0.1, "adapter", "k")
    assert load_settings(Home(ROOT), {}).tracing is None
    broken = section.replace("http://collector", "collector")
    home = Home(type(tmp_path)(home_with(tmp_path / "bad", {"config/adapter.yaml": ("clients: config/clients.yaml\n", broken)})))
    with pytest.raises(CheckFailed, match="it must be a URL such as"):
        load_settings(home, {"KEY": "k"})


def test_an_order_is_one_trace_from_its_caller_to_the_backend_with_a_span_for_each_station(collector, tmp_path):
    section = f"clients: config/clients.yaml\ntracing: {{endpoint: '{collector.url}'}}\n"
    home = home_with(tmp_path / "home", {"config/adapter.yaml": ("clients: config/clients.yaml\n", section)})
    with running(tmp_path / "data", {"ADAPTER_HOME": home}) as service:
        order = pr_order()
        assert service.place(order, traceparent=CALLERS, tracestate="shop=1").status_code == 201
        [call] = [call for call in service.calls() if order["externalId"] in call.envelope]
    trace, parent = bytes.fromhex(CALLERS.split("-")[1]), bytes.fromhex(CALLERS.split("-")[2])
    spans = [span for span in collector.all_spans if span.trace_id == trace]
    assert [span.name for span in sorted(spans, key=lambda span: span.start_time_unix_nano)] == [
        "request",
        "map request",
        "record",
        "call",
        "judge",
        "map reply",
        "record",
    ]
    root = next(span for span in spans if span.name == "request")
    assert root.parent_span_id == parent
    assert {span.parent_span_id for span in spans if span is not root} == {root.span_id}
    sent = next(span for span in spans if span.name == "call")
    assert call.headers["traceparent"] == f"00-{trace.hex()}-{sent.span_id.hex()}-01"
    assert call.headers["tracestate"] == "shop=1"
    assert not any(order["externalId"].encode() in body for _, body in collector.requests), "spans carry no content"


def test_a_message_of_a_backend_is_one_trace_with_a_span_for_each_station(collector, tmp_path):
    async def scenario(node: Node) -> None:
        await node.place()
        with tracing.traced(Tracing(endpoint=collector.url)):
            sent = await Desk(node).send(notice((await node.order()).backend_ref, "WORKING"), traceparent=CALLERS)
        assert sent.status_code == 200

    run(inbound_home(tmp_path / "home"), tmp_path / "data", scenario)
    names = [span.name for span in sorted(collector.all_spans, key=lambda span: span.start_time_unix_nano)]
    assert names == ["receive", "read message", "map message", "answer message", "record"]
    trace, parent = (bytes.fromhex(part) for part in CALLERS.split("-")[1:3])
    assert (collector.spans["receive"].trace_id, collector.spans["receive"].parent_span_id) == (trace, parent)
    assert collector.attributes("receive") == {
        "adapter.operation": "productOrder.message",
        "adapter.outcome": "accepted",
        "adapter.status": 200,
    }
