"""``adapter new market``: what it writes is complete, fits, runs at once, and nothing is left behind where it cannot be written."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.main import app
from adapter.contract.shape import Kind, Member, OperationContract, Shape
from adapter.contract.wsdl import load_contract, operation_contracts
from adapter.scaffold.examples import described, example, leaf
from adapter.scaffold.skeleton import id_expression, mapping_text, order_id
from tests.service_kit import ROOT, running

WSDLS = ROOT / "tests" / "contract" / "soap" / "wsdl"
ORDERS = "/tmf-api/productOrderingManagement/v4/productOrder"
NEXERA = ROOT / "mappings" / "pl" / "schema" / "nexera.openapi.yaml"
LAB = ROOT / "mappings" / "lab" / "schema" / "lab.wsdl"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own: what is declared and mapped, and nothing else."""
    for folder in ("config", "mappings"):
        shutil.copytree(ROOT / folder, tmp_path / "home" / folder)
    monkeypatch.setenv("ADAPTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ADAPTER_DATA", str(tmp_path / "data"))
    return tmp_path / "home"


@pytest.fixture
def adapter(home: Path) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize(
    ("contract", "operation"),
    [
        ("pr/schema/slbos.wsdl", "UpdateOrderDetail"),  # a schema of its own beside it
        ("jm-liberate/schema/liberate.wsdl", "CreateServiceOrder"),
        ("lab/schema/lab.wsdl", "CreateOrder"),  # attributes, patterns, lists in a wrapper
        ("pl/schema/nexera.openapi.yaml", "createTroubleTicket"),
        ("se/schema/citynetwork.openapi.yaml", "service_order"),  # XML by GET
        ("lab/schema/lab.wsdl", "FindOrder"),  # nothing has to be sent
    ],
)
def test_a_market_from_any_contract_passes_every_check_at_once(adapter, home, contract, operation):
    option = "--openapi" if contract.endswith(".yaml") else "--wsdl"
    made = adapter("new", "market", "fresh", option, ROOT / "mappings" / contract, "--operation", operation, "--title", "A fresh one: №1")
    assert made.exit_code == 0, made.output
    written = {str(path.relative_to(home)) for path in (home / "mappings" / "fresh").rglob("*") if path.is_file()}
    assert {"README.md", "codes.yaml", "productOrder.create.yaml"} <= {name.removeprefix("mappings/fresh/") for name in written}
    assert {*written, "config/markets/fresh.yaml"} <= set(made.output.splitlines())
    assert f"then grep -rn REPLACE {home}/mappings/fresh" in made.output  # as one has to write it from another folder
    assert "fresh]" in (home / "config" / "adapter.yaml").read_text()
    checked, tested = adapter("check", "fresh"), adapter("test", "fresh")
    assert checked.exit_code == 0, checked.output
    assert tested.exit_code == 0, tested.output
    assert re.search(r"([23]) of \1 cases passed", tested.output)
    readme = (home / "mappings" / "fresh" / "README.md").read_text()
    assert f"operation `{operation}`" in readme


def test_every_required_element_is_listed_with_its_type(adapter, home):
    adapter("new", "market", "fresh", "--wsdl", LAB, "--operation", "CreateOrder")
    text = (home / "mappings" / "fresh" / "productOrder.create.yaml").read_text()
    for line in (
        "  order.@reference:  \"'EXAMPLE'\"    # REPLACE: text, 1 to 64 characters",
        '      "@position":  item.id    # text, 1 to 64 characters',
        '      "@action":  "\'NEW\'"    # REPLACE: one of NEW, CHG, DEL, KEEP',
        "  # order.urgency:  whole number, 0 to 4, optional",
        "  #   receipt.@status:  one of OK, NO",
    ):
        assert line in text.splitlines()
    assert "  id:  \"reply['@orderNo']\"" in text


def test_what_an_optional_object_may_hold_is_listed_too(adapter, home):
    wsdl = ROOT / "mappings" / "de" / "schema" / "supplier.wsdl"
    adapter("new", "market", "fresh", "--wsdl", wsdl, "--operation", "anlegeAuftrag")
    lines = (home / "mappings" / "fresh" / "productOrder.create.yaml").read_text().splitlines()
    place = lines.index("  # auftrag.kundenwunschtermin:  object, optional")
    assert lines[place + 1] == "  #   auftrag.kundenwunschtermin.von:  text, date-time"
    assert "      #   merkmal[].name:  text, 1 to 64 characters" in lines


def test_the_option_says_what_a_contract_is_whatever_its_file_is_called(adapter, home, tmp_path):
    shutil.copyfile(LAB, tmp_path / "desk.xml")
    made = adapter("new", "market", "fresh", "--wsdl", tmp_path / "desk.xml", "--operation", "CreateOrder")
    assert made.exit_code == 0, made.output
    assert "connector: soap" in (home / "config" / "markets" / "fresh.yaml").read_text()
    assert adapter("check", "fresh").exit_code == 0


