"""Messages of a routed market go to the market that its rules, or the record, name; all others pass as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from adapter.aims import named_by
from adapter.contract.validation import Validator
from adapter.errors import InvalidMessage, NotFound, NotOffered, Problem
from adapter.mapping.check import Canonical, Surroundings, check_parsed
from adapter.mapping.parse import parse_mapping
from adapter.mapping.translator import make_translator
from adapter.market import RoutedMarket
from adapter.ports import Message, Outcome, OutcomeKind, Reply, Result
from adapter.routing import Router, Routes, route_contract
from tests.mapping_kit import contracts

CONTRACT = route_contract(["north", "south"])
RULES = """
operation: productOrder.create
legacy: Route
request:
  market:
    choose:
      - when: setting['all'] != 'auto'
        value: setting['all']
      - when: request.externalId is present and request.externalId is starting('N')
        value: "'north'"
      - when: query['side'] is present
        value: query['side']
  refusal: "'no side'"
"""


def routes(rules: str = RULES) -> Routes:
    file = parse_mapping(rules, "mappings/zz/productOrder.create.yaml", "zz").file
    assert file is not None
    canonical = contracts()
    around = Surroundings(
        {"productOrder": Canonical(canonical.request, canonical.resource)}, CONTRACT, settings={"all": "auto"}, query=frozenset({"side"})
    )
    known = around.contracts(around.canonical["productOrder"], CONTRACT["Route"])
    made = make_translator(file, {}, known)
    market = RoutedMarket.model_validate(
        {
            "market": "zz",
            "title": "Both",
            "routes": ["north", "south"],
            "settings": {"all": "auto"},
            "operations": {"productOrder.create": {}},
        }
    )
    return Routes(market, {"productOrder.create": made}, {"productOrder.create": Validator({"type": "object"}, source="zz")})


def message(market: str = "zz", operation: str = "productOrder.create", **changed: Any) -> Message:
    values: dict[str, Any] = {"body": {}, "raw": b"", "header": {}, "query": {}, "path": {}, "received_at": 0} | changed
    return Message(face="f", client="c", market=market, operation=operation, correlation_id="x", **values)


class Recorded:
    """A straight line that keeps what it is asked; it knows one order of south."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def place(self, message: Message) -> Reply:
        self.asked.append((message.market, message.asked_of))
        return Reply(201, b"")

    async def retrieve(self, message: Message) -> Result:
        self.asked.append((message.market, message.asked_of))
        return Result(Outcome(OutcomeKind.ACCEPTED), {})

    async def market_of(self, message: Message, markets: Sequence[str]) -> str | None:
        return "south" if named_by(message)[1] == "S-1" and "south" in markets else None

    def offers(self, market: str, operation: str) -> bool:
        return market != "zz" and operation in ("productOrder.update", "cancelProductOrder.create")

    def serves(self, operation: str) -> bool:
        return operation != "productOrder.forget"

    async def list(self, markets: Sequence[str], query: str) -> tuple[str, ...]:
        return (query, *markets)

    def validator(self, _face: str, market: str, _operation: str) -> Validator:
        return Validator({"type": "object"}, source=market)

    def refusal(self, message: Message, parameters: Sequence[Problem], members: Sequence[Problem]) -> Sequence[Problem]:
        return [*parameters, *members, Problem(message.market, "was asked")]


def routed(work: Any, rules: str = RULES) -> Any:
    line = Recorded()
    router = Router(line, {"zz": routes(rules)})
    return asyncio.run(work(router)), line.asked


@pytest.mark.parametrize(
    ("changed", "taken_by"),
    [
        ({"body": {"externalId": "N-1"}}, ("north", "zz")),
        ({"query": {"side": "south"}}, ("south", "zz")),
        ({"market": "north"}, ("north", "")),
        ({"market": "elsewhere"}, ("elsewhere", "")),
    ],
)
def test_an_order_goes_to_the_market_that_its_rules_name(changed: dict[str, Any], taken_by: tuple[str, str]) -> None:
    _, asked = routed(lambda router: router.place(message(**changed)))
    assert asked == [taken_by]


def test_an_order_that_no_rule_places_is_refused_in_the_markets_words() -> None:
    with pytest.raises(InvalidMessage, match="no side"):
        routed(lambda router: router.place(message()))
    with pytest.raises(InvalidMessage, match="cannot be told"):
        routed(lambda router: router.place(message()), RULES.replace("  refusal: \"'no side'\"\n", ""))


