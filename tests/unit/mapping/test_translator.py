"""The documented orders of Puerto Rico through the real mapping, against the real contracts: every station of a translator."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from adapter.errors import InvalidMessage
from adapter.mapping.cases import compare
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from adapter.ports import OutcomeKind
from tests.mapping_kit import SAMPLES, market

HEADER = {"X-Conversation-Id": "QAHA017633E52B68CF0000", "channelId": "ECOM", "lob": "FIXED"}
# what only the backend knows, as the documented answers show it
BOOKED = {
    "selfinstall": ("1200047552281013", {"id": "00000000000028610001", "technician": "0710", "number": "00000"}, {"type": "SF"}),
    "technician": ("1200047553421014", {"id": "00000000000054710001", "technician": "0701", "number": "109711"}, {}),
}


@cache
def puerto_rico() -> Translator:
    return market("pr", "productOrder.create")[0]


def sample(name: str) -> Any:
    return json.loads((SAMPLES / "pr" / name).read_text())


def scope(request: dict[str, Any], **given: Any) -> Scope:
    return Scope(
        request=request,
        header=HEADER,
        setting={"selfInstallDate": "keep", "warningsAreErrors": "no"},
        correlation_id="4b6f1f9e-0000-4000-8000-000000000001",
        client_reference="R-1",
        **given,
    )


@pytest.mark.parametrize("name", ["selfinstall", "technician"])
def test_r1_the_documented_order_becomes_the_documented_answer(name: str) -> None:
    made, request, wanted = puerto_rico(), sample(f"{name}.request.json"), sample(f"{name}.response.json")
    order = made.request(scope(request)).document["order"]
    assert (order["temporaryOrderId"], order["accountNumber"]) == (request["externalId"], request["billingAccount"]["id"])
    assert [line["offerCode"] for line in order["line"]] == [item["id"] for item in request["productOrderItem"]]
    notes = {note["@type"]: note["text"] for note in wanted["note"]}
    number, _, job = BOOKED[name]
    booked = {"id": notes["JobId"], "technician": notes["Technician"], "number": notes["JobNumber"]}
    echo = {**order, "job": {**order["job"], **job}, "accountNumber": wanted["billingAccount"]["id"], "creditLimit": notes["CreditLimit"]}
    reply = {"result": {"returnCode": "0000"}, "orderNumber": number, "order": echo, "bookedJob": booked}
    answering = scope(request, reply=reply)
    assert made.outcome(answering).kind is OutcomeKind.ACCEPTED
    shown = made.view("hybris", answering, made.reply(answering).document)
    assert list(compare(wanted, shown)) == []


def test_r1_all_that_the_order_misses_is_named_in_one_refusal() -> None:
    request = sample("selfinstall.request.json")
    request["note"] = [note for note in request["note"] if note["@type"] == "CampaignCode"]
    with pytest.raises(InvalidMessage) as refused:
        puerto_rico().request(Scope(request=request, header={"lob": "FIXED"}))
    assert [problem.path for problem in refused.value.problems] == [
        "header X-Conversation-Id",
        "header channelId",
        "note[@type=OrderReasonCode].text",
        "note[@type=JobType].text",
        "note[@type~=InstallationType].text",
        "note[@type=TelephoneNumberId].text",
    ]


def test_each_field_of_the_documented_order_has_its_rule() -> None:
    made, given = puerto_rico(), scope(sample("selfinstall.request.json"))
    written, origins = made.explain("request", given)
    assert written == made.request(given)
    found = {origin.target: origin for origin in origins}
    assert len(found) == len(origins) == len(list(compare({}, flat(written.document))))
    assert found["order.creditLimit"].branch == "default"
    assert found["order.line[9].kind"].value == "A"
    assert found["order.line[9].kind"].sources == ("request.productOrderItem[9].@type",)
    assert found["order.line[9].kind"].row is not None
    assert found["order.line[9].kind"].row.file == "mappings/pr/codes.yaml"
    assert found["order.job.installation"].sources == ("request.note[@type~=InstallationType].text",)
    assert {origin.layer for origin in origins} == {"pr"}


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Every leaf of a document by its path."""
    if isinstance(value, dict):
        return {key: leaf for name, inner in value.items() for key, leaf in flat(inner, f"{path}.{name}").items()}
    if isinstance(value, list):
        return {key: leaf for number, inner in enumerate(value) for key, leaf in flat(inner, f"{path}[{number}]").items()}
    return {path: value}


def test_a_market_that_forces_the_date_says_so() -> None:
    request = {**sample("selfinstall.request.json"), "requestedCompletionDate": "2026-03-01T08:00:00.000Z"}
    forced = Scope(request=request, header=HEADER, setting={"selfInstallDate": "force"})
    written = puerto_rico().request(forced)
    assert written.document["order"]["requestedDate"] == "4444-12-31T00:00:00.000Z"
    assert len(written.notices) == 1
    kept = puerto_rico().request(scope(request))
    assert (kept.document["order"]["requestedDate"], kept.notices) == ("2026-03-01T08:00:00.000Z", ())


def test_a_translator_is_named_by_operation_and_version() -> None:
    assert repr(puerto_rico()) == f"Translator(productOrder.create, version {puerto_rico().version[:12]})"
