"""The server accepts what the WSDL says and nothing else, and shows what it got."""

from __future__ import annotations

import asyncio

import pytest
import requests
import zeep
from lxml import etree

from simulators.http_server import Transport
from simulators.lab import lab
from simulators.scenario import Behaviour, Fault, Form
from simulators.slbos import slbos

HEADERS = {"content-type": "text/xml; charset=utf-8", "soapaction": '"urn:slbos:service:1/UpdateOrderDetail"'}
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


@pytest.fixture
def twin(serve):
    return serve(slbos())


def post(twin, body, **headers):
    return requests.post(twin.url, data=body, headers={**HEADERS, **headers}, timeout=5)


def fault(reply):
    found = etree.fromstring(reply.content).find(f".//{{{SOAP}}}Fault")
    return reply.status_code, found.findtext("faultcode").partition(":")[2], found.findtext("faultstring")


def test_a_request_that_breaks_the_schema_is_a_client_fault_that_says_where(twin, raw_order):
    broken = raw_order().replace(b"0000000000005555", b"00000000000055555555")
    status, code, text = fault(post(twin, broken))
    assert (status, code) == (500, "Client")
    assert "temporaryOrderId" in text
    assert "maximum length of '16'" in text
    assert twin.bookings()["total"] == 0


def test_elements_out_of_order_are_refused(twin, raw_order):
    tree = etree.fromstring(raw_order())
    order = tree.find(".//{urn:slbos:service:1}order")
    order.append(order[0])
    assert "conversationId" in fault(post(twin, etree.tostring(tree)))[2]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"<a", "Client", "no XML"),
        (b"<a/>", "VersionMismatch", "no SOAP envelope"),
        (f'<e:Envelope xmlns:e="{SOAP}"><e:Body/></e:Envelope>'.encode(), "Client", "one Body with one element"),
        (f'<e:Envelope xmlns:e="{SOAP}"><e:Body><Nothing/></e:Body></e:Envelope>'.encode(), "Client", "Nothing is no operation"),
        (f'<!DOCTYPE e [<!ENTITY x "y">]><e:Envelope xmlns:e="{SOAP}"><e:Body>&x;</e:Body></e:Envelope>'.encode(), "Client", "forbids"),
        (
            f'<e:Envelope xmlns:e="{SOAP}"><e:Header><Pay e:mustUnderstand="1"/></e:Header><e:Body/></e:Envelope>'.encode(),
            "MustUnderstand",
            "Pay is not understood",
        ),
        (b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"/>', "Client", "one Body"),
    ],
)
def test_what_is_no_request_is_a_fault_that_says_why(twin, body, code, words):
    status, got, text = fault(post(twin, body))
    assert (status, got) == (500, code)
    assert words in text