def test_an_operation_without_rules_is_not_offered() -> None:
    with pytest.raises(NotOffered, match=r"Both does not offer productOrder\.cancel"):
        routed(lambda router: router.place(message(operation="productOrder.cancel")))


def test_an_order_on_record_is_read_where_it_went_and_any_other_where_the_rules_say() -> None:
    _, known = routed(lambda router: router.retrieve(message(path={"id": "S-1"}, body={"externalId": "N-1"})))
    _, unknown = routed(lambda router: router.retrieve(message(path={"id": "S-2"}, body={"externalId": "N-1"})))
    _, direct = routed(lambda router: router.retrieve(message(market="north", path={"id": "S-1"})))
    assert (known, unknown, direct) == ([("south", "zz")], [("north", "zz")], [("north", "")])


def test_lists_and_ids_of_a_routed_market_are_those_of_the_markets_it_stands_for() -> None:
    listed, _ = routed(lambda router: router.list(("zz", "north", "other"), "q"))
    assert listed == ("q", "north", "south", "other")
    found, _ = routed(lambda router: router.market_of(message(path={"id": "S-1"}), ("zz",)))
    assert found == "south"


def test_what_a_caller_may_send_is_checked_before_the_way_is_chosen() -> None:
    router = Router(Recorded(), {"zz": routes()})
    assert router.validator("f", "zz", "productOrder.create").problems({}) == []
    assert router.validator("f", "north", "productOrder.create").problems({}) == []
    with pytest.raises(NotOffered):
        router.validator("f", "zz", "productOrder.retrieve")


def test_what_a_refused_message_lacks_is_told_by_the_routed_markets_own_rules_without_choosing() -> None:
    requiring = RULES.replace("request:\n", "require:\n  - externalId\n  - query: side\nrequest:\n")
    router = Router(Recorded(), {"zz": routes(requiring)})
    found = [Problem("X-Id", "wrong")], [Problem("item", "is missing")]
    named = [problem.path for problem in router.refusal(message(), *found)]
    assert named == ["X-Id", "query side", "externalId", "item"]
    assert [problem.path for problem in router.refusal(message(market="north"), *found)] == ["X-Id", "item", "north"]
    with pytest.raises(NotOffered):
        router.refusal(message(operation="productOrder.cancel"), [], [])


def test_a_change_goes_to_the_market_that_has_the_order_and_needs_no_rules() -> None:
    _, changed = routed(lambda router: router.place(message(operation="productOrder.update", path={"id": "S-1"})))
    task = message(operation="cancelProductOrder.create", body={"productOrder": {"id": "S-1"}})
    _, cancelled = routed(lambda router: router.place(task))
    assert changed == cancelled == [("south", "zz")]
    for unknown in ({"path": {"id": "S-2"}}, {"path": {}}):
        with pytest.raises(NotFound, match="no productOrder"):
            routed(lambda router, unknown=unknown: router.place(message(operation="productOrder.update", **unknown)))
    with pytest.raises(NotOffered, match=r"Both does not offer productOrder\.delete"):
        routed(lambda router: router.place(message(operation="productOrder.delete", path={"id": "S-1"})))


def test_a_change_is_checked_by_a_market_that_carries_it_out() -> None:
    router = Router(Recorded(), {"zz": routes()})
    assert router.validator("f", "zz", "cancelProductOrder.create").problems({}) == []
    lacking = router.refusal(message(operation="cancelProductOrder.create"), [], [])
    assert [problem.path for problem in lacking] == ["north"]


def test_a_market_that_the_routed_one_does_not_stand_for_is_a_finding() -> None:
    canonical = contracts()
    around = Surroundings({"productOrder": Canonical(canonical.request, canonical.resource)}, CONTRACT, settings={"all": "auto"})
    good = parse_mapping(
        "operation: productOrder.create\nlegacy: Route\nrequest:\n  market: \"'south'\"\n", "productOrder.create.yaml", "zz"
    )
    wrong = parse_mapping(
        "operation: productOrder.create\nlegacy: Route\nrequest:\n  market: \"'west'\"\n", "productOrder.create.yaml", "zz"
    )
    assert check_parsed(good, around) == []  # nobody answers, so there is no outcome and no answer to write
    assert [finding.code for finding in check_parsed(wrong, around)] == ["M305"]
