"""An order on its way to its end, as its listener hears of it, and then as the record has it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from adapter.cli.columns import printable
from adapter.cli.demo_listener import Heard, Listener
from adapter.cli.demo_shown import Shown
from adapter.faces.admin import show_order
from adapter.store import Store, outbox

_PROGRESS_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Ending:
    """``order``, by its number at the face, comes to the state ``until`` within ``seconds``."""

    order: str
    until: str
    seconds: float


async def follow(console: Shown, store: Store, listener: Listener, ending: Ending) -> None:
    """Prints each event of an order as it arrives, until its end, and compares them with the record."""
    heard = await _heard(console, listener, ending)
    state = str(heard[-1].resource.get("state")) if heard else ""
    last = f"the last event told of '{state}'" if heard else "no event came"
    late = f"order {ending.order} did not come to '{ending.until}' within {ending.seconds:g} seconds: {last}"
    if console.confirm(f"the order came to '{ending.until}'", state == ending.until, late):
        recorded = await _recorded(store, ending.order)
        arrived = list(dict.fromkeys(event.id for event in heard))  # a repeat has the id of what it repeats
        lost = f"of order {ending.order} the record has the events {', '.join(recorded)}; there came {', '.join(arrived)}"
        console.confirm(f"all {len(recorded)} events on record arrived, in their order", recorded == arrived, lost)
    forged = ", ".join(event.id for event in heard if not event.genuine)
    if heard:
        console.confirm(
            "every signature is that of the client's key", not forged, f"the signature is not that of the client's key: {forged}"
        )


async def show_timeline(console: Shown, store: Store, order: str) -> None:
    """The order's whole way, without details and bodies."""
    found = await show_order(store, order)
    for step in found["timeline"] if found is not None else ():
        rules = f"  [rules {step['rules']}]" if step["rules"] else ""
        console.say(f"{step['at'] or 'now':24}  {step['kind']:9} {printable(step['text'])}{rules}")


async def _recorded(store: Store, number: str) -> list[str]:
    """The ids of the events on record."""
    order = await show_order(store, number)
    return [] if order is None else [event.id for event in await store.tx(outbox.events_of, order["id"])]


async def _heard(console: Shown, listener: Listener, ending: Ending) -> list[Heard]:
    """The events of the order, each printed as it arrives, until it is at its end or time is up."""
    began, heard = time.monotonic(), list[Heard]()
    while (age := time.monotonic() - began) < ending.seconds:
        try:
            async with asyncio.timeout(min(_PROGRESS_SECONDS, ending.seconds - age)):
                event = await listener.events.get()
        except TimeoutError:
            state = heard[-1].resource.get("state") if heard else "not heard of"
            console.say(f"  {time.monotonic() - began:5.1f} s  … still {state}; waiting for '{ending.until}'", "dim")
            continue
        if event.resource.get("id") != ending.order:
            continue
        heard.append(event)
        console.say(f"  {time.monotonic() - began:5.1f} s  {printable(event.words())}")
        if event.resource.get("state") == ending.until and event.type.endswith("StateChangeEvent"):
            break
    return heard
