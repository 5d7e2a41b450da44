"""One document per market and resource that its backend takes: what lists, reads and changes are tried on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

Document = dict[str, Any]
Create = Callable[[str, Document], Document]
"""Makes a resource of a kind from a document, and returns it as answered."""

_numbers = count(1)

ITEM = {"id": "1", "action": "add", "productOffering": {"id": "FTTH-1000"}}


def _lab_order(_: Create) -> Document:
    return {
        "externalId": f"E-{next(_numbers)}",
        "description": "one of these",
        "requestedCompletionDate": "2031-05-04T10:00:00Z",
        "note": [{"text": "ring twice", "author": "desk"}],
        "relatedParty": [{"id": "P-1", "role": "Customer", "@referredType": "Customer"}],
        "productOrderItem": [{"id": "1", "action": "add", "quantity": 1, "productOffering": {"id": "OFF-1"}, "product": {"id": "P-1"}}],
    }


def listener() -> Document:
    """A subscription of its own."""
    return {"callback": f"http://127.0.0.1:9/events/{next(_numbers)}"}


def _cancellation(create: Create) -> Document:
    return {"productOrder": {"id": create("productOrder", {})["id"]}, "cancellationReason": "not wanted any more"}


def _pl_order(create: Create) -> Document:
    party = {"id": create("individual", {})["id"], "role": "customer", "@referredType": "Individual"}
    return {"externalId": f"E-{next(_numbers)}", "description": "HOLD order", "relatedParty": [party], "productOrderItem": [ITEM]}


def _individual(_: Create) -> Document:
    phone = {"mediumType": "phone", "characteristic": {"phoneNumber": "+48 600 100 200"}}
    return {"givenName": "Jan", "familyName": "Żak", "contactMedium": [phone]}


def _address(_: Create) -> Document:
    address = {"streetType": "ul.", "streetName": "Polna", "streetNr": "7", "city": "Łódź", "postcode": "91-001", "country": "PL"}
    return {"provideAlternative": True, "submittedGeographicAddress": address}


def _search(_: Create) -> Document:
    return {"relatedPlace": {"id": "ADR-7", "role": "installation"}}


def _appointment(_: Create) -> Document:
    slot = {"startDateTime": "2031-12-01T08:00:00.000Z", "endDateTime": "2031-12-01T10:00:00.000Z"}
    return {"description": "installation", "validFor": slot}


def _test(_: Create) -> Document:
    return {"name": "ONT", "relatedService": {"id": "NEXR00A1B2C3"}, "testSpecification": {"id": "ONT-STATUS"}}


def _ticket(_: Create) -> Document:
    return {"description": "HOLD ticket", "severity": "Major", "ticketType": "consumerFault", "name": "no light"}


DOCUMENTS: dict[str, dict[str, Callable[[Create], Document]]] = {
    "lab": {"productOrder": _lab_order, "cancelProductOrder": _cancellation},
    "pl": {
        "individual": _individual,
        "productOrder": _pl_order,
        "cancelProductOrder": _cancellation,
        "geographicAddressValidation": _address,
        "searchTimeSlot": _search,
        "appointment": _appointment,
        "serviceTest": _test,
        "troubleTicket": _ticket,
    },
}
"""What each market that is tried offers; every other operation of the definitions has to be answered 501 there."""

ENDED: dict[tuple[str, str], Callable[[Create], str]] = {
    ("lab", "productOrder"): lambda create: str(create("cancelProductOrder", {})["productOrder"]["id"]),
}
"""How to come to a resource that its backend lets be deleted, where that is not every one: its id."""
