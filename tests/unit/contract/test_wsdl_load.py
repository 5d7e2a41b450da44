"""Loading a WSDL: files only, the cache, and messages that say what to mend."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adapter.contract import wsdl as wsdl_module
from adapter.contract.path import parse_path
from adapter.contract.shape import Kind, resolve
from adapter.contract.wsdl import load_contract, operation_contracts
from adapter.contract.wsdl_sources import read_sources
from adapter.contract.wsdl_zeep import FileTransport
from adapter.errors import ConfigError

ROOT = Path(__file__).parents[3]
WSDL = ROOT / "tests/contract/soap/wsdl"
SLBOS = ROOT / "mappings/pr/schema/slbos.wsdl"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A WSDL with its schema in a folder of its own, free to be changed."""
    for file in SLBOS.parent.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / "slbos.wsdl"


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_the_contract_is_plain_data_that_pickles() -> None:
    contract = load_contract(SLBOS)
    assert (contract.service, contract.port, contract.version) == ("Slbos", "SlbosPort", "1.1")
    assert contract.address == "http://localhost/slbos"
    assert contract.operations["FindOrder"].action == "urn:slbos:service:1/FindOrder"
    assert pickle.loads(pickle.dumps(contract)) == contract


def test_the_cached_contract_is_the_loaded_one(tmp_path: Path) -> None:
    for file in ("derived.wsdl", "choice.wsdl", "facets.wsdl", "headers.wsdl", "rpc.wsdl", "refused.wsdl"):
        fresh = load_contract(WSDL / file)
        assert load_contract(WSDL / file, tmp_path) == fresh
        assert load_contract(WSDL / file, tmp_path) == fresh
    assert len(list(tmp_path.iterdir())) == 6
    assert all(json.loads(file.read_text(encoding="utf-8"))["operations"] for file in tmp_path.iterdir())


SCRIPT = """
import sys
from adapter.contract.wsdl import load_contract, operation_contracts
from connectors.soap import SoapConnector
from adapter.ports import Call
contract = load_contract(sys.argv[1], sys.argv[2])
connector = SoapConnector(contract)
request = next(connector.exchange(Call("FindOrder", {"temporaryOrderId": "T1"})))
assert b"T1" in request.body
print("zeep" in sys.modules)
"""


def test_with_a_warm_cache_zeep_is_not_even_imported(tmp_path: Path) -> None:
    def run() -> str:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(SLBOS), str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert run() == "True"
    assert run() == "False"


