"""Resources that a backend's message makes: with their owner, told of, and like all others from then on."""

from __future__ import annotations

import asyncio

import pytest

from adapter.contract.json_text import parse_json
from adapter.errors import MappingFailed
from adapter.store import OrderQuery, listening, outbox
from adapter.store.outbox import ListenerRow
from tests.inbound_kit import INBOUND, announcement, edited, forget, inbound_home, kept, notice, receiving, said, take
from tests.work_kit import FOLLOWED, Node, run


def test_an_announced_order_is_made_with_its_owner_and_told_of_and_moves_like_all_others(on):
    async def scenario(node: Node) -> None:
        desk = receiving(node, owners={("lab", "BUYER-1"): "demo-channel"})
        taken = await take(desk, announcement("LAB-900001", "A-1", "BOOKED", "BUYER-1", "FIBRE-500", "ROUTER"))
        assert (taken.outcome, said(taken.reply)) == ("accepted", {"result": "TAKEN"})
        order = await node.order()
        assert (order.id, order.client, order.face, order.operation) == (taken.order_id, "demo-channel", "tmf", "productOrder.announce")
        assert (order.resource, order.backend_ref, order.outcome, order.attention) == ("productOrder", "LAB-900001", "accepted", "")
        assert order.done_at is None
        shown = parse_json(order.answer)
        assert (shown["id"], shown["state"]) == ("LAB-900001", "acknowledged")
        assert [item["productOffering"]["id"] for item in shown["productOrderItem"]] == ["FIBRE-500", "ROUTER"]
        assert await node.kinds() == ["CreateEvent"]
        assert (await take(desk, announcement("LAB-900001", "A-1", "BOOKED", "BUYER-1", "FIBRE-500", "ROUTER"))).reply == taken.reply
        assert (await take(desk, announcement("LAB-900001", "A-2", "WORKING", "BUYER-1", "FIBRE-500"))).outcome == "accepted"
        assert (await take(desk, notice("LAB-900001", "DONE", "N-1"))).outcome == "accepted"
        assert (await node.order()).state == "completed"
        assert len(await kept(node, order.id)) == 6

    on(scenario)


def test_two_announcements_of_one_order_at_once_make_one(on):
    async def scenario(node: Node) -> None:
        bodies = [announcement("LAB-900002", f"A-{number}") for number in range(6)]
        taken = await asyncio.gather(*(take(receiving(node), body) for body in bodies))
        assert {each.outcome for each in taken} == {"accepted"}
        assert len({each.order_id for each in taken}) == 1
        assert len(await node.store.orders(OrderQuery())) == 1
        assert len(await kept(node, taken[0].order_id)) == 12

    on(scenario)


def test_an_announced_order_of_a_party_that_nobody_knows_calls_for_a_person(on):
    async def scenario(node: Node) -> None:
        await take(receiving(node), announcement("LAB-900003", buyer="STRANGER"))
        order = await node.order()
        assert order.client == ""
        assert order.attention == "it belongs to the party 'STRANGER', which no client of config/clients.yaml names under 'parties'"

    on(scenario)


def test_an_announcement_of_a_status_that_nobody_knows_makes_nothing_and_has_to_come_again(on):
    async def scenario(node: Node) -> None:
        with pytest.raises(Exception, match="SNOOZING"):
            await take(receiving(node), announcement("LAB-900004", status="SNOOZING"))
        assert await node.store.orders(OrderQuery()) == []

    on(scenario)


def test_an_announced_order_of_a_state_that_there_is_none_of_makes_nothing(tmp_path):
    home = inbound_home(tmp_path / "home")
    edited(home, "announce", "{value: message.status, table: orderState}", "message.status")

    async def scenario(node: Node) -> None:
        with pytest.raises(MappingFailed, match="of state 'dreaming', which is none of its states"):
            await take(receiving(node), announcement("LAB-900004", status="dreaming"))
        assert await node.store.orders(OrderQuery()) == []

    run(home, tmp_path / "data", scenario)


def test_an_announcement_without_its_party_calls_for_a_person(tmp_path):
    home = inbound_home(tmp_path / "home")
    edited(home, "announce", "orderManagementBuyerContact", "seller")

    async def scenario(node: Node) -> None:
        await take(receiving(node), announcement("LAB-900007"))
        order = await node.order()
        path = "relatedParty[role=orderManagementBuyerContact].id"
        assert (order.client, order.attention) == ("", f"the message names nothing on record at {path}, so this belongs to no client")

    run(home, tmp_path / "data", scenario)


