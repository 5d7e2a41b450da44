"""R83-R86, R88-R90, R92-R94: orders of Jamaica reach one of its two BSS, and come back in the documented form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.jm_kit import HEADERS, at, documented, jm_order, parameters, payload
from tests.service_kit import BackendCall, Running, home_with, running

TMF = "/tmf-api/productOrderingManagement/v4/productOrder"
NINE = {
    "cisEmpId": "99999",
    "depttCode": "AQSAL",
    "siteCode": "ANSQ",
    "sourceOfApplication": "3",
    "salesRepId": "99999",
    "carrierUniqueServId": "0",
    "lastLineNumber": "last line number of order",
    "exchangeId": "FLTV",
    "numberAreaCode": "BODG",
}


def place(service: Running, order: dict[str, Any], **headers: str) -> httpx.Response:
    return service.place(order, market="JM", without=HEADERS, **headers)


@contextmanager
def both(service: Running) -> Iterator[dict[str, list[BackendCall]]]:
    """The calls that either BSS gets within the block."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(service.listening(name)) for name in ("liberate", "cerillion", "slbos")}


def operations(heard: dict[str, list[BackendCall]]) -> dict[str, list[str]]:
    return {name: [call.operation for call in calls] for name, calls in heard.items() if calls}


@pytest.fixture(scope="module")
def in_tmf_form(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose storefront gets TMF answers of both BSS."""
    files = {f"config/markets/{name}.yaml": ("answerForm: legacy", "answerForm: tmf") for name in ("jm-liberate", "jm-cerillion", "pa")}
    home = home_with(tmp_path_factory.mktemp("home"), files)
    with running(tmp_path_factory.mktemp("data"), {"ADAPTER_HOME": home}) as started:
        yield started


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service for orders that stay in doubt: it asks for them by itself, and other tests count calls."""
    with running(tmp_path_factory.mktemp("data")) as started:
        yield started


def test_r83_the_documented_order_needs_no_conversation_notes_parties_or_types(service: Running) -> None:
    order = jm_order()
    assert not {"note", "relatedParty", "@type"} & order.keys()
    with both(service) as heard:
        reply = place(service, order)
    assert reply.status_code == 201
    assert operations(heard) == {"liberate": ["CreateServiceOrder"]}
    (call,) = heard["liberate"]
    assert at(call, "order", "orderClass") == "R"
    assert at(call, "order", "businessUnit") == "JM"
    assert at(call, "order", "accountNo") == "100015870000"
    assert at(call, "order", "package", "code") == "609002_RES"


def test_r84_the_documented_order_with_a_discount_group_goes_to_cerillion(service: Running) -> None:
    order = jm_order("cerillion")
    with both(service) as heard:
        reply = place(service, order)
    assert operations(heard) == {"cerillion": ["PlaceOrder"]}
    (call,) = heard["cerillion"]
    assert payload(call).findtext("workOrder/product/discountGroup") == "B2BI2"
    assert reply.json()["productOrderItem"] == order["productOrderItem"]


def test_r85_the_account_tells_the_bss_where_nothing_else_does(service: Running) -> None:
    with both(service) as heard:
        assert place(service, jm_order(account="91000526")).status_code == 201
        assert place(service, jm_order(account="100015870000")).status_code == 201
    assert operations(heard) == {"cerillion": ["PlaceOrder"], "liberate": ["CreateServiceOrder"]}


def test_r85_a_discount_group_counts_more_than_an_account_of_twelve_digits(service: Running) -> None:
    with both(service) as heard:
        assert place(service, jm_order("cerillion", account="100015870000")).status_code == 201
    assert operations(heard) == {"cerillion": ["PlaceOrder"]}


@pytest.mark.parametrize(
    ("order", "named", "taken_by"),
    [
        (jm_order("cerillion"), "LIBERATE", {"liberate": ["CreateServiceOrder"]}),
        (jm_order(), "CERILLION", {"cerillion": ["PlaceOrder"]}),
        (jm_order(account="1234567890"), "LIBERATE", {"liberate": ["CreateServiceOrder"]}),
    ],
)
def test_r85_the_callers_word_counts_more_than_the_order(
    service: Running, order: dict[str, Any], named: str, taken_by: dict[str, list[str]]
) -> None:
    with both(service) as heard:
        assert place(service, order, **{"X-Source-BSS": named}).status_code == 201
    assert operations(heard) == taken_by


def test_r85_a_bss_that_there_is_not_is_refused(service: Running) -> None:
    with both(service) as heard:
        reply = place(service, jm_order(), **{"X-Source-BSS": "SIEBEL"})
    assert (reply.status_code, operations(heard)) == (400, {})
    assert "X-Source-BSS" in reply.json()["errors"][0]["description"]


@pytest.mark.parametrize("account", ["1234567", "123456789", "12345678901", "1234567890123"])
def test_r85_where_nothing_tells_the_bss_none_is_called(service: Running, account: str) -> None:
    with both(service) as heard:
        reply = place(service, jm_order(account=account))
    assert (reply.status_code, operations(heard)) == (400, {})
    (error,) = reply.json()["errors"]
    assert error["description"].startswith("cannot determine BSS")


def test_r85_the_markets_setting_counts_more_than_all(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", {"config/markets/jm.yaml": ("bss: auto", "bss: LIBERATE")})
    with running(tmp_path / "data", {"ADAPTER_HOME": home}) as settled, both(settled) as heard:
        assert place(settled, jm_order("cerillion"), **{"X-Source-BSS": "CERILLION"}).status_code == 201
        assert place(settled, jm_order(account="1")).status_code == 201
    assert operations(heard) == {"liberate": ["CreateServiceOrder", "CreateServiceOrder"]}


@pytest.mark.parametrize("backend", ["liberate", "cerillion"])
def test_r85_an_order_is_read_from_the_bss_it_went_to(service: Running, backend: str) -> None:
    identity = place(service, jm_order(backend)).json()["id"]
    other = {"liberate": "CERILLION", "cerillion": "LIBERATE"}[backend]
    with both(service) as heard:
        for headers in ({}, {"X-Source-BSS": other}):  # the record knows better than whoever asks
            read = service.http.get(f"/ecom-ux/v1/JM/productOrder/{identity}", headers=service.headers() | headers)
            assert read.status_code == 200, read.text
            assert read.json()["id"] == identity
    assert set(operations(heard)) == {backend}


def test_r85_an_order_that_is_not_on_record_is_asked_for_by_its_id(service: Running) -> None:
    with both(service) as heard:
        address = "/ecom-ux/v1/JM/productOrder"
        number = service.http.get(f"{address}/9999999", headers=service.headers())
        letters = service.http.get(f"{address}/DJ9999Z", headers=service.headers(), params={"accountId": "100015870000"})
        without = service.http.get(f"{address}/DJ9999Z", headers=service.headers())
    assert (number.status_code, letters.status_code) == (404, 404)
    assert number.json()["errors"][0]["description"] == "no work order has this number"
    assert letters.json()["errors"][0]["description"] == "LIB-0404 SERVICE ORDER NOT FOUND FOR ACCOUNT"
    assert without.status_code == 400  # Liberate finds nothing without the account
    assert "accountId" in without.json()["errors"][0]["description"]
    assert operations(heard) == {"cerillion": ["GetOrder"], "liberate": ["ReadServiceOrder"]}


@pytest.mark.parametrize(
    ("account", "backend", "probe"), [("100015870927", "liberate", "FindServiceOrder"), ("91000927", "cerillion", "FindOrder")]
)
def test_r85_an_order_in_doubt_is_looked_for_where_it_went(doubtful: Running, account: str, backend: str, probe: str) -> None:
    order = jm_order(account=account)  # books, and answers HTTP 500
    with both(doubtful) as heard:
        replies = [doubtful.place(order, market="JM", without=HEADERS, correlation=f"doubt-{account}") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [504, 201, 201]
    assert replies[1].content == replies[2].content
    assert operations(heard) == {backend: [{"liberate": "CreateServiceOrder", "cerillion": "PlaceOrder"}[backend], probe]}


@pytest.mark.parametrize("account", ["100015870000", "100015870911", "100015870921"])  # taken, refused, in doubt
def test_r85_a_repeat_towards_the_other_bss_is_no_second_order(doubtful: Running, account: str) -> None:
    order, key = jm_order(account=account), f"one-order-{account}"
    with both(doubtful) as heard:
        first = doubtful.place(order, market="JM", without=HEADERS, correlation=key)
        elsewhere = doubtful.place(order, market="JM", without=HEADERS, correlation=key, **{"X-Source-BSS": "CERILLION"})
        again = doubtful.place(order, market="JM", without=HEADERS, correlation=key)
    assert elsewhere.status_code == 422
    assert "correlationId" in elsewhere.json()["errors"][0]["description"]
    if first.status_code != 504:
        assert (again.status_code, again.content) == (first.status_code, first.content)
    assert "cerillion" not in operations(heard)


@pytest.mark.parametrize("backend", ["liberate", "cerillion"])
def test_r86_all_nine_characteristics_reach_the_bss_and_come_back(service: Running, backend: str) -> None:
    with service.listening(backend) as calls:
        reply = place(service, jm_order(backend))
    assert parameters(calls[0]) == NINE
    assert reply.json()["orderCharacteristics"] == NINE
    assert list(reply.json()["orderCharacteristics"]) == list(NINE)


@pytest.mark.parametrize("backend", ["liberate", "cerillion"])
def test_r88_an_empty_number_is_an_answer_and_a_missing_one_is_none(service: Running, backend: str) -> None:
    with service.listening(backend) as calls:
        empty = place(service, jm_order(backend, serviceAddress={"addrNo": "", "addrLine4": "KINGSTON"}))
        missing = place(service, jm_order(backend, serviceAddress={"addrLine4": "KINGSTON"}))
    assert empty.json()["serviceAddress"] == {"addrNo": "", "addrLine4": "KINGSTON"}
    assert missing.json()["serviceAddress"] == {"addrLine4": "KINGSTON"}
    name = {"liberate": ("order", "siteAddress", "number"), "cerillion": ("workOrder", "premises", "unit")}[backend]
    assert [at(call, *name) for call in calls] == ["", None]


def test_r89_the_answer_of_liberate_has_a_text_id_and_no_state(service: Running) -> None:
    reply = place(service, jm_order())
    body = reply.json()
    assert re.fullmatch(r"DJ\d{4}[A-Z]", body["id"])
    assert list(body) == list(documented("jm/liberate.response"))
    assert "state" not in body


def test_r90_the_answer_of_cerillion_has_a_number_as_id_nulls_and_a_state(service: Running) -> None:
    reply = place(service, jm_order("cerillion"))
    body = reply.json()
    assert type(body["id"]) is int
    assert re.match(rb'\{"id":\d+,', reply.content)
    assert list(body) == list(documented("jm/cerillion.response"))
    nulls = ("priority", "requestedCompletionDate", "requestedStartDate")
    assert [body[name] for name in nulls] == [None, None, None]
    assert body["state"] == "Acknowledged"


def test_r90_what_cerillion_knows_is_shown_in_the_place_of_null(service: Running) -> None:
    known = {"priority": "1", "requestedCompletionDate": "2031-02-01T10:00:00Z", "requestedStartDate": "2031-01-15T08:00:00Z"}
    body = place(service, jm_order("cerillion", **known)).json()
    assert {name: body[name] for name in known} == known


@pytest.mark.parametrize("backend", ["liberate", "cerillion"])
def test_r92_in_tmf_form_the_id_is_text_and_the_state_that_of_the_standard(in_tmf_form: Running, backend: str) -> None:
    body = place(in_tmf_form, jm_order(backend)).json()
    assert isinstance(body["id"], str)
    assert body["state"] == "acknowledged"
    assert None not in body.values()
    read = in_tmf_form.http.get(f"/ecom-ux/v1/JM/productOrder/{body['id']}", headers=in_tmf_form.headers()).json()
    assert (read["id"], read["state"]) == (body["id"], "acknowledged")


@pytest.mark.parametrize("backend", ["liberate", "cerillion"])
def test_r92_the_tmf_face_has_that_form_always(service: Running, backend: str) -> None:
    created = service.http.post(TMF, json=jm_order(backend), headers={"X-Market": "jm"})
    assert created.status_code == 201, created.text
    body = created.json()
    assert isinstance(body["id"], str)
    assert body["state"] == "acknowledged"
    listed = service.http.get(TMF, params={"id": body["id"]}, headers={"X-Market": "jm"}).json()
    assert [each["id"] for each in listed] == [body["id"]]
    for headers in ({"X-Market": "jm"}, {}):
        assert service.http.get(body["href"], headers=headers).json()["state"] == "acknowledged"


@pytest.mark.parametrize("backend", ["liberate", "cerillion"])
def test_r93_items_come_back_as_they_were_sent(service: Running, backend: str) -> None:
    plain = jm_order(backend)["productOrderItem"]
    typed = [{**item, "product": {**item["product"], "@type": "Bundle"}, "@type": "ProductOrderItem"} for item in plain]
    others = [{**item, "id": f"{item['id']}-2"} for item in typed]
    for items in (plain, typed, [*plain, *others]):
        assert place(service, jm_order(backend, productOrderItem=items)).json()["productOrderItem"] == items


def test_r94_liberate_keeps_letters_beyond_ascii(service: Running) -> None:
    address = {"addrLine1": "Café Ñandú 5 ½ «Łódź»", "addrLine2": "Calle Santo Tomás & <東京>"}
    with service.listening("liberate") as calls:
        body = place(service, jm_order(serviceAddress=address)).json()
    assert body["serviceAddress"] == address
    assert [at(calls[0], "order", "siteAddress", name) for name in ("line1", "line2")] == list(address.values())


def test_r94_cerillion_gets_ascii_and_the_caller_sees_what_it_holds(service: Running) -> None:
    address = {"addrLine1": "Café Ñandú 5 ½ «Łódź»", "addrLine2": "Calle Santo Tomás & <東京>"}
    plain = {"addrLine1": 'Cafe Nandu 5 1/2 "Lodz"', "addrLine2": "Calle Santo Tomas & <??>"}
    with service.listening("cerillion") as calls:
        bodies = [place(service, jm_order("cerillion", serviceAddress=address)).json() for _ in range(2)]
    assert [body["serviceAddress"] for body in bodies] == [plain, plain]
    assert calls[0].envelope.isascii()
    assert at(calls[0], "workOrder", "premises", "line1") == plain["addrLine1"]


@pytest.mark.parametrize(
    ("account", "status", "descriptions", "message"),
    [
        ("100015870911", 400, ["LIB-0201 ACCOUNT NOT FOUND"], "CREATESERVICEORDER"),
        (
            "100015870912",
            400,
            ["LIB-0301 PACKAGE NOT SOLD AT EXCHANGE", "LIB-0302 NUMBER AREA NOT SERVED BY EXCHANGE"],
            "CREATESERVICEORDER",
        ),
        ("100015870924", 400, ["SERVICE ORDER DESK CLOSED"], "CREATESERVICEORDER"),
        ("91000911", 400, ["CER2001: account is unknown"], "PLACEORDER"),
        (
            "91000912",
            400,
            ["CER3001: discount group does not fit the product", "CER3002: product is not sold at the premises"],
            "PLACEORDER",
        ),
        ("91000924", 400, ["work order desk closed"], "PLACEORDER"),
    ],
)
def test_refusals_come_back_text_for_text(service: Running, account: str, status: int, descriptions: list[str], message: str) -> None:
    reply = place(service, jm_order(account=account))
    assert reply.status_code == status
    errors = reply.json()["errors"]
    assert [error["description"] for error in errors] == descriptions
    assert {error["message"] for error in errors} == {f"Error Occurred during order provisioning {message}:ERROROCCURED"}


@pytest.mark.parametrize(
    ("account", "description"),
    [
        ("100015870902", "LIB-0501 SERVICE ALREADY ACTIVE AT SITE,LIB-0502 EXCHANGE NEAR CAPACITY"),
        ("91000901", "CER5001: premises have an open work order"),
        ("100015870000", ""),
        ("91000526", ""),
        ("100015870925", ""),  # an answer that breaks its own contract, and is read all the same
        ("91000925", ""),
    ],
)
def test_warnings_are_told_in_the_description(service: Running, account: str, description: str) -> None:
    reply = place(service, jm_order(account=account))
    assert (reply.status_code, reply.json()["description"]) == (201, description)


@pytest.mark.parametrize(("account", "status"), [("100015870921", 504), ("91000921", 504), ("100015870926", 504), ("91000926", 504)])
def test_an_answer_that_does_not_come_is_no_refusal(doubtful: Running, account: str, status: int) -> None:
    assert place(doubtful, jm_order(account=account)).status_code == status


def test_malformed_orders_reach_no_bss(service: Running) -> None:
    with both(service) as heard:
        replies = [
            service.place(body, market="JM", without=HEADERS)
            for body in (b"{", json.dumps(jm_order(productOrderItem=None)).encode(), json.dumps(jm_order(billingAccount=None)).encode())
        ]
    assert [reply.status_code for reply in replies] == [400, 400, 400]
    assert operations(heard) == {}
