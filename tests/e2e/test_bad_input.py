"""What a front-end may send wrong, over real HTTP: a refusal in the words of the face, no call of a backend, nothing of the inside."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.service_kit import SAMPLES, Running, pr_order

HYBRIS, TMF = "/ecom-ux/v1/PR/productOrder", "/tmf-api/productOrderingManagement/v4/productOrder"
FACES = {"hybris": HYBRIS, "tmf": TMF}
INSIDE = re.compile(r"Traceback|File \"|\.py\b|/home/|site-packages|\badapter\.|connectors\.|demo-secret|sqlite|lxml|orjson|scrypt|0x7f")


def send(service: Running, face: str, body: Any, **headers: str) -> httpx.Response:
    """A POST to either face, in the market pr."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return service.http.post(FACES[face], content=content, headers=service.headers() | {"X-Market": "pr"} | headers)


def words(face: str, reply: httpx.Response, status: int) -> str:
    """What the refusal says, after its envelope has been checked."""
    assert reply.status_code == status, reply.text
    body = reply.json()
    if face == "hybris":
        assert reply.headers["content-type"] == "application/json"
        assert set(body) == {"errors"}
        assert body["errors"]
        for error in body["errors"]:
            assert set(error) == {"code", "message", "description"}
            assert error["code"] == status
        said = "\n".join(f"{error['message']}: {error['description']}" for error in body["errors"])
    else:
        assert reply.headers["content-type"] == "application/json;charset=utf-8"
        assert set(body) == {"code", "reason", "message", "status", "@type"}
        assert body["status"] == str(status)
        assert body["@type"] == "Error"
        assert all(isinstance(value, str) and value for value in body.values())
        said = f"{body['code']}: {body['reason']}: {body['message']}"
    assert not INSIDE.search(reply.text), reply.text
    assert not INSIDE.search(str(reply.headers)), reply.headers
    return said


@contextlib.contextmanager
def untouched(service: Running) -> Iterator[None]:
    """Neither backend is called within the block, and the service answers as before after it."""
    with service.listening("slbos") as slbos, service.listening("lab") as lab:
        yield
    assert slbos == []
    assert lab == []
    assert service.http.get("/health/ready").json()["status"] == "ready"


@pytest.fixture(params=["hybris", "tmf"])
def face(request: pytest.FixtureRequest) -> str:
    return request.param


def test_malformed_json_of_the_unscheduled_sample_as_printed_is_placed_by_line_and_column(service, face):
    with untouched(service):
        said = words(face, send(service, face, (SAMPLES / "unscheduled.request.asprinted.txt").read_bytes()), 400)
    assert re.search(r"line \d+ column \d+", said)


@pytest.mark.parametrize("body", [b"", b"   ", b"{", b'{"a":}', b"nope", b"[1,2", b'{"a":1}{"b":2}', b"\xff\xfe{", b'{"note":[}'])
def test_malformed_json_is_400(service, face, body):
    with untouched(service):
        words(face, send(service, face, body), 400)


@pytest.mark.parametrize("body", [b"[]", b'"order"', b"7", b"null", b"true"])
def test_a_document_that_is_no_object_is_400(service, face, body):
    with untouched(service):
        assert "object" in words(face, send(service, face, body), 400)


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"externalId": 7}, "externalId"),
        ({"billingAccount": "#190150614889701"}, "billingAccount"),
        ({"billingAccount": {"id": ["#1"]}}, "billingAccount.id"),
        ({"productOrderItem": {"id": "1"}}, "productOrderItem"),
        ({"productOrderItem": []}, "productOrderItem"),
        ({"note": [{"text": {"a": 1}, "@type": "JobType"}]}, "note[0].text"),
        ({"requestedCompletionDate": "tomorrow"}, "requestedCompletionDate"),
        ({"productOrderItem": [{"id": "1", "action": "buy"}]}, "productOrderItem[0].action"),
        ({"productOrderItem": [{"id": "1", "action": "add", "quantity": "one"}]}, "productOrderItem[0].quantity"),
    ],
)
def test_wrong_types_are_400_and_name_the_member(service, face, changed, place):
    with untouched(service):
        assert place in words(face, send(service, face, pr_order(**changed)), 400)


