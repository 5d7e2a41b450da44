"""Types read from XSD documents: the rare constructs, and the words for what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapter.contract.wsdl import load_contract, operation_contracts
from adapter.contract.wsdl_components import Components, read_components
from adapter.contract.wsdl_model import ComplexType, Element, SimpleType, particles
from adapter.contract.wsdl_schema import SchemaTypes
from adapter.contract.wsdl_sources import read_sources
from adapter.errors import ConfigError, SerialisationFailed
from connectors.soap import SoapCodec
from connectors.xml import parse_xml

WSDL = Path(__file__).parents[2] / "contract/soap/wsdl"

WRAPPED = """<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t"
  xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/">
  <w:types><xs:schema targetNamespace="urn:t">{}</xs:schema></w:types></w:definitions>"""


def components(tmp_path: Path, schema: str) -> Components:
    path = tmp_path / "made.wsdl"
    path.write_text(WRAPPED.format(schema), encoding="utf-8")
    return read_components(read_sources(path))


def read(tmp_path: Path, schema: str, name: str = "A") -> Any:
    types = SchemaTypes(components(tmp_path, schema))
    types.named(f"{{urn:t}}{name}")
    return types.finish()[f"{{urn:t}}{name}"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('<xs:complexType name="A"><xs:group ref="t:None"/></xs:complexType>', r"made.wsdl:3: the group \{urn:t\}None is used here"),
        ('<xs:complexType name="A"><xs:attributeGroup ref="t:None"/></xs:complexType>', r"the attribute group \{urn:t\}None"),
        ('<xs:complexType name="A"><xs:attribute ref="t:none"/></xs:complexType>', r"the attribute \{urn:t\}none"),
        ('<xs:complexType name="A"><xs:sequence><xs:element ref="t:none"/></xs:sequence></xs:complexType>', r"the element \{urn:t\}none"),
        (
            '<xs:complexType name="A"><xs:sequence><xs:element name="x" type="t:None"/></xs:sequence></xs:complexType>',
            r"the type \{urn:t\}None",
        ),
        ('<xs:simpleType name="A"><xs:restriction base="t:None"/></xs:simpleType>', r"the simple type \{urn:t\}None"),
        ('<xs:simpleType name="A"><xs:restriction base="n:None"/></xs:simpleType>', "the prefix of 'n:None' is not declared"),
        (
            '<xs:complexType name="A"><xs:simpleContent><xs:restriction base="t:B"/></xs:simpleContent></xs:complexType>'
            '<xs:complexType name="B"/>',
            "is restricted as text here but is no simple type",
        ),
        (
            """<xs:complexType name="A"><xs:attribute name="x'{1/0}"/></xs:complexType>""",
            r"""declares the name "x'\{1/0\}", which is no XML name""",
        ),
        ('<xs:redefine schemaLocation=""/>', "xs:redefine is not supported"),
    ],
)
def test_what_is_missing_is_named_with_its_place(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('<xs:complexContent><xs:restriction base="soapenc:Array"/></xs:complexContent>', "an array of the SOAP encoding"),
        ('<xs:complexContent><xs:extension base="t:A"/></xs:complexContent>', "a type that is derived from itself by way of {urn:t}A"),
        (
            '<xs:choice maxOccurs="3"><xs:sequence><xs:element name="a"/></xs:sequence><xs:element name="b"/></xs:choice>',
            "a repeated choice with groups",
        ),
        (
            '<xs:sequence><xs:sequence maxOccurs="3"><xs:element name="a"/><xs:element name="b"/></xs:sequence></xs:sequence>',
            "a repeated sequence",
        ),
        ('<xs:attribute name="a"/><xs:attribute name="a" form="qualified"/>', "two attributes of one name"),
        ('<xs:sequence/><xs:attribute name="a" type="xs:int"/>', ""),
    ],
)
def test_what_is_not_known_is_named_in_the_type(tmp_path: Path, content: str, words: str) -> None:
    found = read(tmp_path, f'<xs:complexType name="A">{content}</xs:complexType>')
    assert isinstance(found, ComplexType)
    assert words in found.unknown
    assert bool(words) == bool(found.unknown)


def test_the_length_of_a_list_is_not_known(tmp_path: Path) -> None:
    lists = '<xs:simpleType name="L"><xs:list itemType="xs:int"/></xs:simpleType>'
    found = read(
        tmp_path, f'{lists}<xs:simpleType name="A"><xs:restriction base="t:L"><xs:length value="2"/></xs:restriction></xs:simpleType>'
    )
    assert isinstance(found, SimpleType)
    assert found.unknown == "the length of a list"


def test_a_schema_included_twice_or_in_a_circle_is_read_once(tmp_path: Path) -> None:
    part = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="part.xsd"/><xs:simpleType name="S">'
    (tmp_path / "part.xsd").write_text(f'{part}<xs:restriction base="xs:int"/></xs:simpleType></xs:schema>', encoding="utf-8")
    include = '<xs:include schemaLocation="part.xsd"/>'
    assert "{urn:t}S" in components(tmp_path, include * 2).types


@pytest.mark.parametrize(("least", "most", "expected"), [(0, "unbounded", (0, None)), (2, "3", (2, 3)), (1, "1", (1, 1))])
def test_a_repeated_group_of_one_element_is_that_element_repeated(
    tmp_path: Path, least: int, most: str, expected: tuple[int, int | None]
) -> None:
    inner = f'<xs:sequence minOccurs="{least}" maxOccurs="{most}"><xs:element name="a" type="xs:int"/></xs:sequence>'
    found = read(tmp_path, f'<xs:complexType name="A"><xs:sequence>{inner}</xs:sequence></xs:complexType>')
    (element,) = particles(found.content)
    assert isinstance(element, Element)
    assert (element.least, element.most) == expected


def test_a_fixed_value_of_an_element_with_children_changes_nothing(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        '<xs:complexType name="A"><xs:sequence><xs:element name="b" type="t:B" fixed="x"/></xs:sequence></xs:complexType>'
        '<xs:complexType name="B"><xs:simpleContent><xs:extension base="xs:string"/></xs:simpleContent></xs:complexType>',
    )
    (element,) = particles(found.content)
    assert isinstance(element, Element)
    assert element.type == "{urn:t}B"


ODD: dict[str, Any] = {"@seal": "s", "fromAny": {"a": "1"}, "narrow": {"a": "2"}, "priced": {"#text": 3, "@tax": 4, "@unit": "u"}}


def odd() -> SoapCodec:
    return SoapCodec(load_contract(WSDL / "oddities.wsdl"))


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ({}, b'<n0:priced unit="u" tax="4">3</n0:priced>'),
        ({"@kind": "k", "@other": "o"}, b'<n0:Place kind="k" n0:seal="s" other="o">'),
        ({"nothing": {}}, b"<n0:nothing></n0:nothing>"),
        ({"wild": {"known": "k"}}, b"<n0:wild><n0:known>k</n0:known></n0:wild>"),
        ({"wild": {"x": {"@xmlns": "urn:x", "#text": "t"}}}, b'<n0:wild><x xmlns="urn:x">t</x></n0:wild>'),
        ({"optional": {}}, b"<n0:optional></n0:optional>"),
        ({"optional": {"r": "1"}}, b"<n0:optional><n0:r>1</n0:r></n0:optional>"),
        ({"untyped": ["text", {"a": "b"}]}, b"<n0:untyped>text</n0:untyped><n0:untyped><a>b</a></n0:untyped>"),
        ({"tag": ["a", "b"]}, b"<n0:tag>a</n0:tag><n0:tag>b</n0:tag></n0:Place>"),
    ],
)
def test_rare_constructs_are_written_and_read_again(change: dict[str, Any], written: bytes) -> None:
    codec = odd()
    document = ODD | change
    assert written in codec.write_request("Place", document)
    read_again, deviations = codec.read_reply("Place", parse_xml(codec.write_reply("Place", document)))
    assert (read_again, deviations) == (document, ())


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"gone": "x"}, "gone"),
        ({"narrow": {"a": "1", "@x": 1}}, "narrow.@x"),
        ({"narrow": {"a": "1", "b": "2"}}, "narrow.b"),
        ({"nothing": {"a": 1}}, "nothing.a"),
    ],
)
def test_what_a_restriction_took_away_is_refused(change: dict[str, Any], path: str) -> None:
    with pytest.raises(SerialisationFailed) as wrong:
        odd().write_request("Place", ODD | change)
    assert wrong.value.path == path


def test_documentation_reaches_the_shapes() -> None:
    contract = load_contract(WSDL / "simple.wsdl")
    assert "nested" in operation_contracts(contract)["Place"].input.members
    assert contract.simple("{urn:test:simple}Nested") is not None
