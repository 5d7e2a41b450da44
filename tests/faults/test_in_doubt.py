"""Orders whose fate nobody knows at first: settled by asking the backend, never by sending again, never lost."""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.redaction import Redaction
from adapter.store import Direction
from adapter.store.packing import unpack
from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests.faults.conftest import TMF, impatient
from tests.faults.middle import Middle, middle
from tests.service_kit import Running, closed_port, pr_order, running

CUT = Behaviour(transport=Transport.CLOSE)  # booked, and not a word: the connection ends
LOST = Behaviour(book=False, transport=Transport.CLOSE)


@pytest.fixture(scope="module")
def redacting(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A home with the usual time limit; as every home of this market it keeps no phone numbers and no names of parties in messages."""
    return impatient(tmp_path_factory.mktemp("home"), total=8)


@pytest.fixture(scope="module")
def service(redacting: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data"), {"ADAPTER_HOME": redacting}) as started:
        yield started


@pytest.fixture(scope="module")
def hasty(home: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that waits for an answer for two seconds only."""
    with running(tmp_path_factory.mktemp("hasty"), {"ADAPTER_HOME": home}) as started:
        yield started


def booked(service: Running, order: dict[str, Any]) -> int:
    return service.bookings()["bookings"].get(order["externalId"], {"count": 0})["count"]


def way(service: Running, correlation: str) -> dict[str, Any]:
    """The one order of a correlation id, as the operator sees it."""
    headers = {"Authorization": f"Bearer {json.loads((service.data / 'service.json').read_bytes())['token']}"}
    rows = service.http.get("/admin/orders?limit=1000", headers=headers).json()
    found = [row["id"] for row in rows if row["correlationId"] == correlation]
    assert len(found) == 1
    return service.http.get(f"/admin/orders/{found[0]}", headers=headers).json()


def in_doubt(reply: httpx.Response) -> None:
    assert reply.status_code == 504, reply.text
    assert reply.headers["retry-after"] == "1"
    assert [set(error) for error in reply.json()["errors"]] == [{"code", "message", "description"}]
    assert "Repeat the request unchanged" in reply.json()["errors"][0]["description"]


@pytest.mark.parametrize(
    ("limits", "house"),
    [("hasty", "00918424400922"), ("service", "00918424400926"), ("service", "00918424400927"), ("hasty", "00918424400928")],
)
def test_f5_a_booking_without_a_clear_answer_is_found_and_adopted(request, limits, house):
    service: Running = request.getfixturevalue(limits)
    order, correlation = pr_order(house=house), str(uuid.uuid4())
    in_doubt(service.place(order, correlation=correlation))
    held = way(service, correlation)
    assert (held["state"], held["outcome"]) == ("held", "inDoubt")
    again = service.place(order, correlation=correlation)
    assert again.status_code == 201
    assert service.place(order, correlation=correlation).content == again.content
    assert booked(service, order) == 1
    settled = way(service, correlation)
    assert (settled["state"], settled["outcome"]) == ("acknowledged", "accepted")
    assert [attempt["outcome"] for attempt in settled["attempts"]] == ["accepted"]
    assert settled["backendReference"] == again.json()["id"]


def test_f4_a_call_that_left_no_trace_is_proven_absent_and_made_once_more(service):
    order, correlation = pr_order(), str(uuid.uuid4())
    service.slbos.once("UpdateOrderDetail", LOST)
    in_doubt(service.place(order, correlation=correlation))
    assert service.place(order, correlation=correlation).status_code == 201
    assert booked(service, order) == 1
    found = way(service, correlation)
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["absent", "accepted"]
    assert "could no longer take effect" in found["attempts"][0]["evidence"]


@pytest.mark.parametrize(("limits", "house"), [("service", "00918424400921"), ("hasty", "00918424400923")])
def test_a_backend_that_never_does_it_gets_one_call_for_each_repeat_and_no_more(request, limits, house):
    service: Running = request.getfixturevalue(limits)
    order, correlation = pr_order(house=house), str(uuid.uuid4())
    with service.listening() as calls:
        for _ in range(3):
            in_doubt(service.place(order, correlation=correlation))
    operations = [operation for operation, _ in itertools.groupby(call.operation for call in calls)]  # asked again where it was too early
    assert operations == ["UpdateOrderDetail", "FindOrder"] * 2 + ["UpdateOrderDetail"]
    assert sum(call.operation == "UpdateOrderDetail" for call in calls) == 3
    assert booked(service, order) == 0
    assert len({call.order["clientReference"] for call in calls if call.operation == "UpdateOrderDetail"}) == 1


def test_the_declared_fault_is_a_refusal_with_the_backends_words(service):
    order, correlation = pr_order(house="00918424400924"), str(uuid.uuid4())
    first = service.place(order, correlation=correlation)
    assert first.status_code == 400
    assert service.place(order, correlation=correlation).content == first.content
    assert way(service, correlation)["outcome"] == "rejected"
    assert booked(service, order) == 0


def test_a_probe_that_finds_two_bookings_settles_nothing(service):
    """F10: two of one reference are for a person to settle."""
    order, correlation = pr_order(), str(uuid.uuid4())
    service.slbos.once("UpdateOrderDetail", CUT)
    in_doubt(service.place(order, correlation=correlation))
    [sent] = [call for call in service.calls() if call.operation == "UpdateOrderDetail" and order["externalId"] in call.envelope]
    double = {name: sent.headers[name] for name in ("content-type", "soapaction")}
    httpx.post(service.simulators["slbos"], content=sent.envelope, headers=double, trust_env=False)
    assert booked(service, order) == 2
    for _ in range(2):
        in_doubt(service.place(order, correlation=correlation))
    found = way(service, correlation)
    assert (found["outcome"], found["backendReference"], len(found["attempts"])) == ("inDoubt", "", 1)


def test_the_same_order_under_a_new_key_while_the_first_is_in_doubt_gets_the_first_ones_answer(service):
    order, correlation = pr_order(), str(uuid.uuid4())
    service.slbos.once("UpdateOrderDetail", CUT)
    in_doubt(service.place(order, correlation=correlation))
    second = str(uuid.uuid4())
    answer = service.place(order, correlation=second)
    assert answer.status_code == 201
    assert booked(service, order) == 1
    for key in (correlation, second):
        assert service.place(order, correlation=key).content == answer.content
    assert booked(service, order) == 1


def test_twenty_repeats_at_once_ask_once_and_get_one_answer(service):
    order, correlation = pr_order(), str(uuid.uuid4())
    service.slbos.once("UpdateOrderDetail", CUT)
    in_doubt(service.place(order, correlation=correlation))
    with service.listening() as calls, ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: service.place(order, correlation=correlation), range(20)))
    assert {(reply.status_code, reply.content) for reply in replies} == {(201, replies[0].content)}
    assert [call.operation for call in calls] == ["FindOrder"]


