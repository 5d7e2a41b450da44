"""R14-R33, R41-R43, R49, R61, R69, R72, R80, R82: the order reaches the BSS as it is; no business rule is checked here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service_kit import Running, pr_item, pr_order, sample

INTERNET = pr_item("RJ43X", "HS", "Package", "R6430")
VIDEO = pr_item("RV3BC", "CV", "Package", "F7B3I")
PHONE = pr_item("FW4US", "TD", "Package", "F7B3I")
CALLS = pr_item("RRRUS", None, "CallTypeProduct")
BILL = pr_item("ZMPBI", "NU")
VISIT = pr_item("0MINS", "NU")


def codes(lines: list[dict[str, Any]]) -> list[str]:
    return [line["serviceCode"] for line in lines]


def sent_items(items: list[dict[str, Any]]) -> list[str]:
    return [item["product"]["id"] for item in items]


def placed(service: Running, order: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer, and the order as the BSS got it in the one call that was made."""
    with service.listening() as calls:
        reply = service.place(order)
    assert reply.status_code == 201, reply.text
    (call,) = [call for call in calls if call.operation == "UpdateOrderDetail"]  # a probe for another order may come between
    assert call.operation == "UpdateOrderDetail"
    return reply.json(), call.order


def test_r14_whether_the_customer_is_new_is_for_the_bss_to_say(service: Running) -> None:
    order = pr_order(relatedParty=[{"id": "0000000000001", "@referredType": "Customer"}])
    answer, _ = placed(service, order)
    assert answer["description"] == ""
    warned, _ = placed(service, order | {"serviceAddress": {"addrNo": "00918424400901"}, "externalId": "0000000000009001"})
    assert warned["description"] == "ORV59I - EXISTING CUSTOMER AT LOCATION"


def test_r15_two_telephone_products_are_not_refused(service: Running) -> None:
    _, booked = placed(service, pr_order(productOrderItem=[PHONE, pr_item("RW4US", "TD", "Package", "R6430"), CALLS, BILL]))
    assert [line["serviceType"] for line in booked["line"][:2]] == ["TD", "TD"]


@pytest.mark.parametrize(
    ("products", "add_ons"),
    [
        ([PHONE, CALLS], []),
        ([VIDEO], [pr_item("RZ020")]),
        ([INTERNET], [pr_item("ZY101", "HS")]),
        ([VIDEO, INTERNET], [pr_item("RZ020"), pr_item("ZY101", "HS")]),
        ([VIDEO, PHONE, CALLS], [pr_item("RZ020")]),
        ([INTERNET, PHONE, CALLS], []),
        ([VIDEO, INTERNET, PHONE, CALLS], [pr_item("RZ020")]),
    ],
    ids=["1P-phone", "1P-video", "1P-internet", "2P-tv-internet", "2P-tv-phone", "2P-internet-phone", "3P"],
)
def test_r16_one_two_and_three_products_convert(service: Running, products: list[dict[str, Any]], add_ons: list[dict[str, Any]]) -> None:
    items = [*products, *add_ons, BILL, VISIT]
    answer, booked = placed(service, pr_order(productOrderItem=items))
    assert codes(booked["line"]) == sent_items(items)
    assert answer["productOrderItem"] == items


def test_r17_a_build_your_own_order_keeps_the_telephony_it_came_with_and_gets_none_added(service: Running) -> None:
    with_phone = [INTERNET, VIDEO, PHONE, CALLS, BILL]
    _, booked = placed(service, pr_order(productOrderItem=with_phone))
    assert codes(booked["line"]) == sent_items(with_phone)
    without = [INTERNET, VIDEO, BILL]
    _, booked = placed(service, pr_order(productOrderItem=without, notes={"TelephoneNumberId": None}))
    assert codes(booked["line"]) == sent_items(without)


def test_r18_a_combination_that_the_advice_calls_impossible_is_not_refused(service: Running) -> None:
    fibre_video_alone = [pr_item("FV3BC", "CV", "Package", "F7B3I"), BILL]
    _, booked = placed(service, pr_order(productOrderItem=fibre_video_alone, notes={"JobType": "FN", "TelephoneNumberId": None}))
    assert codes(booked["line"]) == ["FV3BC", "ZMPBI"]


