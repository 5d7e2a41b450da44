"""The endpoint that we serve by a WSDL: a client that knows nothing but ``?wsdl`` can speak to it, and what is no message of it is refused
in SOAP's own words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree
from zeep.transports import Transport

from adapter.contract.wsdl import load_contract
from adapter.errors import (
    AdapterError,
    CallerError,
    InvalidMessage,
    MappingFailed,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    Overloaded,
    SerialisationFailed,
    StoreUnavailable,
    UnsupportedMedia,
)
from adapter.ports import InboundRequest, Received
from connectors.soap import SoapReceiver
from connectors.xml import XmlLimits

ADDRESS = "https://adapter.example/inbound/north"
MEDIA = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}
SPACES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}


def receiver(wsdl: Path, cache: Path, name: str, port: str | None = None, **limits: Any) -> SoapReceiver:
    return SoapReceiver(load_contract(wsdl / f"{name}.wsdl", cache, port), XmlLimits(**limits))


def request(body: bytes = b"", version: str = "1.1", **changed: Any) -> InboundRequest:
    values: dict[str, Any] = {"method": "POST", "path": "", "query": "", "headers": {"content-type": MEDIA[version]}, "body": body}
    return InboundRequest(**(values | changed))


def envelope(content: str, version: str = "1.1", header: str = "") -> bytes:
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return f'<s:Envelope xmlns:s="{SPACES[version]}">{head}<s:Body>{content}</s:Body></s:Envelope>'.encode()


def fault(body: bytes) -> tuple[str, str, str]:
    """SOAP version, code and reason."""
    root = etree.fromstring(body)
    version = next(name for name, space in SPACES.items() if root.tag == f"{{{space}}}Envelope")
    found = root.find("{*}Body/{*}Fault")
    code, reason = ("faultcode", "faultstring") if version == "1.1" else ("{*}Code/{*}Value", "{*}Reason/{*}Text")
    prefix, _, name = found.findtext(code).partition(":")
    assert found.nsmap[prefix] == SPACES[version]
    return version, name, found.findtext(reason)


class Served(Transport):
    """What a client of the endpoint loads, from the receiver itself."""

    def __init__(self, one: SoapReceiver) -> None:
        super().__init__()
        self.one = one
        self.asked: list[str] = []

    def load(self, url: str) -> bytes:
        self.asked.append(url)
        address, _, query = url.partition("?")
        assert address == ADDRESS, f"{url} is not ours"
        reply = self.one.described(request(method="GET", query=query, headers={}), ADDRESS)
        assert reply is not None
        assert (reply.status, reply.headers["content-type"]) == (200, "text/xml; charset=utf-8")
        return reply.body


def client(one: SoapReceiver) -> zeep.Client:
    return zeep.Client(f"{ADDRESS}?wsdl", transport=Served(one))


# a client that knows nothing but the WSDL


@pytest.mark.parametrize("name", ["headers11", "headers"])
def test_a_client_speaks_by_the_served_wsdl_and_understands_the_answer(wsdl, cache, name):
    one = receiver(wsdl, cache, name)
    version = {"headers11": "1.1", "headers": "1.2"}[name]
    caller = client(one)
    message = caller.create_message(caller.service, "Place", id="A-1", _soapheaders={"session": {"user": "u"}, "trace": "t-9"})
    sent = request(etree.tostring(message), version)
    received = one.read(sent)
    assert received == Received("Place", {"id": "A-1", "#header": {"Session": {"user": "u"}, "Trace": "t-9"}})
    answer = one.answer(sent, received, {"number": 7, "#header": {"Trace": "t-9"}})
    assert (answer.status, answer.headers) == (200, {"content-type": MEDIA[version]})
    body = etree.fromstring(answer.body).find("{*}Body")
    assert [(etree.QName(node).localname, node.text) for node in body[0]] == [("number", "7")]
    assert caller.service._binding._operations["Place"].process_reply(etree.fromstring(answer.body)).body.number == 7


def test_the_files_that_a_wsdl_imports_are_served_and_their_places_are_ours(wsdl, cache):
    one = receiver(wsdl, cache, "imports/service")
    caller = client(one)
    assert {url.partition("?")[2] for url in caller.transport.asked} == {
        "wsdl",
        "part=interface.wsdl",
        "part=types/order.xsd",
        "part=types/party.xsd",
        "part=types/common.xsd",
    }
    [port] = caller.wsdl.services["importsService"].ports.values()
    assert port.binding_options["address"] == ADDRESS


def test_only_the_port_that_we_serve_is_in_the_wsdl(wsdl, cache):
    one = receiver(wsdl, cache, "dual", "New")
    [port] = client(one).wsdl.services["dualService"].ports.values()
    assert (port.name, port.binding_options["address"]) == ("New", ADDRESS)


@pytest.mark.parametrize("query", ["", "wsdl2", "part=", "part=../secret.xsd", "part=/etc/passwd", "part=service.wsdl"])
def test_nothing_else_is_described(wsdl, cache, query):
    one = receiver(wsdl, cache, "imports/service")
    assert one.described(request(method="GET", query=query), ADDRESS) is None


def test_a_message_is_no_question_for_the_wsdl(wsdl, cache):
    one = receiver(wsdl, cache, "headers11")
    assert one.described(request(method="POST", query="wsdl"), ADDRESS) is None
    assert one.described(request(method="GET", path="orders", query="wsdl"), ADDRESS) is None
    assert one.described(request(method="HEAD", query="WSDL"), ADDRESS) is not None


def test_a_file_that_does_not_lie_beside_the_wsdl_is_served_without_its_path(tmp_path, wsdl, cache):
    folder = tmp_path / "inner"
    folder.mkdir()
    text = (wsdl / "imports" / "service.wsdl").read_text()
    (folder / "service.wsdl").write_text(text.replace("interface.wsdl", str(wsdl / "imports" / "interface.wsdl")))
    one = SoapReceiver(load_contract(folder / "service.wsdl", cache))
    caller = client(one)
    assert not [url for url in caller.transport.asked if str(wsdl) in url]
    assert caller.service._binding is not None


# operations


def test_rpc_requests_are_read_by_the_name_of_their_operation(wsdl, cache):
    one = receiver(wsdl, cache, "rpc")
    body = envelope('<t:Place xmlns:t="urn:test:rpc"><order><t:id>1</t:id></order><reference>R</reference><urgent>1</urgent></t:Place>')
    assert one.read(request(body)) == Received("Place", {"order": {"id": "1"}, "reference": "R", "urgent": True})


def test_a_one_way_message_is_answered_without_a_body(wsdl, cache):
    one = receiver(wsdl, cache, "rpc")
    sent = request(envelope('<t:Notify xmlns:t="urn:test:rpc"><text>hello</text></t:Notify>'))
    received = one.read(sent)
    assert (received.operation, received.document) == ("Notify", {"text": "hello"})
    reply = one.answer(sent, received, {})
    assert (reply.status, reply.body) == (202, b"")
    assert not one.contracts()["Notify"].output.members


def test_an_element_of_another_namespace_is_read_and_told(wsdl, cache):
    one = receiver(wsdl, cache, "headers11")
    received = one.read(request(envelope('<Place xmlns="urn:other"><id>1</id></Place>')))
    assert (received.operation, received.document) == ("Place", {"id": "1"})
    assert "namespace" in {each.kind for each in received.deviations}


@pytest.mark.parametrize(
    "headers", [{"soapaction": '"urn:test:headers11/Place"'}, {"content-type": 'text/xml; action="urn:test:headers11/Place"'}]
)
def test_an_empty_body_is_read_by_its_action(wsdl, cache, headers):
    one = receiver(wsdl, cache, "headers11")
    with pytest.raises(InvalidMessage, match="the SOAP body is empty where 'Place' was to be"):
        one.read(request(envelope(""), headers={"content-type": MEDIA["1.1"], **headers}))


def test_a_media_type_of_the_other_version_is_told(wsdl, cache):
    one = receiver(wsdl, cache, "headers")
    received = one.read(request(envelope('<Place xmlns="urn:test:headers"><id>1</id></Place>', "1.2"), "1.1"))
    assert [(each.kind, each.text) for each in received.deviations] == [
        ("media", "the message is sent as text/xml, SOAP 1.2 is another type")
    ]


def test_our_answer_is_strictly_by_the_contract(wsdl, cache):
    one = receiver(wsdl, cache, "headers11")
    with pytest.raises(SerialisationFailed, match="number"):
        one.answer(request(), Received("Place", {}), {"number": "seven"})


# what is no message

PLACE = '<Place xmlns="urn:test:headers11"><id>1</id></Place>'
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>&b;</s:Body></s:Envelope>'
)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body is empty"),
        (b"not xml", "not well-formed"),
        (envelope(PLACE)[:-30], "not well-formed"),
        (BOMB, "the XML has a DOCTYPE"),
        (b'<?xml version="1.0" encoding="EBCDIC-CP-US"?>' + envelope(PLACE), "the encoding 'EBCDIC-CP-US' is not accepted"),
        (b'<?xml version="1.0" encoding="utf-8"?>' + envelope(PLACE).replace(b"<id>1", b"<id>\xe9"), "not well-formed"),
        (b"<Place/>", "no SOAP envelope but 'Place'"),
        (envelope("<Nothing/>"), "'Nothing' is no operation of this port; it has: Place"),
        (envelope(""), "'' is no operation of this port"),
        (envelope("<s:Fault><faultcode>s:Server</faultcode><faultstring>x</faultstring></s:Fault>"), "holds a fault"),
        (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>', "has no Body"),
        (envelope(f"{'<a>' * 30}{'</a>' * 30}"), "nested deeper than 20"),
        (envelope(PLACE.replace("<id>1", f"<id>{'1' * 5000}")), "more than the 4000"),
    ],
    ids=[
        "empty",
        "text",
        "half",
        "bomb",
        "encoding",
        "bytes",
        "no-envelope",
        "operation",
        "no-body-no-action",
        "fault",
        "no-body",
        "deep",
        "large",
    ],
)
def test_what_cannot_be_read_is_the_senders_to_mend(wsdl, cache, body, says):
    one = receiver(wsdl, cache, "headers11", size=4_000, depth=20)
    with pytest.raises(InvalidMessage) as refused:
        one.read(request(body))
    assert says in str(refused.value)
    reply = one.fault(request(body), refused.value)
    version, code, reason = fault(reply.body)
    assert (reply.status, reply.headers, version, code) == (500, {"content-type": MEDIA["1.1"]}, "1.1", "Client")
    assert says in reason


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_other_encodings_than_utf_8_are_read(wsdl, cache, encoding):
    one = receiver(wsdl, cache, "headers11")
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + envelope(PLACE).decode().replace("<id>1", "<id>é")
    headers = {"content-type": f"text/xml; charset={encoding}"}
    assert one.read(request(text.encode(encoding), headers=headers)).document == {"id": "é"}


@pytest.mark.parametrize("media", ["", "application/json", "multipart/related; type=text/xml", "text/plain"])
def test_other_media_are_refused(wsdl, cache, media):
    one = receiver(wsdl, cache, "headers11")
    with pytest.raises(UnsupportedMedia) as refused:
        one.read(request(envelope(PLACE), headers={"content-type": media}))
    reply = one.fault(request(), refused.value)
    assert (reply.status, fault(reply.body)[1]) == (415, "Client")


def test_other_paths_and_methods_are_refused(wsdl, cache):
    one = receiver(wsdl, cache, "headers11")
    with pytest.raises(NotFound) as lost:
        one.read(request(envelope(PLACE), path="orders"))
    assert one.fault(request(), lost.value).status == 404
    with pytest.raises(MethodNotAllowed) as wrong:
        one.read(request(method="GET"))
    reply = one.fault(request(), wrong.value)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(("name", "sent"), [("headers11", "1.2"), ("headers", "1.1")])
def test_an_envelope_of_the_other_version_is_told_which_would_do(wsdl, cache, name, sent):
    one = receiver(wsdl, cache, name)
    with pytest.raises(InvalidMessage, match=f"is of SOAP {sent}") as refused:
        one.read(request(envelope("<Place/>", sent), sent))
    reply = one.fault(request(version=sent), refused.value)
    assert (reply.status, fault(reply.body)[:2]) == (500, ("1.1", "VersionMismatch"))
    [supported] = etree.fromstring(reply.body).findall("{*}Header/{*}Upgrade/{*}SupportedEnvelope")
    prefix, _, element = supported.get("qname").partition(":")
    assert (supported.nsmap[prefix], element) == (SPACES[{"1.2": "1.1", "1.1": "1.2"}[sent]], "Envelope")


@pytest.mark.parametrize(("name", "version"), [("headers11", "1.1"), ("headers", "1.2")])
def test_a_header_that_has_to_be_understood_and_is_not_stops_the_message(wsdl, cache, name, version):
    one = receiver(wsdl, cache, name)
    place = f'<Place xmlns="urn:test:{name}"><id>1</id></Place>'
    with pytest.raises(InvalidMessage, match="'Security' has to be understood") as refused:
        one.read(request(envelope(place, version, '<Security xmlns="urn:w" s:mustUnderstand="1"/>'), version))
    assert fault(one.fault(request(), refused.value).body)[:2] == (version, "MustUnderstand")
    known = f'<t:Trace xmlns:t="urn:test:{name}" s:mustUnderstand="1">t</t:Trace>'
    assert one.read(request(envelope(place, version, known), version)).document["#header"] == {"Trace": "t"}
    for role in ("role", "actor"):
        other = f'<Security xmlns="urn:w" s:mustUnderstand="1" s:{role}="urn:a-proxy"/>'
        assert one.read(request(envelope(place, version, other), version)).operation == "Place"
    mine = '<Security xmlns="urn:w" s:mustUnderstand="1" s:role="http://www.w3.org/2003/05/soap-envelope/role/next"/>'
    with pytest.raises(InvalidMessage):
        one.read(request(envelope(place, version, mine), version))


# faults


@pytest.mark.parametrize(
    ("error", "status", "code", "reason"),
    [
        (NotAuthenticated(headers={"WWW-Authenticate": 'Basic realm="x"'}), 401, "Client", "Client credentials are missing or wrong"),
        (Overloaded(headers={"Retry-After": "5"}), 503, "Server", "Too many requests are in work; repeat this one later"),
        (
            StoreUnavailable("disk full at /var/x"),
            503,
            "Server",
            "The message could not be taken and was not recorded; send it again later",
        ),
        (MappingFailed("rule at x"), 500, "Server", "The message could not be taken and was not recorded; send it again later"),
        (AdapterError("inside"), 500, "Server", "The message could not be taken and was not recorded; send it again later"),
        (InvalidMessage("odd \x00\x1b\ud800 <sign>"), 500, "Client", "odd     <sign>"),
    ],
    ids=["credentials", "overloaded", "record", "rules", "inside", "signs"],
)
def test_faults_say_whose_turn_it_is_and_nothing_of_the_inside(wsdl, cache, error, status, code, reason):
    reply = receiver(wsdl, cache, "headers11").fault(request(), error)
    assert (reply.status, *fault(reply.body)) == (status, "1.1", code, reason)
    given = {name.lower(): value for name, value in (error.headers if isinstance(error, CallerError) else {}).items()}
    assert reply.headers == {"content-type": MEDIA["1.1"], **given}


@pytest.mark.parametrize(("error", "status", "code"), [(InvalidMessage(), 400, "Sender"), (StoreUnavailable(), 503, "Receiver")])
def test_faults_of_soap_1_2_have_its_names_and_statuses(wsdl, cache, error, status, code):
    reply = receiver(wsdl, cache, "headers").fault(request(), error)
    assert (reply.status, reply.headers["content-type"], *fault(reply.body)[:2]) == (status, MEDIA["1.2"], "1.2", code)
