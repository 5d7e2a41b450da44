"""R1-R13: what a request must bring along, and what of it reaches the BSS. Nothing is called where something is missing."""

from __future__ import annotations

import httpx
import pytest

from adapter.faces.declaration import Kind, load_face
from tests.service_kit import ROOT, Running, pr_item, pr_order


def described(reply: httpx.Response) -> list[str]:
    """The descriptions of an answer in the error envelope; its codes are its status."""
    errors = reply.json()["errors"]
    assert all(error.keys() == {"code", "message", "description"} and error["code"] == reply.status_code for error in errors)
    return [error["description"] for error in errors]


@pytest.mark.parametrize("market", ["CR", "pr", "PRX", "P%20R"])
def test_r1_another_business_id_is_refused_by_its_value(service: Running, market: str) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(), market=market)
    assert calls == []
    assert reply.status_code == 400
    assert market.replace("%20", " ") in described(reply)[0]


@pytest.mark.parametrize("market", ["JM", "PA"])
def test_r1_r7_jamaica_and_panama_are_known_ids_and_need_no_conversation(service: Running, market: str) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(billingAccount={"id": "100015870000"}), market=market, without=("X-Conversation-Id",))
    assert (reply.status_code, calls) == (201, [])
    header = load_face(ROOT / "config" / "faces" / "hybris.yaml", {}).headers["X-Conversation-Id"]
    assert not header.required_in(market.lower(), Kind.CREATE)


def test_r2_orders_of_pr_go_to_slbos_only(service: Running) -> None:
    with service.listening() as calls, service.listening("lab") as others:
        assert service.place(pr_order()).status_code == 201
    assert [call.operation for call in calls] == ["UpdateOrderDetail"]
    assert others == []


@pytest.mark.parametrize("missing", [("client-id",), ("client-secret",), ("client-id", "client-secret")])
def test_r3_without_credentials_nothing_is_called(service: Running, missing: tuple[str, ...]) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(), without=missing)
    assert (reply.status_code, calls) == (401, [])
    assert described(reply)


@pytest.mark.parametrize("wrong", [{"client-secret": "guessed"}, {"client-id": "nobody"}, {"client-secret": "demo-secret "[:10]}])
def test_r3_with_wrong_credentials_nothing_is_called(service: Running, wrong: dict[str, str]) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(), **wrong)
    assert (reply.status_code, calls) == (401, [])


def test_r4_the_correlation_id_is_required(service: Running) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(), without=("correlationId",))
    assert (reply.status_code, calls) == (400, [])
    assert described(reply) == ["correlationId: this header is required"]


def test_r4_the_correlation_id_comes_back_and_is_in_every_legacy_call(service: Running) -> None:
    order = pr_order(house="00918424400927")  # books, and answers HTTP 500: a probe follows
    with service.listening() as calls:
        replies = [service.place(order, correlation="644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b") for _ in range(2)]
    assert [reply.status_code for reply in replies] == [504, 201]
    assert {reply.headers["correlationId"] for reply in replies} == {"644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b"}
    assert [call.operation for call in calls] == ["UpdateOrderDetail", "FindOrder"]
    assert {call.headers["x-correlation-id"] for call in calls} == {"644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b"}
    assert calls[0].order["channel"]["correlationId"] == "644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b"


@pytest.mark.parametrize("spelling", ["X-Correlation-ID", "Correlation-ID", "CORRELATIONID"])
def test_r4_other_spellings_of_the_correlation_id_are_taken(service: Running, spelling: str) -> None:
    reply = service.place(pr_order(), without=("correlationId",), **{spelling: f"spelled-{spelling}"})
    assert reply.status_code == 201
    assert reply.headers["correlationId"] == f"spelled-{spelling}"


@pytest.mark.parametrize("lob", ["PREPAID", "POSTPAID", "fixed", ""])
def test_r5_another_line_of_business_is_refused(service: Running, lob: str) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(), lob=lob)
    assert (reply.status_code, calls) == (400, [])
    assert described(reply)[0].startswith("lob: ")


