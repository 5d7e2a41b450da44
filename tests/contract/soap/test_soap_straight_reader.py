"""The reader without a tree gives what the reader of trees gives, or nothing at all, whatever is done to a reply."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from lxml import etree

from adapter.contract.wsdl import load_contract
from adapter.contract.wsdl_model import MessageModel
from adapter.ports import AnswerKind, Call, WireReply
from connectors.soap import SoapCodec, SoapConnector
from connectors.soap.straight import Straight
from connectors.xml import UnreadableXml, parse_xml
from tests.strategies import documents

HERE = Path(__file__).parent / "wsdl"
SLBOS = "../../../../mappings/pr/schema/slbos.wsdl"
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

CASES = [
    (SLBOS, "UpdateOrderDetail"),
    (SLBOS, "GetOrderStatus"),
    ("imports/service.wsdl", "Place"),
    ("unqualified.wsdl", "Place"),
    ("choice.wsdl", "Place"),
    ("nillable.wsdl", "Place"),
    ("facets.wsdl", "Place"),
    ("attributes.wsdl", "Place"),
    ("derived.wsdl", "Place"),
    ("groups.wsdl", "Place"),
    ("simple.wsdl", "Place"),
    ("oddities.wsdl", "Place"),
    ("open.wsdl", "Place"),
    ("headers.wsdl", "Place"),
    ("rpc.wsdl", "Place"),
]
STRAIGHT = {SLBOS, "imports/service.wsdl", "unqualified.wsdl", "facets.wsdl"}  # of these some replies go the straight way

ORDER = {
    "conversationId": "c-1",
    "channel": {"channelId": "ECOM", "lineOfBusiness": "FIXED", "correlationId": "k"},
    "accountNumber": "1901506147568",
    "requestedDate": "2024-01-01T00:00:00.000Z",
    "reasonCode": "SF",
    "campaignCode": "SIN",
    "requestedFunction": "NEW",
    "creditLimit": "100",
    "job": {"type": "FN", "installation": "SelfInstall"},
    "line": [
        {"offerCode": "A", "action": "A", "quantity": 1, "bundle": True, "attribute": [{"name": "n", "value": ""}]},
        {"offerCode": "B", "action": "A", "quantity": 12},
    ],
}
DOCUMENT = {"result": {"returnCode": "0000", "message": ["one", "two"]}, "orderNumber": "12", "order": ORDER}


@functools.cache
def codec(file: str) -> SoapCodec:
    return SoapCodec(load_contract(HERE / file))


def straight(file: str, operation: str) -> Straight | None:
    """A reader that has seen no reply yet."""
    contract = codec(file).contract
    body = (contract.operations[operation].output or MessageModel()).body
    return None if body is None else Straight(contract, body)


def reply() -> bytes:
    return codec(SLBOS).write_reply("UpdateOrderDetail", DOCUMENT)


def agreed(file: str, operation: str, reader: Straight, data: bytes) -> dict[str, Any] | None:
    """What the straight reader gives, after a look at what the reader of trees makes of the same."""
    found = reader.read(data)
    if found is not None:
        document, deviations = codec(file).read_reply(operation, parse_xml(data))
        assert found == document
        assert repr(found) == repr(document)  # the order of members, and true is not 1
        assert deviations == ()
    return found


def indented(data: bytes) -> bytes:
    root = etree.fromstring(data)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def renamed(data: bytes) -> bytes:
    """The message's namespace as the default one, as some backends write it."""
    return re.sub(rb"(</?)n0:", rb"\1", data).replace(b"xmlns:n0=", b"xmlns=")


@pytest.mark.parametrize(("file", "operation"), CASES, ids=[f"{Path(file).stem}-{operation}" for file, operation in CASES])
def test_both_readers_agree_on_what_the_contract_has(file: str, operation: str) -> None:
    ours, reader, seen = codec(file), straight(file, operation), []
    assert reader is not None

    @FEW
    @given(documents(ours.contracts[operation].output))
    def same(document: dict[str, Any]) -> None:
        written = ours.write_reply(operation, document)
        note(written.decode())
        seen.append(agreed(file, operation, reader, written))
        agreed(file, operation, reader, indented(written))
        agreed(file, operation, reader, renamed(written))

    same()
    assert any(each is not None for each in seen) or file not in STRAIGHT


