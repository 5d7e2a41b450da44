"""Orders of Jamaica and Panama are followed to their end, at the backend they went to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from adapter import clock
from adapter.following import Answer, Follower
from adapter.ports import Deviation, Outcome
from simulators.cerillion import cerillion
from simulators.liberate import liberate
from tests.jm_kit import jm_order, pa_order
from tests.opened_kit import Opened, message, opened
from tests.service_kit import ROOT

HEADER = {"lob": "FIXED", "channelId": "ECOM", "correlationId": "c-1"}
SELDOM = {"ADAPTER_JM_POLL": "3600", "ADAPTER_PA_POLL": "3600"}


class Quiet:
    """Hears of judged calls and keeps nothing."""

    def judged(self, market: str, operation: str, outcome: Outcome, deviations: Sequence[Deviation]) -> None: ...


async def walked(service: Opened, now: list[float], market: str, order: dict[str, Any]) -> list[tuple[str, str]]:
    """Places an order, moves the backends' clock along and asks each time: how it was answered, and the state then."""
    placed = await service.pipeline.place(message(order, market=market, header=HEADER))
    assert placed.status == 201, placed.body
    row, _ = await service.only_order()
    follower = Follower(service.service.backends, Quiet(), clock.now)
    seen = []
    for _ in range(14):
        followed = await follower.ask(row)
        seen.append((followed.answer, followed.change.state if followed.change is not None else row.state))
        now[0] += 10
    return list(dict.fromkeys(seen))


@pytest.mark.parametrize(
    ("market", "order", "states"),
    [
        ("jm-liberate", jm_order(), ["inProgress", "completed"]),
        ("jm-liberate", jm_order(account="100015870931"), ["held", "inProgress", "completed"]),
        ("jm-cerillion", jm_order("cerillion"), ["inProgress", "completed"]),
        ("jm-cerillion", jm_order(account="91000932"), ["failed"]),
        ("pa", pa_order(), ["inProgress", "completed"]),
        ("pa", pa_order("324063130936"), ["cancelled"]),
    ],
)
def test_an_order_is_followed_to_its_end(tmp_path: Path, market: str, order: dict[str, Any], states: list[str]) -> None:
    now = [1_000_000.0]

    async def scenario() -> list[tuple[str, str]]:
        async with (
            liberate(clock=lambda: now[0]) as one,
            cerillion(clock=lambda: now[0]) as two,
            opened(tmp_path, ROOT, {"liberate": one, "cerillion": two}, **SELDOM) as service,
        ):
            return await walked(service, now, market, order)

    seen = asyncio.run(scenario())
    assert seen[0] == (Answer.UNCHANGED, "acknowledged")
    assert [state for _, state in seen[1:]] == states
    assert seen[-1][0] is Answer.ENDED
