"""What is in a message: what of it is kept, what tells repeats by, and what is no message for us."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapter.contract.json_text import parse_json
from adapter.errors import InvalidMessage, MappingFailed
from tests.inbound_kit import announcement, edited, envelope, inbound_home, kept, notice, receiving, request, said, take
from tests.work_kit import Node, message, run


def test_what_is_personal_is_masked_in_the_record(tmp_path):
    home = inbound_home(tmp_path / "home", changes={"inbound:\n": "redact: [NotifyOrder.reason]\ninbound:\n"})

    async def scenario(node: Node) -> None:
        await node.place()
        order = await node.order()
        await take(receiving(node), notice(order.backend_ref, "WORKING", reason="Mrs Example was not at home"))
        [(_, body), _] = await kept(node, order.id)
        assert b"<n:reason>***</n:reason>" in body
        assert b"Example" not in body

    run(home, tmp_path / "data", scenario)


def test_a_message_that_is_received_nowhere_is_refused_by_name(tmp_path):
    home = inbound_home(tmp_path / "home", changes={"    productOrder.announce: {creates": "    #"})

    async def scenario(node: Node) -> None:
        with pytest.raises(InvalidMessage, match="'AnnounceOrder' is not taken here; there are NotifyOrder"):
            await take(receiving(node), announcement("LAB-900006"))

    run(home, tmp_path / "data", scenario)


def test_deviations_are_told_and_do_not_stop_a_message(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        odd = notice(order.backend_ref, "WORKING", colour="blue")
        assert (await take(desk, odd)).outcome == "accepted"
        assert [(each.kind, each.path) for each in desk.observer.deviations] == [("extra", "colour")]

    on(scenario)


def test_a_message_is_known_by_its_content_where_its_rules_name_no_identity(tmp_path):
    home = inbound_home(tmp_path / "home")
    edited(home, "message", "identity: message.noticeNo\n", "")

    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        outcomes = [(await take(desk, notice(order.backend_ref, word))).outcome for word in ("WORKING", "WAITING", "WORKING")]
        assert outcomes == ["accepted", "accepted", "repeated"]

    run(home, tmp_path / "data", scenario)


def test_a_very_long_identity_is_kept_by_its_digest(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        outcomes = [(await take(desk, notice(order.backend_ref, "WORKING", "9" * length))).outcome for length in (5_000, 5_000, 5_001)]
        assert outcomes == ["accepted", "repeated", "accepted"]

    on(scenario)


def test_the_address_is_kept_of_a_message_without_a_body(on):
    async def scenario(node: Node) -> None:
        await node.place()
        order, desk = await node.order(), receiving(node)
        backend = node.backends["lab"]

        class Addressed:
            """A receiver of messages whose address says it all."""

            def __getattr__(self, name: str) -> Any:
                return getattr(backend.receiver, name)

            def read(self, _: Any) -> Any:
                return backend.receiver.read(request(notice(order.backend_ref, "WORKING")))

        node.backends["lab"] = replace(backend, receiver=Addressed())
        await desk.take("lab", request(b"", method="GET", query="order=1"), "c")
        [(_, body), _] = await kept(node, order.id)
        assert parse_json(body) == {"noticeNo": "N-1", "orderNo": order.backend_ref, "status": "WORKING"}

    on(scenario)


def test_an_order_keeps_the_correlation_id_of_its_caller(on):
    async def scenario(node: Node) -> None:
        await node.place(key=message().key)
        order = await node.order()
        await take(receiving(node), notice(order.backend_ref, "WORKING"))
        assert (await node.order()).correlation_id == order.correlation_id

    on(scenario)


def test_the_answer_may_say_what_was_taken_over_and_what_was_known_before(tmp_path):
    home = inbound_home(tmp_path / "home")
    edited(
        home,
        "message",
        "{value: outcome.text, when: outcome.text != ''}",
        "(known.state | default('nothing known')) ~ ' to ' ~ (report.state | default('nothing taken over'))",
    )

    async def scenario(node: Node) -> None:
        await node.place()
        desk, texts = receiving(node), []
        for number, (order_no, word) in enumerate(
            [("LAB-000001", "WORKING"), ("LAB-000001", "SNOOZING"), ("LAB-000001", "DONE"), ("LAB-000001", "WORKING"), ("LAB-9", "DONE")]
        ):
            texts.append(said((await take(desk, notice(order_no, word, f"N-{number}"))).reply)["text"])
        assert texts == [
            "acknowledged to inProgress",
            "inProgress to nothing taken over",
            "inProgress to completed",
            "completed to nothing taken over",
            "nothing known to nothing taken over",
        ]

    run(home, tmp_path / "data", scenario)


def test_a_message_that_does_not_say_what_it_is_about_is_the_senders_to_mend(on):
    async def scenario(node: Node) -> None:
        body = envelope("NotifyOrder", ("noticeNo", "N-1"), ("status", "WORKING"))
        with pytest.raises(InvalidMessage, match="does not tell what it is about; orderNo: "):
            await take(receiving(node), body)

    on(scenario)


def test_rules_that_cannot_tell_what_a_message_is_about_are_ours_to_mend(tmp_path):
    home = inbound_home(tmp_path / "home")
    edited(home, "message", "message.orderNo", "{value: message.orderNo, table: orderState}")

    async def scenario(node: Node) -> None:
        with pytest.raises(MappingFailed, match="'LAB-000001'"):
            await take(receiving(node), notice("LAB-000001", "WORKING"))

    run(home, tmp_path / "data", scenario)


def test_a_message_about_what_is_not_here_is_told_and_logged_by_the_number_that_it_has(tmp_path):
    home = inbound_home(tmp_path / "home")
    edited(home, "message", "  id:                        message.orderNo\n", "  externalId: message.orderNo\n")

    async def scenario(node: Node) -> None:
        with capture_logs() as lines:
            taken = await take(receiving(node), notice("LAB-000009", "WORKING"))
        assert said(taken.reply) == {"result": "UNKNOWN", "text": "there is no productOrder 'LAB-000009' here"}
        assert [line["reason"] for line in lines if line["event"] == "message.unknown"] == ["there is no productOrder 'LAB-000009' here"]

    run(home, tmp_path / "data", scenario)
