"""Many orders asked for in one call: the market whose backend has such a question, with its real twin."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapter.following import Answer, Follower
from adapter.mapping.parse import parse_mapping
from adapter.mapping.translator import make_translator
from adapter.store import OrderQuery, OrderRow
from adapter.work.plan import plan_of
from simulators.http_server import Transport
from simulators.registry import SIMULATORS
from simulators.scenario import Behaviour
from simulators.slbos.backend import slbos
from tests.opened_kit import Opened, message, opened
from tests.service_kit import ROOT, pr_order
from tests.waiting import until

QUICK = {"ADAPTER_PR_POLL": "0.2", "ADAPTER_PR_POLL_SLOW": "0.2"}
UNHEARD_OF = "00918424400934"  # the house of an order whose status is in no table
LINE_BY_LINE = "00918424400933"  # the house of an order whose lines have statuses
SLOW = {"ADAPTER_PR_POLL": "3000", "ADAPTER_PR_POLL_SLOW": "3000"}


def run(tmp_path: Path, scenario: Any, speed: float, environment: dict[str, str]) -> Any:
    async def inside() -> Any:
        async with contextlib.AsyncExitStack() as stack:
            making = {**SIMULATORS, "slbos": lambda: slbos(speed=speed)}
            twins = {name: await stack.enter_async_context(make()) for name, make in making.items()}
            service = await stack.enter_async_context(opened(tmp_path / "data", ROOT, twins, **environment))
            return await scenario(service)

    return asyncio.run(inside())


async def placed(service: Opened, count: int) -> list[OrderRow]:
    for _ in range(count):
        assert (await service.pipeline.place(message(pr_order()))).status == 201
    return await service.store.orders(OrderQuery())


def calls(service: Opened) -> list[str]:
    return [call["operation"] for call in service.slbos.requests() if call["operation"].startswith("GetOrderStatus")]


def test_orders_are_followed_to_their_end_by_few_calls(tmp_path: Path):
    async def scenario(service: Opened) -> None:
        await placed(service, 6)

        async def ended() -> bool:
            return {order.state for order in await service.store.orders(OrderQuery())} == {"completed"}

        await until(ended, "all orders are completed")
        assert set(calls(service)) == {"GetOrderStatusList"}

    run(tmp_path, scenario, 20_000, QUICK)


def test_one_call_answers_for_all_and_keeps_of_each_what_is_its_own(tmp_path: Path):
    async def scenario(service: Opened) -> None:
        orders = await placed(service, 3)
        follower = Follower(service.service.backends, service.pipeline.observer, service.store.clock)
        answers = await follower.ask_many(orders)
        assert calls(service) == ["GetOrderStatusList"]
        assert {found.answer for found in answers.values()} <= {Answer.CHANGED, Answer.ENDED}
        for order in orders:
            change = answers[order.id].change
            assert change is not None
            [row] = change.messages
            others = [other.backend_ref.encode() for other in orders if other is not order]
            assert order.backend_ref.encode() in row.body
            assert not any(reference in row.body for reference in others)
            assert change.legacy_state

    run(tmp_path, scenario, 50_000, SLOW)


def test_an_order_that_the_answer_leaves_out_is_refused_alone(tmp_path: Path):
    async def scenario(service: Opened) -> None:
        [one] = await placed(service, 1)
        stranger = replace(one, id="STRANGER", backend_ref="999999999999999")
        follower = Follower(service.service.backends, service.pipeline.observer, service.store.clock)
        answers = await follower.ask_many([one, stranger])
        assert answers["STRANGER"].answer is Answer.REFUSED
        assert "leaves out order 999999999999999" in answers["STRANGER"].why
        assert answers[one.id].answer is not Answer.REFUSED
        service.slbos.once("GetOrderStatusList", Behaviour(book=False, transport=Transport.CLOSE))
        answers = await follower.ask_many([one, stranger])
        assert {found.answer for found in answers.values()} == {Answer.UNAVAILABLE}

    run(tmp_path, scenario, 1, SLOW)


def test_an_order_that_spoils_the_answer_is_asked_for_alone(tmp_path: Path):
    async def scenario(service: Opened) -> None:
        orders = await placed(service, 2)
        backends = service.service.backends
        backend = backends["pr"]
        follower = Follower(backends, service.pipeline.observer, service.store.clock)
        rules = backends.rules["pr"]
        table = rules.tables["orderState"]
        tables = {**rules.tables, "orderState": replace(table, rows=())}
        made = {name: make_translator(file, tables, rules._contracts(name, file)) for name, file in rules.mappings.items()}
        backends["pr"] = replace(backend, translators=made)
        answers = await follower.ask_many(orders)
        assert {found.answer for found in answers.values()} == {Answer.ASK_ALONE}
        alone = await follower.ask(orders[0])
        assert (alone.answer, alone.why.split(":")[0]) == (Answer.NOT_UNDERSTOOD, "unknown status 'ACKNOWLEDGED'")
        backends["pr"] = backend

    run(tmp_path, scenario, 1, SLOW)


def test_of_one_answer_only_the_order_whose_status_nobody_knows_is_stopped(tmp_path: Path):
    async def scenario(service: Opened) -> None:
        assert (await service.pipeline.place(message(pr_order(house=UNHEARD_OF)))).status == 201
        [strange] = await service.store.orders(OrderQuery())
        orders = await placed(service, 3)
        follower = Follower(service.service.backends, service.pipeline.observer, service.store.clock)
        answers = await follower.ask_many(orders)
        assert calls(service) == ["GetOrderStatusList"]
        assert answers[strange.id].answer is Answer.ASK_ALONE
        assert "no row for 'SIGNED_OFF'" in answers[strange.id].why
        others = [answers[order.id] for order in orders if order.id != strange.id]
        assert [found.answer for found in others] == [Answer.ENDED] * 3
        assert {found.change.legacy_state for found in others if found.change} == {"COMPLETED"}
        alone = await follower.ask(strange)
        assert (alone.answer, alone.why.split(":")[0]) == (Answer.NOT_UNDERSTOOD, "unknown status 'SIGNED_OFF'")
        both_questions_look_here = service.service.backends.rules["pr"].tables["orderState"].name.at
        assert f"; say what it means at {both_questions_look_here}, as a row or as one more code of a row" in alone.why

    run(tmp_path, scenario, 1_000_000, SLOW)


def test_an_unknown_status_of_an_item_names_the_table_of_items(tmp_path: Path):
    async def scenario(service: Opened) -> None:
        assert (await service.pipeline.place(message(pr_order(house=LINE_BY_LINE)))).status == 201
        [order] = await service.store.orders(OrderQuery())
        backends = service.service.backends
        rules = backends.rules["pr"]
        tables = {**rules.tables, "lineState": replace(rules.tables["lineState"], rows=())}
        made = {name: make_translator(file, tables, rules._contracts(name, file)) for name, file in rules.mappings.items()}
        backends["pr"] = replace(backends["pr"], translators=made)
        found = await Follower(backends, service.pipeline.observer, service.store.clock).ask(order)
        assert found.why.startswith("unknown status 'ACKNOWLEDGED': the code table lineState has no row")
        assert f"; say what it means at {rules.tables['lineState'].name.at}, as a row" in found.why

    run(tmp_path, scenario, 1, SLOW)


def test_a_question_for_many_that_looks_states_up_by_itself_is_named_as_well(tmp_path: Path):
    async def scenario(service: Opened) -> None:
        assert (await service.pipeline.place(message(pr_order(house=UNHEARD_OF)))).status == 201
        [strange] = await service.store.orders(OrderQuery())
        backends = service.service.backends
        rules, many = backends.rules["pr"], "productOrder.statusList"
        text = next(iter(rules.mappings[many].files.values()))
        file = parse_mapping(text.replace("table: orderState", "table: lineState"), f"mappings/pr/{many}.yaml", "pr").file
        assert file is not None
        own = make_translator(file, rules.tables, rules._contracts(many, file))
        translators = backends["pr"].translators
        backends["pr"] = replace(backends["pr"], translators={**translators, many: own})
        follower = Follower(backends, service.pipeline.observer, service.store.clock)
        one, other = (rules.tables[name].name.at for name in ("orderState", "lineState"))
        assert f"; say what it means at {one} and for {many} at {other}, as a row" in (await follower.ask(strange)).why
        plain = text.replace("{value: item.status, table: orderState}", "\"'completed' if item.status == 'COMPLETED' else 'inProgress'\"")
        file = parse_mapping(plain, f"mappings/pr/{many}.yaml", "pr").file
        assert file is not None
        own = make_translator(file, rules.tables, rules._contracts(many, file))
        backends["pr"] = replace(backends["pr"], translators={**translators, many: own})
        line = next(n for n, line in enumerate(plain.splitlines(), 1) if "'completed' if" in line)
        assert f" at {one} and for {many} at mappings/pr/{many}.yaml:{line}:7, as a row" in (await follower.ask(strange)).why

    run(tmp_path, scenario, 1_000_000, SLOW)


def test_permits_are_counted_by_calls_and_not_by_orders(tmp_path: Path):
    async def scenario(service: Opened) -> None:
        plan = plan_of("poll", service.service.backends["pr"].market)
        assert (plan.per_call, plan.slots) == (100, 200)
        assert plan_of("submit", service.service.backends["pr"].market).per_call == 1

    run(tmp_path, scenario, 1, SLOW)
