"""The operator's paths: for those who know the token, with errors in the words and under the name they were raised with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from tests.service_kit import Running, pr_order, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data")) as started:
        assert started.place(pr_order()).status_code == 201
        yield started


def ask(service: Running, path: str, method: str = "GET", token: str = "") -> httpx.Response:
    known = orjson.loads((service.data / "service.json").read_bytes())["token"]
    return service.http.request(method, path, headers={"Authorization": f"Bearer {token or known}"})


LOOKING = ["orders", "orders/in-doubt", "orders/attention", "orders/x", "codes", "tasks", "dead-letters", "listeners"]
ACTING = [
    "backup", "reload", "tasks/redrive", "tasks/redrive/x", "dead-letters/redrive", "dead-letters/redrive/x", "dead-letters/skip/x",
    "listeners/resume/x", "settle/x", "dismiss/x", "purge",
]  # fmt: skip


@pytest.mark.parametrize("path", [*LOOKING, *ACTING])
def test_without_the_token_there_is_nothing(service, path):
    method = "POST" if path in ACTING else "GET"
    refused = ask(service, f"/admin/{path}", method, "wrong")
    assert refused.status_code == 401
    assert refused.json() == {"error": "the token of service.json is needed"}
    assert ask(service, f"/admin/{path}", "GET" if method == "POST" else "POST").status_code in (404, 405)


@pytest.mark.parametrize("path", [path for path in ACTING if path not in ("backup", "reload")])
def test_nobody_acts_without_a_name(service, path):
    query = "?lane=x&listener=x&why=x"
    refused = ask(service, f"/admin/{path}{query}", "POST")
    assert (refused.status_code, refused.json()) == (400, {"error": "'actor' is missing", "kind": "InvalidMessage"})


@pytest.mark.parametrize(
    ("path", "status", "kind", "text"),
    [
        ("tasks/redrive/x", 404, "NotFound", "there is no task 'x'; 'adapter tasks' lists them"),
        ("tasks/redrive", 400, "InvalidMessage", "'lane' is missing"),
        ("dead-letters/redrive", 400, "InvalidMessage", "'listener' is missing"),
        (
            "dead-letters/redrive/L1/O1",
            404,
            "NotFound",
            "there is no listener 'L1'; 'adapter listeners' lists them",
        ),
        ("dead-letters/skip/L1/O1", 400, "InvalidMessage", "'why' is missing"),
        ("settle/x", 400, "InvalidMessage", "'' is no verdict; say accepted or absent"),
        ("backup", 409, "ConfigError", "name the file of the backup by its absolute path"),
    ],
)
def test_errors_come_with_their_name(service, path, status, kind, text):
    refused = ask(service, f"/admin/{path}?actor=ann", "POST")
    assert (refused.status_code, refused.json()) == (status, {"error": text, "kind": kind})


@pytest.mark.parametrize(("limit", "rows"), [("", 1), ("0", 0), ("5", 1), ("-1", 1), ("many", 1), ("9" * 12, 1)])
def test_a_limit_that_is_none_counts_as_not_given(service, limit, rows):
    found: list[Any] = ask(service, f"/admin/orders?limit={limit}").json()
    assert len(found) == rows


def test_an_order_is_whole_by_either_id_and_holds_no_secret(service):
    [row] = ask(service, "/admin/orders").json()
    shown = ask(service, f"/admin/orders/{row['id']}")
    assert shown.json() == ask(service, f"/admin/orders/{row['backendReference']}").json()
    assert set(shown.json()) == {*row, "namesakes", "related", "messages", "timeline"}
    assert [attempt["outcome"] for attempt in shown.json()["attempts"]] == ["accepted"]
    assert len(shown.json()["messages"]) == 4
    assert "demo-secret" not in shown.text
    assert ask(service, "/admin/orders/in-doubt").json() == []
    assert ask(service, "/admin/orders/in-doubt/").status_code == 404
