"""Messages that a backend sends of its own accord: an order moves, once, and the backend is answered when that is on record."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from adapter.contract.json_text import parse_json
from adapter.errors import Overloaded, StoreUnavailable
from adapter.ports import OutcomeKind
from adapter.store import Direction, schema
from adapter.store.connection import Connection, Statement
from adapter.store.packing import Packer
from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests.inbound_kit import called, edited, forget, inbound_home, kept, notice, receiving, said, take
from tests.work_kit import Node, document, run


def test_a_message_moves_its_order(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order = await node.order()
        body = notice(order.backend_ref, "WORKING", expectedOn="2024-02-01")
        taken = await take(receiving(node), body)
        assert (taken.outcome, said(taken.reply), taken.order_id) == ("accepted", {"result": "TAKEN"}, order.id)
        moved = await node.order()
        shown = parse_json(moved.answer)
        assert (moved.state, moved.legacy_state, moved.attention, moved.done_at) == ("inProgress", "WORKING", "", None)
        assert (shown["id"], shown["expectedCompletionDate"]) == (order.backend_ref, "2024-02-01T00:00:00Z")
        assert await node.kinds() == ["CreateEvent", "AttributeValueChangeEvent", "StateChangeEvent"]
        assert await kept(node, order.id) == [(Direction.BACKEND_MESSAGE, body), (Direction.BACKEND_MESSAGE_REPLY, taken.reply.body)]

    on(scenario)


def test_a_message_that_comes_again_gets_the_same_bytes_and_does_nothing(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        first = await take(desk, notice(order.backend_ref, "WORKING", "N-1"))
        await take(desk, notice(order.backend_ref, "DONE", "N-2"))
        spaced = notice(order.backend_ref, "WORKING", "N-1").replace(b"</n:noticeNo>", b"</n:noticeNo>\n   ")
        for again in (notice(order.backend_ref, "WORKING", "N-1"), spaced):
            taken = await take(desk, again)
            assert (taken.outcome, taken.reply) == ("repeated", first.reply)
        assert (await node.order()).state == "completed"
        assert len(await kept(node, order.id)) == 4

    on(scenario)


def test_the_same_identity_with_other_content_is_refused_recorded_once_and_repeated(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        await take(desk, notice(order.backend_ref, "WORKING", "N-1"))
        other = notice(order.backend_ref, "DONE", "N-1")
        refused = await take(desk, other)
        assert refused.outcome == "refused"
        assert said(refused.reply) == {
            "result": "REFUSED",
            "text": "a message with this identity came before, with other content; that one counts",
        }
        assert (await take(desk, other)).reply == refused.reply
        after = await node.order()
        assert (after.state, after.attention) == ("inProgress", "")
        assert [body for _, body in await kept(node, order.id)][2:] == [other, refused.reply.body]

    on(scenario)


def test_an_unknown_reference_is_answered_so_and_nothing_is_stored(on):
    async def scenario(node: Node) -> None:
        desk = receiving(node)
        body = notice("LAB-000001", "WORKING")
        taken = await take(desk, body)
        assert (taken.outcome, taken.order_id) == ("unknown", "")
        assert said(taken.reply) == {"result": "UNKNOWN", "text": "there is no productOrder 'LAB-000001' here"}
        await node.place()
        assert (await take(desk, body)).outcome == "accepted"

    on(scenario)


def test_a_status_that_no_row_names_calls_for_a_person_with_the_backends_own_word(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        body = notice(order.backend_ref, "SNOOZING")
        taken = await take(desk, body)
        assert (taken.outcome, said(taken.reply)) == ("attention", {"result": "TAKEN"})
        after = await node.order()
        assert (after.state, after.legacy_state, after.event_seq) == ("acknowledged", "SNOOZING", order.event_seq)
        assert "SNOOZING" in after.attention
        assert "productOrder.message.yaml" in after.attention
        assert [body for _, body in await kept(node, order.id)] == [body, taken.reply.body]
        assert (await take(desk, body)).reply == taken.reply
        await take(desk, notice(order.backend_ref, "WORKING", "N-2"))
        assert ((await node.order()).state, (await node.order()).attention) == ("inProgress", "")

    on(scenario)


def test_a_state_that_the_resource_does_not_have_is_not_guessed_at(tmp_path):
    home = inbound_home(tmp_path / "home")
    edited(home, "message", "{value: message.status, table: orderState}", "message.status")

    async def scenario(node: Node) -> None:
        await node.place()
        order = await node.order()
        taken = await take(receiving(node), notice(order.backend_ref, "dreaming"))
        after = await node.order()
        assert (taken.outcome, after.state, after.legacy_state) == ("attention", "acknowledged", "dreaming")
        assert "'dreaming', which is no state of productOrder" in after.attention

    run(home, tmp_path / "data", scenario)


def test_a_report_about_an_order_at_its_end_is_refused_and_kept_with_it(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        await take(desk, notice(order.backend_ref, "DONE", "N-1"))
        assert (await node.order()).done_at is not None
        body = notice(order.backend_ref, "WORKING", "N-2")
        taken = await take(desk, body)
        assert (taken.outcome, said(taken.reply)["result"]) == ("refused", "REFUSED")
        assert "productOrder is completed, which is an end" in said(taken.reply)["text"]
        assert ((await node.order()).state, (await node.order()).attention) == ("completed", "")
        assert [body for _, body in await kept(node, order.id)][2:] == [body, taken.reply.body]
        assert (await take(desk, body)).reply == taken.reply
        assert (await take(desk, notice(order.backend_ref, "DONE", "N-3"))).outcome == "accepted"  # it says nothing new
        assert await node.kinds() == ["CreateEvent", "StateChangeEvent"]

    on(scenario)


def test_a_clash_with_a_message_whose_order_is_gone_is_refused_all_the_same(on):
    async def scenario(node: Node) -> None:
        await node.place()
        desk = receiving(node)
        await take(desk, notice("LAB-000001", "WORKING", "N-1"))
        await node.store.tx(forget)
        taken = await take(desk, notice("LAB-000001", "DONE", "N-1"))
        assert (taken.outcome, taken.order_id, said(taken.reply)["result"]) == ("refused", "", "REFUSED")

    on(scenario)


# callbacks that overtake the answer


def test_a_message_that_overtakes_our_own_answer_waits_for_it(on):
    async def scenario(node: Node) -> None:
        node.simulator.once("CreateOrder", Behaviour(after=0.15))
        done, placing = called(node), asyncio.create_task(node.place())
        await done.wait()
        taken = await take(receiving(node), notice("LAB-000001", "WORKING"))
        assert taken.outcome == "accepted"
        assert (await placing).status == 201
        assert (await node.order()).state == "inProgress"

    on(scenario)


def test_a_message_about_what_may_be_an_order_in_doubt_is_not_turned_away_as_unknown(on):
    async def scenario(node: Node) -> None:
        node.simulator.once("CreateOrder", Behaviour(transport=Transport.NEVER))
        done, placing = called(node), asyncio.create_task(node.place())
        await done.wait()
        desk = receiving(node)
        with pytest.raises(Overloaded, match="may be one whose call is not over"):  # after the declared wait
            await take(desk, notice("LAB-000001", "WORKING"))
        assert (await placing).status == 504
        assert (await node.order()).outcome is OutcomeKind.IN_DOUBT
        with pytest.raises(Overloaded):
            await take(desk, notice("LAB-000001", "WORKING"))
        node.clock.later(5)
        await node.work.sweep()
        await node.round("reconcile")
        assert (await take(desk, notice("LAB-000001", "WORKING"))).outcome == "accepted"

    on(scenario)


def test_a_call_that_began_after_the_message_came_is_not_waited_for(on):
    async def scenario(node: Node) -> None:
        desk, came = receiving(node), node.clock.at
        node.clock.later(1)
        node.simulator.once("CreateOrder", Behaviour(after=0.15))
        done, placing = called(node), asyncio.create_task(node.place())
        await done.wait()
        desk.now = lambda: came
        assert (await take(desk, notice("LAB-777777", "WORKING"))).outcome == "unknown"
        await placing

    on(scenario)


def test_an_order_that_is_called_by_our_own_number_learns_its_backends(on, home):
    async def scenario(node: Node) -> None:
        await node.place({"externalId": "SHOP-1"})
        order, desk = await node.order(), receiving(node)
        assert (await take(desk, notice(order.client_reference, "WORKING", "N-1"))).outcome == "accepted"
        assert (await take(desk, notice(order.id, "WAITING", "N-2"))).outcome == "accepted"
        after = await node.order()
        assert (after.state, after.backend_ref, parse_json(after.answer)["id"]) == ("pending", "LAB-000001", "LAB-000001")

    on(scenario)


def test_an_order_may_be_called_by_the_number_of_its_caller_alone(tmp_path):
    home = inbound_home(tmp_path / "home")
    edited(home, "message", "  id:                        message.orderNo\n", "  externalId: message.orderNo\n")

    async def scenario(node: Node) -> None:
        await node.place({"externalId": "SHOP-1"})
        taken = [await take(receiving(node), notice(number, "WORKING", number)) for number in ("SHOP-1", "SHOP-2")]
        assert [each.outcome for each in taken] == ["accepted", "unknown"]
        order = await node.order()
        assert (order.state, order.backend_ref, order.external_id) == ("inProgress", "LAB-000001", "SHOP-1")

    run(home, tmp_path / "data", scenario)


def test_an_order_without_a_number_of_its_backend_learns_it_from_the_first_message(tmp_path):
    home = inbound_home(tmp_path / "home")
    edited(home, "message", "  id:                        message.orderNo\n", "  id: message.orderNo\n  externalId: message.reason\n")

    async def scenario(node: Node) -> None:
        await node.place({"externalId": "SHOP-1"})
        order, desk = await node.order(), receiving(node)
        await node.store.tx(nameless, order.id)
        assert (await take(desk, notice("LAB-5", "WORKING", "N-1", reason="SHOP-1"))).outcome == "accepted"
        assert (await node.order()).backend_ref == "LAB-5"
        assert (await take(desk, notice("LAB-5", "WAITING", "N-2", reason="SHOP-1"))).outcome == "accepted"
        assert (await take(desk, notice("LAB-6", "WORKING", "N-3", reason="SHOP-1"))).outcome == "unknown"
        assert (await node.order()).state == "pending"

    run(home, tmp_path / "data", scenario)


def nameless(c: Connection, order_id: str) -> None:
    """As if its backend had answered without a number."""
    orders = schema.resource_order
    values = {"ref": "", "answer": Packer().pack(b'{"state": "acknowledged"}')}
    c.change(
        Statement(update(orders).where(orders.c.id == bindparam("order")).values(backend_ref=bindparam("ref"), answer=bindparam("answer"))),
        {"order": order_id, **values},
    )


# several at once


def test_the_same_message_many_times_at_once_is_recorded_once(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order = await node.order()
        desks = [receiving(node), receiving(node)]  # as of two nodes: neither knows of the other's turns
        body = notice(order.backend_ref, "WORKING")
        taken = await asyncio.gather(*(take(desks[number % 2], body) for number in range(12)))
        assert sorted(each.outcome for each in taken) == ["accepted", *["repeated"] * 11]
        assert len({each.reply.body for each in taken}) == 1
        assert await node.kinds() == ["CreateEvent", "StateChangeEvent"]
        assert len(await kept(node, order.id)) == 2

    on(scenario)


def test_messages_of_one_order_are_worked_on_one_after_the_other_and_none_is_lost(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        words = ["WORKING", "WAITING", "WORKING", "WAITING", "WORKING", "DONE"]
        bodies = [notice(order.backend_ref, word, f"N-{number}") for number, word in enumerate(words)]
        assert [each.outcome for each in await asyncio.gather(*(take(desk, body) for body in bodies))] == ["accepted"] * 6
        assert [body for way, body in await kept(node, order.id) if way is Direction.BACKEND_MESSAGE] == bodies
        states = [document(told)["state"] for told in await node.events() if told.type.endswith("StateChangeEvent")]
        assert states == ["inProgress", "pending", "inProgress", "pending", "inProgress", "completed"]
        assert not desk._turns

    on(scenario)


def test_nodes_that_are_in_each_others_way_lose_no_message(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order = await node.order()
        bodies = [notice(order.backend_ref, "WORKING" if number % 2 else "WAITING", f"N-{number}") for number in range(8)]
        taken = await asyncio.gather(*(take(receiving(node), body) for body in bodies))
        assert {each.outcome for each in taken} == {"accepted"}
        assert sorted(body for way, body in await kept(node, order.id) if way is Direction.BACKEND_MESSAGE) == sorted(bodies)

    on(scenario)


def test_a_message_that_others_are_always_faster_than_has_to_come_again(on, monkeypatch):
    async def scenario(node: Node) -> None:
        await node.place()
        order, real = await node.order(), node.store.tx

        async def tx(function: Any, *arguments: Any) -> Any:
            return False if function.__name__ == "receive" else await real(function, *arguments)

        monkeypatch.setattr(node.store, "tx", tx)
        with pytest.raises(Overloaded, match="Other messages about the same resource"):
            await take(receiving(node), notice(order.backend_ref, "WORKING"))

    on(scenario)


def test_a_record_that_cannot_be_written_takes_nothing(on, monkeypatch):
    async def scenario(node: Node) -> None:
        await node.place()
        order, desk, real = await node.order(), receiving(node), node.store.tx

        async def tx(function: Any, *arguments: Any) -> Any:
            if function.__name__ == "receive":
                raise StoreUnavailable("the disk is full")
            return await real(function, *arguments)

        monkeypatch.setattr(node.store, "tx", tx)
        body = notice(order.backend_ref, "WORKING")
        with pytest.raises(StoreUnavailable):
            await take(desk, body)
        monkeypatch.undo()
        assert (await node.order()).state == "acknowledged"
        assert (await take(desk, body)).outcome == "accepted"

    on(scenario)


def test_an_order_that_messages_end_is_asked_for_no_more(on):
    async def scenario(node: Node) -> None:
        await node.place()
        await take(receiving(node), notice((await node.order()).backend_ref, "DONE"))
        node.clock.later(60)
        await node.round("poll")
        assert (await node.tasks(), node.calls("ReadOrder")) == ({}, [])

    on(scenario)