def test_numbers_that_no_contract_can_carry_are_400_and_name_the_member(service, face):
    body = pr_order()
    body["productOrderItem"][0]["quantity"] = 10**30
    with untouched(service):
        assert "productOrderItem[0].quantity" in words(face, send(service, face, body), 400)
        text = json.dumps(pr_order()).replace('"quantity": 1', '"quantity": 1e999999', 1).encode()
        assert re.search(r"line 1 column \d+", words(face, send(service, face, text), 400))


def test_numbers_with_a_fraction_are_taken_where_the_contract_has_them(service, face):
    body = pr_order(
        orderTotalPrice=[{"priceType": "recurring", "price": {"taxRate": 11.5, "dutyFreeAmount": {"unit": "USD", "value": 19.99}}}]
    )
    assert send(service, face, body).status_code == 201


def test_unknown_market_is_named(service):
    with untouched(service):
        reply = service.place(pr_order(), market="XX")
        assert "'XX'" in words("hybris", reply, 400)
        words("tmf", send(service, "tmf", pr_order(), **{"X-Market": "nowhere"}), 403)


@pytest.mark.parametrize("name", ["correlationId", "lob", "X-Conversation-Id"])
def test_a_missing_header_is_400_and_named(service, name):
    with untouched(service):
        assert name in words("hybris", service.place(pr_order(), without=(name,)), 400)


def test_all_missing_headers_are_named_at_once(service):
    with untouched(service):
        said = words("hybris", service.place(pr_order(), without=("correlationId", "lob", "X-Conversation-Id")), 400)
    assert all(name in said for name in ("correlationId", "lob", "X-Conversation-Id"))


def test_a_header_that_the_backend_cannot_carry_is_named(service):
    with untouched(service):
        said = words("hybris", service.place(pr_order(), channelId="C" * 60), 400)
    assert "channelId: the text has 60 characters" in said
    assert "order.channel" not in said


def test_a_header_that_only_the_mapping_wants_is_named_too(service):
    with untouched(service):
        headers = service.headers() | {"X-Market": "pr"}
        headers.pop("X-Conversation-Id")
        reply = service.http.post(TMF, json=pr_order(), headers=headers)
        assert "X-Conversation-Id" in words("tmf", reply, 400)


def test_everything_the_mapping_requires_is_named_in_one_400(service, face):
    with untouched(service):
        said = words(face, send(service, face, pr_order(note=None, requestedCompletionDate=None)), 400)
    wanted = ("requestedCompletionDate", "note[@type=OrderReasonCode].text", "note[@type=CampaignCode].text", "note[@type=JobType].text")
    assert all(place in said for place in wanted)


@pytest.mark.parametrize("written", ["1.0", "1.5", "1e0"])
def test_a_quantity_written_with_a_fraction_is_refused_in_the_same_words(service, face, written):
    text = json.dumps(pr_order()).replace('"quantity": 1', f'"quantity": {written}', 1)
    with untouched(service):
        said = words(face, send(service, face, text.encode()), 400)
    assert "productOrderItem[0].quantity: must be a whole number, written without a fraction or exponent, not 1" in said


def test_nesting_of_200_levels_is_400(service, face):
    deep = b'{"note":' + b"[" * 200 + b"]" * 200 + b"}"
    with untouched(service):
        assert "nested deeper" in words(face, send(service, face, deep), 400)
        assert "nested deeper" in words(face, send(service, face, b'{"a":' * 200 + b"1" + b"}" * 200), 400)


def test_nesting_of_100000_levels_is_400(service, face):
    with untouched(service):
        words(face, send(service, face, b"[" * 100_000), 400)


def test_a_member_given_twice_is_named(service, face):
    text = json.dumps(pr_order()).replace('"category": "RES"', '"category": "RES", "category": "BUS"')
    assert text.count('"category"') == 2
    with untouched(service):
        assert "category: the member is given twice" in words(face, send(service, face, text.encode()), 400)


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("\\ud800", "half of a surrogate pair"),
        ("\\u0000", "NUL"),
        ("\\u0001", "control character U+0001"),
        ("\\u001b[2J", "control character U+001B"),
        ("\\u000b", "control character U+000B"),
        ("\\uffff", "non-character U+FFFF"),
    ],
)
def test_text_that_xml_cannot_carry_is_400_and_names_the_field(service, face, written, what):
    text = json.dumps(pr_order()).replace('"text": "ECO"', f'"text": "EC{written}O"')
    with untouched(service):
        said = words(face, send(service, face, text.encode()), 400)
    assert "note[1].text" in said
    assert what in said