def test_a_change_in_an_imported_schema_is_seen(copied: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    before = load_contract(copied, cache)
    edit(copied.parent / "slbos-order.xsd", '<xs:maxLength value="20"/>', '<xs:maxLength value="21"/>')
    after = load_contract(copied, cache)
    assert before.digest != after.digest
    code = after.simple("{urn:slbos:order:1}Code")
    assert code is not None
    assert code.facets.max_length == 21


def test_another_compiler_or_port_is_another_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = load_contract(WSDL / "dual.wsdl", tmp_path, "Old")
    new = load_contract(WSDL / "dual.wsdl", tmp_path, "New")
    assert (old.version, new.version) == ("1.1", "1.2")
    monkeypatch.setattr(wsdl_module, "COMPILER", "another")
    load_contract(WSDL / "dual.wsdl", tmp_path, "New")
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("spoilt", [b"", b"{", b"{}", b"\xff"])
def test_a_spoilt_cache_file_is_made_again(tmp_path: Path, spoilt: bytes) -> None:
    fresh = load_contract(SLBOS, tmp_path)
    (file,) = tmp_path.iterdir()
    good = file.read_bytes()
    file.write_bytes(spoilt)
    assert load_contract(SLBOS, tmp_path) == fresh
    assert file.read_bytes() == good


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder", encoding="utf-8")
    assert load_contract(SLBOS, blocked) == load_contract(SLBOS)
    folder = tmp_path / "folder"
    load_contract(SLBOS, folder)
    (file,) = folder.iterdir()
    file.unlink()
    file.mkdir()
    (file / "x").write_text("not to be replaced", encoding="utf-8")
    assert load_contract(SLBOS, folder) == load_contract(SLBOS)
    assert [one.name for one in folder.iterdir()] == [file.name]


def test_a_copied_tree_shares_the_cache_but_not_the_place(copied: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load_contract(SLBOS, cache)
    moved = load_contract(copied, cache)
    assert moved.location == str(copied)
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("location", ["http://example.test/order.xsd", "https://example.test/order.xsd", "ftp://example.test/order.xsd"])
def test_a_network_location_is_refused_and_named(copied: Path, location: str) -> None:
    edit(copied, 'schemaLocation="slbos-order.xsd"', f'schemaLocation="{location}"')
    with pytest.raises(ConfigError) as wrong:
        load_contract(copied)
    assert f"slbos.wsdl:11: import of '{location}': contracts are read from files only" in str(wrong.value)


def test_a_file_address_is_read(copied: Path) -> None:
    edit(copied, 'schemaLocation="slbos-order.xsd"', f'schemaLocation="{(copied.parent / "slbos-order.xsd").as_uri()}"')
    assert not load_contract(copied).operations["FindOrder"].refused


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            'schemaLocation="slbos-order.xsd"',
            'schemaLocation="order.xsd"',
            "import of 'order.xsd': .*order.xsd cannot be read: No such file",
        ),
        ("</wsdl:definitions>", "", "is no well-formed XML"),
        ("<wsdl:definitions", "<!DOCTYPE x [<!ENTITY a 'b'>]><wsdl:definitions", "has a DOCTYPE"),
        ('type="o:OrderDetail"', 'type="o:OrderDetails"', r"the type \{urn:slbos:order:1\}OrderDetails is used|OrderDetails"),
        (
            'element="tns:FindOrder"',
            'element="tns:FindOrders"',
            r"slbos.wsdl:\d+:1: there is no element 'tns:FindOrders'; did you mean 'FindOrder'",
        ),
        ('message="tns:FindOrderRequest"', 'message="tns:FindRequest"', r"slbos.wsdl:\d+:1: there is no message 'tns:FindRequest'"),
        ('type="tns:SlbosPort"', 'type="tns:Slbos"', r"slbos.wsdl:\d+:1: there is no portType 'tns:Slbos'"),
        (
            'binding="tns:SlbosBinding"',
            'binding="tns:Slbos"',
            r"slbos.wsdl:\d+:1: there is no binding 'tns:Slbos'; there are: SlbosBinding",
        ),
        ('type="o:Code" minOccurs', 'type="p:Code" minOccurs', "cannot be loaded as a WSDL|the prefix of 'p:Code' is not declared"),
    ],
)
def test_a_broken_wsdl_is_a_configuration_error(copied: Path, before: str, after: str, words: str) -> None:
    edit(copied, before, after)
    with pytest.raises(ConfigError, match=words):
        load_contract(copied)


def test_a_page_in_the_place_of_a_wsdl_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "desk.wsdl"
    path.write_text("<html><body>Please sign in</body></html>", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"desk.wsdl:1:1: this is no WSDL: its root is <html>, not <definitions>"):
        load_contract(path)


def test_a_wsdl_without_a_soap_port_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dual.wsdl"
    shutil.copy(WSDL / "dual.wsdl", path)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        "\n".join(line for line in text.splitlines() if 'name="Old"' not in line and 'name="New"' not in line), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="has no service with a SOAP port"):
        load_contract(path)
    with pytest.raises(ConfigError, match="has no SOAP port 'Newer'; it has: Old, New"):
        load_contract(WSDL / "dual.wsdl", port="Newer")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_contract(tmp_path / "none.wsdl")


def test_rpc_wrappers_of_one_name_keep_their_own_parts(tmp_path: Path) -> None:
    path = tmp_path / "rpc.wsdl"
    shutil.copy(WSDL / "rpc.wsdl", path)
    edit(path, "PlaceOut", "Place")
    contract = operation_contracts(load_contract(path))["Place"]
    assert list(contract.input.members) == ["order", "reference", "urgent"]
    assert list(contract.output.members) == ["order", "count"]


def test_a_schema_that_zeep_asks_for_beyond_the_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dual.wsdl"
    shutil.copy(WSDL / "dual.wsdl", path)
    transport = FileTransport(read_sources(path))
    assert b"arrayType" in transport.load("http://schemas.xmlsoap.org/soap/encoding/")
    with pytest.raises(ConfigError, match="'/etc/hostname' is not among the files of the contract"):
        transport.load("/etc/hostname")


