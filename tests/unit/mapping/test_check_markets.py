"""The mappings of every market against their real contracts: the TMF model with the market's extension, and its WSDL."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from adapter.contract.tmf import Resource, extend, load_extension, resource
from adapter.contract.wsdl import load_contract, operation_contracts
from adapter.mapping.check import Canonical, Surroundings, check_parsed, question, question_for_many, unused_tables
from adapter.mapping.frame import render_all
from adapter.mapping.parse import Parsed, load_mapping
from adapter.mapping.tables import Tables, parse_tables, read_tables
from adapter.routing import route_contract

REPOSITORY = Path(__file__).parents[3]
MAPPINGS = REPOSITORY / "mappings"
MARKETS = sorted(path.stem for path in (REPOSITORY / "config" / "markets").glob("*.yaml") if (MAPPINGS / path.stem).is_dir())


def declared(market: str) -> dict[str, str]:
    text = (REPOSITORY / "config" / "markets" / f"{market}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def around(market: str, tables: Tables) -> Surroundings:
    config = declared(market)
    order: Resource = resource("productOrder")
    if config.get("extension"):
        order = extend(order, load_extension(REPOSITORY / config["extension"]))
    routes = config.get("routes")
    legacy = route_contract(list(routes)) if routes else operation_contracts(load_contract(REPOSITORY / config["contract"]))
    answers = {face: contract.shape for face, contract in order.answers.items()}
    whole = Canonical(order.create, order.full, order.server_owned, answers)
    asked = {
        "productOrder.status": question(whole, {"productOrderItem": "id"}),
        "productOrder.statusList": question_for_many(whole, {"productOrderItem": "id"}, "id"),
    }
    return Surroundings(
        canonical={"productOrder": whole, **asked},
        legacy=legacy,
        tables=tables.tables,
        settings=dict(config.get("settings") or {}),
        faces=frozenset({"hybris", "tmf"}),
        header=frozenset({"X-Conversation-Id", "X-Source-BSS", "channelId", "lob"}),
        query=frozenset({"accountId"}),
        path=frozenset({"id"}),
    )


def loaded(market: str) -> list[Parsed]:
    return [load_mapping(MAPPINGS, market, path.stem) for path in sorted((MAPPINGS / market).glob("*.*.yaml"))]


def tables_of(market: str) -> Tables:
    path = MAPPINGS / market / "codes.yaml"
    return read_tables(path, f"mappings/{market}/codes.yaml") if path.is_file() else parse_tables("tables: {}", "none")


@pytest.mark.parametrize("market", MARKETS)
def test_the_mappings_of_a_market_have_no_finding(market: str) -> None:
    tables = tables_of(market)
    surroundings = around(market, tables)
    files = loaded(market)
    assert files
    found = [*tables.findings, *(finding for parsed in files for finding in check_parsed(parsed, surroundings))]
    found += unused_tables(tables, [parsed.file for parsed in files if parsed.file is not None])
    texts = {name: text for parsed in files for name, text in parsed.files.items()}
    assert render_all([each for each in found if each.severity == "error"], {**texts, tables.file: tables.text}) == "0 errors, 0 warnings\n"


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
    assert expected in {finding.code for finding in check_parsed(parsed, around("pr", tables_of("pr")))}