def test_without_an_owner_an_announced_order_is_the_whole_markets(tmp_path):
    owner = ', owner: "relatedParty[role=orderManagementBuyerContact].id"'

    async def scenario(node: Node) -> None:
        await take(receiving(node), announcement("LAB-900008"))
        assert ((await node.order()).client, (await node.order()).attention) == ("", "")

    run(inbound_home(tmp_path / "home", changes={owner: ""}), tmp_path / "data", scenario)


def test_an_announced_order_that_is_at_its_end_is_done(on):
    async def scenario(node: Node) -> None:
        await take(receiving(node), announcement("LAB-900005", status="DONE"))
        assert (await node.order()).done_at is not None
        assert await node.tasks() == {}

    on(scenario)


def test_an_announced_order_may_be_followed(tmp_path):
    follow = "follow:\n  productOrder.announce: {by: productOrder.status, cadence: [{every: 30}], jitter: 0}\n"

    async def scenario(node: Node) -> None:
        await node.place()  # the desk has it as LAB-000001
        await node.store.tx(forget)
        await take(receiving(node), announcement("LAB-000001"))
        node.desk.states["LAB-000001"] = "WORKING"
        node.clock.later(31)
        await node.round("poll")
        assert ((await node.order()).operation, (await node.order()).state) == ("productOrder.announce", "inProgress")

    run(inbound_home(tmp_path / "home", INBOUND + follow), tmp_path / "data", scenario)


TICKETS = """
inbound:
  face: tmf
  contract: mappings/lab/schema/lab-notices.wsdl
  open: true
  operations:
    troubleTicket.announce: {creates: true}
    troubleTicket.message: {}
"""
REPORT = """
operation: troubleTicket.VERB
receives: LEGACY
report:
  id: message.orderNo
  status: message.status
"""
WHOLE = """  description: "'told by telephone'"
  severity: "'minor'"
  ticketType: "'fault'"
"""
ANSWER = """
answer:
  result: "'TAKEN'"
"""


def test_a_resource_that_has_its_state_elsewhere_is_made_and_moved_like_an_order(tmp_path):
    home = inbound_home(tmp_path / "home", TICKETS + FOLLOWED)
    for verb, legacy, more in (("announce", "AnnounceOrder", WHOLE), ("message", "NotifyOrder", "")):
        text = REPORT.replace("VERB", verb).replace("LEGACY", legacy) + more + ANSWER
        (home / "mappings" / "lab" / f"troubleTicket.{verb}.yaml").write_text(text, encoding="utf-8")

    async def scenario(node: Node) -> None:
        desk = receiving(node)
        assert (await take(desk, announcement("T-1", status="acknowledged"))).outcome == "accepted"
        assert (await take(desk, notice("T-1", "inProgress", "N-1"))).outcome == "accepted"
        assert (await take(desk, notice("T-1", "on fire", "N-2"))).outcome == "attention"
        ticket = await node.order()
        assert (ticket.resource, ticket.state, ticket.legacy_state) == ("troubleTicket", "inProgress", "on fire")
        assert parse_json(ticket.answer)["status"] == "inProgress"
        assert [event.type for event in await node.events()] == ["TroubleTicketCreateEvent", "TroubleTicketStatusChangeEvent"]

    run(home, tmp_path / "data", scenario)


def test_where_clients_are_kept_apart_what_belongs_to_nobody_is_seen_by_no_client(tmp_path):
    """One competitor must not read of another's customer, only because nobody has said yet whose order it is."""
    home = inbound_home(tmp_path / "home", changes={"title: ": "visibility: client\ntitle: "})
    edited(home, "announce", "orderManagementBuyerContact", "seller")

    async def scenario(node: Node) -> None:
        for client in ("shop", ""):  # "": a broker of the operator
            row = ListenerRow(f"L-{client}", "tmf", client, "lab", "http://127.0.0.1:9/", "", node.clock())
            assert await node.store.tx(listening.subscribe, row) is None
        await take(receiving(node), announcement("LAB-900009"))
        assert (await node.order()).client == ""
        heard = [await node.store.tx(outbox.claim_cursors, f"L-{client}", 10, node.clock(), 1_000, "n") for client in ("shop", "")]
        assert [len(streams) for streams in heard] == [0, 1]

    run(home, tmp_path / "data", scenario)