def test_other_content_under_a_key_in_doubt_is_422_and_asks_nobody(service):
    order, correlation = pr_order(), str(uuid.uuid4())
    service.slbos.once("UpdateOrderDetail", CUT)
    in_doubt(service.place(order, correlation=correlation))
    with service.listening() as calls:
        assert service.place(order | {"category": "BUS"}, correlation=correlation).status_code == 422
    assert calls == []


def test_the_tmf_face_tells_the_doubt_in_its_own_words(hasty):
    body = {"externalId": f"DOUBT-{uuid.uuid4()}", "productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": "O"}}]}
    first = hasty.http.post(TMF, json=body)
    assert (first.status_code, first.json()["code"], first.headers["retry-after"]) == (504, "outcome-in-doubt", "1")
    again = hasty.http.post(TMF, json=body)
    assert again.status_code == 201
    assert hasty.backends["lab"].bookings()["bookings"][body["externalId"]]["count"] == 1


def test_every_message_is_kept_redacted_and_in_order(service):
    order, correlation = pr_order(), str(uuid.uuid4())
    service.slbos.once("UpdateOrderDetail", LOST)
    in_doubt(service.place(order, correlation=correlation))
    reply = service.place(order, correlation=correlation)
    assert reply.status_code == 201
    found = way(service, correlation)
    told = [(message["direction"], message["operation"], message["status"]) for message in found["messages"]]
    sent, asked = ("backend-request", "UpdateOrderDetail", None), ("backend-request", "FindOrder", None)
    create = "productOrder.create"
    assert told[:4] == [("client-request", create, None), sent, ("client-reply", create, 504), asked]
    assert told[-6:] == [
        asked,
        ("backend-reply", "FindOrder", 200),
        ("client-request", create, None),
        sent,
        ("backend-reply", "UpdateOrderDetail", 200),
        ("client-reply", create, 201),
    ]
    assert told[4:-6] in ([], [("backend-reply", "FindOrder", 200)])  # asked twice where the first time was too early to be a proof
    bodies = {(message["direction"], message["operation"]): message["body"] for message in found["messages"]}
    phone = next(note["text"] for note in order["note"] if note["@type"] == "TelephoneNumberId")
    everything = "\n".join(bodies.values())
    for secret in (phone, "DEV TESTING001"):
        assert secret in reply.text
        assert secret not in everything
    assert json.loads(bodies["client-request", create])["relatedParty"][0]["name"] == "***"
    assert json.loads(bodies["client-reply", create])["id"] == reply.json()["id"]
    for call in service.calls()[-3:]:
        if call.operation == "UpdateOrderDetail":  # what is on record is what left, but for what is masked
            assert call.order["clientReference"] == found["clientReference"]
            assert f"{found['clientReference']}<" in bodies["backend-request", "UpdateOrderDetail"]