VIOLATIONS = {
    "two Smart Protect add-ons": [INTERNET, pr_item("SMTPR", "NU"), pr_item("SMTPR", "NU"), BILL],
    "an add-on for telephone": [PHONE, CALLS, pr_item("TAD01", "TD"), BILL],
    "a premium add-on on a u-pick package": [pr_item("UPICK", "CV", "Package", "UP100"), pr_item("PREM1", "CV"), BILL],
    "no bill preference": [INTERNET, VISIT],
    "no call type for the telephone": [PHONE, BILL],
    "an extra STB without its charge": [VIDEO, pr_item("STBX1", "CV"), BILL],
    "no installation charge": [INTERNET, BILL],
}


@pytest.mark.parametrize("items", VIOLATIONS.values(), ids=VIOLATIONS)
def test_r21_no_business_rule_is_checked(service: Running, items: list[dict[str, Any]]) -> None:
    answer, booked = placed(service, pr_order(productOrderItem=items))
    assert codes(booked["line"]) == sent_items(items)
    assert answer["state"] == "Acknowledged"


def test_r25_a_tier_is_not_enforced(service: Running) -> None:
    items = [pr_item("ULTIM", "CV", "Package", "UL100"), pr_item("UPADD", "CV"), pr_item("PREM1", "CV"), BILL]
    assert codes(placed(service, pr_order(productOrderItem=items))[1]["line"]) == sent_items(items)


def test_r26_a_telephone_add_on_is_not_enforced(service: Running) -> None:
    assert placed(service, pr_order(productOrderItem=VIOLATIONS["an add-on for telephone"]))[1]["line"][2]["kind"] == "A"


def test_r30_the_number_of_smart_protects_is_not_enforced(service: Running) -> None:
    assert codes(placed(service, pr_order(productOrderItem=VIOLATIONS["two Smart Protect add-ons"]))[1]["line"]).count("SMTPR") == 2


def test_r22_price_plan_and_offer_are_never_sent(service: Running) -> None:
    priced = pr_item("RJ43X", "HS", "Package", "R6430") | {
        "productOffering": {"id": "OFFER-77", "name": "Liberty 77"},
        "itemPrice": [{"name": "PLAN-88", "priceType": "recurring", "price": {"dutyFreeAmount": {"unit": "USD", "value": 88.25}}}],
    }
    with service.listening() as calls:
        assert service.place(pr_order(productOrderItem=[priced, BILL], orderTotalPrice=[{"name": "TOTAL-99"}])).status_code == 201
    assert calls[0].order["line"][0]["offerCode"] == "R6430"
    assert not any(text in calls[0].envelope for text in ("OFFER-77", "Liberty 77", "PLAN-88", "88.25", "TOTAL-99"))
    assert placed(service, pr_order())[0]["state"] == "Acknowledged"  # none is expected either


def test_r23_no_sign_off_and_no_equipment_call_is_made(service: Running) -> None:
    with service.listening() as calls:
        service.place(pr_order())
        service.place(pr_order("selfinstall"))
    assert [call.operation for call in calls] == ["UpdateOrderDetail", "UpdateOrderDetail"]
    assert not any("quipment" in call.envelope for call in calls)


@pytest.mark.parametrize("charge", ["0MINS", "0MSIN"])
def test_r27_the_installation_charge_reaches_the_bss_as_an_add_on(service: Running, charge: str) -> None:
    _, booked = placed(service, pr_order(productOrderItem=[INTERNET, pr_item(charge, "NU"), BILL]))
    assert booked["line"][1] == {
        "offerCode": charge,
        "serviceCode": charge,
        "kind": "A",
        "action": "A",
        "quantity": "1",
        "bundle": "false",
        "serviceType": "NU",
    }


def test_r28_the_call_type_reaches_the_bss_as_a_call_type(service: Running) -> None:
    _, booked = placed(service, pr_order(productOrderItem=[PHONE, CALLS, BILL]))
    assert booked["line"][1] == {
        "offerCode": "RRRUS",
        "serviceCode": "RRRUS",
        "kind": "C",
        "action": "A",
        "quantity": "1",
        "bundle": "false",
    }


def test_r29_the_bill_preference_reaches_the_bss_and_its_absence_too(service: Running) -> None:
    assert codes(placed(service, pr_order(productOrderItem=[INTERNET, BILL]))[1]["line"]) == ["RJ43X", "ZMPBI"]
    assert codes(placed(service, pr_order(productOrderItem=[INTERNET]))[1]["line"]) == ["RJ43X"]


def test_r31_an_extra_stb_and_its_charge_are_both_forwarded_in_their_order(service: Running) -> None:
    items = [VIDEO, pr_item("STBX1", "CV"), pr_item("STBCH", "NU"), BILL]
    assert codes(placed(service, pr_order(productOrderItem=items))[1]["line"]) == ["RV3BC", "STBX1", "STBCH", "ZMPBI"]


