"""A backend that is away for long, and the order that is tried again and again meanwhile: what is kept of it does not grow for ever."""

from __future__ import annotations

from pathlib import Path

from adapter.ports import OutcomeKind
from adapter.store.submitting import KEPT
from adapter.work.lane import PARK_AFTER
from simulators.scenario import Behaviour, Fault
from tests.work_kit import FOLLOWED, Node, lab_home, run

BUSY = Behaviour(fault=Fault(text="The order desk is busy", code="L901", detail="LATER"))
DEFERRED = "delivery: deferred\nbreaker: {failures: 1, pause: 5}\n" + FOLLOWED
TIMES = KEPT + 3 * PARK_AFTER


def test_of_many_attempts_that_did_nothing_the_first_and_the_last_are_kept(tmp_path: Path) -> None:
    async def scenario(n: Node) -> None:
        await n.place()
        order = await n.order()
        taken = len(await n.store.messages(order.id))
        n.simulator.once("CreateOrder", BUSY, TIMES)
        for _ in range(TIMES):
            await n.round("submit")
            n.clock.later(5)
        attempts, messages = await n.attempts(), await n.store.messages(order.id)
        assert [one.number for one in attempts] == [1, *range(TIMES - KEPT + 1, TIMES + 1)]
        assert {one.outcome for one in attempts} == {OutcomeKind.UNAVAILABLE}
        assert {row.attempt for row in messages} == {0, *(one.number for one in attempts)}
        assert len(messages) == taken + 2 * (KEPT + 1)
        await n.round("submit")
        order = await n.order()
        assert (order.outcome, order.attempt, n.booked()) == (OutcomeKind.ACCEPTED, TIMES + 1, 1)
        assert len(await n.attempts()) == KEPT + 1

    run(lab_home(tmp_path / "h", DEFERRED), tmp_path / "data", scenario)
