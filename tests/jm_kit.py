"""The documented orders of Jamaica and Panama, and what their backends got of them."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from tests.service_kit import ROOT, BackendCall

LIBERATE = "{urn:liberate:serviceorder:1}"
HEADERS = ("X-Conversation-Id",)  # what the other documented market needs, and these do not


def documented(name: str) -> dict[str, Any]:
    """``jm/liberate.request``, ``jm/cerillion.response``, ``pa/request`` …"""
    return json.loads((ROOT / "tests" / "samples" / f"{name}.json").read_text(encoding="utf-8"))


def jm_order(backend: str = "liberate", account: str = "", **changed: Any) -> dict[str, Any]:
    """The documented order for a BSS, with what is named changed; a member that is None is left out."""
    return _order(f"jm/{backend}.request", account, changed)


def pa_order(account: str = "", **changed: Any) -> dict[str, Any]:
    """The documented order of Panama, likewise."""
    return _order("pa/request", account, changed)


def _order(name: str, account: str, changed: dict[str, Any]) -> dict[str, Any]:
    order = documented(name)
    if account:
        order["billingAccount"] = {"id": account}
    order |= changed
    return {name: value for name, value in order.items() if value is not None}


def payload(call: BackendCall) -> etree._Element:
    """The element in the SOAP body."""
    body = etree.fromstring(call.envelope.encode()).find("{*}Body")
    assert body is not None
    return body[0]


def parameters(call: BackendCall) -> dict[str, str]:
    """The order's characteristics as either backend got them."""
    found = payload(call)
    if call.operation == "PlaceOrder":
        return {each.get("name", ""): each.get("value", "") for each in found.iter("parameter")}
    return {each.findtext(f"{LIBERATE}name", ""): each.findtext(f"{LIBERATE}value", "") for each in found.iter(f"{LIBERATE}parameter")}


def at(call: BackendCall, *names: str) -> str | None:
    """The text of an element below the payload, by local names; None where there is none."""
    found = payload(call).find("/".join(f"{{*}}{name}" for name in names))
    return None if found is None else found.text or ""
