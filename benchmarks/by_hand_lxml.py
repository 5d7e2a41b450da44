"""Mapping and serialising one order by hand, as somebody would who wants it fast: plain Python, lxml, no contract, no rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
SERVICE = "{urn:slbos:service:1}"
ORDER = "{urn:slbos:order:1}"
NAMESPACES = {"soapenv": SOAP[1:-1], "srv": SERVICE[1:-1], "ord": ORDER[1:-1]}
KINDS = {"Package": "P", "AddOnProduct": "A", "CallTypeProduct": "C"}
ACTIONS = {"add": "A", "modify": "M", "delete": "D", "noChange": "N"}
NOTED = {"OrderReasonCode", "CampaignCode", "RequestedFunction", "CreditLimit", "JobType", "TelephoneNumberId", "InstallationType"}
UNSCHEDULED = "4444-12-31T00:00:00.000Z"


def request_bytes(order: Mapping[str, Any], header: Mapping[str, str], correlation_id: str, client_reference: str) -> bytes:
    """The envelope of UpdateOrderDetail for a TMF622 order."""
    notes = {note["@type"]: note["text"] for note in order["note"]}
    envelope = etree.Element(f"{SOAP}Envelope", nsmap=NAMESPACES)
    body = etree.SubElement(envelope, f"{SOAP}Body")
    target = etree.SubElement(etree.SubElement(body, f"{SERVICE}UpdateOrderDetail"), f"{SERVICE}order")
    _put(target, "conversationId", header["X-Conversation-Id"])
    _put(target, "clientReference", client_reference)
    channel = etree.SubElement(target, f"{ORDER}channel")
    _put(channel, "channelId", header["channelId"])
    _put(channel, "lineOfBusiness", header["lob"])
    _put(channel, "correlationId", correlation_id)
    _put(target, "temporaryOrderId", order.get("externalId"))
    _put(target, "accountNumber", order["billingAccount"]["id"])
    _put(target, "category", order.get("category"))
    _put(target, "houseId", order.get("serviceAddress", {}).get("addrNo"))
    _put(target, "requestedDate", UNSCHEDULED if notes["InstallationType"].lower() == "selfinstall" else order["requestedCompletionDate"])
    _put(target, "reasonCode", notes["OrderReasonCode"])
    _put(target, "campaignCode", notes["CampaignCode"])
    _put(target, "requestedFunction", notes.get("RequestedFunction", "NEW"))
    _put(target, "creditLimit", notes.get("CreditLimit", "100"))
    job = etree.SubElement(target, f"{ORDER}job")
    _put(job, "type", notes["JobType"])
    _put(job, "installation", notes["InstallationType"])
    _put(target, "telephoneNumber", notes.get("TelephoneNumberId"))
    for party in order["relatedParty"]:
        element = etree.SubElement(target, f"{ORDER}party")
        _put(element, "id", party["id"])
        _put(element, "name", party.get("name"))
        _put(element, "role", party.get("role"))
        _put(element, "kind", party["@referredType"])
    for note in order["note"]:
        if note["@type"] not in NOTED:
            element = etree.SubElement(target, f"{ORDER}remark")
            _put(element, "kind", note["@type"])
            _put(element, "text", note["text"])
    for item in order["productOrderItem"]:
        _line(target, item)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _line(target: etree._Element, item: Mapping[str, Any]) -> None:
    product = item["product"]
    characteristics = product.get("productCharacteristic", ())
    element = etree.SubElement(target, f"{ORDER}line")
    _put(element, "offerCode", item["id"])
    _put(element, "serviceCode", product["id"])
    _put(element, "kind", KINDS[item["@type"]])
    _put(element, "action", ACTIONS[item["action"]])
    _put(element, "quantity", str(item.get("quantity", 1)))
    _put(element, "bundle", "true" if product["isBundle"] else "false")
    _put(element, "serviceType", next((one["value"] for one in characteristics if one["name"] == "ServiceType"), None))
    for one in characteristics:
        if one["name"] != "ServiceType":
            attribute = etree.SubElement(element, f"{ORDER}attribute")
            _put(attribute, "name", one["name"])
            _put(attribute, "value", one["value"])


def _put(parent: etree._Element, name: str, text: str | None) -> None:
    if text is not None:
        etree.SubElement(parent, ORDER + name).text = text