def test_a_raw_control_character_inside_a_text_is_400(service, face):
    with untouched(service):
        words(face, send(service, face, json.dumps(pr_order()).encode().replace(b'"RES"', b'"RE\x00S"')), 400)


def test_text_that_xml_can_carry_arrives_as_it_was_sent(service):
    text = "<&>\"' \u00e9\U0001f600 ]]> {{ 7*7 }} ${HOME}\ttab\nline"
    body = pr_order()
    body["note"].append({"text": text, "@type": "JobComment"})
    with service.listening() as calls:
        assert service.place(body).status_code == 201
    assert [remark["text"] for remark in calls[0].order["remark"] if remark["kind"] == "JobComment"] == [text]


@pytest.mark.parametrize("kind", ["text/xml", "application/xml", "text/plain", "application/x-www-form-urlencoded", "image/png", "x", ""])
def test_unknown_media_types_are_415(service, face, kind):
    with untouched(service):
        words(face, send(service, face, pr_order(), **{"content-type": kind}), 415)


def test_compressed_bodies_and_other_character_sets_are_415(service, face):
    with untouched(service):
        words(face, send(service, face, pr_order(), **{"content-encoding": "gzip"}), 415)
        words(face, send(service, face, pr_order(), **{"content-type": "application/json; charset=utf-16"}), 415)


def test_answers_nobody_wants_are_406(service, face):
    with untouched(service):
        words(face, send(service, face, pr_order(), accept="text/html"), 406)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_wrong_methods_are_405_with_allow(service, face, method):
    with untouched(service):
        reply = service.http.request(method, FACES[face], headers=service.headers())
        assert "POST" in reply.headers["allow"]
        words(face, reply, 405)


@pytest.mark.parametrize("path", ["/nothing", "/productOrder/1/2", "/%2e%2e/%2e%2e/etc/passwd", "/%00", "//"])
def test_unknown_paths_of_a_face_are_404_in_its_words(service, path):
    with untouched(service):
        words("tmf", service.http.get("/tmf-api/productOrderingManagement/v4" + path, headers=service.headers()), 404)
        words("hybris", service.http.get("/ecom-ux/v1" + path, headers=service.headers()), 404)


def test_ids_that_are_none_are_refused_or_not_found(service):
    for identity in ("%00", "x" * 3000, "%0d%0aX-Injected:%20yes", "%ff%fe", "a%2fb", "%e2%82"):
        reply = service.http.get(f"{TMF}/{identity}", headers=service.headers() | {"X-Market": "pr"})
        assert reply.status_code in (400, 404), identity
        words("tmf", reply, reply.status_code)
        assert "x-injected" not in reply.headers


def test_values_of_headers_with_line_breaks_never_reach_the_answer_or_the_backend(service):
    with untouched(service), connection(service) as wire:
        head = head_of(service, HYBRIS, 2, extra="correlationId: a\rX-Injected: yes\r\n").replace("correlationId: good\r\n", "")
        wire.sendall(head.encode("latin-1") + b"{}")
        answer = read_all(wire)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"x-injected" not in answer.lower()


@pytest.mark.parametrize("value", ["a b", "caf\u00e9", "\u0080", "x" * 129, "a\tb"])
def test_correlation_ids_that_cannot_travel_are_400(service, value):
    with untouched(service):
        headers = {name.encode(): text.encode() for name, text in service.headers().items()} | {b"correlationId": value.encode()}
        reply = service.http.post(HYBRIS, json=pr_order(), headers=headers)
        assert "correlationId" in words("hybris", reply, 400)


# bodies and clients that do not end


def head_of(service: Running, path: str, length: int | str, extra: str = "") -> str:
    fields = service.headers() | {"correlationId": "good", "host": urlsplit(service.url).netloc, "content-length": str(length)}
    return f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + extra + "\r\n"


