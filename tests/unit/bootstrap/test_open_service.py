"""What keeps the service from starting is named, and what goes wrong around it while it runs is counted and told."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from adapter.bootstrap import open_service
from adapter.bootstrap.connectors import way_of
from adapter.errors import CheckFailed, ConfigError, StoreUnavailable
from adapter.market import load_market
from adapter.settings import Home, load_settings
from simulators.http_server import Transport
from simulators.registry import SIMULATORS, VARIABLES, passwords
from simulators.scenario import Behaviour
from tests import opened_kit
from tests.opened_kit import Opened, message, opened
from tests.service_kit import ROOT, home_with, pr_order


def start(tmp_path: Path, home: str, **environment: str) -> None:
    """Opens a service that is expected not to open."""

    async def inside() -> None:
        variables = {**dict.fromkeys(VARIABLES.values(), "http://h/"), **environment}
        async with opened(tmp_path / "data", home, {}, **variables):
            raise AssertionError("it opened")

    asyncio.run(inside())


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("config/markets/lab.yaml", "connector: soap", "connector: corba", "there is no connector 'corba'; there are: soap"),
        ("config/markets/lab.yaml", "mappings/lab/schema/lab.wsdl", "mappings/lab/schema/none.wsdl", "none.wsdl"),
        ("config/markets/pr.yaml", "productOrder.extension.yaml", "none.yaml", "none.yaml"),
        ("config/markets/lab.yaml", "market: lab", "market: lap", "they must be the same"),
        ("config/markets/lab.yaml", "\noperations:", "\noperations:\n  productOrder.cancel: {}", "mappings/lab/productOrder.cancel.yaml"),
        ("config/adapter.yaml", "faces: [hybris, tmf,", "faces: [hybris, soap,", "soap.yaml"),
        ("config/faces/tmf646.yaml", "searchTimeSlot.list", "searchTimeSlt.list", "tmf646.yaml: searchTimeSlt.list: there is no resource"),
        ("mappings/lab/productOrder.create.yaml", "request.description", "request.descriptoin", "did you mean"),
        ("mappings/lab/codes.yaml", "severity: warning", "severity: loud", "loud"),
        ("config/markets/lab.yaml", "\noperations:", '\nwindows: [{cron: "61 2 * * *", minutes: 60}]\noperations:', "lab.yaml:"),
        (
            "config/markets/lab.yaml",
            "\noperations:",
            '\nwindows: [{cron: "61 2 * * *", minutes: 60}]\noperations:',
            "K106: windows.0.cron: '61",
        ),
        (
            "config/markets/lab.yaml",
            "acknowledged: [cancelled,",
            "acknowledged: [canceled,",
            "K202: lives.productOrder.edges.acknowledged.0",
        ),
        ("config/markets/de.yaml", "preAgreement].businessId", "preAgreement].busyId", "M201: related: 'busyId' is not a member"),
        (
            "config/markets/de.yaml",
            "dates: {state: [stateChangeDate]}",
            "dates: {state: [statesChangeDate]}",
            "'statesChangeDate' is not a member",
        ),
        ("config/markets/de.yaml", "history: {member: stateChangeHistory,", "history: {member: history,", "'history' is not a member"),
        ("config/markets/de.yaml", "tells: {stateChangeReason: s", "tells: {reason: s", "'reason' is not a member"),
        ("config/markets/se.yaml", "visibleTo: serviceGuide.xsp", "visibleTo: serviceGuide.xps", "M201: visibleTo: 'xps' is not a member"),
    ],
)
def test_what_is_declared_wrong_is_named_before_anything_listens(tmp_path, file, old, new, words):
    with pytest.raises(ConfigError) as refused:
        start(tmp_path, home_with(tmp_path / "home", {file: (old, new)}))
    assert words in str(refused.value)


@pytest.mark.parametrize("endpoint", ["nonsense", "ftp://host/", "http://", ""])
def test_an_endpoint_that_is_no_address_is_named(tmp_path, endpoint):
    with pytest.raises(ConfigError) as refused:
        start(tmp_path, home_with(tmp_path / "home", {}), ADAPTER_LAB_ENDPOINT=endpoint)
    assert "endpoint" in str(refused.value)


def test_a_record_that_cannot_be_opened_is_named(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "adapter.db").write_bytes(b"this is no database, it only looks like one" * 100)
    with pytest.raises(StoreUnavailable, match=r"adapter\.db"):
        start(tmp_path, str(ROOT))


def test_an_unknown_way_of_speaking_names_the_market_and_the_known_ways():
    market = load_market(ROOT / "config" / "markets" / "lab.yaml", {"ADAPTER_LAB_ENDPOINT": "http://h/"})
    with pytest.raises(ConfigError, match=r"config/markets/lab\.yaml: there is no connector 'smoke'"):
        way_of(market.model_copy(update={"connector": "smoke"}))


def test_security_of_a_market_reaches_its_backend(tmp_path):
    declared = (
        "security:\n  usernameToken: {username: u, password: '${P}', digest: true}\n  basic: {username: u, password: '${P}'}\n\nlimits:"
    )
    home = home_with(tmp_path / "home", {"config/markets/pr.yaml": ("limits:", declared)})

    async def inside() -> dict[str, Any]:
        async with SIMULATORS["slbos"]() as slbos, SIMULATORS["lab"]() as lab:
            async with opened(tmp_path / "data", home, {"slbos": slbos, "lab": lab}, P="s3cret") as service:
                assert (await service.pipeline.place(message())).status == 201
            return slbos.requests()[0]

    seen = asyncio.run(inside())
    assert seen["headers"]["authorization"] == "***"
    assert "PasswordDigest" in seen["envelope"]
    assert "s3cret" not in seen["envelope"]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    def start_with(scenario: Callable[[Opened], Any], home: str = str(ROOT)) -> Any:
        return opened_kit.run(tmp_path / "data", home, scenario)

    return start_with


def page(service: Opened) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(service.service.app), base_url="http://127.0.0.1")


def test_readiness_says_what_is_missing(run):
    async def scenario(service: Opened) -> None:
        async with page(service) as http:
            assert (await http.get("/health/ready")).json() == {"status": "ready", "reasons": []}

            async def full() -> None:
                raise StoreUnavailable("the disk is full")

            service.store.ready = full  # type: ignore[method-assign]
            refused = await http.get("/health/ready")
            assert (refused.status_code, refused.json()["reasons"]) == (503, ["the disk is full"])
            assert (await http.get("/health/live")).status_code == 200

    run(scenario)


def test_what_backends_say_is_counted_by_declared_names_only(run):
    async def scenario(service: Opened) -> None:
        with capture_logs() as logs:
            for house in ("00918424400901", "00918424400911", "00918424400925"):
                await service.pipeline.place(message(pr_order(house=house)))
            service.slbos.once("UpdateOrderDetail", Behaviour(warnings=("ZZZ99Z - NEVER SEEN BEFORE",)))
            await service.pipeline.place(message())
        async with page(service) as http:
            text = (await http.get("/metrics")).text
        for line in (
            'adapter_outcomes_total{market="pr",operation="productOrder.create",outcome="accepted"} 3.0',
            'adapter_outcomes_total{market="pr",operation="productOrder.create",outcome="rejected"} 1.0',
            'adapter_backend_codes_total{code="existing-customer-at-location",market="pr",severity="information"} 1.0',
            'adapter_backend_codes_total{code="unknown",market="pr",severity="warning"} 1.0',
            'adapter_calls_in_flight{market="pr"} 0.0',
            'adapter_call_seconds_count{market="pr",result="replied"} 4.0',
        ):
            assert line in text, line
        assert 'adapter_deviations_total{kind="extra"' in text
        assert "ZZZ99Z" not in text
        events = {line["event"] for line in logs}
        assert {"backend.said", "code.unknown", "reply.deviates"} <= events
        [unknown] = [row for row in await service.store.codes() if not row.name]
        assert (unknown.code, unknown.count, unknown.sample) == ("ZZZ99Z", 1, "ZZZ99Z - NEVER SEEN BEFORE")

    run(scenario)


def test_every_code_of_a_text_is_counted_and_the_adapters_own_words_are_not(run):
    async def scenario(service: Opened) -> None:
        text = "JOB_UNSCHED_ALRT,JBE74A-ENTER OVERRIDE TO UNSCHEDULE JOB,ADP10E-NO DATES AVAILABLE"
        second = "ORV59I - EXISTING CUSTOMER AT LOCATION,QQQ11A-NEVER SEEN"
        service.slbos.once("UpdateOrderDetail", Behaviour(warnings=(text, second)))
        assert (await service.pipeline.place(message())).status == 201
        service.slbos.once("UpdateOrderDetail", Behaviour(book=False, transport=Transport.CLOSE))
        with capture_logs() as logs:
            assert (await service.pipeline.place(message())).status == 504
        assert "backend.said" not in {line["event"] for line in logs}
        assert {row.code: (row.name, row.sample) for row in await service.store.codes()} == {
            "JBE74A": ("job-unscheduled-by-override", text),
            "ADP10E": ("no-dates-available", text),
            "ORV59I": ("existing-customer-at-location", second),
            "QQQ11A": ("", second),
        }
        async with page(service) as http:
            counted = [line for line in (await http.get("/metrics")).text.splitlines() if line.startswith("adapter_backend_codes_total")]
        assert len(counted) == 4
        assert not any("in-doubt" in line for line in counted)

    run(scenario)


def test_readiness_remembers_that_a_request_could_not_be_written(run):
    """The file may grow by a page: the small write of a readiness check fits, a request does not."""

    async def scenario(service: Opened) -> None:
        async with page(service) as http:

            async def ready() -> int:
                return (await http.get("/health/ready")).status_code

            assert await ready() == 200
            most = await service.store._runner.alone(lambda driver: limited(driver, 0))
            note = [{"text": uuid.uuid4().hex, "@type": f"N{number}"} for number in range(400)]
            with pytest.raises(StoreUnavailable):
                await service.pipeline.place(message(pr_order() | {"note": [*pr_order()["note"], *note]}))
            await service.store.remember(small="it fits")
            assert await ready() == 503
            assert await ready() == 503
            await service.store._runner.alone(lambda driver: limited(driver, most))
            assert await ready() == 200
            assert (await service.pipeline.place(message())).status == 201
            assert await ready() == 200

    run(scenario)


def limited(driver: sqlite3.Connection, pages: int) -> int:
    """Bounds the file to so many pages (0: one more than it has); gives the bound it had."""
    (had,) = driver.execute("PRAGMA max_page_count").fetchone()
    (now,) = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count={pages or now + 1}").fetchone()
    return int(had)


def test_the_contract_cache_lies_in_the_data_folder_and_not_in_the_home(tmp_path):
    home = home_with(tmp_path / "home", {})

    async def inside() -> None:
        variables = {"ADAPTER_DATA": str(tmp_path / "data"), **passwords({}), **dict.fromkeys(VARIABLES.values(), "http://h/")}
        settings = load_settings(Home(Path(home)), variables)
        async with open_service(Home(Path(home)), settings, environment=variables, base_url="", loopback=True, admin_token="t"):
            pass

    asyncio.run(inside())
    contracts = tmp_path / "data" / "contracts"
    assert {path.name.rpartition("-")[0] for path in contracts.glob("*.json")} == {
        path.stem for path in ROOT.glob("mappings/*/schema/*.wsdl")
    }
    assert not (tmp_path / "home" / "var").exists()


def test_values_without_a_row_are_counted(run):
    async def scenario(service: Opened) -> None:
        body = pr_order()
        body["productOrderItem"][0]["@type"] = "Novelty"
        await service.pipeline.place(message(body))
        async with page(service) as http:
            assert 'adapter_table_misses_total{direction="request",market="pr",table="lineKind"} 1.0' in (await http.get("/metrics")).text

    run(scenario)


def test_callers_without_a_slot_are_counted_and_nothing_was_sent(run, tmp_path):
    home = home_with(tmp_path / "home", {"config/markets/pr.yaml": ("  slots: 64\n  total: 8", "  slots: 1\n  slot: 0.05\n  total: 2")})

    async def scenario(service: Opened) -> None:
        service.slbos.once("UpdateOrderDetail", Behaviour(after=0.5))
        first = asyncio.create_task(service.pipeline.place(message()))
        await service.called()
        refused = await service.pipeline.place(message())
        assert ((await first).status, refused.status) == (201, 502)
        assert service.slbos.bookings()["total"] == 1
        async with page(service) as http:
            assert 'adapter_slot_refused_total{market="pr"} 1.0' in (await http.get("/metrics")).text

    run(scenario, home)


def test_warnings_about_rules_are_told_and_do_not_keep_the_service_from_starting(tmp_path, run):
    table = "tables:\n  nobodyUsesIt:\n    source: x\n    on_miss: pass\n    rows:\n      a: b\n"
    home = home_with(tmp_path / "home", {"mappings/lab/codes.yaml": ("tables:\n", table)})

    async def scenario(_: Opened) -> None:
        """It is open."""

    with capture_logs() as logs:
        run(scenario, home)
    assert any(line["event"] == "rules.finding" and "nobodyUsesIt" in line["finding"] for line in logs)


def test_a_sweep_that_fails_at_start_is_told_and_the_service_goes_on(tmp_path, monkeypatch, run):
    def full(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr("adapter.work.sweep.orphans", full)

    async def scenario(service: Opened) -> int:
        return (await service.pipeline.place(message())).status

    with capture_logs() as logs:
        assert run(scenario) == 201
    assert ("chore.record-unavailable", "sweep") in [(line["event"], line.get("chore")) for line in logs]


def test_a_mapping_that_is_wrong_is_never_used(tmp_path):
    home = home_with(tmp_path / "home", {"mappings/pr/productOrder.create.yaml": ("reply.orderNumber\n", "reply.orderNo\n")})
    with pytest.raises(CheckFailed) as refused:
        start(tmp_path, home)
    assert all(finding.severity == "error" for finding in refused.value.findings)
    assert "productOrder.create.yaml" in str(refused.value)