def test_r5_the_line_of_business_reaches_the_bss(service: Running) -> None:
    with service.listening() as calls:
        service.place(pr_order())
    assert calls[0].order["channel"]["lineOfBusiness"] == "FIXED"


@pytest.mark.parametrize(("sent", "arrives"), [({"channelId": "ECOM"}, "ECOM"), ({"channelId": "RETAIL-7"}, "RETAIL-7"), ({}, "ECOM")])
def test_r6_the_channel_reaches_the_bss(service: Running, sent: dict[str, str], arrives: str) -> None:
    with service.listening() as calls:
        service.place(pr_order(), without=() if sent else ("channelId",), **sent)
    assert calls[0].order["channel"]["channelId"] == arrives


def test_r7_without_a_conversation_id_nothing_is_called(service: Running) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(), without=("X-Conversation-Id",))
    assert (reply.status_code, calls) == (400, [])
    assert described(reply) == ["X-Conversation-Id: this header is required"]


@pytest.mark.parametrize(
    "conversation", ["QAHA017633E52B68CF0000", "qAhA0176-mixed.Case", "0001", "a&b<c>\"d'e]]>", "two  blanks", "x" * 128]
)
def test_r8_the_conversation_id_reaches_the_bss_unchanged(service: Running, conversation: str) -> None:
    with service.listening() as calls:
        assert service.place(pr_order(), **{"X-Conversation-Id": conversation}).status_code == 201
    assert calls[0].order["conversationId"] == conversation


def test_r9_all_that_is_missing_is_named_in_one_answer(service: Running) -> None:
    order = pr_order(
        billingAccount=None, requestedCompletionDate=None, note=[], relatedParty=[{"id": "54321", "@referredType": "SalesRepresentative"}]
    )
    with service.listening() as calls:
        reply = service.place(order)
    assert (reply.status_code, calls) == (400, [])
    named = {text.split(":")[0] for text in described(reply)}
    assert named == {
        "billingAccount.id",
        "requestedCompletionDate",
        "relatedParty[@referredType=Customer].id",
        "note[@type=OrderReasonCode].text",
        "note[@type=CampaignCode].text",
        "note[@type=JobType].text",
        "note[@type=TelephoneNumberId].text",
        "note[@type~=InstallationType].text",
    }


MANDATORY = [  # in the order of the contract
    "requestedCompletionDate",
    "billingAccount.id",
    "relatedParty[@referredType=Customer].id",
    "note[@type=OrderReasonCode].text",
    "note[@type=CampaignCode].text",
    "note[@type=JobType].text",
    "note[@type~=InstallationType].text",
]


def places(face: str, reply: httpx.Response) -> list[str]:
    """The places that a refusal names, in its order; its body is that of the face."""
    assert reply.status_code == 400
    if face == "hybris":
        return [text.split(":")[0] for text in described(reply)]
    body = reply.json()
    assert (body["status"], body["@type"]) == ("400", "Error")
    return [text.split(":")[0] for text in body["message"].split("; ")]


def test_r9_headers_members_and_what_the_mapping_requires_are_named_in_one_answer(service: Running) -> None:
    missing = ("lob", "correlationId", "X-Conversation-Id")
    with service.listening() as calls:
        reply = service.place(b"{}", without=missing)
        other = service.http.post(
            "/tmf-api/productOrderingManagement/v4/productOrder",
            content=b"{}",
            headers=service.headers() | {"X-Market": "pr", "X-Conversation-Id": ""},
        )
    assert calls == []
    assert places("hybris", reply) == ["correlationId", "lob", "X-Conversation-Id", *MANDATORY, "productOrderItem"]
    assert places("tmf", other) == ["header X-Conversation-Id", *MANDATORY, "productOrderItem"]


def test_r9_a_place_is_named_once_whoever_misses_it(service: Running) -> None:
    order = pr_order(
        billingAccount={"@type": "BillingAccount"},
        note=[{"@type": "JobType"}, {"@type": "CampaignCode", "text": ""}, {"@type": "OrderReasonCode", "text": "E1"}],
        relatedParty="nobody",
    )
    order["productOrderItem"][0].pop("action")
    with service.listening() as calls:
        reply = service.place(order, without=("lob",))
    assert calls == []
    assert places("hybris", reply) == [
        "lob",
        "billingAccount.id",
        "relatedParty",  # of another kind: what it lacks is not to be told
        "note[0].text",
        "note[@type=CampaignCode].text",
        "note[@type~=InstallationType].text",
        "note[@type=TelephoneNumberId].text",
        "productOrderItem[0].action",
    ]


