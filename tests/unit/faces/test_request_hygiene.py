"""Awkward requests: size, depth, types, encodings, methods, rates. Each gets a clear answer in the face's envelope."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.logs import add_known

PATH = "/ecom-ux/v1/PR/productOrder"


@pytest.fixture
def typed(headers):
    return {**headers, "content-type": "application/json"}


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"', "application/json;version=1"])
def test_json_media_types_are_taken(world, order, headers, kind):
    assert world.send("POST", PATH, content=json.dumps(order), headers={**headers, "content-type": kind}).status_code == 201


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "application/json; charset=latin-1", "", "application/jsonx"]
)
def test_other_media_types_are_415(world, order, headers, kind):
    answer = world.send("POST", PATH, content=json.dumps(order), headers={**headers, "content-type": kind})
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["code"] == 415
    assert not world.orders.seen


def test_missing_media_type_and_compressed_bodies_are_415(world, order, headers, typed):
    assert world.send("POST", PATH, content=json.dumps(order), headers=headers).status_code == 415
    answer = world.send("POST", PATH, content=json.dumps(order), headers={**typed, "content-encoding": "gzip"})
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "identity"
    assert world.send("POST", PATH, content=json.dumps(order), headers={**typed, "content-encoding": "identity"}).status_code == 201


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 404),
        ("text/html, application/*;q=0.8", 404),
        ("text/html, */*;q=0.1", 404),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("application/xml, */*; q=0.0", 406),
        ("application/json;q=0, */*", 406),
        ("*/*;q=0, application/json", 404),
        ("application/*;q=0, */*;q=0.5", 406),
        ("", 404),
    ],
)
def test_accept_is_honoured(world, headers, accept, status):
    assert world.send("GET", f"{PATH}/1", headers={**headers, "accept": accept}).status_code == status


def test_declared_length_over_the_limit_is_413_before_a_byte_is_read(world, headers, typed):
    order, app = [], world.app

    async def watched(scope, receive, send):
        async def sending(event):
            order.append(event["type"])
            await send(event)

        await app(scope, receive, sending)

    async def body():
        order.append("read")
        yield b"{}"

    world.app = watched
    sent = {**typed, "client-id": "small", "client-secret": "small-secret", "content-length": "2001"}
    answer = world.send("POST", PATH, content=body(), headers=sent)
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert answer.json()["errors"][0]["description"] == "The request body is larger than 2000 bytes"
    assert order == ["http.response.start", "http.response.body", "read", "http.response.body"]  # the rest is dropped afterwards


def test_streamed_body_over_the_limit_is_413(world, typed):
    async def body():
        for _ in range(5):
            yield b" " * 500

    answer = world.send("POST", PATH, content=body(), headers={**typed, "client-id": "small", "client-secret": "small-secret"})
    assert answer.status_code == 413


def test_length_that_is_no_number_is_400(world, typed):
    answer = world.send("POST", PATH, content=b"{}", headers={**typed, "content-length": "many"})
    assert answer.status_code == 400


def test_depth_limit_is_the_clients(world, order, typed):
    small = {**typed, "client-id": "small", "client-secret": "small-secret"}
    body = b'{"note":' + b"[" * 9 + b"]" * 9 + b"}"
    answer = world.send("POST", PATH, content=body, headers=small)
    assert answer.status_code == 400
    assert "nested deeper than 8 levels" in answer.json()["errors"][0]["description"]
    deep = b'{"note":' + b"[" * 200 + b"]" * 200 + b"}"
    assert world.send("POST", PATH, content=deep, headers=typed).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"null",
        b"[]",
        b'"text"',
        b"17",
        b'{"a":1,"a":2}',
        b'{"externalId":"\\ud800"}',
        b'{"externalId":"a\\u0000b"}',
        b"\xff\xfe{}",
        b'{"externalId":NaN}',
        b"{",
        b"{}}",
    ],
)
def test_bodies_that_are_no_order_are_400(world, typed, body):
    answer = world.send("POST", PATH, content=body, headers=typed)
    assert answer.status_code == 400
    assert all(set(error) == {"code", "message", "description"} for error in answer.json()["errors"])
    assert not world.orders.seen


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=80) | st.text(max_size=40).map(lambda text: json.dumps({"externalId": text, "productOrderItem": text}).encode())
)
def test_whatever_the_body_the_answer_is_the_envelope(world, typed, body):
    answer = world.send("POST", PATH, content=body, headers=typed)
    assert answer.status_code == 400
    assert answer.json()["errors"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.binary(max_size=300).filter(lambda text: b"\n" not in text and b"\r" not in text and b"\0" not in text))
def test_whatever_a_header_holds_it_is_taken_as_it_is_or_named(world, order, headers, value):
    sent = [(name.encode(), text.encode()) for name, text in headers.items() if name != "X-Conversation-Id"] + [
        (b"X-Conversation-Id", value)
    ]
    answer = world.send("POST", PATH, json=order, headers=sent)
    if answer.status_code == 201:
        assert world.orders.seen[-1].header["X-Conversation-Id"].encode("ascii") == value.strip(b" \t")
    else:
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["description"].startswith("X-Conversation-Id: this header ")


@pytest.mark.parametrize("identity", ["x" * 129, "%00", "a%0Ab", "a%5Cb"])
def test_path_values_are_bounded(world, headers, identity):
    answer = world.send("GET", f"{PATH}/{identity}", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["description"].startswith("id: ")


def test_wrong_method_is_405_with_allow(world, headers):
    answer = world.send("PUT", PATH, headers=headers)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "OPTIONS, POST"
    assert answer.json()["errors"][0]["code"] == 405


def test_rate_limit_is_per_client_and_says_when_to_come_back(world, headers):
    small = {**headers, "client-id": "small", "client-secret": "small-secret"}
    statuses = [world.send("GET", f"{PATH}/1", headers=small).status_code for _ in range(5)]
    assert statuses == [404, 404, 404, 429, 429]
    refused = world.send("GET", f"{PATH}/1", headers=small)
    assert refused.json()["errors"][0]["code"] == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 2
    assert world.send("GET", f"{PATH}/1", headers=headers).status_code == 404  # another client goes on


def test_more_requests_at_one_time_than_declared_are_503(make, face_with, order, headers):
    world = make(faces=[face_with("hybris", lambda data: data.update(limits={"inFlight": 1}))])

    async def talk(client: httpx.AsyncClient):
        world.orders.hold, world.orders.arrived = asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(client.post(PATH, json=order, headers=headers))
        await world.orders.arrived.wait()
        second = await client.post(PATH, json=order, headers=headers)
        world.orders.hold.set()
        return await first, second

    first, second = world.run(talk)
    assert first.status_code == 201
    assert second.status_code == 503
    assert second.headers["retry-after"] == "5"


def test_slow_body_is_408(make, face_with, headers):
    world = make(faces=[face_with("hybris", lambda data: data.update(limits={"bodySeconds": 0.05}))])

    async def talk(client: httpx.AsyncClient):
        async def body():
            yield b"{"
            await asyncio.Event().wait()

        return await client.post(PATH, content=body(), headers={**headers, "content-type": "application/json"})

    answer = world.run(talk)
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"
    assert answer.json()["errors"][0]["description"] == "The request body did not arrive within 0.05 seconds"


def test_r60_secrets_are_in_no_answer_and_no_log(make, order, headers, capfd, caplog):
    world = make()
    sent = {**headers, "client-secret": "very-secret-value"}
    texts = [world.send("POST", PATH, json=order, headers=sent).text]
    world.orders.raises = RuntimeError("boom")
    texts.append(world.send("POST", PATH, json=order, headers=headers).text)
    texts.append(world.send("GET", "/metrics").text)
    captured = capfd.readouterr()
    everything = "".join([*texts, captured.out, captured.err, caplog.text])
    assert "request.crashed" in everything
    assert "very-secret-value" not in everything
    assert "shop-secret" not in everything


def test_r4_log_line_carries_the_correlation_id(world, order, headers, caplog):
    before = structlog.get_config()
    structlog.configure(processors=[add_known, structlog.processors.JSONRenderer()])
    world.send("POST", PATH, json=order, headers=headers)
    structlog.configure(**before)
    (line,) = [line for line in caplog.messages if "request.answered" in line]
    assert headers["correlationId"] in line
