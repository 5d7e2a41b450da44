"""A backend that books the order and answers nonsense: in doubt, never lost, never twice, and nothing of the nonsense is obeyed."""

from __future__ import annotations

import gzip
import socket
import tracemalloc
import uuid
from collections.abc import Iterator

import pytest

from tests.faults.conftest import INSIDE, TMF
from tests.faults.middle import Middle, Spoil, middle
from tests.service_kit import Running, pr_order, running


@pytest.fixture(scope="module")
def between() -> Iterator[Middle]:
    with middle() as server:
        yield server


@pytest.fixture(scope="module")
def before_lab() -> Iterator[Middle]:
    with middle() as server:
        yield server


@pytest.fixture(scope="module")
def service(between: Middle, before_lab: Middle, home: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    environment = {"ADAPTER_HOME": home, "ADAPTER_PR_ENDPOINT": between.url, "ADAPTER_LAB_ENDPOINT": before_lab.url}
    with running(tmp_path_factory.mktemp("data"), environment) as started:
        between.target, before_lab.target = started.simulators["slbos"], started.simulators["lab"]
        yield started


@pytest.fixture(autouse=True)
def _as_it_was(between: Middle, before_lab: Middle) -> Iterator[None]:
    yield
    for server in (between, before_lab):
        server.spoil, server.operation = None, "UpdateOrderDetail"


def http(body: bytes, status: str = "200 OK", kind: str = "text/xml; charset=utf-8", *fields: str) -> Spoil:
    """An answer of its own instead of the backend's."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}", *fields]
    return lambda wire, _: wire.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def changed(old: bytes, new: bytes, count: int = 1) -> Spoil:
    """The backend's answer with something else in one place."""

    def spoil(wire: socket.socket, body: bytes) -> None:
        assert old in body
        http(body.replace(old, new, count))(wire, body)

    return spoil


def declaring(doctype: bytes, entity: bytes = b"") -> Spoil:
    """The backend's answer with a document type, and an entity of it inside."""

    def spoil(wire: socket.socket, body: bytes) -> None:
        inside = b"<ord:returnCode>" + (b"&%s;" % entity if entity else b"")
        http(doctype + body.split(b"?>", 1)[-1].replace(b"<ord:returnCode>", inside))(wire, body)

    return spoil


def cut(wire: socket.socket, body: bytes) -> None:
    """Less than was promised."""
    wire.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: %d\r\n\r\n" % len(body) + body[: len(body) // 2])


def endless(wire: socket.socket, _: bytes) -> None:
    """More and more, until the service has enough."""
    wire.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        wire.sendall(b"10000\r\n" + b"<a>" * 21845 + b"a\r\n")


BOMB = b'<!DOCTYPE a [<!ENTITY a "ha">' + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(20)) + b"]>"
FAULT_11 = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%s</s:Body></s:Envelope>'
NONSENSE: dict[str, Spoil] = {
    "entity bomb": declaring(BOMB, b"u"),
    "a DTD that is used for nothing": declaring(b"<!DOCTYPE a [<!ENTITY a 'b'>]>"),
    "external entity": declaring(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>', b"x"),
    "unknown entity": changed(b"<ord:returnCode>", b"<ord:returnCode>&nbsp;"),
    "utf-8 that is latin-1": changed(b"<ord:returnCode>", b"<ord:returnCode>\xe9\xe8"),
    "utf-16 that is utf-8": lambda wire, body: http(b'<?xml version="1.0" encoding="utf-16"?>' + body.split(b"?>", 1)[-1])(wire, body),
    "an encoding nobody knows": lambda wire, body: http(b'<?xml version="1.0" encoding="klingon"?>' + body.split(b"?>", 1)[-1])(wire, body),
    "half the XML": lambda wire, body: http(body[: len(body) // 2])(wire, body),
    "half the bytes": cut,
    "no end": endless,
    "40 MB": lambda wire, _: wire.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 40000000\r\n\r\n<a>"),
    "a gzip bomb": http(gzip.compress(b"<a>" * 10_000_000), "200 OK", "text/xml", "content-encoding: gzip"),
    "HTML with 200": http(b"<!DOCTYPE html><html><body>It works! &copy;</body></html>", kind="text/html"),
    "HTML with 502": http(b"<html><h1>Bad Gateway</h1></html>", "502 Bad Gateway", "text/html"),
    "200 without a body": http(b""),
    "204": lambda wire, _: wire.sendall(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "blanks": http(b"   \r\n  "),
    "JSON": http(b'{"orderNumber": "1"}', kind="application/json"),
    "an empty envelope": http(FAULT_11 % b""),
    "the answer of another operation": changed(b"UpdateOrderDetailResponse", b"GetOrderStatusResponse", 2),
    "no return code": lambda wire, body: http(body.replace(b"returnCode>", b"rc>"))(wire, body),
    "a return code nobody knows": changed(b">0000<", b">1234<"),
    "no order number": lambda wire, body: http(body.replace(b":orderNumber>", b":on>"))(wire, body),
    "5000 levels": http(FAULT_11 % (b"<a>" * 5000 + b"</a>" * 5000)),
    "100000 levels": http(b"<a>" * 100_000),
    "a redirect": http(b"", "307 Temporary Redirect", "text/xml", "location: http://127.0.0.1:9/elsewhere"),
    "no HTTP": lambda wire, _: wire.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a status that is none": lambda wire, _: wire.sendall(b"HTTP/1.1 abc What\r\n\r\n"),
    "a megabyte of headers": lambda wire, _: wire.sendall(b"HTTP/1.1 200 OK\r\n" + b"x: %s\r\n" % (b"y" * 1_000_000) + b"\r\n"),
    "reset": lambda wire, _: wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"),
    "a fault nobody knows": http(
        FAULT_11 % b"<s:Fault><faultcode>s:Server</faultcode><faultstring>java.lang.NullPointerException</faultstring></s:Fault>",
        "500 Internal Server Error",
    ),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_after_the_booking_is_in_doubt_and_the_repeat_finds_the_order(service, between, name):
    order, correlation = pr_order(), str(uuid.uuid4())
    between.spoil = NONSENSE[name]
    first = service.place(order, correlation=correlation)
    assert first.status_code == 504, first.text
    assert first.headers["retry-after"] == "1"
    assert not INSIDE.search(first.text)
    assert "errors" in first.json()
    again = service.place(order, correlation=correlation)
    assert again.status_code == 201, again.text
    assert again.json()["id"] == service.bookings()["bookings"][order["externalId"]]["orderNumbers"][0]
    assert service.bookings()["bookings"][order["externalId"]]["count"] == 1
    assert service.place(order, correlation=correlation).content == again.content


def test_an_external_entity_is_never_fetched(service, between):
    with socket.create_server(("127.0.0.1", 0)) as bait:
        bait.settimeout(0)
        address = b"http://127.0.0.1:%d/x" % bait.getsockname()[1]
        for declared in (b'<!DOCTYPE a [<!ENTITY x SYSTEM "%s">]>' % address, b'<!DOCTYPE a SYSTEM "%s">' % address):
            between.spoil = declaring(declared, b"x")
            assert service.place(pr_order()).status_code == 504
        with pytest.raises(BlockingIOError):
            bait.accept()


def test_an_entity_bomb_takes_no_memory(service, between):
    between.spoil = NONSENSE["entity bomb"]
    tracemalloc.start()
    assert service.place(pr_order()).status_code == 504
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000


READS = ("half the XML", "HTML with 502", "200 without a body", "entity bomb", "a fault nobody knows")


@pytest.mark.parametrize(("name", "status"), [*((name, 502) for name in READS), ("no HTTP", 504)])
def test_nonsense_about_an_order_that_is_only_read_changes_nothing(service, between, name, status):
    booked = service.place(pr_order()).json()
    between.spoil, between.operation = NONSENSE[name], "GetOrderStatus"
    reply = service.http.get(f"/ecom-ux/v1/PR/productOrder/{booked['id']}", headers=service.headers())
    assert reply.status_code == status, reply.text
    assert ("NullPointerException" if name == "a fault nobody knows" else "nothing was changed") in reply.text
    assert not INSIDE.search(reply.text)
    between.spoil = None
    assert service.http.get(f"/ecom-ux/v1/PR/productOrder/{booked['id']}", headers=service.headers()).json()["id"] == booked["id"]


def test_a_probe_that_answers_nonsense_settles_nothing(service, between):
    order, correlation = pr_order(), str(uuid.uuid4())
    between.spoil = NONSENSE["200 without a body"]
    assert service.place(order, correlation=correlation).status_code == 504
    between.operation = "FindOrder"
    for name in ("HTML with 200", "half the XML", "no HTTP", "204"):
        between.spoil = NONSENSE[name]
        reply = service.place(order, correlation=correlation)
        assert reply.status_code == 504
        assert reply.headers["retry-after"] == "1"
    between.spoil = None
    assert service.place(order, correlation=correlation).status_code == 201
    assert service.bookings()["bookings"][order["externalId"]]["count"] == 1


def test_a_reply_that_no_rule_can_map_leaves_the_order_in_doubt_and_is_never_lost(service, before_lab):
    """The order was placed; only its answer cannot be told, as its state is in no code table."""
    order = {"externalId": f"E-{uuid.uuid4().hex[:12]}", "productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": "O"}}]}
    headers = {"X-Correlation-ID": str(uuid.uuid4())}
    novel = changed(b'state="BOOKED"', b'state="NOVEL"')
    before_lab.spoil, before_lab.operation = novel, "CreateOrder"
    first = service.http.post(TMF, json=order, headers=headers)
    assert first.status_code == 504, first.text
    assert first.json()["code"] == "outcome-in-doubt"
    before_lab.operation = "FindOrder"  # the probe finds the order, and its answer cannot be told either
    assert service.http.post(TMF, json=order, headers=headers).status_code == 504
    before_lab.spoil = None
    last = service.http.post(TMF, json=order, headers=headers)
    assert last.status_code == 201, last.text
    assert last.json()["state"] == "acknowledged"
    assert service.http.post(TMF, json=order, headers=headers).content == last.content
    assert service.backends["lab"].bookings()["bookings"][order["externalId"]]["count"] == 1
