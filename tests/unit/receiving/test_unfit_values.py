"""A message with a value that is none is the sender's to mend: it is told so, nothing is recorded, and no person is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.errors import InvalidMessage
from tests.inbound_kit import edited, inbound_home, kept, notice, receiving, said, take
from tests.work_kit import Node, run


@pytest.mark.parametrize("day", ["2026-02-30", "soon", ""])
def test_a_day_that_is_none_is_refused_and_nothing_is_recorded(on, day):
    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        with pytest.raises(InvalidMessage, match="nothing of it was taken over") as caught:
            await take(desk, notice(order.backend_ref, "WORKING", expectedOn=day))
        assert [str(problem) for problem in caught.value.problems] == ["expectedOn: is not a date such as 2024-05-31"]
        assert await node.order() == order
        assert await kept(node, order.id) == []
        mended = await take(desk, notice(order.backend_ref, "WORKING", expectedOn="2026-02-28"))  # under the same number
        assert (mended.outcome, (await node.order()).state) == ("accepted", "inProgress")

    on(scenario)


def test_what_a_person_has_to_look_at_stays_until_a_state_is_told(tmp_path: Path):
    home = inbound_home(tmp_path / "home")
    edited(
        home,
        "message",
        "{value: message.status, table: orderState}",
        "{value: message.status, table: orderState, when: message.expectedOn is absent}",
    )

    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        strange = await take(desk, notice(order.backend_ref, "SNOOZING", "N-1"))
        assert (strange.outcome, said(strange.reply)) == ("attention", {"result": "TAKEN"})
        why = (await node.order()).attention
        assert "SNOOZING" in why
        await take(desk, notice(order.backend_ref, "WORKING", "N-2", expectedOn="2026-02-28"))  # tells of a day, and of no state
        delayed = await node.order()
        assert (delayed.state, delayed.attention) == ("acknowledged", why)
        await take(desk, notice(order.backend_ref, "BOOKED", "N-3"))  # the state that is known already
        assert ((await node.order()).state, (await node.order()).attention) == ("acknowledged", "")

    run(home, tmp_path / "data", scenario)
