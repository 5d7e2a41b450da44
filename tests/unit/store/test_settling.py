"""The end of an attempt is written once, with everything that belongs to it."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import delete

from adapter.ports import OutcomeKind
from adapter.store import Direction, InFlight, MessageRow, Response, Seen
from adapter.store.connection import Statement
from adapter.store.schema import idempotency


def test_an_accepted_order_has_state_reference_answer_issues_and_its_whole_way(with_store, acceptance, settlement):
    async def scenario(store):
        fresh = await store.accept(acceptance())
        assert await store.settle(fresh.order_id, 1, settlement())
        order_id = fresh.order_id
        return await store.order(order_id), await store.attempts(order_id), await store.messages(order_id)

    order, [attempt], messages = with_store(scenario)
    said = settlement()
    assert (order.state, order.outcome, order.backend_ref, order.answer) == ("acknowledged", OutcomeKind.ACCEPTED, "B-1", said.answer)
    assert (order.updated_at, order.rule_version) == (said.at, "rules-1")
    assert (attempt.outcome, attempt.settled_at, attempt.evidence) == (OutcomeKind.ACCEPTED, said.at, said.evidence)
    assert (attempt.issues, attempt.rule_version) == (said.issues, "rules-1")
    assert [m.direction for m in messages] == [
        Direction.CLIENT_REQUEST,
        Direction.BACKEND_REQUEST,
        Direction.BACKEND_REPLY,
        Direction.CLIENT_REPLY,
    ]
    assert [(m.body, m.status, m.content_type) for m in messages[1:]] == [(m.body, m.status, m.content_type) for m in said.messages]


def test_only_the_first_to_settle_an_attempt_wins_but_what_the_other_heard_is_kept(with_store, acceptance, settlement):
    late = MessageRow(Direction.BACKEND_REPLY, "Update", b"<Late/>", 5, "text/xml", 200)

    async def scenario(store):
        fresh = await store.accept(acceptance())
        won = await asyncio.gather(
            store.settle(fresh.order_id, 1, settlement(messages=())),
            store.settle(fresh.order_id, 1, settlement(OutcomeKind.REJECTED, state="rejected", messages=(late,))),
        )
        order = await store.order(fresh.order_id)
        return won, order, await store.messages(fresh.order_id), await store.accept(acceptance())

    won, order, messages, repeat = with_store(scenario)
    assert won == [True, False]
    assert (order.state, order.outcome) == ("acknowledged", OutcomeKind.ACCEPTED)
    assert [m.body for m in messages] == [acceptance().request, b"<Late/>"]
    assert repeat.response == settlement().response


def test_an_answer_is_kept_under_a_key_of_its_own_order_only(with_store, acceptance, settlement):
    """The key of an order in doubt was purged, and names another order by now."""

    async def scenario(store):
        old = await store.accept(acceptance())
        await store.settle(old.order_id, 1, settlement(OutcomeKind.IN_DOUBT))
        await store.tx(lambda c: c.change(Statement(delete(idempotency)), {}))
        new = await store.accept(acceptance())
        assert await store.settle(old.order_id, 1, settlement())
        meanwhile = await store.accept(acceptance())
        assert await store.settle(new.order_id, 1, settlement(OutcomeKind.REJECTED, state="rejected"))
        return old, new, meanwhile, await store.accept(acceptance())

    old, new, meanwhile, repeat = with_store(scenario)
    assert old.order_id != new.order_id
    assert (type(meanwhile), meanwhile.order_id) == (InFlight, new.order_id)
    assert (type(repeat), repeat.order_id) == (Seen, new.order_id)


@pytest.mark.parametrize("first", [OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.UNAVAILABLE, OutcomeKind.ABSENT])
def test_what_is_certain_is_not_put_in_doubt_again(with_store, acceptance, settlement, first):
    async def scenario(store):
        fresh = await store.accept(acceptance())
        assert await store.settle(fresh.order_id, 1, settlement(first))
        changed = await store.settle(fresh.order_id, 1, settlement(OutcomeKind.IN_DOUBT))
        return changed, (await store.order(fresh.order_id)).outcome

    assert with_store(scenario) == (False, first)


def test_empty_state_reference_and_answer_leave_what_is_there(with_store, acceptance, settlement):
    async def scenario(store):
        fresh = await store.accept(acceptance(state="pending"))
        await store.settle(fresh.order_id, 1, settlement(OutcomeKind.IN_DOUBT, state="held", backend_ref="B-9", answer=b"half"))
        await store.settle(fresh.order_id, 1, settlement(state="", backend_ref="", answer=None))
        return await store.order(fresh.order_id)

    order = with_store(scenario)
    assert (order.state, order.backend_ref, order.answer) == ("held", "B-9", b"half")


@pytest.mark.parametrize("outcome", [OutcomeKind.ACCEPTED, OutcomeKind.REJECTED])
def test_a_final_outcome_without_a_response_is_refused(with_store, acceptance, settlement, outcome):
    async def scenario(store):
        fresh = await store.accept(acceptance())
        with pytest.raises(ValueError, match=rf"order {fresh.order_id} cannot be settled as {outcome}"):
            await store.settle(fresh.order_id, 1, settlement(outcome, response=None))
        return (await store.attempts(fresh.order_id))[0].outcome

    assert with_store(scenario) is None


def test_an_attempt_that_does_not_exist_is_not_settled_and_leaves_no_messages(with_store, settlement):
    async def scenario(store):
        return await store.settle("nothing", 1, settlement()), await store.messages("nothing")

    assert with_store(scenario) == (False, [])


def test_an_end_is_written_even_if_its_request_is_cancelled_and_wakes_who_waits(with_store, acceptance, settlement):
    async def scenario(store):
        fresh = await store.accept(acceptance())
        flight = await store.accept(acceptance())
        waiting = asyncio.create_task(store.wait_settled(flight))
        await store.ready()
        settling = asyncio.create_task(store.settle(fresh.order_id, 1, settlement()))
        await asyncio.sleep(0)
        settling.cancel()
        ended = await waiting
        return settling.cancelled(), ended.response, await store.accept(acceptance())

    cancelled, response, repeat = with_store(scenario)
    assert cancelled
    assert repeat.response == response == settlement().response


def test_bodies_and_headers_come_back_byte_for_byte(with_store, acceptance, settlement):
    said = Response(201, bytes(range(256)) * 40, {"X-Text": "caf\u00e9, \u4f60\u597d", "Empty": ""})
    message = MessageRow(Direction.CLIENT_REPLY, "op", b"", 7)

    async def scenario(store):
        fresh = await store.accept(acceptance(request=b"\x00\xff" * 1000, external_id="\u4f60'\"; --"))
        await store.settle(fresh.order_id, 1, settlement(response=said, messages=(message,)))
        return await store.order(fresh.order_id), await store.accept(acceptance()), await store.messages(fresh.order_id)

    order, repeat, messages = with_store(scenario)
    assert (order.request, order.external_id) == (b"\x00\xff" * 1000, "\u4f60'\"; --")
    assert repeat.response == said
    assert (messages[-1].body, messages[-1].status, messages[-1].content_type) == (b"", None, "")
