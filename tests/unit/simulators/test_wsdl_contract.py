"""WSDLs the simulators cannot serve are refused with the reason; several schemas in one WSDL work."""

from __future__ import annotations

import pytest
from lxml import etree

from simulators.wsdl import Contract, UnsupportedWsdlError

FRAME = """<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:a="urn:a" xmlns:b="urn:b">{import}
  <wsdl:types>{types}</wsdl:types>
  <wsdl:message name="in">{part}</wsdl:message><wsdl:message name="out"><wsdl:part name="p" element="b:Pong"/></wsdl:message>
  <wsdl:portType name="P"><wsdl:operation name="Ping">
    <wsdl:input message="a:in"/><wsdl:output message="a:out"/>
  </wsdl:operation></wsdl:portType>
  <wsdl:binding name="B" type="a:P"><s:binding/><wsdl:operation name="Ping"><s:operation soapAction="do"/></wsdl:operation></wsdl:binding>
</wsdl:definitions>"""
TYPES = """<xs:schema targetNamespace="urn:a"><xs:import namespace="urn:b"/><xs:element name="Ping" type="b:Number"/></xs:schema>
  <xs:schema targetNamespace="urn:b"><xs:include schemaLocation="b.xsd"/><xs:element name="Pong" type="b:Number"/></xs:schema>"""
PART = '<wsdl:part name="p" element="a:Ping"/>'
INCLUDED = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:b">{}</xs:schema>'
NUMBER = '<xs:simpleType name="Number"><xs:restriction base="xs:int"/></xs:simpleType>'


def write(folder, extra="", types=TYPES, part=PART, within=NUMBER):
    (folder / "b.xsd").write_text(INCLUDED.format(within))
    path = folder / "ping.wsdl"
    path.write_text(FRAME.replace("{import}", extra).replace("{types}", types).replace("{part}", part))
    return path


def test_schemas_that_use_each_other(tmp_path):
    (tmp_path / "c.xsd").write_text(INCLUDED.format('<xs:include schemaLocation="b.xsd"/>' + NUMBER))
    contract = Contract(write(tmp_path, within='<xs:include schemaLocation="c.xsd"/>'))
    operation = contract.operations["{urn:a}Ping"]
    assert (operation.name, operation.reply, operation.action) == ("Ping", "{urn:b}Pong", {"1.1": "do"})
    assert contract.schema.validate(etree.fromstring('<Ping xmlns="urn:a">7</Ping>'))
    assert not contract.schema.validate(etree.fromstring('<Ping xmlns="urn:a">seven</Ping>'))
    assert sorted(contract.files) == ["b.xsd", "c.xsd", "ping.wsdl"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"extra": '<wsdl:import location="other.wsdl"/>'}, "wsdl:import is not supported"),
        ({"types": TYPES.replace('"b.xsd"', '"deep/b.xsd"')}, "does not lie beside the WSDL"),
        ({"part": '<wsdl:part name="p" type="xs:int"/>'}, "message in is not one element"),
        ({"part": PART + PART}, "message in is not one element"),
    ],
)
def test_what_cannot_be_served_says_why(tmp_path, change, words):
    with pytest.raises(UnsupportedWsdlError, match=words):
        Contract(write(tmp_path, **change))
