"""Cerillion: PlaceOrder, GetOrder, FindOrder over ``mappings/jm-cerillion/schema/cerillion.wsdl`` (SOAP 1.1, unqualified elements)."""

from __future__ import annotations

import copy
from pathlib import Path

from lxml import etree

from simulators.bookings import Booking
from simulators.order_desk import LivingScenarios, OrderDesk, living
from simulators.scenario import NORMAL, Behaviour
from simulators.soap_server import SoapCall

_NAMESPACE = "urn:cerillion:orders:1"
HERE = Path(__file__).parent
WSDL = HERE.parents[1] / "mappings" / "jm-cerillion" / "schema" / "cerillion.wsdl"


class CerillionScenarios(LivingScenarios):
    """``scenarios.yaml``: behaviours and lives by the last four characters of the account, and the first work order's number."""

    first: int


class Cerillion(OrderDesk[CerillionScenarios]):
    """The backend behind the server."""

    name = "cerillion"
    wsdl = WSDL
    fault = f"{{{_NAMESPACE}}}CerillionFault"

    def behaviour(self, call: SoapCall) -> Behaviour:
        """By the account of a new order; reading and finding always work."""
        if call.operation != "PlaceOrder":
            return NORMAL
        return self._scenarios.scenarios.get(call.payload.findtext("workOrder/account", "")[-4:], NORMAL)

    def handle(self, call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """Does the call. Reading validates nothing: what there is, is given, whatever account is named."""
        answer = etree.Element(f"{{{_NAMESPACE}}}{call.operation}Response", nsmap={"cer": _NAMESPACE})
        found: list[Booking] = []
        if call.operation == "PlaceOrder":
            found = [] if behaviour.refuse else [self._book(call)]
        elif call.operation == "GetOrder":
            booking = self.bookings.by_number(call.payload.findtext("workOrderId", ""))
            found = [booking] if booking else []
        elif not behaviour.refuse:
            found = self.bookings.by_client_reference(call.payload.findtext("clientReference", ""))
        reply = etree.SubElement(answer, "reply")
        etree.SubElement(reply, "success").text = "false" if behaviour.refuse else "true"
        for text in behaviour.refuse or behaviour.warnings:
            etree.SubElement(reply, "message").text = text
        if call.operation == "FindOrder":
            etree.SubElement(answer, "matches").text = str(len(found))
        if len(found) == 1:
            etree.SubElement(answer, "workOrderId").text = found[0].number
            etree.SubElement(answer, "state").text = self._step(found[0].account[-4:], found[0]).status
            answer.append(etree.fromstring(found[0].order))
        return answer

    def _book(self, call: SoapCall) -> Booking:
        order = copy.deepcopy(call.payload.find("workOrder"))
        assert order is not None  # the schema has been checked
        number = str(self._scenarios.first + self.bookings.numbers.next() - 1)
        client_reference = order.get("clientReference", "")
        reference = order.findtext("externalReference", "") or client_reference
        account, now = order.findtext("account", ""), self._passing.now()
        booking = Booking(number, reference, client_reference, account, etree.tostring(order), call.envelope, (), now)
        self.bookings.add(booking)
        return booking


cerillion = living(Cerillion, CerillionScenarios, HERE)
