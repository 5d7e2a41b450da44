"""A WSDL whose operations are spread over several ports: orders are entered at one address and asked for at another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapter.bootstrap.connectors import way_of
from adapter.cli.main import app
from adapter.errors import CheckFailed, ConfigError, SerialisationFailed
from adapter.market import Market, load_market
from adapter.ports import AnswerKind, Call, Connector, WireReply, WireRequest
from adapter.wire import settings_of
from tests.service_kit import ROOT

BINDING = """
  <w:portType name="{port}Type">{operations}</w:portType>
  <w:binding name="{port}Binding" type="t:{port}Type">
    <s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{bound}
  </w:binding>"""
OPERATION = '<w:operation name="{name}"><w:input message="t:{name}In"/><w:output message="t:{name}Out"/></w:operation>'
BOUND = """
    <w:operation name="{name}"><s:operation soapAction="urn:{name}"/>
      <w:input><s:body use="literal"/></w:input><w:output><s:body use="literal"/></w:output></w:operation>"""
MESSAGE = """
  <w:message name="{name}In"><w:part name="body" element="t:{name}"/></w:message>
  <w:message name="{name}Out"><w:part name="body" element="t:{name}Reply"/></w:message>"""
ELEMENT = """
    <x:element name="{name}"><x:complexType><x:sequence>
      <x:element name="reference" type="x:string"/></x:sequence></x:complexType></x:element>
    <x:element name="{name}Reply"><x:complexType><x:sequence>
      <x:element name="code" type="x:string"/><x:element name="number" type="x:string"/></x:sequence></x:complexType></x:element>"""


def wsdl(**ports: list[str]) -> str:
    """A WSDL with these operations in each port."""
    names = list(dict.fromkeys(name for operations in ports.values() for name in operations))
    services = "".join(
        f'<w:port name="{port}" binding="t:{port}Binding"><s:address location="http://desk.internal:7001/{port.lower()}"/></w:port>'
        for port in ports
    )
    bindings = "".join(
        BINDING.format(
            port=port,
            operations="".join(OPERATION.format(name=name) for name in operations),
            bound="".join(BOUND.format(name=name) for name in operations),
        )
        for port, operations in ports.items()
    )
    return f"""<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:desk" targetNamespace="urn:desk">
  <w:types><x:schema targetNamespace="urn:desk" elementFormDefault="qualified">{"".join(ELEMENT.format(name=name) for name in names)}
  </x:schema></w:types>{"".join(MESSAGE.format(name=name) for name in names)}{bindings}
  <w:service name="Desk">{services}</w:service>
