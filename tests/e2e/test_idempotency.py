"""One order however often it is sent: keys, fingerprints, repeats at once, and orders whose own number comes back under another key."""

from __future__ import annotations

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests.service_kit import Running, pr_order

TMF = "/tmf-api/productOrderingManagement/v4/productOrder"


def count(service: Running, order: dict[str, Any]) -> int:
    """How often the backend has booked the order; it removes no doubles."""
    return service.bookings()["bookings"].get(order["externalId"], {"count": 0})["count"]


def test_a_repeat_gets_the_same_status_and_bytes_and_books_nothing(service):
    order, correlation = pr_order(house="00918424400901"), str(uuid.uuid4())
    first = service.place(order, correlation=correlation)
    assert first.status_code == 201
    with service.listening() as calls:
        for _ in range(3):
            again = service.place(order, correlation=correlation)
            assert (again.status_code, again.content) == (201, first.content)
            assert again.headers["correlationId"] == correlation
    assert calls == []
    assert count(service, order) == 1


def test_a_repeat_of_a_refusal_gets_the_same_status_and_bytes(service):
    order, correlation = pr_order(house="00918424400911"), str(uuid.uuid4())
    first = service.place(order, correlation=correlation)
    assert first.status_code == 400
    with service.listening() as calls:
        again = service.place(order, correlation=correlation)
    assert (again.status_code, again.content) == (400, first.content)
    assert calls == []


def test_content_is_what_the_body_says_and_not_how_it_is_written(service):
    order, correlation = pr_order(), str(uuid.uuid4())
    first = service.place(order, correlation=correlation)
    turned = json.dumps(dict(reversed(order.items())), indent=3).encode()
    assert service.place(turned, correlation=correlation).content == first.content
    assert count(service, order) == 1


def test_other_content_under_the_same_key_is_422_and_the_first_answer_stays(service):
    order, correlation = pr_order(), str(uuid.uuid4())
    first = service.place(order, correlation=correlation)
    other = order | {"category": "BUS"}
    with service.listening() as calls:
        refused = service.place(other, correlation=correlation)
        again = service.place(order, correlation=correlation)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == 422
    assert "correlationId" in refused.json()["errors"][0]["description"]
    assert again.content == first.content
    assert calls == []


def test_the_idempotency_key_goes_before_the_correlation_id(service):
    order, key = pr_order(), str(uuid.uuid4())
    first = service.place(order, **{"Idempotency-Key": key})
    again = service.place(order, **{"Idempotency-Key": key})  # with a correlation id of its own
    assert again.content == first.content
    assert again.headers["correlationId"] != first.headers["correlationId"]
    refused = service.place(order | {"category": "BUS"}, **{"Idempotency-Key": key})
    assert refused.status_code == 422
    assert "Idempotency-Key" in refused.text
    correlation = str(uuid.uuid4())
    one, two = pr_order(), pr_order()
    for each in (one, two):  # one chain of calls, two orders
        assert service.place(each, correlation=correlation, **{"Idempotency-Key": str(uuid.uuid4())}).status_code == 201
    assert count(service, one) == count(service, two) == count(service, order) == 1


def test_without_a_key_of_any_kind_the_order_is_known_by_its_own_number(service):
    body = {"externalId": f"E-{uuid.uuid4()}", "productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": "O"}}]}
    first, again = (service.http.post(TMF, json=body) for _ in range(2))
    assert (first.status_code, again.content) == (201, first.content)
    refused = service.http.post(TMF, json=body | {"description": "another"})
    assert refused.status_code == 422
    assert "externalId" in refused.json()["message"]
    assert service.backends["lab"].bookings()["bookings"][body["externalId"]]["count"] == 1


def test_the_same_key_of_another_face_or_market_is_another_key(service):
    correlation, order = str(uuid.uuid4()), pr_order()
    body = {"externalId": order["externalId"], "productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": "O"}}]}
    assert service.place(order, correlation=correlation).status_code == 201
    placed = service.http.post(TMF, json=body, headers={"X-Correlation-ID": correlation})
    assert placed.status_code == 201
    assert placed.json()["id"].startswith("LAB-")


def at_once(times: int, send: Any) -> list[httpx.Response]:
    """All at the same moment, each on a connection of its own."""
    gate = threading.Barrier(times)

    def one(number: int) -> httpx.Response:
        gate.wait()
        return send(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


@pytest.mark.parametrize("house", ["00918424400001", "00918424400912"])
def test_f2_twenty_identical_posts_at_once_are_one_call_and_one_answer(service, house):
    order, correlation = pr_order(house=house), str(uuid.uuid4())
    with service.listening() as calls:
        replies = at_once(20, lambda _: service.place(order, correlation=correlation))
    assert len({(reply.status_code, reply.content) for reply in replies}) == 1
    assert replies[0].status_code in (201, 400)
    assert [call.operation for call in calls] == ["UpdateOrderDetail"]


def test_twenty_posts_of_one_order_under_twenty_keys_at_once_are_one_booking(service):
    """A caller that loses patience and starts anew with another correlation id, while nobody knows how the first call ends."""
    order = pr_order()
    service.slbos.once("UpdateOrderDetail", Behaviour(after=1.5))
    first: list[httpx.Response] = []
    with service.listening() as calls, ThreadPoolExecutor(1) as pool:
        begun = pool.submit(service.place, order)
        while not any(call["envelope"].count(order["externalId"]) for call in service.slbos.requests()):
            assert not begun.done()
        first += at_once(20, lambda _: service.place(order))
        answer = begun.result()
    assert answer.status_code == 201
    assert {(reply.status_code, reply.content) for reply in first} == {(201, answer.content)}
    assert [call.operation for call in calls] == ["UpdateOrderDetail"]
    assert count(service, order) == 1


def test_a_caller_that_leaves_does_not_stop_its_order(service):
    order, correlation = pr_order(), str(uuid.uuid4())
    service.slbos.once("UpdateOrderDetail", Behaviour(after=0.3))
    with httpx.Client(base_url=service.url, trust_env=False, timeout=0.15) as impatient, pytest.raises(httpx.ReadTimeout):
        impatient.post("/ecom-ux/v1/PR/productOrder", json=order, headers=service.headers(correlation))
    reply = service.place(order, correlation=correlation)
    assert reply.status_code == 201
    assert count(service, order) == 1


def test_a_dropped_connection_is_in_doubt_and_the_repeat_books_once(service):
    order, correlation = pr_order(), str(uuid.uuid4())
    service.slbos.once("UpdateOrderDetail", Behaviour(book=False, transport=Transport.CLOSE))
    first = service.place(order, correlation=correlation)
    assert first.status_code == 504
    assert first.headers["retry-after"] == "1"
    assert service.place(order, correlation=correlation).status_code == 201
    assert count(service, order) == 1


def test_the_same_order_under_a_new_key_after_its_doubt_was_settled_gets_the_one_answer(service):
    order = pr_order(house="00918424400927")
    assert service.place(order, correlation="doubt-a-" + order["externalId"]).status_code == 504
    settled = service.place(order, correlation="doubt-a-" + order["externalId"])
    assert settled.status_code == 201
    again = service.place(order, correlation="doubt-b-" + order["externalId"])
    assert (again.status_code, again.content) == (201, settled.content)
    assert count(service, order) == 1


def test_a_correction_under_the_same_external_id_goes_its_way(service):
    order = pr_order()
    assert service.place(order).status_code == 201
    corrected = order | {"category": "COM"}
    assert service.place(corrected).status_code == 201
    assert count(service, order) == 2
