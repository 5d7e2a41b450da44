"""Liberate: CreateServiceOrder, ReadServiceOrder, FindServiceOrder over ``mappings/jm-liberate/schema/liberate.wsdl`` (SOAP 1.1).

One installation serves several business units; an order belongs to the unit that it names, and is read by that unit only.
"""

from __future__ import annotations

import copy
from pathlib import Path

from lxml import etree
from pydantic import BaseModel, ConfigDict

from simulators.bookings import Booking
from simulators.order_desk import LivingScenarios, OrderDesk, living
from simulators.scenario import NORMAL, Behaviour
from simulators.soap_server import SoapCall

_NS = "{urn:liberate:serviceorder:1}"
_DONE, _REFUSED = "0", "8"
UNKNOWN_ORDER = "LIB-0404 SERVICE ORDER NOT FOUND FOR ACCOUNT"
UNKNOWN_UNIT = "LIB-0101 BUSINESS UNIT NOT SERVED HERE"
HERE = Path(__file__).parent
WSDL = HERE.parents[1] / "mappings" / "jm-liberate" / "schema" / "liberate.wsdl"


class Numbering(BaseModel):
    """How a business unit numbers its orders: two letters, four digits from ``first`` on, and a letter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: str
    first: int
    suffix: str


class LiberateScenarios(LivingScenarios):
    """``scenarios.yaml``: behaviours and lives by the last four characters of the account, numbering by business unit."""

    units: dict[str, Numbering]


class Liberate(OrderDesk[LiberateScenarios]):
    """The backend behind the server."""

    name = "liberate"
    wsdl = WSDL
    fault = f"{_NS}LiberateFault"
    fault_members = _NS

    def behaviour(self, call: SoapCall) -> Behaviour:
        """By the account of a new order; reading and finding always work."""
        if call.operation != "CreateServiceOrder":
            return NORMAL
        return self._scenarios.scenarios.get(_text(call.payload, "order", "accountNo")[-4:], NORMAL)

    def handle(self, call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """Does the call."""
        answer = etree.Element(f"{_NS}{call.operation}Response", nsmap={"lib": _NS[1:-1]})
        unit = _text(call.payload, *(["order"] if call.operation == "CreateServiceOrder" else []), "businessUnit")
        refusal = behaviour.refuse or (() if unit in self._scenarios.units else (UNKNOWN_UNIT,))
        found: list[Booking] = []
        if call.operation == "CreateServiceOrder":
            found = [] if refusal else [self._book(call, unit)]
        elif call.operation == "ReadServiceOrder":
            found = [] if refusal else self._read(call, unit)
            refusal = refusal or (() if found else (UNKNOWN_ORDER,))
        elif not refusal:
            reference = _text(call.payload, "clientReference")
            found = [booking for booking in self.bookings.by_client_reference(reference) if _unit(booking) == unit]
        _result(answer, refusal, behaviour.warnings)
        if call.operation == "FindServiceOrder":
            _add(answer, "matches", str(len(found)))
        if len(found) == 1:
            _add(answer, "serviceOrderNo", found[0].number)
            if call.operation == "ReadServiceOrder":
                _add(answer, "status", self._status(found[0]))
            answer.append(etree.fromstring(found[0].order))
        return answer

    def _book(self, call: SoapCall, unit: str) -> Booking:
        order = copy.deepcopy(call.payload.find(f"{_NS}order"))
        assert order is not None  # the schema has been checked
        client_reference = _text(order, "clientReference")
        booking = Booking(
            self._number(unit),
            _text(order, "externalReference") or client_reference,
            client_reference,
            _text(order, "accountNo"),
            etree.tostring(order),
            call.envelope,
            (("unit", unit),),
            self._passing.now(),
        )
        self.bookings.add(booking)
        return booking

    def _status(self, booking: Booking) -> str:
        return self._step(booking.account[-4:], booking).status

    def _number(self, unit: str) -> str:
        """The next number of a unit. After 9999 the letter goes on."""
        numbering = self._scenarios.units[unit]
        count = numbering.first - 1 + self.bookings.numbers.next(unit)
        return f"{numbering.prefix}{count % 10_000:04d}{chr((ord(numbering.suffix) - ord('A') + count // 10_000) % 26 + ord('A'))}"

    def _read(self, call: SoapCall, unit: str) -> list[Booking]:
        booking = self.bookings.by_number(_text(call.payload, "serviceOrderNo"))
        if booking is None or _unit(booking) != unit or booking.account != _text(call.payload, "accountNo"):
            return []
        return [booking]


liberate = living(Liberate, LiberateScenarios, HERE)


def _unit(booking: Booking) -> str:
    return dict(booking.details)["unit"]


def _result(answer: etree._Element, refusal: tuple[str, ...], warnings: tuple[str, ...]) -> None:
    result = etree.SubElement(answer, f"{_NS}result")
    _add(result, "code", _REFUSED if refusal else _DONE)
    for text in refusal or warnings:
        _add(result, "text", text)


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _NS + name).text = text


def _text(element: etree._Element, *names: str) -> str:
    found = element.find("/".join(_NS + name for name in names))
    return "" if found is None or found.text is None else found.text
