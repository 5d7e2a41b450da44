"""The same exchange as a user would write it by hand: FastAPI, pydantic, zeep's AsyncClient over httpx, no record.

    BACKEND=http://127.0.0.1:9001/ .venv/bin/uvicorn benchmarks.by_hand:app --no-access-log

It does less than the adapter: no idempotency, no record, no contract check of the reply, no codes, no explanation of its rules.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from typing import Annotated, Any

import httpx
import zeep
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from zeep.proxy import AsyncServiceProxy
from zeep.transports import AsyncTransport

WSDL = Path(__file__).parent.parent / "mappings" / "pr" / "schema" / "slbos.wsdl"
BINDING = "{urn:slbos:service:1}SlbosBinding"
KINDS = {"Package": "P", "AddOnProduct": "A", "CallTypeProduct": "C"}
ACTIONS = {"add": "A", "modify": "M", "delete": "D", "noChange": "N"}
SECRETS = {"demo-channel": "demo-secret"}
BY_NOTE = {"OrderReasonCode", "CampaignCode", "RequestedFunction", "CreditLimit", "JobType", "TelephoneNumberId", "InstallationType"}


class Typed(BaseModel):
    model_config = ConfigDict(populate_by_name=True, extra="allow")
    type: str | None = Field(None, alias="@type")


class BillingAccount(Typed):
    id: str


class Address(Typed):
    addrNo: str  # noqa: N815 - the contract's own name


class Note(Typed):
    text: str


class Characteristic(Typed):
    name: str
    valueType: str | None = None  # noqa: N815
    value: str


class Product(Typed):
    id: str
    isBundle: bool | None = None  # noqa: N815
    productCharacteristic: list[Characteristic] = []  # noqa: N815


class Item(Typed):
    id: str
    quantity: int = 1
    action: str
    product: Product


class Party(BaseModel):
    model_config = ConfigDict(populate_by_name=True, extra="allow")
    id: str
    name: str | None = None
    role: str | None = None
    referred_type: str = Field(alias="@referredType")


class ProductOrder(Typed):
    id: str | None = None
    description: str | None = None
    state: str | None = None
    billingAccount: BillingAccount  # noqa: N815
    category: str | None = None
    externalId: str | None = None  # noqa: N815
    serviceAddress: Address | None = None  # noqa: N815
    requestedCompletionDate: str  # noqa: N815
    note: list[Note]
    productOrderItem: list[Item]  # noqa: N815
    relatedParty: list[Party]  # noqa: N815

    def noted(self, name: str, default: str | None = None) -> str | None:
        return next((note.text for note in self.note if (note.type or "").lower() == name.lower()), default)


# The connections to keep are raised from httpx's own 20: with 64 callers the default would open one per order.
_http = httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_connections=100, max_keepalive_connections=100), trust_env=False)
_client = zeep.AsyncClient(str(WSDL), transport=AsyncTransport(client=_http, wsdl_client=httpx.Client()))
# create_service of an AsyncClient gives a blocking proxy, so the asynchronous one is pointed elsewhere.
_service = AsyncServiceProxy(_client, _client.wsdl.bindings[BINDING], address=os.environ.get("BACKEND", "http://127.0.0.1:9001/"))
app = FastAPI()


@app.post("/ecom-ux/v1/{business_id}/productOrder", status_code=201, response_model_exclude_none=True, response_model_by_alias=True)
async def place(
    business_id: str,
    order: ProductOrder,
    client_id: Annotated[str, Header()],
    client_secret: Annotated[str, Header()],
    correlation_id: Annotated[str, Header(alias="correlationId")],
    lob: Annotated[str, Header()],
    channel_id: Annotated[str, Header(alias="channelId")],
    conversation_id: Annotated[str, Header(alias="X-Conversation-Id")],
) -> ProductOrder:
    if business_id != "PR" or not hmac.compare_digest(SECRETS.get(client_id, ""), client_secret):
        raise HTTPException(401)
    missing = [name for name in ("OrderReasonCode", "CampaignCode", "JobType", "InstallationType") if order.noted(name) is None]
    if missing:
        raise HTTPException(400, f"missing: {', '.join(missing)}")
    reply = await _service.UpdateOrderDetail(order=legacy_order(order, correlation_id, lob, channel_id, conversation_id))
    warnings = [message for message in reply.result.message if message]
    if reply.result.returnCode != "0000":
        raise HTTPException(400, ",".join(warnings))
    return answer(order, reply, warnings)


def legacy_order(order: ProductOrder, correlation_id: str, lob: str, channel_id: str, conversation_id: str) -> dict[str, Any]:
    return {
        "conversationId": conversation_id,
        "channel": {"channelId": channel_id, "lineOfBusiness": lob, "correlationId": correlation_id},
        "temporaryOrderId": order.externalId,
        "accountNumber": order.billingAccount.id,
        "category": order.category,
        "houseId": order.serviceAddress.addrNo if order.serviceAddress else None,
        "requestedDate": order.requestedCompletionDate,
        "reasonCode": order.noted("OrderReasonCode"),
        "campaignCode": order.noted("CampaignCode"),
        "requestedFunction": order.noted("RequestedFunction", "NEW"),
        "creditLimit": order.noted("CreditLimit", "100"),
        "job": {"type": order.noted("JobType"), "installation": order.noted("InstallationType")},
        "telephoneNumber": order.noted("TelephoneNumberId"),
        "party": [{"id": party.id, "name": party.name, "role": party.role, "kind": party.referred_type} for party in order.relatedParty],
        "remark": [{"kind": note.type or "Note", "text": note.text} for note in order.note if note.type not in BY_NOTE],
        "line": [legacy_line(item) for item in order.productOrderItem],
    }


def legacy_line(item: Item) -> dict[str, Any]:
    characteristics = item.product.productCharacteristic
    return {
        "offerCode": item.id,
        "serviceCode": item.product.id,
        "kind": KINDS[item.type or ""],
        "action": ACTIONS[item.action],
        "quantity": item.quantity,
        "bundle": item.product.isBundle,
        "serviceType": next((one.value for one in characteristics if one.name == "ServiceType"), None),
        "attribute": [{"name": one.name, "value": one.value} for one in characteristics if one.name != "ServiceType"],
    }


def answer(order: ProductOrder, reply: Any, warnings: list[str]) -> ProductOrder:
    booked, job = reply.order, reply.bookedJob
    notes = [
        ("OrderReasonCode", booked.reasonCode),
        ("CampaignCode", booked.campaignCode),
        ("RequestedFunction", booked.requestedFunction),
        ("CreditLimit", booked.creditLimit),
        ("JobType", booked.job.type),
        ("TelephoneNumberId", booked.telephoneNumber),
        ("InstallationType", booked.job.installation),
        ("JobId", job.id),
        ("Technician", job.technician),
        ("JobNumber", job.number),
    ]
    return order.model_copy(
        update={
            "id": reply.orderNumber,
            "description": ",".join(warnings),
            "state": "Acknowledged",
            "billingAccount": BillingAccount(id=booked.accountNumber.removeprefix("#"), type="BillingAccount"),
            "externalId": booked.temporaryOrderId,
            "category": booked.category,
            "serviceAddress": Address(addrNo=booked.houseId),
            "note": [Note(text=text, type=kind) for kind, text in notes if text is not None],
        }
    )
