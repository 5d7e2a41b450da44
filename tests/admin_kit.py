"""Orders that stand still, made by a service that runs: in doubt, parked, undelivered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adapter.store import Store
from adapter.store.advancing import Change, advance
from adapter.store.listening import subscribe
from adapter.store.outbox import ListenerRow, NewEvent, claim_cursors, park
from adapter.store.task_rows import NewTask, Park
from adapter.store.tasks import acknowledge, claim, put
from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests.service_kit import home_with

LOST = Behaviour(book=False, transport=Transport.CLOSE)
PROBE = "    probe: productOrder.probe\n    settle: 1\n    authoritative: true"


def patient_home(folder: Path, *, deferred: bool = False) -> str:
    """A home whose market pr calls no probe, so that what is in doubt stays so until a person settles it."""
    home = home_with(folder, {})
    file = folder / "config" / "markets" / "pr.yaml"
    text = file.read_text(encoding="utf-8")
    assert PROBE in text
    text = text.replace(PROBE, "    settle: 1").replace("authoritative: true ", "# ")
    file.write_text(text + ("\ndelivery: deferred\n" if deferred else ""), encoding="utf-8")
    return home


async def parked_task(
    store: Store, identifier: str = "poll:X1", lane: str = "poll:nobody", reason: str = "taken 10 times", order: str = ""
) -> None:
    """A task that waits for a person. Nobody works on a lane of a market that is not declared."""
    now = await store.now()
    await store.tx(put, [NewTask(identifier, lane, now - 1000, order)], now - 5000)
    [task] = await store.tx(claim, lane, 1, now, 60_000, "somebody")
    assert await store.tx(acknowledge, [Park(task.id, task.fence, reason)]) == [True]


async def listening(store: Store, identifier: str = "L1", market: str = "pr") -> None:
    """A listener to events of a market."""
    row = ListenerRow(identifier, "tmf", "shop", market, f"https://shop.example/{identifier}", "eventType=*", await store.now())
    assert await store.tx(subscribe, row) is None


async def changed(store: Store, order: Any, state: str, document: bytes) -> None:
    """The order moves on, and an event says so."""
    events = (NewEvent(f"{order.id}-{state}", "ProductOrderStateChangeEvent", document),)
    assert await store.tx(advance, Change(order.id, order.version, state, await store.now(), answer=document, events=events))


async def parked_stream(store: Store, listener: str, reason: str = "HTTP 500") -> str:
    """The first stream of a listener gives up; its order's id."""
    now = await store.now()
    claimed = await store.tx(claim_cursors, listener, 1, now, 60_000, "somebody")
    assert await store.tx(park, claimed[0].delivery, now, reason, 100, now)
    return claimed[0].delivery.order_id
