"""Who may do what: wrong and missing credentials, markets and operations of others. Nothing is called for any of them."""

from __future__ import annotations

import pytest

from adapter.faces.authentication import hash_secret
from tests.service_kit import home_with, pr_order, running

TMF = "/tmf-api/productOrderingManagement/v4/productOrder"
CLIENTS = """\
  shop-pr:
    secret: {secret}
    faces: [hybris, tmf]
    markets: [pr]
    operations: ["productOrder.*"]
  reader:
    secret: {secret}
    faces: [tmf]
    markets: [lab, pr]
    operations: ["productOrder.retrieve", "productOrder.list"]
    market: lab
  hasty:
    secret: {secret}
    faces: [tmf]
    markets: [lab]
    operations: ["productOrder.*"]
    limits: {{bodyBytes: 1000, depth: 5, perSecond: 0.01, burst: 2}}
  demo-open:
"""


@pytest.mark.parametrize(
    ("without", "changed"),
    [
        (("client-id", "client-secret"), {}),
        (("client-secret",), {}),
        (("client-id",), {}),
        ((), {"client-secret": "demo-secret2"}),
        ((), {"client-secret": "demo-secre"}),
        ((), {"client-secret": ""}),
        ((), {"client-id": "nobody"}),
        ((), {"client-id": "demo-open", "client-secret": "x"}),
    ],
)
def test_wrong_or_missing_credentials_are_401_and_do_not_say_which(service, without, changed):
    with service.listening() as calls:
        reply = service.place(pr_order(), without=without, **changed)
    assert reply.status_code == 401
    assert reply.json() == {
        "errors": [
            {
                "code": 401,
                "message": "Client credentials are missing or wrong",
                "description": "Send the id and the secret of one client, each once, in the headers that this face declares",
            }
        ]
    }
    assert "client-credentials" in reply.headers["www-authenticate"]
    assert calls == []


def test_a_secret_that_works_for_one_client_works_for_no_other(service):
    assert service.place(pr_order(), **{"client-id": "demo-open", "client-secret": "demo-secret"}).status_code == 401


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("guarded")
    clients = CLIENTS.format(secret=hash_secret("a long secret"))
    home = home_with(folder / "home", {"config/clients.yaml": ("  demo-open:\n", clients)})
    with running(folder / "data", {"ADAPTER_HOME": home}) as started:
        yield started


def as_client(name: str, **more: str) -> dict[str, str]:
    return {"client-id": name, "client-secret": "a long secret", **more}


def test_another_market_is_403_and_nothing_is_called(guarded):
    body = {"externalId": "E-1", "productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": "O"}}]}
    with guarded.listening("lab") as calls:
        reply = guarded.http.post(TMF, json=body, headers=as_client("shop-pr", **{"X-Market": "lab"}))
    assert (reply.status_code, reply.json()["code"]) == (403, "not-allowed")
    assert calls == []


def test_orders_of_other_markets_are_neither_listed_nor_read(guarded):
    body = {"externalId": "E-2", "productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": "O"}}]}
    identity = guarded.http.post(TMF, json=body).json()["id"]
    assert guarded.http.get(f"{TMF}/{identity}", headers=as_client("reader")).status_code == 200
    assert guarded.http.get(TMF, headers=as_client("shop-pr")).json() == []
    assert guarded.http.get(f"{TMF}/{identity}", headers=as_client("shop-pr")).status_code == 404


def test_another_operation_and_another_face_are_403(guarded):
    with guarded.listening() as calls:
        assert guarded.http.post(TMF, json={}, headers=as_client("reader")).status_code == 403
        assert guarded.place(pr_order(), **as_client("reader")).status_code == 403
    assert calls == []


def test_limits_are_the_clients_own(guarded):
    headers = as_client("hasty")
    assert guarded.http.post(TMF, content=b" " * 1001, headers=headers | {"content-type": "application/json"}).status_code == 413
    assert guarded.http.post(TMF, content=b"[[[[[[1]]]]]]", headers=headers | {"content-type": "application/json"}).status_code == 400
    refused = guarded.http.get(TMF, headers=headers)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert guarded.http.get(TMF, headers=as_client("reader")).status_code == 200


def test_the_operators_pages_want_their_token(service):
    caller = {"client-id": "demo-channel", "client-secret": "demo-secret"}
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer"}, caller):
        for path in ("/admin/orders", "/admin/codes", "/admin/orders/1"):
            reply = service.http.get(path, headers=headers)
            assert reply.status_code == 401
            assert "externalId" not in reply.text


def test_the_announcement_of_the_service_is_for_its_own_user_only(service):
    assert (service.data / "service.json").stat().st_mode & 0o777 == 0o600


def test_the_open_face_is_open_to_this_machine_and_to_no_page_of_another(service):
    assert service.http.get(TMF).status_code == 200
    assert service.http.get(TMF, headers={"host": "evil.example"}).status_code == 401


def test_a_market_without_the_operation_is_501(service):
    for method, path in (("GET", "/rescheduleProductOrder/1"), ("GET", "/rescheduleProductOrder"), ("POST", "/rescheduleProductOrder")):
        body = {"json": {"productOrder": {"id": "1"}}} if method == "POST" else {}
        reply = service.http.request(method, TMF.rpartition("/")[0] + path, headers={"X-Market": "lab"}, **body)
        assert (reply.status_code, reply.json()["code"]) == (501, "not-offered"), (method, path)
