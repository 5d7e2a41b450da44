"""What the sender of a webhook hears of one that is not taken: the status that HTTP has for it, and a body that says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.service_kit import Running, running

SECRET = "the-webhooks-secret"
RIGHT = ("nexera", SECRET)
PATH = "/inbound/pl/ProductOrderStateChangeEvent"
EVENT = {"eventId": "E-1", "event": {"productOrder": {"id": "NOBODY-HAS-IT", "state": "Completed"}}}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data"), {"ADAPTER_PL_INBOUND_PASSWORD": SECRET}) as started:
        yield started


@pytest.mark.parametrize("path", [PATH, "/inbound/pl/nothing", "/inbound/pl"])
@pytest.mark.parametrize(
    "given", [{}, {"auth": ("nexera", "wrong")}, {"auth": ("nobody", SECRET)}, {"headers": {"authorization": f"Bearer {SECRET}"}}]
)
def test_without_the_right_credentials_it_is_401_and_nothing_else_is_told(service: Running, path: str, given: dict[str, Any]) -> None:
    answer = service.http.post(path, json=EVENT, **given)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="inbound pl"'
    reason = "Client credentials are missing or wrong"
    assert answer.json() == {"code": "401", "reason": reason, "message": reason, "status": "401"}


def test_about_a_resource_that_is_not_on_record_it_is_404_in_the_words_of_the_contract(service: Running) -> None:
    answer = service.http.post(PATH, json=EVENT, auth=RIGHT)
    assert answer.status_code == 404
    assert answer.json() == {"code": "unknown", "reason": "there is no productOrder 'NOBODY-HAS-IT' here"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/inbound/pl/nothing", "{}", 404, "There is nothing at this path; messages are taken at: "),
        ("GET", PATH, "", 405, "Messages are sent here by POST"),
        ("POST", PATH, "{", 400, "The message cannot be read; body: the body is not valid JSON: line 1 column 2"),
        ("POST", PATH, "", 400, "The message cannot be read; body: the body is empty"),
        ("POST", PATH, '{"eventId": "E-2"}', 400, "The message breaks its contract, and does not tell what it is about; body.event"),
    ],
)
def test_what_cannot_be_taken_says_what_is_wrong_with_it(
    service: Running, method: str, path: str, body: str, status: int, said: str
) -> None:
    answer = service.http.request(method, path, content=body, auth=RIGHT, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["message"][: len(said)]) == (status, said)