def test_the_shapes_say_what_the_contract_says() -> None:
    order = operation_contracts(load_contract(SLBOS))["UpdateOrderDetail"].input

    def at(path: str) -> tuple[Kind, bool, bool]:
        place = resolve(order, parse_path(path))
        return place.shape.kind, place.many, place.optional

    assert at("order") == (Kind.OBJECT, False, False)
    assert at("order.line[].quantity") == (Kind.INTEGER, True, False)
    assert at("order.line[].bundle") == (Kind.BOOLEAN, True, True)
    assert at("order.houseId") == (Kind.TEXT, False, True)
    date = resolve(order, parse_path("order.requestedDate")).shape
    assert (date.kind, date.format) == (Kind.TEXT, "date-time")
    code = resolve(order, parse_path("order.houseId")).shape
    assert (code.min_length, code.max_length) == (1, 20)
    assert resolve(order, parse_path("order.accountNumber")).shape.pattern == "#?[0-9]{8,16}"
    assert resolve(order, parse_path("order.line[].action")).shape.enum == ("A", "M", "D", "N")
    line = resolve(order, parse_path("order.line")).member
    assert line is not None
    assert (line.many, line.min_items, line.max_items) == (True, 1, None)


def test_the_shapes_of_facets() -> None:
    shape = operation_contracts(load_contract(WSDL / "facets.wsdl"))["Place"].input
    of = {name: member.shape for name, member in shape.members.items()}
    assert (of["percent"].minimum, of["percent"].maximum) == (0, 100)
    assert (of["above"].minimum, of["above"].maximum) == (11, 19)
    assert (of["amount"].total_digits, of["amount"].fraction_digits) == (6, 2)
    assert of["double"].kind is Kind.DECIMAL
    assert of["size"].enum == ("1", "10")
    assert of["either"].enum == ("red", "black & white", "1", "10")
    assert (of["inline"].min_length, of["inline"].max_length) == (2, 4)
    assert (of["day"].format, of["hour"].format, of["uri"].format) == ("date", "time", "uri")
    assert of["fixed"].enum == ("v1",)


def test_the_shapes_of_choices_and_groups() -> None:
    shape = operation_contracts(load_contract(WSDL / "choice.wsdl"))["Place"].input
    choice, contact = shape.groups
    assert (choice.required, contact.required) == (True, False)
    assert [branch.members for branch in choice.branches] == [("card",), ("iban", "bic"), ("cash",)]
    assert [branch.needed for branch in choice.branches] == [("card",), ("iban",), ("cash",)]
    assert shape.members["card"].choice == shape.members["cash"].choice != shape.members["email"].choice
    assert shape.members["iban"].choice == ""
    assert not any(shape.members[name].required for name in ("card", "iban", "bic", "cash", "email", "phone"))
    grouped = operation_contracts(load_contract(WSDL / "groups.wsdl"))["Place"].input
    (together,) = grouped.groups
    assert (together.required, len(together.branches)) == (False, 1)
    assert together.branches[0].needed == ("street", "number")
    bag = grouped.members["bag"].shape
    assert all(member.many and not member.required for member in bag.members.values())
    assert grouped.members["row"].shape.members["cell"].max_items == 4


def test_the_shapes_of_derived_types() -> None:
    shape = operation_contracts(load_contract(WSDL / "derived.wsdl"))["Place"].input
    item = shape.members["item"].shape
    assert sorted(item.variants) == ["Bundle", "Mobile", "Phone"]
    assert list(item.variants["Mobile"].members) == ["@xsi:type", "@rank", "@esim", "id", "number", "sim"]
    assert item.members["@xsi:type"].required
    assert not item.members["number"].required
    address = shape.members["address"].shape
    assert sorted(address.variants) == ["Address", "StreetAddress"]
    assert not address.members["@xsi:type"].required
    tree = shape.members["tree"].shape
    assert tree.members["tree"].shape is tree


def test_the_shapes_of_attributes_text_and_open_types() -> None:
    shape = operation_contracts(load_contract(WSDL / "attributes.wsdl"))["Place"].input
    price = shape.members["price"].shape
    assert list(price.members) == ["@currency", "@net", "#text"]
    assert price.members["#text"].shape.kind is Kind.DECIMAL
    assert list(shape.members["rounded"].shape.members) == ["@currency", "#text"]
    assert shape.members["@by"].required
    wide = operation_contracts(load_contract(WSDL / "open.wsdl"))["Place"].input
    assert wide.members["extended"].shape.open
    assert wide.members["payload"].shape.kind is Kind.ANY
