"""The connector as a whole: what leaves, and what becomes of everything a backend may say."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from zeep.wsse.username import UsernameToken as ZeepToken

from adapter.contract.wsdl import load_contract
from adapter.errors import ConfigError, SerialisationFailed
from adapter.ports import Answer, AnswerKind, Call, Connector, Fault, WireReply, WireRequest
from connectors.soap import SoapConnector, UsernameToken
from connectors.xml import XmlLimits

HERE = Path(__file__).parent / "wsdl"
NOW = datetime(2024, 5, 31, 9, 30, 0, 125000, tzinfo=UTC)
SOAP11, SOAP12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
XML = "text/xml; charset=utf-8"


def connector(file: str = "headers11.wsdl", **settings: Any) -> SoapConnector:
    return SoapConnector(load_contract(HERE / file), "http://backend.test/soap", **settings)


def sent(one: Connector, call: Call) -> WireRequest:
    return next(one.exchange(call))


def answer(one: Connector, call: Call, status: int, body: bytes, media: str = XML, more: Mapping[str, str] | None = None) -> Answer:
    exchange = one.exchange(call)
    next(exchange)
    with pytest.raises(StopIteration) as stop:
        exchange.send(WireReply(status, {"content-type": media, **(more or {})}, body))
    found = stop.value.value
    assert isinstance(found, Answer)
    return found


PLACE = Call("Place", {"id": "1"})
CONTENT = '<PlaceResponse xmlns="urn:test:headers11"><number>7</number></PlaceResponse>'
REPLY = f'<s:Envelope xmlns:s="{SOAP11}"><s:Body>{CONTENT}</s:Body></s:Envelope>'.encode()


def test_a_soap_1_1_request() -> None:
    request = sent(connector(headers={"X-Channel": "ecom"}), Call("Place", {"id": "1"}, {"X-Correlation-Id": "c-1"}))
    assert (request.method, request.url) == ("POST", "http://backend.test/soap")
    assert request.headers == {
        "X-Channel": "ecom",
        "X-Correlation-Id": "c-1",
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '"urn:test:headers11/Place"',
        "Accept": "text/xml",
    }
    assert request.body == (
        b'<?xml version="1.0" encoding="utf-8"?>\n'
        b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        b' xmlns:n0="urn:test:headers11"><soap:Body><n0:Place><n0:id>1</n0:id></n0:Place></soap:Body></soap:Envelope>'
    )


def test_a_soap_1_2_request_names_its_action_in_the_media_type() -> None:
    request = sent(connector("headers.wsdl"), PLACE)
    assert request.headers["Content-Type"] == 'application/soap+xml; charset=utf-8; action="urn:test:headers/Place"'
    assert "SOAPAction" not in request.headers
    assert SOAP12.encode() in request.body


def test_the_address_of_the_wsdl_is_taken_where_no_endpoint_is_given() -> None:
    contract = load_contract(HERE / "dual.wsdl", port="New")
    assert SoapConnector(contract).endpoint == "http://localhost/new"
    assert contract.version == "1.2"


def test_basic_authentication_and_its_limits() -> None:
    request = sent(connector(basic=("user", "pässword:x")), PLACE)
    assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode() == "user:pässword:x"
    with pytest.raises(ConfigError, match="must not contain ':'"):
        connector(basic=("us:er", "x"))


@pytest.mark.parametrize("name", ["Content-Type", "soapaction", "HOST"])
def test_headers_of_the_connector_itself_are_not_to_be_declared(name: str) -> None:
    with pytest.raises(ConfigError, match="is set by the connector itself"):
        connector(headers={name: "x"})


@pytest.mark.parametrize("headers", [{"X-A": "a\r\nX-B: b"}, {"X A": "a"}, {"": "a"}, {"X-A": "a\0"}])
def test_headers_that_would_break_the_request_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="cannot be sent"):
        connector(headers=headers)
    with pytest.raises(SerialisationFailed, match="cannot be sent"):
        sent(connector(), Call("Place", {"id": "1"}, headers))


@pytest.mark.parametrize("file", ["headers11.wsdl", "headers.wsdl"])
@pytest.mark.parametrize("digest", [False, True])
def test_the_username_token_is_the_one_zeep_writes(file: str, digest: bool) -> None:
    token = UsernameToken("us<er", "s3cret", digest=digest)
    nonce = bytes(range(16))
    one = connector(file, username_token=token, clock=NOW.timestamp, nonce=lambda: nonce)
    written = etree.fromstring(sent(one, PLACE).body)
    ours = written[0][0]
    reference = etree.Element(written.tag)
    etree.SubElement(reference, f"{{{etree.QName(written).namespace}}}Body")
    zeep_token = ZeepToken("us<er", "s3cret", use_digest=digest, nonce=nonce.decode(), created=NOW)
    zeep_token.apply(reference, {})
    theirs = reference[0][0]
    assert ours.tag == theirs.tag
    names = [(part.tag, dict(part.attrib)) for part in ours.iter() if "Nonce" not in part.tag and "Created" not in part.tag]
    assert names == [(part.tag, dict(part.attrib)) for part in theirs.iter() if "Nonce" not in part.tag and "Created" not in part.tag]
    assert ours[0][0].text == theirs[0][0].text == "us<er"
    created = "2024-05-31T09:30:00.125Z"
    assert [part.text for part in ours[0]][2:] == [base64.b64encode(nonce).decode(), created]
    expected = base64.b64encode(hashlib.sha1(nonce + created.encode() + b"s3cret").digest()).decode() if digest else "s3cret"
    assert ours[0][1].text == expected


def test_the_token_stands_before_the_header_parts_and_may_have_to_be_understood() -> None:
    token = UsernameToken("u", "p", must_understand=True)
    request = sent(connector(username_token=token), Call("Place", {"id": "1", "#header": {"Trace": "t"}}))
    header = etree.fromstring(request.body)[0]
    assert [etree.QName(part).localname for part in header] == ["Security", "Trace"]
    assert header[0].get(f"{{{SOAP11}}}mustUnderstand") == "1"
    newer = etree.fromstring(sent(connector("headers.wsdl", username_token=token), PLACE).body)[0]
    assert newer[0].get(f"{{{SOAP12}}}mustUnderstand") == "true"


def test_nonce_and_time_are_fresh_for_each_request_and_no_password_is_in_the_repr() -> None:
    one = connector(username_token=UsernameToken("u", "hidden", digest=True))
    assert sent(one, PLACE).body != sent(one, PLACE).body
    assert b"hidden" not in sent(one, PLACE).body
    assert "hidden" not in repr(UsernameToken("u", "hidden"))
    with pytest.raises(ConfigError, match=r"UsernameToken .* U\+0000"):
        connector(username_token=UsernameToken("u\0", "p"))


def test_a_reply_is_an_answer_with_its_document() -> None:
    assert answer(connector(), PLACE, 200, REPLY) == Answer(AnswerKind.REPLY, 200, document={"number": 7}, exact=True)


def test_deviations_ride_along() -> None:
    found = answer(connector(), PLACE, 200, REPLY.replace(b"<number>", b"<odd/><number>"))
    assert found.document == {"number": 7}
    assert [(one.kind, one.path) for one in found.deviations] == [("extra", "odd")]


def fault11(detail: str, code: str = "s:Server") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><s:Fault><faultcode>{code}</faultcode><faultstring> Order is locked </faultstring>'
        f"{detail}</s:Fault></s:Body></s:Envelope>"
    ).encode()


@pytest.mark.parametrize(
    ("detail", "name", "value"),
    [
        (
            '<detail><f:OrderFault xmlns:f="urn:test:headers11"><f:code>17</f:code><f:reason>a</f:reason></f:OrderFault></detail>',
            "OrderFault",
            {"code": 17, "reason": ["a"]},
        ),
        ('<detail><x/><f:Locked xmlns:f="urn:test:headers11">by me</f:Locked></detail>', "Locked", {"#text": "by me"}),
        ("<detail><trace a='1'><line>x</line></trace></detail>", "trace", {"@a": "1", "line": "x"}),
        ("<detail>plain words</detail>", "", "plain words"),
        ("<detail/>", "", None),
        ("", "", None),
    ],
)
@pytest.mark.parametrize("status", [500, 200, 400])
def test_a_soap_1_1_fault(detail: str, name: str, value: Any, status: int) -> None:
    found = answer(connector(), PLACE, status, fault11(detail))
    assert found == Answer(AnswerKind.FAULT, status, fault=Fault("Server", "Order is locked", name, value))


def test_a_fault_detail_that_breaks_the_contract_is_read_and_noted() -> None:
    detail = '<detail><f:OrderFault xmlns:f="urn:test:headers11"><f:code>many</f:code></f:OrderFault></detail>'
    found = answer(connector(), PLACE, 500, fault11(detail))
    assert found.fault == Fault("Server", "Order is locked", "OrderFault", {"code": "many"})
    assert [(one.kind, one.path) for one in found.deviations] == [("type", "code"), ("missing", "reason")]


def test_a_soap_1_2_fault_with_subcode_and_detail() -> None:
    xml = f"""<s:Envelope xmlns:s="{SOAP12}" xmlns:h="urn:test:headers"><s:Body><s:Fault>
      <s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>h:Locked</s:Value><s:Subcode><s:Value>h:Hard</s:Value></s:Subcode></s:Subcode></s:Code>
      <s:Reason><s:Text xml:lang="en">Order is locked</s:Text><s:Text xml:lang="es">La orden</s:Text></s:Reason>
      <s:Detail><h:OrderFault><h:code>17</h:code><h:reason>a</h:reason><h:reason>b</h:reason></h:OrderFault></s:Detail>
    </s:Fault></s:Body></s:Envelope>"""
    found = answer(connector("headers.wsdl"), PLACE, 500, xml.encode(), "application/soap+xml")
    assert found.fault == Fault("Sender/Locked/Hard", "Order is locked", "OrderFault", {"code": 17, "reason": ["a", "b"]})


def test_a_fault_that_says_nothing_is_a_fault() -> None:
    for namespace in (SOAP11, SOAP12):
        found = answer(connector(), PLACE, 500, f'<s:Envelope xmlns:s="{namespace}"><s:Body><s:Fault/></s:Body></s:Envelope>'.encode())
        assert found.fault == Fault("", "")


BOMB = (
    b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    + REPLY.replace(b">7<", b">&c;<")
)


@pytest.mark.parametrize(
    ("status", "body", "media", "words"),
    [
        pytest.param(500, b"<html>oops</html>", "text/html", "HTTP 500: the reply is text/html, not XML", id="error page"),
        pytest.param(503, b"", "", "HTTP 503: the body is empty", id="nothing at all"),
        pytest.param(200, b"", XML, "the body is empty", id="empty where a reply was to be"),
        pytest.param(200, b"{}", "application/json", "the reply is application/json, not XML", id="JSON"),
        pytest.param(500, REPLY, XML, "HTTP 500: the reply is a SOAP envelope without a fault", id="error with a reply"),
        pytest.param(401, b"<denied/>", "text/xml", "HTTP 401: the XML is no SOAP envelope but 'denied'", id="other XML"),
        pytest.param(302, b"", "", "HTTP 302 to http://elsewhere.test/: the body is empty", id="redirect"),
        pytest.param(200, REPLY[: len(REPLY) // 2], XML, "the XML is not well-formed", id="half an answer"),
        pytest.param(200, REPLY + b"<more/>", XML, "the XML is not well-formed", id="two roots"),
        pytest.param(200, REPLY.replace(b">7<", b">\xff\xfe7<"), XML, "the XML is not well-formed", id="wrong encoding"),
        pytest.param(
            200,
            b'<?xml version="1.0" encoding="ebcdic-cp-us"?>' + REPLY,
            XML,
            "the encoding 'ebcdic-cp-us' is not accepted",
            id="odd encoding",
        ),
        pytest.param(200, REPLY, "text/xml; charset=utf-7", "the encoding 'utf-7' is not accepted", id="odd charset"),
        pytest.param(200, BOMB, XML, "DOCTYPE", id="entity bomb"),
        pytest.param(
            200,
            b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + REPLY.replace(b">7<", b">&x;<"),
            XML,
            "DOCTYPE",
            id="external entity",
        ),
        pytest.param(200, b'<!DOCTYPE l SYSTEM "http://evil.test/x.dtd">' + REPLY, XML, "DOCTYPE", id="external DTD"),
        pytest.param(200, b"<a>" * 5000 + b"</a>" * 5000, XML, "", id="deep nesting"),
        pytest.param(200, REPLY.replace(b">7<", b">" + b"7" * 300_000 + b"<"), XML, "more than the 200000 that are read", id="huge text"),
        pytest.param(
            200,
            b"--b\r\n\r\n" + REPLY,
            'multipart/related; type="application/xop+xml"; boundary=b',
            "attachments, MTOM or XOP",
            id="attachments",
        ),
        pytest.param(
            200, REPLY.replace(b"PlaceResponse", b"LoginResponse"), XML, "holds 'LoginResponse' where 'PlaceResponse'", id="another reply"
        ),
        pytest.param(200, b"\xff\xfe<\x00", XML, "", id="half a UTF-16 sign"),
        pytest.param(200, b"\xff\xfe<", XML, "cannot be decoded", id="an odd number of UTF-16 bytes"),
    ],
)
def test_what_cannot_be_read_is_an_answer_that_says_why(status: int, body: bytes, media: str, words: str) -> None:
    found = answer(connector(limits=XmlLimits(size=200_000)), PLACE, status, body, media, {"location": "http://elsewhere.test/"})
    assert found.kind is AnswerKind.UNREADABLE
    assert found.status == status
    assert found.document is None
    assert words in found.unreadable
    assert found.unreadable


@pytest.mark.parametrize(
    ("encode", "media"),
    [
        (lambda xml: b'<?xml version="1.0" encoding="ISO-8859-1"?>' + xml.encode("latin-1"), "text/xml"),
        (lambda xml: xml.encode("latin-1"), 'text/xml; charset="iso-8859-1"'),
        (lambda xml: b'<?xml version="1.0" encoding="utf-8"?>' + xml.encode(), "text/xml; charset=iso-8859-1"),
        (lambda xml: b"\xef\xbb\xbf" + xml.encode(), "text/xml"),
        (lambda xml: ('<?xml version="1.0" encoding="utf-16"?>' + xml).encode("utf-16"), "text/xml"),
        (lambda xml: xml.encode("utf-16-be"), "text/xml"),
        (lambda xml: xml.encode(), ""),
    ],
    ids=["declared", "by charset", "the declaration goes first", "byte order mark", "UTF-16", "UTF-16 without mark", "nothing said"],
)
def test_a_reply_in_another_encoding_is_read(encode: Any, media: str) -> None:
    found = answer(connector(), PLACE, 500, encode(fault11("<detail>señal</detail>").decode()), media)
    assert found.fault is not None
    assert found.fault.detail == "señal"


def test_a_document_type_in_the_text_of_a_reply_is_just_text() -> None:
    found = answer(connector(), PLACE, 500, fault11("<detail><![CDATA[<!DOCTYPE html>]]></detail>"))
    assert found.fault is not None
    assert found.fault.detail == "<!DOCTYPE html>"


def test_a_doctype_is_refused_however_it_is_wrapped() -> None:
    doctype = '<!DOCTYPE s:Envelope [<!ENTITY a "x">]>'
    for body in (
        b"\xef\xbb\xbf" + doctype.encode() + REPLY,
        b'<?xml version="1.0"?><!-- c --><?p i?> ' + doctype.encode() + REPLY,
        (doctype + REPLY.decode()).encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-16"?>' + doctype.encode() + REPLY,
    ):
        found = answer(connector(), PLACE, 200, body)
        assert found.kind is AnswerKind.UNREADABLE


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_one_way_call_is_answered_by_nothing(status: int) -> None:
    one = connector("rpc.wsdl")
    assert answer(one, Call("Notify", {"text": "x"}), status, b"", "") == Answer(AnswerKind.REPLY, status, document={})


def test_the_document_is_checked_before_anything_is_yielded() -> None:
    with pytest.raises(SerialisationFailed, match="id: is required"):
        next(connector().exchange(Call("Place", {})))


def test_the_connector_gives_the_contracts_by_operation() -> None:
    one: Connector = connector()
    contract = one.contracts()["Place"]
    assert list(contract.input.members) == ["id", "#header"]
    assert list(contract.input.members["#header"].shape.members) == ["Session", "Trace"]
    assert list(contract.faults) == ["OrderFault", "Locked"]
    assert list(contract.faults["Locked"].members) == ["#text"]