@pytest.mark.parametrize("activation", ["STBA1", "STBA2"])
def test_r32_the_activation_code_is_the_one_of_the_channel(service: Running, activation: str) -> None:
    assert codes(placed(service, pr_order(productOrderItem=[VIDEO, pr_item(activation, "CV"), BILL]))[1]["line"])[1] == activation


def test_r33_an_additional_offer_is_forwarded_as_an_add_on(service: Running) -> None:
    _, booked = placed(service, pr_order(productOrderItem=[INTERNET, VIDEO, PHONE, CALLS, pr_item("NDVR1", "CV"), BILL]))
    assert [(line["serviceCode"], line["kind"]) for line in booked["line"][3:5]] == [("RRRUS", "C"), ("NDVR1", "A")]


@pytest.mark.parametrize(("reason", "campaign", "job"), [("E1", "ECO", "FN"), ("SF", "SIN", "SU"), ("ZZ", "XYZ", "Q9")])
def test_r41_reason_campaign_and_job_type_pass_known_or_not(service: Running, reason: str, campaign: str, job: str) -> None:
    _, booked = placed(service, pr_order(notes={"OrderReasonCode": reason, "CampaignCode": campaign, "JobType": job}))
    assert (booked["reasonCode"], booked["campaignCode"], booked["job"]["type"]) == (reason, campaign, job)


@pytest.mark.parametrize("temporary", ["0000000000000070", "0", "0071"])
def test_r42_the_temporary_order_id_keeps_its_zeros(service: Running, temporary: str) -> None:
    answer, booked = placed(service, pr_order(externalId=temporary))
    assert (booked["temporaryOrderId"], answer["externalId"]) == (temporary, temporary)


@pytest.mark.parametrize(("account", "shown"), [("#190150614889701", "190150614889701"), ("8211990010051704", "8211990010051704")])
def test_r43_both_forms_of_the_account_are_taken_and_the_bss_form_is_shown(service: Running, account: str, shown: str) -> None:
    answer, booked = placed(service, pr_order(billingAccount={"id": account, "@type": "BillingAccount"}))
    assert booked["accountNumber"] == account
    assert answer["billingAccount"] == {"id": shown, "@type": "BillingAccount"}


def test_r49_a_sales_representative_without_a_name_is_forwarded_by_id(service: Running) -> None:
    answer, booked = placed(service, pr_order())
    assert booked["party"][1] == {"id": "54321", "name": "", "role": "Sales Representative", "kind": "SalesRepresentative"}
    assert answer["relatedParty"][1]["name"] == ""


@pytest.mark.parametrize("name", ["selfinstall", "technician"])
def test_r61_r69_r72_the_values_of_the_quote_are_used_unchanged(service: Running, name: str) -> None:
    order = pr_order(name)
    with service.listening() as calls:
        service.place(order, **{"X-Conversation-Id": "QAHB0176-of-the-quote"})
    booked, notes = calls[0].order, {note["@type"]: note["text"] for note in sample(f"{name}.request.json")["note"]}
    assert booked["temporaryOrderId"] == order["externalId"]
    assert booked["job"]["type"] == notes["JobType"]
    assert booked["telephoneNumber"] == notes["TelephoneNumberId"]
    assert booked["accountNumber"] == order["billingAccount"]["id"]
    assert booked["conversationId"] == "QAHB0176-of-the-quote"


@pytest.mark.parametrize("name", ["selfinstall", "technician", "unscheduled"])
def test_r80_no_line_is_added_to_those_of_the_order(service: Running, name: str) -> None:
    order = pr_order(name)
    _, booked = placed(service, order)
    assert codes(booked["line"]) == sent_items(order["productOrderItem"])
    bare = pr_order(name, productOrderItem=[INTERNET])  # without the charge that the CSR adds
    assert codes(placed(service, bare)[1]["line"]) == ["RJ43X"]


def test_r82_notes_of_unknown_kinds_reach_the_bss_and_come_back(service: Running) -> None:
    order = pr_order()
    order["note"] += [{"text": "click to call", "@type": "JobComment"}, {"text": "gate code #17 <left>", "@type": "GateCode"}]
    answer, booked = placed(service, order)
    assert booked["remark"] == [{"kind": "JobComment", "text": "click to call"}, {"kind": "GateCode", "text": "gate code #17 <left>"}]
    assert {"text": "click to call", "@type": "JobComment"} in answer["note"]
    assert {"text": "gate code #17 <left>", "@type": "GateCode"} in answer["note"]