def test_a_market_made_from_nothing_takes_its_first_order(adapter, home, tmp_path):
    """From the WSDL to an order at the backend, without a line of Python."""
    made = adapter("new", "market", "fresh", "--wsdl", LAB, "--operation", "CreateOrder")
    assert made.exit_code == 0, made.output
    clients = home / "config" / "clients.yaml"
    clients.write_text(clients.read_text().replace("markets: [lab,", "markets: [fresh, lab,"))
    mapping = home / "mappings" / "fresh" / "productOrder.create.yaml"
    mapping.write_text(mapping.read_text().replace("\"'EXAMPLE'\"    # REPLACE: text, 1 to 64", "request.externalId    # text, 1 to 64"))
    market = home / "config" / "markets" / "fresh.yaml"
    market.write_text(market.read_text().replace("${ADAPTER_FRESH_ENDPOINT}", "${ADAPTER_LAB_ENDPOINT}"))
    with running(tmp_path / "data", {"ADAPTER_HOME": str(home)}) as service:
        order = {"externalId": "FRESH-1", "productOrderItem": [{"id": "7", "action": "add"}]}
        answer = service.http.post(ORDERS, json=order, headers={"X-Market": "fresh"})
        assert answer.status_code == 201, answer.text
        assert answer.json()["id"].startswith("LAB-")
        assert answer.json()["state"] == "acknowledged"
        envelope = service.calls("lab")[-1].envelope
        assert 'reference="FRESH-1"' in envelope
        assert 'position="7"' in envelope


def test_nothing_is_left_behind_where_the_market_cannot_be_made(adapter, home, tmp_path):
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    empty = tmp_path / "empty.yaml"
    empty.write_text("openapi: 3.1.0\n", encoding="utf-8")
    for words, said in (
        (("fresh", "--wsdl", LAB, "--operation", "CreateOrdr"), "did you mean 'CreateOrder'?"),
        (("fresh", "--wsdl", tmp_path / "none.wsdl", "--operation", "X"), "there is no such file"),
        (("fresh", "--operation", "X"), "either --wsdl FILE or --openapi FILE"),
        (("Fresh", "--wsdl", LAB, "--operation", "CreateOrder"), "cannot be the id of a market"),
        (("true", "--wsdl", LAB, "--operation", "CreateOrder"), "cannot be the id of a market"),
        (("lab", "--wsdl", LAB, "--operation", "CreateOrder"), "is there already"),
        (("fresh", "--openapi", NEXERA, "--operation", "x"), "there is no operation 'x'; there are "),
        (("fresh", "--wsdl", LAB), "--operation; there are CancelOrder, ChangeOrder, CreateOrder, FindOrder, ReadOrder, RemoveOrder"),
        (("fresh", "--wsdl", LAB, "--operation", "Record"), "there is no operation 'Record'"),
        (("fresh", "--openapi", empty, "--operation", "x"), "it has none that a backend is called by"),
    ):
        made = adapter("new", "market", *words)
        assert made.exit_code != 0
        assert said in str(made.exception)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_a_list_of_markets_that_cannot_be_extended_is_left_to_a_person(adapter, home):
    settings = home / "config" / "adapter.yaml"
    text = settings.read_text()
    line = next(line for line in text.splitlines() if line.startswith("markets:"))
    names = line.partition("[")[2].rstrip("]").split(", ")
    settings.write_text(text.replace(line, "\n".join(["markets:", *(f"  - {name}" for name in names)])))
    made = adapter("new", "market", "fresh", "--wsdl", LAB, "--operation", "CreateOrder")
    assert made.exit_code == 0, made.output
    assert "add fresh to 'markets' in config/adapter.yaml" in made.output


@pytest.mark.parametrize("wsdl", sorted(WSDLS.glob("*.wsdl")), ids=lambda path: path.stem)
def test_a_skeleton_can_be_written_for_every_awkward_contract(wsdl):
    for operation in operation_contracts(load_contract(wsdl)).values():
        text = mapping_text("productOrder.create", operation, wsdl.name)
        assert f"legacy: {operation.name}\n" in text
        assert isinstance(example(operation.input), dict)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (Shape(Kind.TEXT), "EXAMPLE", "text"),
        (Shape(Kind.TEXT, max_length=3), "EXA", "text, at most 3 characters"),
        (Shape(Kind.TEXT, min_length=10), "EXAMPLEXXX", "text, at least 10 characters"),
        (Shape(Kind.TEXT, min_length=2, max_length=2), "EX", "text, 2 characters"),
        (Shape(Kind.TEXT, format="date"), "2026-01-31", "text, date"),
        (Shape(Kind.TEXT, enum=tuple("abcdefghij")), "a", "one of a, b, c, d, e, f, g, h, …"),
        (Shape(Kind.INTEGER), 1, "whole number"),
        (Shape(Kind.INTEGER, minimum=5), 5, "whole number, at least 5"),
        (Shape(Kind.INTEGER, maximum=-3), -3, "whole number, at most -3"),
        (Shape(Kind.DECIMAL, minimum=0, maximum=0), 0, "number, 0"),
        (Shape(Kind.BOOLEAN), True, "true or false"),
    ],
)
def test_an_example_fits_its_place(place, value, words):
    assert leaf(place) == value
    assert described(place) == words


def test_a_backend_that_gives_no_number_keeps_ours():
    output = Shape(Kind.OBJECT, members={"fine": Member("fine", Shape(Kind.BOOLEAN))})
    assert order_id(output) is None
    text = mapping_text("productOrder.create", OperationContract("Take", Shape(Kind.OBJECT), output), "take.wsdl")
    assert "  id:  clientReference    # REPLACE" in text


def test_a_number_of_the_backend_is_read_as_text():
    output = Shape(Kind.OBJECT, members={"orderId": Member("orderId", Shape(Kind.INTEGER)), "id": Member("id", Shape(Kind.TEXT))})
    assert id_expression(order_id(output)) == "reply['orderId'] | text"


def test_a_message_that_nobody_answers_has_no_way_back():
    text = mapping_text("productOrder.create", OperationContract("Tell", Shape(Kind.OBJECT), Shape(Kind.OBJECT), one_way=True), "x")
    assert "reply:" not in text
    assert "outcome:" not in text
