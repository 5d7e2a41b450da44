"""A body that the disk has changed is told from what was written, by name, and holds up nothing else."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlalchemy import LargeBinary, bindparam, update

from adapter.errors import StoreUnavailable
from adapter.faces.admin.orders import way_of_order
from adapter.store import outbox
from adapter.store.connection import Statement
from adapter.store.listening import subscribe
from adapter.store.outbox import ListenerRow, NewEvent, claim_cursors
from adapter.store.packing import Packer, unpack
from adapter.store.schema import event, idempotency, message, resource_order

BODY = b'{"note":[' + b",".join(b'{"text":"%d"}' % number for number in range(400)) + b"]}"


def _spoilt(blob: bytes) -> bytes:
    """One bit of a literal is another, as by a disk that does not notice: the frame itself is whole."""
    changed = bytearray(blob)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("place", range(8))
def test_a_changed_bit_anywhere_in_a_body_is_noticed(place):
    packed = Packer().pack(BODY)
    assert unpack(bytes(packed), "it") == BODY
    packed[10 + place * (len(packed) - 11) // 7] ^= 4
    with pytest.raises(StoreUnavailable, match=r"^message 3 of order A is damaged in the record \(.*restore a backup$"):
        unpack(bytes(packed), "message 3 of order A")


@pytest.mark.parametrize(
    ("column", "what"),
    [
        (idempotency.c.body, "the answer"),
        (resource_order.c.answer, "the document"),
        (resource_order.c.request, "the request"),
    ],
    ids=str,
)
def test_a_damaged_body_is_named_and_the_rest_is_read(with_store, acceptance, settlement, column, what):
    def spoil(c, order_id):
        key = column.table.c.get("order_id", column.table.c.get("id"))
        statement = Statement(
            update(column.table).where(key == bindparam("order")).values({column.name: bindparam("spoilt", type_=LargeBinary())})
        )
        c.change(statement, {"order": order_id, "spoilt": _spoilt(bytes(Packer().pack(BODY)))})

    async def read(store, order_id, key):
        """All that there is of an order; what cannot be read as its error."""
        looks = (
            store.messages(order_id),
            store.lookup("shop/productOrder.create", key, "f1"),
            store.order(order_id),
            store.attempts(order_id),
        )
        return await asyncio.gather(*looks, return_exceptions=True)

    async def scenario(store):
        orders = []
        for key in ("k1", "k2"):
            fresh = await store.accept(acceptance(key, request=BODY))
            await store.settle(fresh.order_id, 1, settlement(answer=BODY))
            orders.append((fresh.order_id, key))
        before = [await read(store, *order) for order in orders]
        await store.tx(spoil, orders[0][0])
        return orders[0][0], before, [await read(store, *order) for order in orders]

    spoilt, before, after = with_store(scenario)
    assert after[1] == before[1]
    errors = [look for look in after[0] if isinstance(look, Exception)]
    assert [type(error) for error in errors] == [StoreUnavailable]
    assert str(errors[0]).startswith(f"{what} of order {spoilt} is damaged in the record")
    assert [look for look in after[0] if look not in errors] == [look for look in before[0] if look in after[0]]


def test_people_see_the_rest_of_an_order_and_what_is_damaged_in_it(with_store, acceptance, settlement):
    spoilt = bindparam("spoilt", type_=LargeBinary())
    spoilers = (
        Statement(update(message).where(message.c.direction == bindparam("which")).values(body=spoilt)),
        Statement(update(event).where(event.c.id == bindparam("which")).values(document=spoilt)),
    )

    async def scenario(store):
        fresh = await store.accept(acceptance("k1"))
        events = tuple(NewEvent(f"event-{number}", "Changed", b'{"state":"%d"}' % number) for number in (1, 2))
        await store.settle(fresh.order_id, 1, settlement(events=events))
        before = await way_of_order(store, fresh.order_id)
        for spoiler, which in zip(spoilers, ("client-request", "event-1"), strict=True):
            spoil = partial(_spoil, spoiler, which)
            assert await store.tx(spoil) == 1
        return fresh.order_id, before, await way_of_order(store, fresh.order_id)

    order_id, before, after = with_store(scenario)
    said = {what: f"{what} of order {order_id} is damaged in the record" for what in ("message 0", "event 1")}
    assert [bool(each["damage"]) for each in after["messages"]] == [True] + [False] * (len(before["messages"]) - 1)
    assert after["messages"][0]["damage"].startswith(said["message 0"])
    assert after["messages"][0] | {"damage": "", "body": before["messages"][0]["body"]} == before["messages"][0]
    assert after["messages"][1:] == before["messages"][1:]
    marked = [step["lines"][-1] for step in after["timeline"] if any("is damaged" in line for line in step["lines"])]
    assert [line.partition(" (")[0] for line in marked] == list(said.values())
    assert all("look at its disk, and restore a backup" in line for line in marked)
    steps = [[step["text"] for step in way["timeline"] if step["kind"] != "state"] for way in (before, after)]
    assert steps[0] == steps[1]


def _spoil(statement, which, c):
    return c.change(statement, {"which": which, "spoilt": _spoilt(bytes(Packer().pack(BODY)))})


def test_a_listener_hears_all_before_a_damaged_event_and_its_other_streams_go_on(with_store, clock):
    async def scenario(store):
        listener = ListenerRow("L", "tmf", "shop", "north", "http://127.0.0.1/", "", clock.now)
        await store.tx(subscribe, listener)
        for order in "AB":
            await store.tx(outbox.publish, order, "north", 1, [NewEvent(f"{order}-{n}", "Changed", BODY) for n in (1, 2, 3)], clock.now)
        spoil = Statement(update(event).where(event.c.id == bindparam("which")).values(document=bindparam("spoilt", type_=LargeBinary())))
        await store.tx(lambda c: c.change(spoil, {"which": "A-2", "spoilt": _spoilt(bytes(Packer().pack(BODY)))}))
        claimed = await store.tx(claim_cursors, "L", 5, clock.now, 1000, "n1")
        return {one.delivery.order_id: [event.seq for event in one.events] for one in claimed}

    assert with_store(scenario) == {"A": [1], "B": [1, 2, 3]}
