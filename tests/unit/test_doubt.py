"""Settling in doubt, policy by policy: what a market declares, what a home has lost since, what fails meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapter.contract.json_text import parse_json
from adapter.doubt import message_of
from adapter.errors import StoreUnavailable
from adapter.ports import OutcomeKind
from simulators.http_server import Transport
from simulators.registry import SIMULATORS
from simulators.scenario import Behaviour
from tests import opened_kit
from tests.opened_kit import Opened, message, opened
from tests.service_kit import home_with, pr_order
from tests.waiting import until

CUT = Behaviour(transport=Transport.CLOSE)  # booked, and not a word: the connection ends
LOST = Behaviour(book=False, transport=Transport.CLOSE)
PROBE = "    probe: productOrder.probe\n    settle: 1\n    authoritative: true"


def home_of(folder: Path, settling: str) -> str:
    """A home whose market pr settles so."""
    home = home_with(folder, {"config/markets/pr.yaml": ("  total: 8", "  total: 2")})
    file = folder / "config" / "markets" / "pr.yaml"
    text = file.read_text(encoding="utf-8")
    assert PROBE in text
    file.write_text(text.replace(PROBE, settling), encoding="utf-8")
    return home


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """Runs ``scenario(opened)`` on a service whose market pr settles as declared."""

    def start(scenario: Callable[[Opened], Any], settling: str = PROBE.replace("settle: 1", "settle: 0.05")) -> Any:
        return opened_kit.run(tmp_path / "data", home_of(tmp_path / "home", settling), scenario)

    return start


def operations(service: Opened) -> list[str]:
    return [call["operation"] for call in service.slbos.requests()]


def test_without_a_probe_an_order_stays_in_doubt_and_is_never_sent_again(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        service.slbos.once("UpdateOrderDetail", LOST)
        with capture_logs() as logs:
            for _ in range(3):
                assert (await service.pipeline.place(sent)).status == 504
        assert operations(service) == ["UpdateOrderDetail"]
        assert [line["event"] for line in logs].count("doubt.no-probe") == 2

    run(scenario, "    settle: 0")


def test_f11_a_probe_that_is_not_authoritative_proves_nothing_by_finding_none(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        service.slbos.once("UpdateOrderDetail", LOST)
        for _ in range(3):
            assert (await service.pipeline.place(sent)).status == 504
        assert operations(service) == ["UpdateOrderDetail", "FindOrder", "FindOrder"]

    run(scenario, "    probe: productOrder.probe\n    settle: 0")


def test_a_probe_that_is_not_authoritative_may_still_find_the_order(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        service.slbos.once("UpdateOrderDetail", CUT)
        assert [(await service.pipeline.place(sent)).status for _ in range(2)] == [504, 201]

    run(scenario, "    probe: productOrder.probe\n    settle: 0")


def test_nobody_is_kept_waiting_for_a_proof_that_takes_long(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        service.slbos.once("UpdateOrderDetail", LOST)
        reply = await service.pipeline.place(sent)
        assert (reply.status, reply.headers["Retry-After"]) == (504, "60")
        async with asyncio.timeout(50):
            assert (await service.pipeline.place(sent)).status == 504
        assert operations(service) == ["UpdateOrderDetail", "FindOrder"]

    run(scenario, PROBE.replace("settle: 1", "settle: 60"))


def test_a_probe_that_is_not_answered_settles_nothing(run):
    """F9: while the search is down nothing is sent, and when it is back the order is found."""

    async def scenario(service: Opened) -> None:
        sent = message()
        service.slbos.once("UpdateOrderDetail", CUT)
        service.slbos.once("FindOrder", LOST, 2)
        assert [(await service.pipeline.place(sent)).status for _ in range(4)] == [504, 504, 504, 201]
        assert operations(service) == ["UpdateOrderDetail", "FindOrder", "FindOrder", "FindOrder"]

    run(scenario)


def test_a_probe_that_can_no_longer_be_made_leaves_the_order_as_it_is(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        service.slbos.once("UpdateOrderDetail", CUT)
        assert (await service.pipeline.place(sent)).status == 504
        backends = dict(service.pipeline.backends)
        kept = {name: rules for name, rules in backends["pr"].translators.items() if name != "productOrder.probe"}
        service.pipeline.doubt.backends = {**backends, "pr": replace(backends["pr"], translators=kept)}
        with capture_logs() as logs:
            assert (await service.pipeline.place(sent)).status == 504
        assert "doubt.probe-not-possible" in [line["event"] for line in logs]
        service.pipeline.doubt.backends = backends
        assert (await service.pipeline.place(sent)).status == 201

    run(scenario)


def test_markets_and_faces_that_are_gone_keep_their_orders_for_when_they_are_back(run):
    async def scenario(service: Opened) -> None:
        service.slbos.once("UpdateOrderDetail", CUT)
        assert (await service.pipeline.place(message())).status == 504
        doubt, backends, renderers = service.pipeline.doubt, service.pipeline.backends, service.pipeline.renderers
        order, [attempt] = await service.only_order()
        with capture_logs() as logs:
            doubt.backends = {"lab": backends["lab"]}
            assert not await doubt.settle(order, attempt)
            doubt.backends, doubt.renderers = backends, {"tmf": renderers["tmf"]}
            assert not await doubt.settle(order, attempt)
        assert {"doubt.no-probe", "doubt.no-face"} <= {line["event"] for line in logs}
        doubt.renderers = renderers
        assert await doubt.settle(order, attempt)
        order, [attempt] = await service.only_order()
        assert (order.outcome, attempt.outcome) == (OutcomeKind.ACCEPTED, OutcomeKind.ACCEPTED)

    run(scenario)


def test_a_record_that_fails_ends_the_settling_and_is_told(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        service.slbos.once("UpdateOrderDetail", CUT)
        assert (await service.pipeline.place(sent)).status == 504
        real = service.store.keep

        async def full(*_: Any) -> None:
            raise StoreUnavailable("the disk is full")

        service.store.keep = full  # type: ignore[method-assign]
        with pytest.raises(StoreUnavailable):
            await service.pipeline.place(sent)
        service.store.keep = real  # type: ignore[method-assign]
        assert (await service.pipeline.place(sent)).status == 201

    run(scenario)


@pytest.mark.parametrize(("booked", "ends"), [(True, ["accepted"]), (False, ["absent"])])
def test_what_a_crash_left_open_is_settled_at_start(tmp_path: Path, booked: bool, ends: list[str]):
    """The first service is cut off in the middle of its call: its attempt has no outcome at all."""
    home = home_of(tmp_path / "home", PROBE.replace("settle: 1", "settle: 0.05"))
    sent = message()

    async def scenario() -> tuple[Any, Any, list[Any]]:
        async with SIMULATORS["slbos"]() as slbos, SIMULATORS["lab"]() as lab:
            backends = {"slbos": slbos, "lab": lab}
            async with opened(tmp_path / "data", home, backends) as first:
                slbos.once("UpdateOrderDetail", Behaviour(book=booked, transport=Transport.NEVER))
                placing = asyncio.create_task(first.pipeline.place(sent))
                await first.called()
                placing.cancel()  # what a kill does to the tasks of a process
                await asyncio.gather(placing, return_exceptions=True)
            with capture_logs() as logs:
                async with opened(tmp_path / "data", home, backends) as second:

                    async def ended() -> tuple[Any, list[Any]] | None:
                        order, attempts = await second.only_order()
                        return None if attempts[0].outcome is None else (order, attempts)

                    order, attempts = await until(ended, "the attempt that was left open is asked for")
                    assert "doubt.found" in [line["event"] for line in logs]
                    return order, attempts, await second.store.messages(order.id)

    order, attempts, messages = asyncio.run(scenario())
    assert [attempt.outcome for attempt in attempts] == ends
    assert order.state == "acknowledged"
    assert [row.operation for row in messages].count("FindOrder") >= 2


def test_the_end_of_the_service_does_not_wait_for_probes(tmp_path: Path):
    home = home_of(tmp_path / "home", PROBE.replace("settle: 1", "settle: 60"))

    async def scenario() -> None:
        async with asyncio.timeout(50), opened(tmp_path / "data", home) as service:
            sent = message()
            service.slbos.once("UpdateOrderDetail", LOST)
            assert (await service.pipeline.place(sent)).status == 504
            order, [attempt] = await service.only_order()
            waiting = asyncio.create_task(service.pipeline.doubt.settle(order, attempt))
            await service.called(2)
            waiting.cancel()

    asyncio.run(scenario())


def test_a_stored_order_comes_back_digit_for_digit(run):
    async def scenario(service: Opened) -> None:
        text = b'{"orderTotalPrice":[{"price":{"taxRate":11.50,"percentage":100000000000000000000000000.25}}],"priority":"1"}'
        priced = parse_json(text)
        sent = message(pr_order() | priced)
        assert (await service.pipeline.place(sent)).status == 201
        order, _ = await service.only_order()
        assert b"11.50" in order.request
        assert message_of(order).body == sent.body

    run(scenario)