@contextlib.contextmanager
def connection(service: Running) -> Iterator[socket.socket]:
    where = urlsplit(service.url)
    with socket.create_connection((where.hostname, where.port), timeout=20) as wire:
        yield wire


def read_all(wire: socket.socket) -> bytes:
    """Until the service closes."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while data := wire.recv(65536):
            found += data
    return found


def test_a_body_of_10_megabytes_is_413_without_being_read(service, face):
    with untouched(service), connection(service) as wire:
        wire.sendall(head_of(service, FACES[face], 10 * 1024 * 1024).encode())  # and not one byte of the body
        answer = read_all(wire)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer.lower()
    assert b"larger than 1048576 bytes" in answer


def test_a_chunked_body_of_10_megabytes_is_413_before_it_has_been_sent(service):
    head = head_of(service, HYBRIS, 0).replace("content-length: 0\r\n", "transfer-encoding: chunked\r\n")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    sent = 0
    with untouched(service), connection(service) as wire:
        wire.sendall(head.encode())
        with contextlib.suppress(ConnectionError):
            for _ in range(17):  # a little more than the client's limit, and then no more
                wire.sendall(chunk)
                sent += 65536
        answer = read_all(wire)
    assert answer.startswith(b"HTTP/1.1 413")
    assert sent < 2 * 1024 * 1024


def test_a_slow_client_holds_nobody_else_up(service):
    with contextlib.ExitStack() as stack:
        for _ in range(50):  # half a head, half a body
            wire = stack.enter_context(connection(service))
            wire.sendall(b"POST /ecom-ux/v1/PR/productOrder HTTP/1.1\r\nhost: x\r\nclient-i")
            wire = stack.enter_context(connection(service))
            wire.sendall(head_of(service, HYBRIS, 1000).encode() + b'{"externalId":')
        assert service.place(pr_order()).status_code == 201
    with untouched(service):
        assert service.http.get("/health/live").status_code == 200


def test_half_a_request_leaves_nothing(service):
    body = json.dumps(pr_order()).encode()
    with untouched(service):
        for end in (10, 60, 200):
            with connection(service) as wire:
                wire.sendall(head_of(service, HYBRIS, len(body)).encode()[:end])
        with connection(service) as wire:
            wire.sendall(head_of(service, HYBRIS, len(body)).encode() + body[: len(body) // 2])
            wire.shutdown(socket.SHUT_WR)
            assert b"201" not in read_all(wire)


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET\r\n\r\n",
        b"POST /ecom-ux/v1/PR/productOrder HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}",
        b"POST /ecom-ux/v1/PR/productOrder HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /ecom-ux/v1/PR/productOrder HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /ecom-ux/v1/PR/productOrder HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
def test_what_is_no_http_is_refused(service, bytes_sent):
    with untouched(service), connection(service) as wire:
        wire.sendall(bytes_sent)
        wire.shutdown(socket.SHUT_WR)
        answer = read_all(wire)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 401"))


def test_a_method_that_there_is_none_of_is_not_implemented(service):
    with untouched(service), connection(service) as wire:
        wire.sendall(b"BREW /ecom-ux/v1/PR/productOrder HTTP/1.1\r\nhost: x\r\n\r\n")
        answer = read_all(wire)
    assert answer.startswith(b"HTTP/1.1 501")
    assert not INSIDE.search(answer.decode("latin-1"))


def test_many_bad_requests_at_once_do_not_touch_the_good_ones(service):
    bad = [b"{", b"[" * 5000, json.dumps(pr_order(externalId=7)).encode(), b'{"a":"\\ud800"}']
    statuses: list[int] = []

    def flood() -> None:
        with httpx.Client(base_url=service.url, trust_env=False, timeout=30) as http:
            statuses.extend(http.post(HYBRIS, content=body, headers=service.headers()).status_code for body in bad * 5)

    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    good = [service.place(pr_order(), correlation=str(uuid.uuid4())).status_code for _ in range(5)]
    for thread in threads:
        thread.join()
    assert good == [201] * 5
    assert statuses == [400] * 80