</w:definitions>"""


TWO = wsdl(Entry=["placeOrder", "stopOrder"], Inquiry=["readOrder"])


def market(**declared: Any) -> Market:
    base = {"market": "desk", "title": "Desk", "connector": "soap", "contract": "desk.wsdl", "operations": {}}
    return Market.model_validate(base | {"endpoint": "https://desk.example/soap"} | declared)


def connector(tmp_path: Path, text: str = TWO, **declared: Any) -> Connector:
    path = tmp_path / "desk.wsdl"
    path.write_text(text, encoding="utf-8")
    made = market(**declared)
    return way_of(made).connect(made, path, None)


def called(one: Connector, operation: str) -> tuple[WireRequest, Any]:
    """The request of a call and its answer."""
    exchange = one.exchange(Call(operation, {"reference": "A-1"}))
    request = next(exchange)
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<{operation}Reply xmlns="urn:desk"><code>0</code><number>7</number></{operation}Reply></e:Body></e:Envelope>'
    )
    try:
        exchange.send(WireReply(200, {"content-type": "text/xml; charset=utf-8"}, body.encode()))
    except StopIteration as end:
        return request, end.value
    raise AssertionError("one call is one request")


def test_each_operation_is_called_at_its_port(tmp_path: Path) -> None:
    ports = {"Entry": "/om/entry", "Inquiry": "http://reports.example:8080/inquiry"}
    made = connector(tmp_path, ports=ports)
    assert {"placeOrder", "stopOrder", "readOrder"} <= set(made.contracts())
    for operation, url in (
        ("placeOrder", "https://desk.example/om/entry"),
        ("stopOrder", "https://desk.example/om/entry"),
        ("readOrder", "http://reports.example:8080/inquiry"),
    ):
        request, answer = called(made, operation)
        assert request.url == url
        assert request.headers["SOAPAction"] == f'"urn:{operation}"'
        assert answer.kind is AnswerKind.REPLY
        assert answer.document == {"code": "0", "number": "7"}


def test_a_port_without_an_address_of_its_own_is_at_the_endpoint(tmp_path: Path) -> None:
    made = connector(tmp_path, ports={"Inquiry": ""})
    assert called(made, "readOrder")[0].url == "https://desk.example/soap"
    assert "placeOrder" not in made.contracts()


def test_what_no_port_has_is_not_sent(tmp_path: Path) -> None:
    made = connector(tmp_path, ports={"Entry": "", "Inquiry": ""})
    with pytest.raises(
        SerialisationFailed, match="no port that is called has an operation 'tellOrder'; there are: placeOrder, stopOrder, readOrder"
    ):
        next(made.exchange(Call("tellOrder", {})))


def test_two_operations_of_one_name_cannot_both_be_called(tmp_path: Path) -> None:
    text = wsdl(Old=["placeOrder"], New=["placeOrder", "readOrder"])
    with pytest.raises(ConfigError, match="the ports Old and New both have an operation 'placeOrder'; name one of them in 'ports'"):
        connector(tmp_path, text, ports={"Old": "", "New": ""})
    assert set(connector(tmp_path, text, ports={"New": ""}).contracts()) >= {"placeOrder", "readOrder"}


def test_the_address_of_every_port_is_one_that_can_be_called() -> None:
    with pytest.raises(Exception, match="it must be a path such as /orders, seen from 'endpoint', or a URL"):
        market(ports={"Entry": "ftp://desk.example/"})
    with pytest.raises(Exception, match="'ports' names those that are called"):
        market(port="Entry", ports={"Inquiry": ""})
    with pytest.raises(ConfigError, match=r"the endpoint at desk\.example holds credentials"):
        settings_of(market(ports={"Entry": "https://user:secret@desk.example/"}), lambda path: path)


@pytest.fixture
def adapter(tmp_path: Path) -> Callable[..., Result]:
    """The command in a project that has the one face and, yet, no market."""
    config = tmp_path / "home" / "config"
    (config / "markets").mkdir(parents=True)
    (config / "faces").mkdir()
    for name in ("tmf", "tmf-common"):
        text = (ROOT / "config" / "faces" / f"{name}.yaml").read_text(encoding="utf-8")
        (config / "faces" / f"{name}.yaml").write_text(text.replace("default: lab", "default: desk"), encoding="utf-8")
    (config / "adapter.yaml").write_text("faces: [tmf]\nmarkets: []\n", encoding="utf-8")
    client = '{faces: [tmf], markets: [desk], operations: ["productOrder.*"], market: desk}'
    (config / "clients.yaml").write_text(f"clients:\n  demo-open: {client}\n", encoding="utf-8")
    variables = {"ADAPTER_HOME": str(tmp_path / "home"), "ADAPTER_DATA": str(tmp_path / "var")}
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words], env=variables)


@pytest.mark.parametrize("operation", ["placeOrder", "readOrder"])
def test_a_new_market_names_the_ports_of_its_wsdl(tmp_path: Path, adapter: Callable[..., Result], operation: str) -> None:
    (tmp_path / "desk.wsdl").write_text(TWO, encoding="utf-8")
    made = adapter("new", "market", "desk", "--wsdl", tmp_path / "desk.wsdl", "--operation", operation)
    assert made.exit_code == 0, made.output
    declared = load_market(tmp_path / "home" / "config" / "markets" / "desk.yaml", {"ADAPTER_DESK_ENDPOINT": "https://desk.example"})
    assert declared.addresses == {"Entry": "https://desk.example/entry", "Inquiry": "https://desk.example/inquiry"}
    checked, tested = adapter("check", "desk"), adapter("test", "desk")
    assert (checked.exit_code, tested.exit_code) == (0, 0), checked.output + tested.output


def test_a_new_market_takes_the_port_that_has_the_operation_where_names_collide(tmp_path: Path, adapter: Callable[..., Result]) -> None:
    (tmp_path / "desk.wsdl").write_text(wsdl(Old=["placeOrder"], New=["placeOrder", "bookOrder"]), encoding="utf-8")
    made = adapter("new", "market", "desk", "--wsdl", tmp_path / "desk.wsdl", "--operation", "bookOrder")
    assert made.exit_code == 0, made.output
    declared = load_market(tmp_path / "home" / "config" / "markets" / "desk.yaml", {"ADAPTER_DESK_ENDPOINT": "https://desk.example"})
    assert list(declared.ports) == ["New"]
    assert adapter("check", "desk").exit_code == 0


def test_an_operation_of_a_port_that_is_not_called_is_named_with_it(tmp_path: Path, adapter: Callable[..., Result]) -> None:
    (tmp_path / "desk.wsdl").write_text(TWO, encoding="utf-8")
    assert adapter("new", "market", "desk", "--wsdl", tmp_path / "desk.wsdl", "--operation", "readOrder").exit_code == 0
    file = tmp_path / "home" / "config" / "markets" / "desk.yaml"
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if "Inquiry:" not in line), encoding="utf-8")
    checked = adapter("check", "desk")
    assert checked.exit_code == 1
    assert "error M209: the legacy contract has no operation 'readOrder'\n" in checked.output
    assert "  = the port Inquiry has it; name each port that is called under 'ports' in the market's file\n" in checked.output


def test_a_port_that_the_wsdl_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises((ConfigError, CheckFailed), match="has no SOAP port 'Enquiry'; it has: Entry, Inquiry"):
        connector(tmp_path, ports={"Enquiry": ""})