def test_r9_a_body_that_is_no_document_is_named_beside_the_headers(service: Running) -> None:
    with service.listening() as calls:
        broken = service.place(b'{"note": ', without=("lob",))
        other = service.place(b"<order/>", without=("lob",), **{"content-type": "text/xml"})
        whole = service.place(b"[]", without=("lob",))
    assert calls == []
    for reply, text in ((broken, "JSON"), (other, "text/xml"), (whole, "JSON object")):
        assert reply.status_code == 400
        first, second = described(reply)
        assert first == "lob: this header is required"
        assert text in second


def test_r9_a_market_that_stands_for_several_names_what_all_of_them_want(service: Running) -> None:
    with service.listening() as calls:
        reply = service.place(b"{}", market="JM", without=("lob",))
    assert calls == []
    assert places("hybris", reply) == ["lob", "billingAccount.id", "productOrderItem"]


@pytest.mark.parametrize("kind", ["OrderReasonCode", "CampaignCode", "JobType", "TelephoneNumberId", "InstallationType"])
@pytest.mark.parametrize("text", [None, ""])
def test_r9_r13_a_mandatory_note_is_never_invented(service: Running, kind: str, text: str | None) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(notes={kind: text}))
    assert (reply.status_code, calls) == (400, [])
    (description,) = described(reply)
    assert kind in description


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"billingAccount": {"@type": "BillingAccount"}}, "billingAccount.id"),
        ({"billingAccount": {"id": ""}}, "billingAccount.id"),
        ({"requestedCompletionDate": None}, "requestedCompletionDate"),
        ({"relatedParty": []}, "relatedParty[@referredType=Customer].id"),
    ],
)
def test_r9_other_mandatory_members(service: Running, change: dict[str, object], named: str) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(**change))
    assert (reply.status_code, calls) == (400, [])
    assert any(text.startswith(named) for text in described(reply))


@pytest.mark.parametrize(
    "items", [[pr_item("RJ43X", "HS", "Package", "R6430")], [pr_item("RV3BC", "CV", "Package", "R6430"), pr_item("ZMPBI", "NU")]]
)
def test_r10_internet_and_tv_need_no_telephone_number(service: Running, items: list[dict[str, object]]) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(notes={"TelephoneNumberId": None}, productOrderItem=items))
    assert reply.status_code == 201
    assert "telephoneNumber" not in calls[0].order
    assert "TelephoneNumberId" not in [note["@type"] for note in reply.json()["note"]]


@pytest.mark.parametrize("item", [pr_item("FW4US", "TD", "Package", "F7B3I"), pr_item("RRRUS", None, "CallTypeProduct")])
def test_r10_a_telephone_product_needs_the_number(service: Running, item: dict[str, object]) -> None:
    with service.listening() as calls:
        reply = service.place(
            pr_order(notes={"TelephoneNumberId": None}, productOrderItem=[pr_item("RJ43X", "HS", "Package", "R6430"), item])
        )
    assert (reply.status_code, calls) == (400, [])
    assert described(reply) == ["note[@type=TelephoneNumberId].text: is required and missing"]


@pytest.mark.parametrize(("sent", "arrives"), [(None, "100"), ("250", "250"), ("100.00", "100.00")])
def test_r11_the_credit_limit_is_100_unless_it_is_told(service: Running, sent: str | None, arrives: str) -> None:
    with service.listening() as calls:
        service.place(pr_order(notes={"CreditLimit": sent}))
    assert calls[0].order["creditLimit"] == arrives


def test_r12_the_bss_is_asked_for_a_new_order_and_the_answer_shows_it(service: Running) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order())
    assert calls[0].order["requestedFunction"] == "NEW"
    assert {"text": "NEW", "@type": "RequestedFunction"} in reply.json()["note"]
