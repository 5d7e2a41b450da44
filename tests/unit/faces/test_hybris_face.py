"""The documented contract of the hybris face, as far as HTTP shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapter.errors import (
    InvalidMessage,
    KeyReused,
    MappingFailed,
    MaybeSent,
    NotSent,
    Overloaded,
    Problem,
    SerialisationFailed,
    StoreUnavailable,
)
from adapter.ports import Issue, Outcome, OutcomeKind

PATH = "/ecom-ux/v1/PR/productOrder"
HEADLINE = "Error Occurred during order provisioning UPDATEORDERDETAIL:ERROROCCURED"
DATA = Path(__file__).parent / "data"


def rejected(*texts):
    return Outcome(OutcomeKind.REJECTED, tuple(Issue(text, "error") for text in texts), HEADLINE)


def test_r1_business_id_leads_to_its_market(world, order, headers):
    for business, market in (("PR", "pr"), ("PA", "pa")):
        assert world.send("POST", f"/ecom-ux/v1/{business}/productOrder", json=order, headers=headers).status_code == 201
        assert world.orders.seen[-1].market == market


@pytest.mark.parametrize("business", ["XX", "pr", "CO1", "P R", "' OR 1=1"])
def test_r1_unknown_business_id_is_named_and_nothing_is_called(world, order, headers, business):
    answer = world.send("POST", f"/ecom-ux/v1/{business}/productOrder", json=order, headers=headers)
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert error == {
        "code": 400,
        "message": "The request is not valid",
        "description": f"businessId: '{business}' is not one of PR, JM, PA",
    }
    assert not world.orders.seen


@pytest.mark.parametrize(
    "changes",
    [
        {"client-id": None},
        {"client-secret": None},
        {"client-secret": ""},
        {"client-secret": "wrong-secret"},
        {"client-id": "nobody"},
        {"client-id": "demo-open", "client-secret": "anything at all"},
        {"client-id": None, "client-secret": None},
    ],
)
def test_r3_missing_or_wrong_credentials_are_401_and_nothing_is_called(world, order, headers, changes):
    sent = {name: value for name, value in {**headers, **changes}.items() if value is not None}
    answer = world.send("POST", PATH, json=order, headers=sent)
    assert answer.status_code == 401
    assert answer.json() == {
        "errors": [
            {
                "code": 401,
                "message": "Client credentials are missing or wrong",
                "description": "Send the id and the secret of one client, each once, in the headers that this face declares",
            }
        ]
    }
    assert answer.headers["www-authenticate"].startswith("client-credentials")
    assert not world.orders.seen


def test_r3_client_without_the_right_is_403(world, order, headers):
    for client, business in (("reader", "PR"), ("isle", "PA")):
        sent = {**headers, "client-id": client, "client-secret": f"{client}-secret"}
        answer = world.send("POST", f"/ecom-ux/v1/{business}/productOrder", json=order, headers=sent)
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == 403
    assert not world.orders.seen


def test_i21_underscore_spelling_of_credentials_is_accepted(world, order, headers):
    sent = {**headers, "client_id": headers.pop("client-id"), "client_secret": headers.pop("client-secret")}
    del sent["client-id"], sent["client-secret"]
    assert world.send("POST", PATH, json=order, headers=sent).status_code == 201


def test_credentials_sent_twice_with_different_values_are_refused(world, order, headers):
    assert world.send("POST", PATH, json=order, headers={**headers, "client_id": "isle"}).status_code == 401


@pytest.mark.parametrize("name", ["correlationId", "X-Correlation-ID", "Correlation-ID", "CORRELATIONID"])
def test_r4_i21_correlation_id_is_taken_in_any_spelling_and_comes_back_as_the_source_writes_it(world, order, headers, name):
    sent = {**headers, name: headers.pop("correlationId")}
    sent = {key: value for key, value in sent.items() if key == name or key.lower() != "correlationid"}
    answer = world.send("POST", PATH, json=order, headers=sent)
    assert answer.status_code == 201
    assert answer.headers["correlationId"] == "644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b"
    assert world.orders.seen[0].correlation_id == "644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b"
    assert world.orders.seen[0].header["correlationId"] == "644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b"


def test_r4_correlation_id_comes_back_with_errors_too(world, headers):
    answer = world.send("POST", PATH, content=b"{", headers={**headers, "content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["correlationId"] == "644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b"
    unknown = world.send("GET", "/ecom-ux/v1/nothing/here", headers=headers)
    assert unknown.status_code == 404
    assert unknown.headers["correlationId"] == "644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b"


@pytest.mark.parametrize("value", [None, "", "x" * 129, "a b", "tab\there", "näher"])
def test_r4_correlation_id_is_required_and_bounded(world, order, headers, value):
    sent = {**headers, "correlationId": value.encode("latin-1") if value else value}
    answer = world.send("POST", PATH, json=order, headers={name: text for name, text in sent.items() if text is not None})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["description"].startswith("correlationId: this header ")
    assert "correlationid" not in answer.headers
    assert not world.orders.seen


def test_r4_correlation_id_in_two_spellings_has_to_be_one_value(world, order, headers):
    assert world.send("POST", PATH, json=order, headers={**headers, "X-Correlation-ID": headers["correlationId"]}).status_code == 201
    answer = world.send("POST", PATH, json=order, headers={**headers, "X-Correlation-ID": "another"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["description"] == "correlationId: this header was sent more than once, with different values"


@pytest.mark.parametrize(("value", "text"), [("PREPAID", "has to be FIXED"), ("fixed", "has to be FIXED"), (None, "is required")])
def test_r5_lob_has_to_be_fixed(world, order, headers, value, text):
    sent = {name: content for name, content in {**headers, "lob": value}.items() if content is not None}
    answer = world.send("POST", PATH, json=order, headers=sent)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"code": 400, "message": "The request is not valid", "description": f"lob: this header {text}"}]
    assert not world.orders.seen


def test_r6_i22_channel_is_passed_on_and_defaults_to_ecom(world, order, headers):
    world.send("POST", PATH, json=order, headers={**headers, "channelId": "CALLCENTER"})
    assert world.orders.seen[-1].header["channelId"] == "CALLCENTER"
    del headers["channelId"]
    world.send("POST", PATH, json=order, headers={**headers, "Idempotency-Key": "another"})
    assert world.orders.seen[-1].header["channelId"] == "ECOM"


def test_r7_conversation_id_is_required_for_pr_only(world, order, headers):
    del headers["X-Conversation-Id"]
    answer = world.send("POST", PATH, json=order, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["description"] == "X-Conversation-Id: this header is required"
    assert not world.orders.seen
    assert world.send("POST", "/ecom-ux/v1/PA/productOrder", json=order, headers=headers).status_code == 201
    assert world.send("GET", f"{PATH}/1", headers=headers).status_code == 404  # reading needs none


def test_r7_every_missing_header_is_named_in_one_400(world, order, headers):
    answer = world.send("POST", PATH, json=order, headers={name: headers[name] for name in ("client-id", "client-secret")})
    assert [error["description"] for error in answer.json()["errors"]] == [
        "correlationId: this header is required",
        "lob: this header is required",
        "X-Conversation-Id: this header is required",
    ]


def test_r8_conversation_id_goes_on_unchanged(world, order, headers):
    world.send("POST", PATH, json=order, headers={**headers, "X-Conversation-Id": "qaHA-00~!{}"})
    assert world.orders.seen[0].header["X-Conversation-Id"] == "qaHA-00~!{}"


def test_documented_order_is_answered_201_with_the_services_document(world, order, headers):
    answer = world.send("POST", PATH, json=order, headers=headers)
    assert answer.status_code == 201  # I25
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {**order, "id": "1", "state": "acknowledged"}
    message = world.orders.seen[0]
    assert (message.face, message.client, message.operation) == ("hybris", "shop", "productOrder.create")
    assert message.body == order
    assert json.loads(message.raw) == order
    assert message.key == "correlationId:644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b"


def test_i25_success_status_is_configuration(make, order, headers, face_with):
    face = face_with("hybris", lambda data: data["routes"][0].update(success=200))
    assert make(faces=[face]).send("POST", PATH, json=order, headers=headers).status_code == 200


def test_idempotency_key_header_goes_before_the_correlation_id(world, order, headers):
    world.send("POST", PATH, json=order, headers={**headers, "Idempotency-Key": "k-1"})
    assert world.orders.seen[0].key == "Idempotency-Key:k-1"


def test_a_repeat_gets_the_same_status_and_bytes(world, order, headers):
    first = world.send("POST", PATH, json=order, headers=headers)
    again = world.send("POST", PATH, json=order, headers=headers)
    assert (first.status_code, first.content) == (again.status_code, again.content)


@pytest.mark.parametrize(
    "text",
    [
        "2099 | DRO30E - REF CDA NOT FOUND| ",
        "2099 | SERV_CD-MAP15E - FIELD PROTECTED, CANNOT UPDATE| ",
        "2099 | SCHED_TM-JBE10E-INVALID SCHEDULED TIME OF DAY| ",
        "2099 | JOB_TYP_TIME_ALRT-J4U22A-ENTERED DT/TM UNAVAIL",
    ],
)
def test_r51_to_r54_refusal_is_the_documented_envelope_to_the_byte(world, order, headers, text):
    world.orders.outcome = rejected(text)
    answer = world.send("POST", PATH, json=order, headers=headers)
    assert answer.status_code == 400
    assert answer.content == f'{{"errors":[{{"code":400,"message":"{HEADLINE}","description":"{text}"}}]}}'.encode()


def test_r57_one_entry_per_error_in_the_backends_order(world, order, headers):
    world.orders.outcome = rejected("2099 | B", "2099 | A", "2099 | B")
    errors = world.send("POST", PATH, json=order, headers=headers).json()["errors"]
    assert [error["description"] for error in errors] == ["2099 | B", "2099 | A", "2099 | B"]


@pytest.mark.parametrize(("kind", "status"), [(OutcomeKind.UNAVAILABLE, 502), (OutcomeKind.IN_DOUBT, 504)])
def test_r58_unreachable_is_502_and_in_doubt_504_in_the_same_envelope(world, order, headers, kind, status):
    world.orders.outcome = Outcome(kind, (), "")
    answer = world.send("POST", PATH, json=order, headers=headers)
    assert answer.status_code == status
    assert answer.headers["retry-after"] == "5"
    assert [error["code"] for error in answer.json()["errors"]] == [status]
    assert len(world.orders.seen) == 1  # nothing repeats it by itself


def test_r58_retry_after_is_what_the_market_says(world, order, headers):
    world.orders.outcome, world.orders.retry_after = Outcome(OutcomeKind.IN_DOUBT), 17
    assert world.send("POST", PATH, json=order, headers=headers).headers["retry-after"] == "17"


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (Overloaded(), 503, "Nothing was done; send the request again unchanged after a few seconds"),
        (NotSent("no slot"), 502, "The backend could not be reached; nothing was done"),
        (MaybeSent("cut off"), 504, "The backend did not answer; repeat the request unchanged to learn the outcome"),
        (
            StoreUnavailable("disk full at /var/x"),
            503,
            "Nothing was done, because nothing is done that is not recorded first; repeat the request later",
        ),
        (SerialisationFailed("has a NUL at character 3", "order.note"), 400, "order.note: has a NUL at character 3"),
        (KeyReused(problems=[Problem("correlationId", "use a new one")]), 422, "correlationId: use a new one"),
        (InvalidMessage(problems=[Problem("note[@type=JobType].text", "is required")]), 400, "note[@type=JobType].text: is required"),
    ],
)
def test_errors_of_the_service_come_out_in_the_envelope(world, order, headers, error, status, text):
    world.orders.raises = error
    answer = world.send("POST", PATH, json=order, headers=headers)
    assert answer.status_code == status
    headline = answer.json()["errors"][0]["message"]
    assert answer.json()["errors"] == [{"code": status, "message": headline, "description": text}]
    assert headline != text


@pytest.mark.parametrize("error", [RuntimeError("password=hunter2"), MappingFailed("hunter2", "a.yaml:1:1", "x"), KeyError("hunter2")])
def test_r60_a_fault_of_ours_is_a_500_without_insides(world, order, headers, error):
    world.orders.raises = error
    answer = world.send("POST", PATH, json=order, headers=headers)
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert headers["correlationId"] in answer.json()["errors"][0]["description"]


def test_r59_the_unscheduled_sample_as_printed_is_a_400_and_nothing_is_called(world, headers):
    printed = (DATA / "unscheduled-as-printed.txt").read_bytes()
    answer = world.send("POST", PATH, content=printed, headers={**headers, "content-type": "application/json"})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["code"] == 400
    assert set(error) == {"code", "message", "description"}
    assert not world.orders.seen


def test_body_that_does_not_fit_the_contract_names_every_place(world, order, headers):
    del order["productOrderItem"][0]["action"]
    order["externalId"] = 7
    errors = world.send("POST", PATH, json=order, headers=headers).json()["errors"]
    assert [error["description"].partition(":")[0] for error in errors] == ["externalId", "productOrderItem[0].action"]
    assert not world.orders.seen


def test_market_without_the_operation_is_501(world, order, headers):
    answer = world.send("POST", "/ecom-ux/v1/JM/productOrder", json=order, headers=headers)
    assert answer.status_code == 501
    assert answer.json()["errors"][0]["description"] == "Jamaica does not offer productOrder.create"


def test_order_can_be_read_by_its_id(world, order, headers):
    number = world.send("POST", PATH, json=order, headers=headers).json()["id"]
    answer = world.send("GET", f"{PATH}/{number}?accountId=190150638551501&unknown=1", headers=headers)
    assert answer.status_code == 200
    assert answer.json()["id"] == number
    assert world.orders.seen[-1].query == {"accountId": "190150638551501"}
    assert world.orders.seen[-1].path == {"businessId": "PR", "id": number}


def test_account_id_is_mandatory_for_pa(world, headers):
    answer = world.send("GET", "/ecom-ux/v1/PA/productOrder/1", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["description"] == "accountId: this query parameter is required"
    twice = world.send("GET", "/ecom-ux/v1/PA/productOrder/1?accountId=1&accountId=2", headers=headers)
    assert "more than once" in twice.json()["errors"][0]["description"]


def test_reading_what_the_backend_refuses_or_does_not_know(world, headers):
    world.orders.outcome = rejected("2099 | X")
    assert world.send("GET", f"{PATH}/1", headers=headers).status_code == 400
    world.orders.outcome = Outcome(OutcomeKind.ABSENT)
    assert world.send("GET", f"{PATH}/1", headers=headers).status_code == 404


def test_the_mappings_wish_for_a_status_is_followed_within_its_class(world, order, headers):
    world.orders.status = 202
    assert world.send("POST", PATH, json=order, headers=headers).status_code == 202
    world.orders.status, world.orders.outcome = 409, rejected("2099 | X")
    assert world.send("POST", PATH, json=order, headers={**headers, "Idempotency-Key": "2"}).status_code == 409
    world.orders.status = 200
    assert world.send("POST", PATH, json=order, headers={**headers, "Idempotency-Key": "3"}).status_code == 400
