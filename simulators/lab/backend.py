"""The lab's order desk over ``mappings/lab/schema/lab.wsdl`` (SOAP 1.2): orders are booked, read and found, changed, cancelled, removed."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

from lxml import etree
from pydantic import Field

from simulators.bookings import Booking
from simulators.life import DEFAULT, Lives, Step
from simulators.order_desk import LivingScenarios, OrderDesk, living
from simulators.scenario import NORMAL, Behaviour
from simulators.soap_server import SoapCall

_NAMESPACE = "urn:lab:orders:1"
UNKNOWN_ORDER = "L404 ORDER NOT FOUND"
FINISHED = "L409 ORDER IS FINISHED"
STILL_OPEN = "L410 ORDER IS OPEN"
STOPPING_SECONDS = 5.0
_ENDS = ("DONE", "BROKEN", "STOPPED")
_IN_WORK = "WORKING"
_MEMBERS = ("summary", "wantedOn", "urgency", "parties", "remarks", "lines")  # of an order, as the WSDL has them
HERE = Path(__file__).parent
WSDL = HERE.parents[1] / "mappings" / "lab" / "schema" / "lab.wsdl"


class LabScenarios(LivingScenarios):
    """``scenarios.yaml``: behaviours and lives by the first word of the order's reference, or of what is said about a change."""

    lives: Lives = Field({DEFAULT: (Step(status="BOOKED"),)})


class Lab(OrderDesk[LabScenarios]):
    """The backend behind the server."""

    name = "lab"
    wsdl = WSDL
    fault = f"{{{_NAMESPACE}}}LabFault"

    def behaviour(self, call: SoapCall) -> Behaviour:
        """By the reference of a new order, the new summary of one that is changed, the reason of a cancellation; all else always works."""
        order = call.payload.find("order")
        said = {
            "CreateOrder": "" if order is None else order.get("reference", ""),
            "ChangeOrder": call.payload.findtext("order/summary") or "",
            "CancelOrder": call.payload.findtext("reason") or "",
        }
        return self._scenarios.scenarios.get(_word(said.get(call.operation, "")), NORMAL)

    def handle(self, call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """Does the call."""
        answer = etree.Element(f"{{{_NAMESPACE}}}{call.operation}Response", nsmap={"lab": _NAMESPACE})
        found: list[Booking] = []
        if behaviour.refuse:
            _receipt(answer, "NO", behaviour.refuse)
        elif call.operation == "CreateOrder":
            _receipt(answer, "OK", behaviour.warnings)
            found = [self._book(call)]
        elif call.operation == "ReadOrder":
            booking = self.bookings.by_number(call.payload.get("orderNo", ""))
            _receipt(answer, "OK" if booking else "NO", behaviour.warnings if booking else (UNKNOWN_ORDER,))
            found = [booking] if booking else []
        elif call.operation in ("ChangeOrder", "CancelOrder", "RemoveOrder"):
            found = self._altered(call, answer, behaviour)
        else:
            _receipt(answer, "OK", behaviour.warnings)
            found = self._search(call.payload.get("reference"), call.payload.get("clientReference"))
        if call.operation == "FindOrder":
            answer.set("matches", str(len(found)))
        if len(found) == 1:
            answer.set("orderNo", found[0].number)
            answer.set("state", self.status(found[0]))
            if last := dict(found[0].details).get("lastChange"):
                answer.set("lastChange", last)
            answer.append(etree.fromstring(found[0].order))
        return answer

    def status(self, booking: Booking) -> str:
        """Where the order is by now."""
        details = dict(booking.details)
        if "stoppedAt" in details:
            step = Step(after=STOPPING_SECONDS if details["stoppedAs"] == "STOPPING" else 0.0, status="STOPPED")
            way = (Step(status="STOPPING"), step) if step.after else (step,)
            return self._passing.step(way, float(details["stoppedAt"])).status
        return self._step(_word(booking.reference), booking).status

    def _altered(self, call: SoapCall, answer: etree._Element, behaviour: Behaviour) -> list[Booking]:
        """What becomes of an order that is there: the receipt goes into the answer."""
        booking = self.bookings.by_number(call.payload.get("orderNo", ""))
        status = self.status(booking) if booking else ""
        refusal = UNKNOWN_ORDER if booking is None else self._refusal(call.operation, status)
        if booking is None or refusal:
            _receipt(answer, "NO", (refusal,))
            return []
        _receipt(answer, "OK", behaviour.warnings)
        if call.operation == "RemoveOrder":
            self.bookings.remove(booking.number)
            return []
        details = {**dict(booking.details), "lastChange": call.payload.get("clientReference", "")}
        if call.operation == "CancelOrder" or call.payload.get("stop") == "Y":
            details |= {"stoppedAt": repr(self._passing.now()), "stoppedAs": "STOPPING" if status == _IN_WORK else "STOPPED"}
        changed = replace(booking, order=_changed(booking.order, call.payload.find("order")), details=tuple(details.items()))
        self.bookings.replace(changed)
        return [changed]

    def _refusal(self, operation: str, status: str) -> str:
        ended = status in _ENDS
        if operation == "RemoveOrder":
            return "" if ended else STILL_OPEN
        return FINISHED if ended else ""

    def _book(self, call: SoapCall) -> Booking:
        order = copy.deepcopy(call.payload.find("order"))
        assert order is not None  # the schema has been checked
        number = f"LAB-{self.bookings.numbers.next():06d}"
        reference, client_reference = order.get("reference", ""), order.get("clientReference", "")
        booking = Booking(number, reference, client_reference, "", etree.tostring(order), call.envelope, (), self._passing.now())
        self.bookings.add(booking)
        return booking

    def _search(self, reference: str | None, client_reference: str | None) -> list[Booking]:
        """Both given: both must fit. None given: nothing is found."""
        if reference is not None:
            return self.bookings.find(reference, client_reference)
        return [] if client_reference is None else self.bookings.by_client_reference(client_reference)


lab = living(Lab, LabScenarios, HERE)


def _changed(order: bytes, change: etree._Element | None) -> bytes:
    """The order with the members of the change in place of its own; an empty summary takes it away."""
    booked = etree.fromstring(order)
    for member in () if change is None else change:
        for old in booked.findall(member.tag):
            booked.remove(old)
        if member.tag == "summary" and not member.text:
            continue
        place = sum(1 for other in booked if _MEMBERS.index(str(other.tag)) < _MEMBERS.index(str(member.tag)))
        booked.insert(place, copy.deepcopy(member))
    return etree.tostring(booked)


def _word(reference: str) -> str:
    """The first word, which says what happens to the order."""
    return reference.partition("-")[0]


def _receipt(answer: etree._Element, status: str, texts: tuple[str, ...]) -> None:
    """Each text is ``CODE words``; both go into the answer as they are."""
    receipt = etree.SubElement(answer, "receipt", {"status": status})
    for text in texts:
        message = etree.SubElement(receipt, "message", {"code": text.partition(" ")[0]})
        etree.SubElement(message, "text").text = text
