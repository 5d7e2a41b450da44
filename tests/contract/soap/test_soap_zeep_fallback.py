"""What the compiler refuses it names, operation by operation, and zeep serves it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapter.contract.shape import Kind
from adapter.contract.wsdl import load_contract
from adapter.errors import SerialisationFailed
from adapter.ports import AnswerKind, Call, WireReply
from connectors.soap import SoapCodec, SoapConnector, UsernameToken
from connectors.soap.zeep_fallback import ZeepFallback
from connectors.xml import UnreadableXml, parse_xml

HERE = Path(__file__).parent / "wsdl"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


@functools.cache
def codec() -> SoapCodec:
    return SoapCodec(load_contract(HERE / "refused.wsdl"))


def body(xml: bytes) -> str:
    found = etree.fromstring(xml).find(f"{{{SOAP}}}Body")
    assert found is not None
    return "".join(etree.tostring(one, method="c14n", exclusive=True).decode() for one in found)


def envelope(content: str) -> etree._Element:
    return parse_xml(f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{content}</s:Body></s:Envelope>'.encode())


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("Good", ""),
        ("Substituted", "substitution of the element 'shape' (substitutionGroup)"),
        ("Written", "text between its elements (mixed content)"),
        ("Rows", "a repeated sequence of several elements"),
        ("Twice", "the element 'a' in two places of one type"),
        ("Blocks", "category \\p{IsGreek} is not known"),
        ("Encoded", "the SOAP encoding (use='encoded')"),
        ("Parts", "several parts in one SOAP body"),
    ],
)
def test_each_refusal_names_what_is_not_known(operation: str, words: str) -> None:
    refused = codec().contract.operations[operation].refused
    assert words in refused
    assert bool(refused) == bool(words)


@pytest.mark.parametrize(
    ("operation", "document", "written"),
    [
        ("Substituted", {"shape": "round"}, "<ns0:Substituted {}><ns0:shape>round</ns0:shape></ns0:Substituted>"),
        (
            "Written",
            {"text": {"b": "x"}, "when": "2024-05-31"},
            "<ns0:Written {}><ns0:text><ns0:b>x</ns0:b></ns0:text><ns0:when>2024-05-31</ns0:when></ns0:Written>",
        ),
        (
            "Rows",
            {"@kind": "k", "_value_1": [{"key": "a", "value": 1}, {"key": "b"}]},
            '<ns0:Rows {} kind="k"><ns0:key>a</ns0:key><ns0:value>1</ns0:value><ns0:key>b</ns0:key></ns0:Rows>',
        ),
        ("Blocks", {"word": "αβγ"}, "<ns0:Blocks {}><ns0:word>αβγ</ns0:word></ns0:Blocks>"),
        ("Encoded", {"id": "1"}, "<ns0:Good {}><ns0:id>1</ns0:id></ns0:Good>"),
    ],
)
def test_zeep_writes_what_the_compiler_does_not(operation: str, document: dict[str, Any], written: str) -> None:
    assert body(codec().write_request(operation, document)) == written.format('xmlns:ns0="urn:test:refused"')


@pytest.mark.parametrize(
    ("operation", "content", "document"),
    [
        ("Substituted", "<r:Substituted xmlns:r='urn:test:refused'><r:shape>round</r:shape></r:Substituted>", {"shape": "round"}),
        (
            "Written",
            "<r:Written xmlns:r='urn:test:refused'><r:text>a<r:b>x</r:b>c</r:text><r:when>2024-05-31</r:when></r:Written>",
            {"text": {"b": "x"}, "when": "2024-05-31"},
        ),
        (
            "Rows",
            "<r:Rows xmlns:r='urn:test:refused' kind='k'><r:key>a</r:key><r:value>1</r:value><r:key>b</r:key></r:Rows>",
            {"@kind": "k", "_value_1": [{"key": "a", "value": 1}, {"key": "b"}]},
        ),
        ("Encoded", "<r:Good xmlns:r='urn:test:refused'><r:id>1</r:id><r:odd/></r:Good>", {"id": "1"}),
    ],
)
def test_zeep_reads_what_the_compiler_does_not(operation: str, content: str, document: dict[str, Any]) -> None:
    assert codec().read_reply(operation, envelope(content)) == (document, ())


def test_what_zeep_refuses_is_a_failed_serialisation_in_its_words() -> None:
    with pytest.raises(SerialisationFailed, match="zeep, which serves this operation, refuses the document: Missing element shape"):
        codec().write_request("Substituted", {})
    with pytest.raises(SerialisationFailed, match="unexpected keyword argument 'stray'"):
        codec().write_request("Substituted", {"shape": "x", "stray": "y"})


def test_what_zeep_cannot_read_is_unreadable_in_its_words() -> None:
    with pytest.raises(UnreadableXml, match="zeep, which serves this operation, cannot read the reply"):
        codec().read_reply("Encoded", envelope(""))


def test_a_refused_operation_goes_through_the_connector_like_any_other() -> None:
    one = SoapConnector(codec().contract, "http://backend.test/", username_token=UsernameToken("u", "p"))
    exchange = one.exchange(Call("Rows", {"_value_1": [{"key": "a"}]}))
    request = next(exchange)
    assert request.headers["SOAPAction"] == '"urn:test:refused/Rows"'
    header = etree.fromstring(request.body).find(f"{{{SOAP}}}Header")
    assert header is not None
    assert [etree.QName(part).localname for part in header] == ["Security"]
    with pytest.raises(StopIteration) as stop:
        exchange.send(WireReply(200, {"content-type": "text/xml"}, request.body))
    assert stop.value.value.kind is AnswerKind.REPLY
    assert stop.value.value.document == {"_value_1": [{"key": "a"}]}


def test_a_server_cannot_write_or_read_what_only_zeep_serves() -> None:
    with pytest.raises(SerialisationFailed, match=r"replies of Rows cannot be written, the contract has type .* a repeated sequence"):
        codec().write_reply("Rows", {})
    with pytest.raises(UnreadableXml, match="requests of Rows cannot be read"):
        codec().read_request("Rows", envelope("<x/>"))


def test_what_the_shape_cannot_say_is_open_in_it() -> None:
    rows = codec().contracts["Rows"].input
    assert (rows.kind, rows.open) == (Kind.OBJECT, True)
    assert codec().contracts["Written"].input.members["text"].shape.kind is Kind.ANY


def zeep(file: str) -> ZeepFallback:
    return ZeepFallback(load_contract(HERE / file))


def test_zeep_writes_derived_types_nil_attributes_and_wildcards_by_the_same_conventions() -> None:
    document: dict[str, Any] = {"item": [{"@xsi:type": "Phone", "@rank": 2, "id": "1", "number": "2"}], "address": {"town": "x"}}
    written = body(zeep("derived.wsdl").write("Place", document, ""))
    assert 'rank="2" xsi:type="ns0:Phone"' in written
    with pytest.raises(SerialisationFailed, match="no type 'Fax' that @xsi:type could name"):
        zeep("derived.wsdl").write("Place", {"item": [{"@xsi:type": "Fax"}], "address": {"town": "x"}}, "")
    nil = body(zeep("nillable.wsdl").write("Place", {"name": None, "names": None, "flags": [True]}, ""))
    assert nil.count('xsi:nil="true"') == 2
    wild = {"extended": {"id": "1", "_value_1": [{"note": {"@xmlns": "urn:x", "#text": "t"}}]}}
    assert '<note xmlns="urn:x">t</note>' in body(zeep("open.wsdl").write("Place", wild, ""))


def test_zeep_reads_wildcards_attributes_floats_and_bytes_as_plain_data() -> None:
    content = """<PlaceResponse xmlns="urn:test:open"><extended k="v"><id>1</id><x:a xmlns:x="urn:x">t</x:a></extended></PlaceResponse>"""
    read = zeep("open.wsdl").read("Place", envelope(content))
    assert read == {"extended": {"_value_1": [{"a": {"@xmlns": "urn:x", "#text": "t"}}], "id": "1", "_attr_1": {"k": "v"}}}
    bare = zeep("dual.wsdl").read("Say", envelope('<SayResponse xmlns="urn:test:dual">5</SayResponse>'))
    assert bare == {"#text": 5}
    assert zeep("rpc.wsdl").read("Notify", envelope("")) == {}


def test_header_parts_and_a_security_header_share_the_header() -> None:
    written = zeep("headers11.wsdl").write("Place", {"id": "1", "#header": {"Trace": "t", "Session": {"user": "u"}}}, "<x/><y/>")
    header = etree.fromstring(written)[0]
    assert [etree.QName(part).localname for part in header] == ["x", "y", "Session", "Trace"]
    with pytest.raises(SerialisationFailed, match="unexpected keyword argument 'Stray'"):
        zeep("headers11.wsdl").write("Place", {"id": "1", "#header": {"Stray": "t"}}, "")