def test_messages_lie_compressed_in_the_record(redacting, tmp_path):
    with running(tmp_path, {"ADAPTER_HOME": redacting}) as service:
        assert service.place(pr_order()).status_code == 201
    with sqlite3.connect(tmp_path / "adapter.db") as record:
        bodies = [row[0] for row in record.execute("select body from message")]
    record.close()
    assert len(bodies) == 4
    for body in bodies:
        assert len(body) < len(unpack(body, "a message")) / 2
    assert b"DEV TESTING001" not in b"".join(unpack(body, "a message") for body in bodies)


# a backend that is not there


def test_f8_a_closed_port_is_502_and_certainly_nothing_then_success(home: str, tmp_path: Path):
    port = closed_port()
    order, correlation = pr_order(), str(uuid.uuid4())
    with running(tmp_path, {"ADAPTER_HOME": home, "ADAPTER_PR_ENDPOINT": f"http://127.0.0.1:{port}/slbos"}) as service:
        for _ in range(3):
            reply = service.place(order, correlation=correlation)
            assert reply.status_code == 502
            assert reply.headers["retry-after"] == "5"
            assert "nothing was done" in reply.json()["errors"][0]["description"]
        backend = service.slbos
        asyncio.run_coroutine_threadsafe(backend.stop(), service.loop).result(10)
        asyncio.run_coroutine_threadsafe(backend.start(port), service.loop).result(10)
        placed = service.place(order, correlation=correlation)
        assert placed.status_code == 201
        found = way(service, correlation)
        assert [attempt["outcome"] for attempt in found["attempts"]] == ["unavailable"] * 3 + ["accepted"]
        assert booked(service, order) == 1
        kept = [message["body"] for message in found["messages"] if message["direction"] == Direction.BACKEND_REQUEST]
        assert len(kept) == 4
        assert {body.count(f"{found['clientReference']}<") for body in kept} == {1}
        [call] = service.calls()
        assert Redaction(["telephoneNumber", "party.name"]).body(call.envelope.encode()).decode() == kept[-1]
        assert "DEV TESTING001" in call.envelope
        assert "DEV TESTING001" not in kept[-1]


@pytest.fixture
def late(tmp_path: Path) -> Iterator[tuple[Running, Middle]]:
    """A service whose calls may take effect for two seconds after they ended, and a backend that takes its time."""
    with middle() as between:
        environment = {"ADAPTER_HOME": impatient(tmp_path / "home", settle=2.0), "ADAPTER_PR_ENDPOINT": between.url}
        with running(tmp_path / "data", environment) as service:
            between.target = service.simulators["slbos"]
            yield service, between
            between.gate.set()


def test_f6_an_effect_after_the_time_out_is_waited_for_and_found(late):
    service, between = late
    order, correlation = pr_order(), str(uuid.uuid4())
    between.gate.clear()  # the call arrives and is not acted on
    first = service.place(order, correlation=correlation)
    assert first.status_code == 504
    with ThreadPoolExecutor(1) as pool:
        repeat = pool.submit(service.place, order, correlation=correlation)
        assert between.asked.wait(10)  # the probe has found none, which proves nothing yet
        assert booked(service, order) == 0
        between.gate.set()
        reply = repeat.result(30)
    assert reply.status_code == 201
    assert booked(service, order) == 1
    assert [attempt["outcome"] for attempt in way(service, correlation)["attempts"]] == ["accepted"]
