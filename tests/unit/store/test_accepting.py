"""The idempotent receiver: what a request and its repeats are told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from adapter.ports import OutcomeKind
from adapter.store import Doubtful, Fresh, InFlight, Mismatch, OrderQuery, Response, Seen
from tests.waiting import until


def test_a_new_request_is_on_record_with_its_intent_before_anything_is_done(with_store, acceptance, clock):
    async def scenario(store):
        fresh = await store.accept(acceptance(external_id="E-1"))
        return fresh, await store.order(fresh.order_id), await store.attempts(fresh.order_id), await store.messages(fresh.order_id)

    fresh, order, attempts, messages = with_store(scenario, node="n1")
    assert isinstance(fresh, Fresh)
    assert (fresh.attempt, len(fresh.order_id), len(fresh.client_reference)) == (1, 26, 16)
    assert (order.client_reference, order.state, order.outcome, order.attempt) == (fresh.client_reference, "acknowledged", None, 1)
    assert (order.external_id, order.request, order.answer) == ("E-1", b'{"externalId":"E-1"}', None)
    assert (order.created_at, order.updated_at) == (clock.now, clock.now)
    [attempt] = attempts
    assert (attempt.node, attempt.outcome, attempt.started_at, attempt.deadline) == ("n1", None, clock.now, clock.now + 20_000)
    assert [(m.direction, m.body, m.attempt) for m in messages] == [("client-request", b'{"externalId":"E-1"}', 1)]


@pytest.mark.parametrize("outcome", [OutcomeKind.ACCEPTED, OutcomeKind.REJECTED])
def test_a_repeat_gets_the_same_status_headers_and_bytes_also_after_a_restart(with_store, acceptance, settlement, outcome):
    said = Response(422, b'{"errors": [ "as it was" ]}\n', {"Content-Type": "application/json;charset=utf-8"})

    async def first(store):
        fresh = await store.accept(acceptance())
        assert await store.settle(fresh.order_id, 1, settlement(outcome, response=said))
        return fresh.order_id, await store.accept(acceptance())

    async def second(store):
        return await store.accept(acceptance()), await store.lookup("shop/productOrder.create", "k1", "f1")

    order_id, repeat = with_store(first)
    assert repeat == Seen(order_id, said)
    assert with_store(second) == (repeat, repeat)


def test_other_content_under_the_same_key_is_told_so_and_the_first_answer_stays(with_store, acceptance, settlement):
    async def scenario(store):
        fresh = await store.accept(acceptance())
        open_still = await store.accept(acceptance(fingerprint="f2"))
        await store.settle(fresh.order_id, 1, settlement())
        answered = await store.accept(acceptance(fingerprint="f2"))
        looked = await store.lookup("shop/productOrder.create", "k1", "f2")
        return fresh, open_still, answered, looked, await store.accept(acceptance()), len(await store.messages(fresh.order_id))

    fresh, open_still, answered, looked, repeat, kept = with_store(scenario)
    assert open_still == answered == looked == Mismatch(fresh.order_id)
    assert isinstance(repeat, Seen)
    assert kept == 4


def test_keys_are_apart_by_scope(with_store, acceptance):
    async def scenario(store):
        return [await store.accept(acceptance()), await store.accept(acceptance(scope="other/productOrder.create", fingerprint="f2"))]

    one, other = with_store(scenario)
    assert isinstance(one, Fresh)
    assert isinstance(other, Fresh)
    assert one.order_id < other.order_id


def test_twenty_identical_requests_at_once_make_one_call_and_get_one_body(with_store, acceptance, settlement):
    calls: list[str] = []

    async def serve(store):
        while True:
            match await store.accept(acceptance(external_id="E-1")):
                case Fresh(order_id, attempt):
                    calls.append(order_id)
                    await store.ready()  # the call takes longer than the twins need to arrive
                    await store.settle(order_id, attempt, settlement())
                    return "called", settlement().response
                case InFlight() as flight:
                    ended = await store.wait_settled(flight)
                    if ended is not None:
                        return "waited", ended.response
                case Seen(_, response):
                    return "seen", response

    async def scenario(store):
        return await asyncio.gather(*(serve(store) for _ in range(20)))

    answers = with_store(scenario)
    assert len(calls) == 1
    assert {response.body for _, response in answers} == {settlement().response.body}
    told = [how for how, _ in answers]
    assert told.count("waited") + told.count("seen") == 19  # where several connections write, one may come when it is over


@pytest.mark.parametrize("outcome", [OutcomeKind.UNAVAILABLE, OutcomeKind.ABSENT])
def test_a_repeat_after_an_attempt_that_certainly_did_nothing_is_a_new_attempt_of_the_same_order(
    with_store, acceptance, settlement, outcome, clock
):
    async def scenario(store):
        first = await store.accept(acceptance())
        await store.settle(first.order_id, 1, settlement(outcome, answer=None))
        looked = await store.lookup("shop/productOrder.create", "k1", "f1")
        clock.now += 5_000
        second = await store.accept(acceptance(deadline=clock.now + 20_000, rule_version="rules-2"))
        return first, looked, second, await store.attempts(first.order_id), await store.order(first.order_id)

    first, looked, second, attempts, order = with_store(scenario)
    assert looked is None
    assert second == Fresh(first.order_id, 2, first.client_reference)
    assert [(a.number, a.outcome, a.rule_version) for a in attempts] == [(1, outcome, "rules-1"), (2, None, "rules-2")]
    assert (order.attempt, order.outcome, order.updated_at) == (2, None, clock.now)


def test_an_unavailable_answer_reaches_who_waits_but_is_not_kept(with_store, acceptance, settlement):
    async def scenario(store):
        fresh = await store.accept(acceptance())
        flight = await store.accept(acceptance())
        waiting = asyncio.create_task(store.wait_settled(flight))
        await store.ready()
        refused = settlement(OutcomeKind.UNAVAILABLE, response=Response(503, b"later"))
        await store.settle(fresh.order_id, 1, refused)
        return refused, await waiting, await store.accept(acceptance())

    refused, waited, repeat = with_store(scenario)
    assert waited == refused
    assert isinstance(repeat, Fresh)


def test_an_attempt_in_doubt_is_shown_to_every_repeat_until_a_probe_settles_it(with_store, acceptance, settlement):
    async def scenario(store):
        fresh = await store.accept(acceptance())
        await store.settle(fresh.order_id, 1, settlement(OutcomeKind.IN_DOUBT, response=Response(504, b"?")))
        doubtful = [await store.accept(acceptance()), await store.lookup("shop/productOrder.create", "k1", "f1")]
        await store.settle(fresh.order_id, 1, settlement(evidence="found by probe"))
        return fresh, doubtful, await store.accept(acceptance()), await store.attempts(fresh.order_id)

    fresh, doubtful, repeat, [attempt] = with_store(scenario)
    for seen in doubtful:
        assert isinstance(seen, Doubtful)
        assert (seen.order.id, seen.attempt.number, seen.attempt.outcome, seen.other) == (fresh.order_id, 1, OutcomeKind.IN_DOUBT, False)
        assert seen.order.request == acceptance().request
    assert isinstance(repeat, Seen)
    assert (attempt.outcome, attempt.evidence) == (OutcomeKind.ACCEPTED, "judged by order.create.yaml:12:3; then: found by probe")


def test_an_open_attempt_is_in_flight_until_its_deadline_and_doubtful_after_it(with_store, acceptance, clock):
    async def scenario(store):
        fresh = await store.accept(acceptance())
        clock.now += 19_999
        within = await store.accept(acceptance())
        clock.now += 1
        return fresh, within, await store.accept(acceptance())

    fresh, within, beyond = with_store(scenario)
    assert within == InFlight(fresh.order_id, 1, clock.now)
    assert isinstance(beyond, Doubtful)
    assert (beyond.order.id, beyond.attempt.outcome) == (fresh.order_id, None)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_where_there_is_one_process_an_open_attempt_of_one_that_is_gone_is_doubtful_at_once(with_store, acceptance):
    async def accept(store):
        return await store.accept(acceptance())

    assert isinstance(with_store(accept), Fresh)
    assert isinstance(with_store(accept), Doubtful)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_where_there_are_several_nodes_an_open_attempt_of_another_is_in_flight_until_its_deadline(with_store, acceptance, clock):
    async def accept(store):
        return await store.accept(acceptance())

    fresh = with_store(accept)
    assert with_store(accept) == InFlight(fresh.order_id, 1, clock.now + 20_000, elsewhere=True)
    clock.now += 20_000
    assert isinstance(with_store(accept), Doubtful)


def test_a_new_key_for_an_order_number_that_is_on_its_way_is_held_back(with_store, acceptance, settlement, clock):
    async def scenario(store):
        first = await store.accept(acceptance("k1", external_id="E-1"))
        second = acceptance("k2", fingerprint="f2", external_id="E-1")
        on_its_way = await store.accept(second)
        await store.settle(first.order_id, 1, settlement(OutcomeKind.IN_DOUBT))
        in_doubt = await store.accept(second)
        unknown = await store.lookup(second.scope, "k2", "f2")
        elsewhere = await store.accept(replace(second, key="k3", market="south"))
        await store.settle(first.order_id, 1, settlement())
        return first, on_its_way, in_doubt, unknown, elsewhere, await store.accept(second)

    first, on_its_way, in_doubt, unknown, elsewhere, afterwards = with_store(scenario)
    assert on_its_way == InFlight(first.order_id, 1, clock.now + 20_000, other=True)
    assert isinstance(in_doubt, Doubtful)
    assert (in_doubt.order.id, in_doubt.other) == (first.order_id, True)
    assert unknown is None, "the key was not taken"
    assert isinstance(elsewhere, Fresh)
    assert isinstance(afterwards, Fresh)


def test_the_guard_holds_for_a_further_attempt_too_and_orders_without_a_number_have_none(with_store, acceptance, settlement):
    async def scenario(store):
        first = await store.accept(acceptance("k1", external_id="E-1"))
        await store.settle(first.order_id, 1, settlement(OutcomeKind.UNAVAILABLE))
        second = await store.accept(acceptance("k2", external_id="E-1"))
        await store.settle(second.order_id, 1, settlement(OutcomeKind.IN_DOUBT))
        again = await store.accept(acceptance("k1", external_id="E-1"))
        nameless = [await store.accept(acceptance(key)) for key in ("k3", "k4")]
        return second, again, nameless

    second, again, nameless = with_store(scenario)
    assert isinstance(again, Doubtful)
    assert (again.order.id, again.other) == (second.order_id, True)
    assert all(isinstance(each, Fresh) for each in nameless)


def test_a_request_that_is_given_up_while_it_is_recorded_leaves_nothing_open(with_store, acceptance):
    async def scenario(store):
        task = asyncio.create_task(store.accept(acceptance()))
        await asyncio.sleep(0)  # it has been handed to the record
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        async def ended() -> list[object]:
            return [one for order in await store.orders(OrderQuery()) for one in await store.attempts(order.id) if one.outcome]

        await until(ended, "the end of what was given up, which nobody waits for")
        repeat = await store.accept(acceptance())
        return repeat, await store.attempts(repeat.order_id)

    repeat, attempts = with_store(scenario)
    assert isinstance(repeat, Fresh)
    assert [(a.outcome, a.evidence) for a in attempts] == [
        (OutcomeKind.UNAVAILABLE, "the request was given up before the call"),
        (None, ""),
    ]


def test_a_repeat_that_is_given_up_changes_nothing(with_store, acceptance, settlement):
    async def scenario(store):
        fresh = await store.accept(acceptance())
        task = asyncio.create_task(store.accept(acceptance()))
        await asyncio.sleep(0)
        task.cancel()
        await store.ready()
        return task.cancelled(), await store.settle(fresh.order_id, 1, settlement())

    assert with_store(scenario) == (True, True)


def test_waiting_ends_with_nothing_when_the_attempt_had_ended_before_or_its_deadline_passes(with_store, acceptance, settlement, clock):
    async def scenario(store):
        fresh = await store.accept(acceptance())
        flight = await store.accept(acceptance())
        clock.now = flight.until - 1
        too_late = await store.wait_settled(flight)
        await store.settle(fresh.order_id, 1, settlement())
        return too_late, await store.wait_settled(flight)

    assert with_store(scenario) == (None, None)


def test_a_new_order_gets_the_id_that_its_call_was_prepared_with(with_store, acceptance, settlement):
    async def scenario(store):
        first = await store.accept(acceptance(order_id="01K742SG00AAAAAAAAAABCDEFG"))
        await store.settle(first.order_id, 1, settlement(OutcomeKind.UNAVAILABLE))
        return first, await store.accept(acceptance(order_id="01K742SG00ZZZZZZZZZZZZZZZZ"))

    first, again = with_store(scenario)
    assert first == Fresh("01K742SG00AAAAAAAAAABCDEFG", 1, "01K742SG00BCDEFG")
    assert again == Fresh("01K742SG00AAAAAAAAAABCDEFG", 2, "01K742SG00BCDEFG")