PIECES = [
    *(b"<", b">", b"&", b"&amp;", b"&#65;", b"\r\n", b"\x00", b"\x0b", b"\xff", b"\xef\xbf\xbf", b"\xc3\xa9", b" ", b"]]>", b"/", b'"'),
    *(b"<!-- -->", b"<!--", b"-->", b"<![CDATA[x]]>", b"<?pi?>", b"<x/>", b"<!DOCTYPE x>", b"<n1:line/>", b"<n1:extra>1</n1:extra>"),
    *(b' xsi:nil="true"', b' a="1"', b' xmlns:n1="urn:other"', b' xmlns="urn:other"', b"</n1:line>", b"<n0:orderNumber>1</n0:orderNumber>"),
]


@settings(FEW, max_examples=400)
@given(st.data())
def test_both_readers_agree_on_a_damaged_reply(data: st.DataObject) -> None:
    """Nothing that the reader of trees would not take as it stands comes through."""
    good = reply()
    damaged = good
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(damaged)) | st.sampled_from([found.end() for found in re.finditer(rb"[<>]", damaged)]))
        taken = data.draw(st.sampled_from([0, 0, 0, 1, 2, 7, 30]))
        damaged = damaged[:at] + data.draw(st.sampled_from([b"", *PIECES])) + damaged[at + taken :]
    note(damaged.decode(errors="replace"))
    reader = straight(SLBOS, "UpdateOrderDetail")
    assert reader is not None
    if data.draw(st.booleans()):
        assert reader.read(good) is not None  # its start is known from a good one
    try:
        agreed(SLBOS, "UpdateOrderDetail", reader, damaged)
    except UnreadableXml as wrong:
        raise AssertionError("was read, and is no XML") from wrong


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<n1:offerCode>A<", "<n1:offerCode>A&amp;B<"),
        ("<n1:offerCode>A<", "<n1:offerCode><![CDATA[A]]><"),
        ("<n1:offerCode>A<", "<n1:offerCode>A<!-- no --><"),
        ("<n1:offerCode>A<", "<n1:offerCode>A\r\n<"),
        ("<n1:offerCode>A<", f"<n1:offerCode>{'A' * 21}<"),
        ("<n1:offerCode>A<", "<n1:offerCode><"),
        ("<n1:offerCode>A<", "<n1:offerCode >A<"),
        ("<n1:offerCode>A</n1:", "<n0:offerCode>A</n0:"),
        ("<n1:action>A<", "<n1:action>X<"),
        ("<n1:quantity>12<", "<n1:quantity>+12<"),
        ("<n1:quantity>12<", "<n1:quantity>12.0<"),
        ("<n1:bundle>true<", "<n1:bundle>yes<"),
        ("<n1:bundle>true<", "<n1:bundle> true <"),
        ("<n1:value></n1:value>", "<n1:value/>"),
        ("<n1:job>", "<n1:job>text"),
        ("<n1:job>", '<n1:job a="1">'),
        ("<n0:result>", '<n0:result xmlns:n1="urn:other">'),
        ("<n1:reasonCode>SF</n1:reasonCode>", ""),
        ("</n0:UpdateOrderDetailResponse>", "<n0:more>1</n0:more></n0:UpdateOrderDetailResponse>"),
        ("</soap:Body>", "<n0:more/></soap:Body>"),
        ("</soap:Envelope>", "</soap:Envelope><!-- end -->"),
        ("</soap:Envelope>", "</soap:Envelope>x"),
        ("</soap:Envelope>", ""),
        ("<soap:Body>", "<soap:Header><x>1</x></soap:Header><soap:Body>"),
        ("<soap:Body>", "<!--<soap:Body>"),
        ("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope"),
        ("<n0:UpdateOrderDetailResponse", '<n0:UpdateOrderDetailResponse a="1"'),
        ("<n0:UpdateOrderDetailResponse", "<n1:UpdateOrderDetailResponse"),
        ('encoding="utf-8"', 'encoding="iso-8859-1"'),
    ],
)
def test_what_is_not_exactly_so_is_for_the_reader_of_trees(before: str, after: str) -> None:
    good = reply().decode()
    reader = straight(SLBOS, "UpdateOrderDetail")
    assert before in good
    assert reader is not None
    assert reader.read(good.encode()) is not None
    assert reader.read(good.replace(before, after, 1).encode()) is None


