"""The documented self-install order with as many items as wanted, and the HTTP request that carries it."""

from __future__ import annotations

from typing import Any

import orjson

PATH = "/ecom-ux/v1/PR/productOrder"

# id, product id, ServiceType ("" where the document has none), @type
_ITEMS = (
    ("F7B3I", "RV3BC", "CV", "Package"),
    ("F7B3I", "FJ43X", "HS", "Package"),
    ("F7B3I", "FW4US", "TD", "Package"),
    ("F7B3I", "FFIPT", "CV", "Package"),
    ("F7B3I", "FFONT", "HS", "Package"),
    ("F7B3I", "ZY101", "HS", "Package"),
    ("RZ020", "RZ020", "", "AddOnProduct"),
    ("FRRUS", "FRRUS", "TD", "CallTypeProduct"),
    ("0MSIN", "0MSIN", "NU", "AddOnProduct"),
    ("ZMPBI", "ZMPBI", "NU", "AddOnProduct"),
)


def order(items: int = 10, external_id: str = "0000000000002861") -> dict[str, Any]:
    """The order as plain data; items beyond the documented ten repeat them."""
    return {
        "billingAccount": {"id": "#190150638551501", "@type": "BillingAccount"},
        "category": "RES",
        "externalId": external_id,
        "serviceAddress": {"addrNo": "00918424400656"},
        "requestedCompletionDate": "4444-12-31T00:00:00.000Z",
        "note": [
            {"text": "SF", "@type": "OrderReasonCode"},
            {"text": "SIN", "@type": "CampaignCode"},
            {"text": "FN", "@type": "JobType"},
            {"text": "9395455945", "@type": "TelephoneNumberId"},
            {"text": "SelfInstall", "@type": "InstallationType"},
        ],
        "productOrderItem": [_item(*_ITEMS[index % len(_ITEMS)]) for index in range(items)],
        "relatedParty": [
            {"name": "DEV TESTING001", "role": "Buyer Contact", "id": "1901506147568", "@referredType": "Customer"},
            {"name": "", "role": "Sales Representative", "id": "54321", "@referredType": "SalesRepresentative"},
        ],
        "@type": "ProductOrder",
    }


def _item(code: str, product: str, service_type: str, kind: str) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": code,
        "quantity": 1,
        "action": "add",
        "product": {"id": product, "isBundle": kind == "Package"},
        "@type": kind,
    }
    if service_type:
        item["product"]["@type"] = "Product"
        item["product"]["productCharacteristic"] = [{"name": "ServiceType", "valueType": "string", "value": service_type}]
    return item


class OrderRequests:
    """Requests that differ in correlation id and external id; written once, with the numbers put in."""

    def __init__(self, port: int, run: int) -> None:
        body = orjson.dumps(order(external_id="@EXTERNAL-ID-16@"), option=orjson.OPT_INDENT_2)
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            "client-id: demo-channel\r\nclient-secret: demo-secret\r\ncorrelationId: bench-@EXTERNAL-ID-16@\r\n"
            f"lob: FIXED\r\nchannelId: ECOM\r\nX-Conversation-Id: QAHA017633E52B68CF0000\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._parts = (head.encode() + body).split(b"@EXTERNAL-ID-16@")
        self._next = run * 10**8

    def next(self) -> bytes:
        """The next request; no two are alike, across runs either."""
        self._next += 1
        return b"%016d".__mod__(self._next).join(self._parts)
