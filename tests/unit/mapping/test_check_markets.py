"""The mappings of every market against their real contracts: the TMF models with the market's extension, and the legacy contract."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from adapter.bootstrap.rules import MarketRules, read_rules
from adapter.contract.shape import Shape
from adapter.faces.declaration import load_face
from adapter.mapping.check import check_parsed
from adapter.mapping.frame import render_all
from adapter.mapping.parse import load_mapping
from adapter.market import load_market
from adapter.settings import Home, load_settings
from tests.mapping_kit import MAPPINGS


class Anything(dict[str, str]):
    """An environment in which every variable is set."""

    def __missing__(self, name: str) -> str:
        return f"http://{name.lower().replace('_', '-')}.invalid"

    def get(self, name: str, default: str | None = None) -> str:  # type: ignore[override]
        return default or self[name]


HOME = Home(Path(__file__).parents[3])
SETTINGS = load_settings(HOME)


@cache
def rules(market: str) -> MarketRules:
    faces = [load_face(HOME.face_file(name), Anything()) for name in SETTINGS.faces]
    return read_rules(HOME, load_market(HOME.market_file(market), Anything()), faces)


@pytest.mark.parametrize("market", SETTINGS.markets)
def test_the_mappings_of_a_market_have_no_finding(market: str) -> None:
    read = rules(market)
    assert read.mappings
    assert render_all([each for each in read.findings if each.severity == "error"], dict(read.texts)) == "0 errors, 0 warnings\n"
    made = read.translators()
    assert set(made) == set(read.mappings)


def required(shape: Shape | None) -> set[str]:
    assert shape is not None
    return {name for name, member in shape.members.items() if member.required}


def test_each_operation_has_the_contract_of_its_kind() -> None:
    """As the lab declares them: an order is created, changed, cancelled by a task, asked for and told about."""
    lab = rules("lab").around
    placed, changed, deleted = lab.of("productOrder.create"), lab.of("productOrder.update"), lab.of("productOrder.delete")
    assert placed is not None
    assert changed is not None
    assert deleted is not None
    assert "productOrderItem" in required(placed.request)
    assert (placed.known, placed.subject) == (None, None)
    assert (required(changed.request), required(changed.resource), required(changed.subject)) == (set(), set(), set())
    assert changed.known is placed.resource
    assert required(changed.resource.members["productOrderItem"].shape) == {"id"}
    assert deleted.request.members == {}
    assert lab.of("productOrder.updateProbe") is changed
    cancelled, asked, told = (
        lab.of("cancelProductOrder.create"),
        lab.of("productOrder.status"),
        lab.of("productOrder.message", received=True),
    )
    assert cancelled is not None
    assert asked is not None
    assert told is not None
    assert cancelled.known is placed.resource
    assert required(cancelled.subject) == set()
    assert "productOrder" in required(cancelled.request)
    assert required(asked.resource) == set()
    assert (told.identities, required(told.resource), told.known) == (("id", "externalId"), set(), placed.resource)
    contracts = lab.contracts(told, lab.inbound["NotifyOrder"], received=True)
    assert set(contracts.documents()) == {"message", "known", "report", "outcome"}
    assert (contracts.header, contracts.path) == (frozenset(), frozenset())
    assert {"productOrder.create", "productOrder.update"} <= set(rules("lab").validators())
    assert "productOrder.message" not in rules("lab").validators()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("order.campaignCode", "order.campainCode", "M202"),
        ("relatedParty[@referredType=Customer].id", "relatedParty[@referedType=Customer].id", "M201"),
        ("  - note[@type=JobType].text\n", "", "M402"),
        ("  order.accountNumber:       request['billingAccount.id']\n", "", "M401"),
        ("table: lineKind", "table: lineKnd", "M601"),
        ("header['lob']", "header['lobb']", "M801"),
        ("setting['selfInstallDate'] == 'force'", "setting['selfInstallDate']", "M304"),
        ("item.quantity | default(1)", "item.quantity | default('1')", "M301"),
        ("reply.orderNumber is present", "reply.orderNumbr is present", "M202"),
        ("item['product.id']", "item['product']", "M301"),
        ("legacy: UpdateOrderDetail", "legacy: UpdateOrder", "M209"),
    ],
)
def test_a_mistake_in_the_real_mapping_is_found(before: str, after: str, expected: str, tmp_path: Path) -> None:
    text = (MAPPINGS / "pr" / "productOrder.create.yaml").read_text(encoding="utf-8")
    assert before in text
    (tmp_path / "pr").mkdir()
    (tmp_path / "pr" / "productOrder.create.yaml").write_text(text.replace(before, after, 1), encoding="utf-8")
    parsed = load_mapping(tmp_path, "pr", "productOrder.create", shown="mappings")
    assert expected in {finding.code for finding in check_parsed(parsed, rules("pr").around)}