def test_members_keep_their_values_and_their_order() -> None:
    reader = straight(SLBOS, "UpdateOrderDetail")
    assert reader is not None
    found = reader.read(reply())
    assert found == DOCUMENT
    assert repr(found) == repr(codec(SLBOS).read_reply("UpdateOrderDetail", parse_xml(reply()))[0])


def test_indented_and_compact_replies_both_go_the_straight_way() -> None:
    """Elements that have no end before the next begins stand apart; blanks within a value are the value's."""
    reader, good = straight(SLBOS, "UpdateOrderDetail"), reply()
    assert reader is not None
    apart = re.sub(rb"><(?!/n1:value)", b">\n\t <", good) + b"\n"
    for data in (good, apart, good + b"\n", apart, good):
        assert agreed(SLBOS, "UpdateOrderDetail", reader, data) == DOCUMENT
    mixed = good.replace(b"<n1:job>", b"\n<n1:job>")
    assert agreed(SLBOS, "UpdateOrderDetail", reader, mixed) is None


def test_lists_of_any_length_are_read_to_their_last_element() -> None:
    reader, attributes = straight(SLBOS, "UpdateOrderDetail"), [{"name": f"n{number}", "value": "v" * number} for number in range(300)]
    assert reader is not None
    lines = [{**ORDER["line"][1], **({"attribute": attributes[:number]} if number else {})} for number in (0, 1, 2, 300)]
    document = {**DOCUMENT, "order": {**ORDER, "line": lines}}
    data = codec(SLBOS).write_reply("UpdateOrderDetail", document)
    assert agreed(SLBOS, "UpdateOrderDetail", reader, data) is not None
    assert agreed(SLBOS, "UpdateOrderDetail", reader, data.replace(b"<n1:name>n299<", b"<n1:other>n299<")) is None


def test_starts_that_are_always_others_are_not_remembered_for_ever() -> None:
    """A backend that writes a time into its start is read by the reader of trees."""
    reader, good = straight(SLBOS, "UpdateOrderDetail"), reply()
    assert reader is not None
    seen = [reader.read(good.replace(b"?>\n", b"?>\n%b" % (b" " * number))) for number in range(12)]
    assert [each is not None for each in seen] == [True] * 8 + [False] * 4
    assert reader.read(good) is not None
    assert reader.read(good.replace(b"?>\n", b"?>\n" + b" " * 9_000)) is None


def answered(reply: WireReply) -> Any:
    connector = SoapConnector(codec(SLBOS).contract)
    exchange = connector.exchange(Call("UpdateOrderDetail", {"order": ORDER}))
    next(exchange)
    with pytest.raises(StopIteration) as done:
        exchange.send(reply)
    return done.value.value


def test_the_header_of_the_transport_counts_all_the_same() -> None:
    named = {"content-type": "text/xml; charset=utf-8"}
    assert answered(WireReply(200, named, reply())).document == DOCUMENT
    other = reply().replace(b' encoding="utf-8"', b"").replace(b">one<", b">\xc3\xa9<")
    read = answered(WireReply(200, {"content-type": "text/xml; charset=iso-8859-1"}, other)).document
    assert read["result"]["message"][0] == "\u00c3\u00a9"
    assert answered(WireReply(200, named, other)).document["result"]["message"][0] == "\u00e9"


def test_a_reply_under_the_status_of_a_failure_is_not_taken() -> None:
    assert answered(WireReply(500, {"content-type": "text/xml"}, reply())).kind is AnswerKind.UNREADABLE
