"""R86-R88, R91-R95: orders of Panama reach Liberate, and come back in the documented form."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.jm_kit import HEADERS, at, documented, pa_order, parameters
from tests.service_kit import Running, home_with, pr_order, running

TMF = "/tmf-api/productOrderingManagement/v4/productOrder"


def place(service: Running, order: dict[str, object], **headers: str) -> httpx.Response:
    return service.place(order, market="PA", without=HEADERS, **headers)


def read(service: Running, identity: str, **query: str) -> httpx.Response:
    return service.http.get(f"/ecom-ux/v1/PA/productOrder/{identity}", headers=service.headers(), params=query)


def test_r87_the_documented_order_without_category_converts(service: Running) -> None:
    order = pa_order()
    assert "category" not in order
    with service.listening("liberate") as calls, service.listening("cerillion") as others:
        reply = place(service, order)
    assert reply.status_code == 201
    assert [call.operation for call in calls] == ["CreateServiceOrder"]
    assert others == []
    assert at(calls[0], "order", "businessUnit") == "PA"
    assert at(calls[0], "order", "orderClass") is None
    assert reply.json() | {"id": "FL0070H"} == documented("pa/response")


def test_r86_r87_every_suffix_reaches_liberate_and_comes_back(service: Running) -> None:
    order = pa_order()
    given = order["orderCharacteristics"]
    assert {name.partition("_")[2] for name in given} == {"", "TP", "DS", "TI", "MO"}
    with service.listening("liberate") as calls:
        body = place(service, order).json()
    assert parameters(calls[0]) == given
    assert list(body["orderCharacteristics"].items()) == list(given.items())


def test_r87_a_suffix_that_nobody_knows_is_kept(service: Running) -> None:
    given = {"exchangeId_TP": "POGP", "exchangeId_XX": "QQQQ", "numberAreaCode_": "", "ourOwn": "a & b"}
    with service.listening("liberate") as calls:
        body = place(service, pa_order(orderCharacteristics=given)).json()
    assert parameters(calls[0]) == given
    assert body["orderCharacteristics"] == given


@pytest.mark.parametrize("address", [{"addrNo": "", "addrLine5": "PANAMA"}, {"addrLine5": "PANAMA", "addrPostCode": "0801"}])
def test_r88_number_and_post_code_may_be_empty_or_missing(service: Running, address: dict[str, str]) -> None:
    assert place(service, pa_order(serviceAddress=address)).json()["serviceAddress"] == address


def test_r91_the_answer_shows_the_state_as_null(service: Running) -> None:
    reply = place(service, pa_order())
    assert b'"state":null' in reply.content
    assert re.fullmatch(r"FL\d{4}[A-Z]", reply.json()["id"])
    assert "description" not in reply.json()


def test_r91_a_warning_is_told_all_the_same(service: Running) -> None:
    body = place(service, pa_order("324063130901")).json()
    assert (body["state"], body["description"]) == (None, "LIB-0501 SERVICE ALREADY ACTIVE AT SITE")


def test_r92_in_tmf_form_the_state_is_that_of_the_standard(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", {"config/markets/pa.yaml": ("answerForm: legacy", "answerForm: tmf")})
    with running(tmp_path / "data", {"ADAPTER_HOME": home}) as service:
        body = place(service, pa_order()).json()
        assert body["state"] == "acknowledged"
        assert body["id"] == "FL0070H"  # the first order of this Liberate
        assert read(service, body["id"], accountId="324063130000").json()["state"] == "acknowledged"


def test_r92_the_tmf_face_has_that_form_always(service: Running) -> None:
    created = service.http.post(TMF, json=pa_order(), headers={"X-Market": "pa"})
    assert created.status_code == 201, created.text
    assert created.json()["state"] == "acknowledged"
    assert service.http.get(created.json()["href"]).json()["state"] == "acknowledged"


def test_r93_items_keep_the_types_they_have_and_get_none(service: Running) -> None:
    typed = pa_order()["productOrderItem"]
    assert (typed[0]["@type"], typed[0]["product"]["@type"]) == ("ProductOrderItem", "Bundle")
    plain = [{"id": "2P600LF", "action": "add", "product": {"isBundle": True}}, {"id": "X", "action": "delete"}]
    for items in (typed, plain):
        assert place(service, pa_order(productOrderItem=items)).json()["productOrderItem"] == items


def test_r94_letters_beyond_ascii_survive(service: Running) -> None:
    address = {"addrLine1": "casa A159", "addrLine2": "Calle Santo Tomás", "addrLine3": "CIUDÁ SAN LORENZO Ñ"}
    with service.listening("liberate") as calls:
        body = place(service, pa_order(serviceAddress=address)).json()
    assert body["serviceAddress"] == address
    assert at(calls[0], "order", "siteAddress", "line2") == "Calle Santo Tomás"


def test_r95_without_the_account_panama_is_not_asked(service: Running) -> None:
    identity = place(service, pa_order()).json()["id"]
    with service.listening("liberate") as calls:
        reply = read(service, identity)
    assert (reply.status_code, calls) == (400, [])
    assert "accountId" in reply.json()["errors"][0]["description"]


def test_r95_with_the_account_panama_answers_and_with_another_it_does_not(service: Running) -> None:
    identity = place(service, pa_order()).json()["id"]
    found, other = read(service, identity, accountId="324063130000"), read(service, identity, accountId="324063130001")
    assert (found.status_code, found.json()["id"]) == (200, identity)
    assert (other.status_code, other.json()["errors"][0]["description"]) == (404, "LIB-0404 SERVICE ORDER NOT FOUND FOR ACCOUNT")


def test_r95_puerto_rico_answers_without_it(service: Running) -> None:
    identity = service.place(pr_order()).json()["id"]
    reply = service.http.get(f"/ecom-ux/v1/PR/productOrder/{identity}", headers=service.headers())
    assert (reply.status_code, reply.json()["id"]) == (200, identity)


def test_the_units_of_one_liberate_do_not_see_each_others_orders(service: Running) -> None:
    identity = place(service, pa_order()).json()["id"]
    reply = service.http.get(f"/ecom-ux/v1/JM/productOrder/{identity}", headers=service.headers(), params={"accountId": "324063130000"})
    assert (reply.status_code, reply.json()["errors"][0]["description"]) == (404, "LIB-0404 SERVICE ORDER NOT FOUND FOR ACCOUNT")
