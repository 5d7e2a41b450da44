"""The city network's conversation: which requests leave in which order, and what is made of the replies."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from adapter.contract.openapi import load_openapi
from adapter.contract.shape import OperationContract
from adapter.errors import ConfigError, MaybeSent, NotSent, SerialisationFailed
from adapter.ports import AnswerKind, Call, WireReply
from connectors.citynetwork import CityNetworkConnector, activation_contracts
from connectors.rest import RestConnector

CONTRACT = load_openapi(Path(__file__).parents[3] / "mappings" / "se" / "schema" / "citynetwork.openapi.yaml")
ORDER = {"origin": "customer", "date": "2030-02-28", "service_uid": "BB1", "socket": "123-456-ABC"}
SUCCESS = "<service_order><status>success</status></service_order>"
DELIVERABLE = "<service_deliverable><status>success</status></service_deliverable>"


@pytest.fixture(scope="module")
def connector():
    return CityNetworkConnector(RestConnector(CONTRACT, "http://network.example/base"))


def xml(text, status=200):
    return WireReply(status, {"content-type": "application/xml; charset=utf-8"}, f'<?xml version="1.0"?>{text}'.encode())


def port(service, status="success"):
    return xml(f"<port_status><response><services>{service}</services></response><status>{status}</status></port_status>")


def failed(method, code, message="", status=200):
    words = f"<code>{code}</code>" + (f"<message>{message}</message>" if message else "")
    return xml(f"<{method}><status>failed</status><response>{words}</response></{method}>", status)


def walk(connector, document, *replies, operation="activate_service"):
    """The requests that left (method, query, asks) and the answer; an error among the replies is thrown."""
    exchange, sent, coming = connector.exchange(Call(operation, document)), [], list(replies)
    try:
        request = next(exchange)
        while True:
            target = urlsplit(request.url)
            assert (request.method, target.path, request.body) == ("GET", "/base/api", b"")
            given = {name: values[0] for name, values in parse_qs(target.query).items()}
            assert request.operation == given.get("method") or operation == "service_deactivate"
            sent.append((given.pop("method"), given, request.asks))
            reply = coming.pop(0)
            request = exchange.throw(reply) if isinstance(reply, Exception) else exchange.send(reply)
    except StopIteration as done:
        assert not coming
        return sent, done.value


def test_without_a_socket_nobody_is_called(connector):
    order = {name: value for name, value in ORDER.items() if name != "socket"}
    sent, answer = walk(connector, {"ask": "port_status", "order": order})
    assert (sent, answer.kind, answer.document) == ([], AnswerKind.REPLY, {})


def test_yes_is_followed_by_the_order_and_only_the_question_changes_nothing(connector):
    service = "<service><id>TV</id><deliverable>NO</deliverable></service><service><id>BB1</id><deliverable>yes</deliverable></service>"
    sent, answer = walk(connector, {"ask": "port_status", "order": ORDER}, port(service), xml(SUCCESS))
    assert sent == [("port_status", {"socket": "123-456-ABC"}, True), ("service_order", ORDER, False)]
    assert answer.document == {"availability": {"deliverable": "yes"}, "order": {"status": "success", "date": "2030-02-28"}}


def test_without_a_question_the_order_leaves_at_once(connector):
    sent, answer = walk(connector, {"order": ORDER}, failed("service_order", "602", "Nej"))
    assert [method for method, *_ in sent] == ["service_order"]
    assert answer.document == {"order": {"status": "failed", "date": "2030-02-28", "code": "602", "message": "Nej"}}


def test_no_ends_it_with_the_words_of_the_network(connector):
    service = "<service><id>BB1</id><deliverable>NO</deliverable><message>Går inte</message></service>"
    sent, answer = walk(connector, {"ask": "port_status", "order": ORDER}, port(service))
    assert len(sent) == 1
    assert answer.document == {"availability": {"deliverable": "no", "message": "Går inte"}}
    assert answer.deviations == ()


@pytest.mark.parametrize(
    "reply",
    [
        NotSent("refused"),
        MaybeSent("timeout"),
        port(""),
        port("<service><id>BB1</id></service>"),
        port("<service><id>BB1</id><deliverable>YES</deliverable></service>", status="failed"),
        xml("<port_status/>"),
        xml("<port_status>", 200),
        xml("<port_status><status>success</status></port_status>", 503),
        WireReply(200, {"content-type": "text/html"}, b"<html/>"),
    ],
)
def test_whatever_is_no_clear_answer_of_port_status_is_unknown_and_told(connector, reply):
    sent, answer = walk(connector, {"ask": "port_status", "order": ORDER}, reply)
    assert [method for method, *_ in sent] == ["port_status"]
    assert answer.document == {"availability": {"deliverable": "unknown"}}
    (deviation,) = answer.deviations
    assert (deviation.kind, deviation.path, bool(deviation.text)) == ("unanswered", "port_status", True)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (failed("service_deliverable", "404", "Okänt", 404), {"deliverable": "no", "code": "404", "message": "Okänt"}),
        (WireReply(426, {}, b""), {"deliverable": "no", "code": "426"}),
        (failed("service_deliverable", "428", "CPE", 200), {"deliverable": "no", "code": "428", "message": "CPE"}),
        (failed("service_deliverable", "513", "Spärrad", 513), {"deliverable": "no", "code": "513", "message": "Spärrad"}),
        (failed("service_deliverable", "513", "", 513), {"deliverable": "unknown", "code": "513"}),
        (failed("service_deliverable", "900", "Stängt", 200), {"deliverable": "unknown", "code": "900", "message": "Stängt"}),
        (failed("service_deliverable", "okänd", "", 200), {"deliverable": "unknown", "code": "okänd"}),
        (xml(DELIVERABLE, 503), {"deliverable": "unknown"}),
        (WireReply(500, {"content-type": "text/plain"}, b"oops"), {"deliverable": "unknown"}),
        (MaybeSent("timeout"), {"deliverable": "unknown"}),
    ],
)
def test_the_numbers_of_service_deliverable(connector, reply, verdict):
    sent, answer = walk(connector, {"ask": "service_deliverable", "order": ORDER}, reply)
    assert sent == [("service_deliverable", {name: ORDER[name] for name in ("origin", "service_uid", "socket")}, True)]
    assert answer.document == {"availability": verdict}
    assert bool(answer.deviations) is (verdict["deliverable"] == "unknown")


def test_service_deliverable_says_yes_with_200(connector):
    sent, answer = walk(connector, {"ask": "service_deliverable", "order": ORDER}, xml(DELIVERABLE), xml(SUCCESS))
    assert [method for method, *_ in sent] == ["service_deliverable", "service_order"]
    assert answer.document["order"]["status"] == "success"


@pytest.mark.parametrize(
    "reply", [xml("<service_order/>"), xml("<service_order><status/></service_order>"), xml("<service_order>"), xml(SUCCESS, 500)]
)
def test_an_order_without_a_clear_answer_is_unreadable(connector, reply):
    _, answer = walk(connector, {"order": ORDER}, reply)
    assert (answer.kind, bool(answer.unreadable)) == (AnswerKind.UNREADABLE, True)


@pytest.mark.parametrize("error", [NotSent("refused"), MaybeSent("timeout")])
def test_an_order_without_any_answer_is_for_the_engine_to_judge(connector, error):
    with pytest.raises(type(error)):
        walk(connector, {"order": ORDER}, error)


@pytest.mark.parametrize("place", ["date", "socket"])
def test_an_order_that_cannot_be_written_is_refused_before_anybody_is_asked(connector, place):
    wrong = {"date": "2011-02-30", "socket": ""}[place]
    with pytest.raises(SerialisationFailed) as refused:
        walk(connector, {"ask": "port_status", "order": {**ORDER, place: wrong}})
    assert refused.value.path == f"order.{place}"


@pytest.mark.parametrize(
    ("service", "found"),
    [
        ("<service><id>BB1</id><date>2030-02-28</date></service>", {"order": {"status": "success", "date": "2030-02-28"}}),
        ("<service><id>BB1</id><date>2029-01-01</date></service>", {}),
        ("<service><id>BB1</id></service>", {}),
        ("", {}),
    ],
)
def test_an_activation_is_found_by_service_and_day(connector, service, found):
    sent, answer = walk(connector, {"order": ORDER}, port(service), operation="find_activation")
    assert sent == [("port_status", {"socket": "123-456-ABC"}, True)]
    assert answer.document == found


@pytest.mark.parametrize("reply", [port("", status="failed"), xml("<port_status>"), WireReply(500, {}, b"")])
def test_a_search_that_fails_finds_nothing_and_proves_nothing(connector, reply):
    _, answer = walk(connector, {"order": ORDER}, reply, operation="find_activation")
    assert (answer.kind, bool(answer.unreadable)) == (AnswerKind.UNREADABLE, True)


def test_the_networks_own_operations_can_be_called_too(connector):
    query = {"method": "service_deactivate", "date": "2030-02-28", "service_uid": "BB1", "socket": "1"}
    reply = xml("<service_deactivate><status>success</status></service_deactivate>")
    sent, answer = walk(connector, {"query": query}, reply, operation="service_deactivate")
    assert [method for method, *_ in sent] == ["service_deactivate"]
    assert answer.document["body"] == {"status": "success"}


def test_the_contract_shows_the_mapping_what_can_be_written_and_read(connector):
    made = connector.contracts()["activate_service"]
    order = made.input.members["order"].shape.members
    assert {name for name, member in order.items() if member.required} == {"origin", "date", "service_uid"}
    assert made.output.members["availability"].shape.members["deliverable"].shape.enum == ("yes", "no", "unknown")
    assert {"port_status", "service_deliverable", "service_order", "find_activation"} <= connector.contracts().keys()


def test_a_contract_that_lacks_an_operation_is_refused():
    contracts: dict[str, OperationContract] = {name: one.contract for name, one in CONTRACT.operations.items() if name != "service_order"}
    with pytest.raises(ConfigError, match="it lacks service_order"):
        activation_contracts(contracts)