def test_an_envelope_of_the_other_soap_version_is_a_version_mismatch(twin, raw_order):
    other = raw_order().replace(SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope")
    assert fault(post(twin, other))[1] == "VersionMismatch"


@pytest.mark.parametrize("action", ['"urn:slbos:service:1/FindOrder"', '""'])
def test_the_soap_action_must_be_that_of_the_operation(twin, raw_order, action):
    assert "expected 'urn:slbos:service:1/UpdateOrderDetail'" in fault(post(twin, raw_order(), soapaction=action))[2]


def test_soap_1_1_without_an_action_is_refused(twin, raw_order):
    reply = requests.post(twin.url, data=raw_order(), headers={"content-type": "text/xml"}, timeout=5)
    assert "The action None" in fault(reply)[2]


@pytest.mark.parametrize("media", ["application/soap+xml", "application/json", ""])
def test_another_media_type_is_415(twin, raw_order, media):
    reply = post(twin, raw_order(), **{"content-type": media})
    assert (reply.status_code, reply.text.rpartition("expected ")[2]) == (415, "text/xml\n")
    assert twin.requests()[-1]["operation"] == ""


def test_another_charset_is_refused(twin, raw_order):
    assert "charset latin-1" in fault(post(twin, raw_order(), **{"content-type": "text/xml; charset=Latin-1"}))[2]


def test_a_security_header_is_understood(twin, raw_order):
    security = b'<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" '
    tree = etree.fromstring(raw_order())
    header = etree.SubElement(tree, f"{{{SOAP}}}Header")
    header.append(etree.fromstring(security + f'xmlns:e="{SOAP}" e:mustUnderstand="1"/>'.encode()))
    tree.insert(0, header)
    assert post(twin, etree.tostring(tree)).status_code == 200


def test_requests_show_what_came_without_secrets(twin, raw_order):
    post(twin, raw_order(), authorization="Basic c2VjcmV0", **{"x-trace": "t-1"})
    post(twin, b"<a")
    shown = requests.get(f"{twin.root}/requests?last=2", timeout=5).json()
    assert [(entry["number"], entry["operation"]) for entry in shown] == [(1, "UpdateOrderDetail"), (2, "")]
    assert shown[0]["envelope"] == raw_order().decode()
    assert (shown[0]["headers"]["authorization"], shown[0]["headers"]["x-trace"]) == ("***", "t-1")
    assert requests.get(f"{twin.root}/requests?last=1", timeout=5).json() == shown[1:]
    assert requests.get(f"{twin.root}/requests?last=0", timeout=5).json() == []
    assert requests.get(f"{twin.root}/requests?last=x", timeout=5).status_code == 400


def test_the_wsdl_is_served_with_its_own_address_and_its_schemas(twin):
    wsdl = requests.get(f"{twin.url}?wsdl", timeout=5).content
    assert f'location="{twin.url}"'.encode() in wsdl
    assert b"targetNamespace" in requests.get(f"{twin.root}/slbos-order.xsd", timeout=5).content


def test_other_paths_and_methods(twin):
    assert requests.get(f"{twin.root}/nothing", timeout=5).status_code == 404
    assert requests.get(twin.url, timeout=5).status_code == 404
    assert requests.delete(twin.url, timeout=5).status_code == 405
    assert requests.post(f"{twin.root}/elsewhere", timeout=5).status_code == 405


def test_a_planned_behaviour_comes_once_and_before_the_scenario_file(soap, twin, order):
    client = soap(twin)
    client.service.UpdateOrderDetail(order=order())
    twin.once("FindOrder", Behaviour(refuse=("2099 | DRO30E - REF CDA NOT FOUND| ",)))
    twin.once("FindOrder", Behaviour(fault=Fault(text="down", code="X", detail="Y")))
    assert client.service.FindOrder(temporaryOrderId="0000000000005555").result.returnCode == "2099"
    with pytest.raises(zeep.exceptions.Fault, match="down"):
        client.service.FindOrder(temporaryOrderId="0000000000005555")
    assert client.service.FindOrder(temporaryOrderId="0000000000005555").matches == 1


def test_half_an_answer_is_cut_off_after_half_its_body(twin, raw_order):
    twin.once("UpdateOrderDetail", Behaviour(transport=Transport.HALF))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        post(twin, raw_order())
    assert twin.bookings()["total"] == 1


def test_a_scenario_that_takes_away_what_the_schema_demands_is_a_mistake_of_the_scenario(twin, raw_order):
    twin.once("UpdateOrderDetail", Behaviour(omit=("result",)))
    status, code, text = fault(post(twin, raw_order()))
    assert (status, code) == (500, "Server")
    assert "invalid answer" in text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"book": False}, "needs transport"),
        ({"refuse": ["x"], "fault": {"text": "a", "code": "b", "detail": "c"}}, "either refused or"),
        ({"transprot": "close"}, "Extra inputs"),
        ({"form": "nice"}, "regular"),
    ],
)
def test_a_scenario_that_contradicts_itself_does_not_load(wrong, words):
    with pytest.raises(ValueError, match=words):
        Behaviour.model_validate(wrong)


def test_a_scenario_file_must_hold_a_mapping(tmp_path):
    (tmp_path / "s.yaml").write_text("- a\n")
    with pytest.raises(ValueError, match="expected a mapping"):
        slbos(scenarios=tmp_path / "s.yaml")


def test_soap_1_2_has_faults_of_its_own_form(serve):
    twin = serve(lab())
    namespace = "http://www.w3.org/2003/05/soap-envelope"
    body = f'<e:Envelope xmlns:e="{namespace}"><e:Body><l:ReadOrder xmlns:l="urn:lab:orders:1"/></e:Body></e:Envelope>'.encode()
    for action in ("", '; action="urn:lab:orders:1/ReadOrder"'):
        reply = requests.post(twin.url, data=body, headers={"content-type": f"application/soap+xml{action}"}, timeout=5)
        found = etree.fromstring(reply.content).find(f".//{{{namespace}}}Fault")
        assert reply.status_code == 400
        assert found.findtext(f".//{{{namespace}}}Value") == "soapenv:Sender"
        assert "orderNo" in found.findtext(f".//{{{namespace}}}Text")
    wrong = requests.post(twin.url, data=body, headers={"content-type": 'application/soap+xml; action="x"'}, timeout=5)
    assert "The action &#39;x&#39;" in wrong.text or "The action 'x'" in wrong.text


def test_a_simulator_runs_in_the_callers_loop_and_on_a_port_of_its_choice():
    async def run():
        async with slbos() as first:
            port = int(first.root.rpartition(":")[2])
        second = slbos()
        assert await second.start(port) == first.url
        await second.stop()

    asyncio.run(run())


def test_forms_are_named_as_in_the_scenario_files():
    assert [form.value for form in Form] == ["regular", "odd", "broken", "http500"]
