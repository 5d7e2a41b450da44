"""Cerillion: PlaceOrder, GetOrder, FindOrder over ``mappings/jm-cerillion/schema/cerillion.wsdl`` (SOAP 1.1, unqualified elements)."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lxml import etree
from pydantic import BaseModel, ConfigDict

from simulators.bookings import Booking, Bookings
from simulators.life import DEFAULT, Lives, Passing
from simulators.scenario import NORMAL, Behaviour, overridden, read_yaml
from simulators.soap_server import Simulator, SoapCall
from simulators.wsdl import Contract

_NAMESPACE = "urn:cerillion:orders:1"
HERE = Path(__file__).parent
WSDL = HERE.parents[1] / "mappings" / "jm-cerillion" / "schema" / "cerillion.wsdl"


class CerillionScenarios(BaseModel):
    """``scenarios.yaml``: behaviours and lives by the last four characters of the account, and the first work order's number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenarios: dict[str, Behaviour]
    lives: Lives
    first: int


class Cerillion:
    """The backend behind the server; keeps at most ``limit`` orders, which go on by the time that is ``passing``."""

    name = "cerillion"

    def __init__(self, scenarios: CerillionScenarios, wsdl: Path = WSDL, limit: int = 10_000, passing: Passing | None = None) -> None:
        self.contract = Contract(wsdl)
        self.bookings = Bookings(limit)
        self._scenarios = scenarios
        self._passing = passing or Passing()

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
            life = self._scenarios.lives.get(found[0].account[-4:], self._scenarios.lives[DEFAULT])
            etree.SubElement(answer, "state").text = self._passing.step(life, found[0].booked_at).status
            answer.append(etree.fromstring(found[0].order))
        return answer

    def fault_detail(self, _call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """The WSDL's CerillionFault."""
        assert behaviour.fault is not None
        detail = etree.Element(f"{{{_NAMESPACE}}}CerillionFault", nsmap={"cer": _NAMESPACE})
        etree.SubElement(detail, "code").text = behaviour.fault.code
        etree.SubElement(detail, "text").text = behaviour.fault.detail
        return detail

    def _book(self, call: SoapCall) -> Booking:
        order = copy.deepcopy(call.payload.find("workOrder"))
        assert order is not None  # the schema has been checked
        number = str(self._scenarios.first + self.bookings.next_count() - 1)
        client_reference = order.get("clientReference", "")
        reference = order.findtext("externalReference", "") or client_reference
        account, now = order.findtext("account", ""), self._passing.now()
        booking = Booking(number, reference, client_reference, account, etree.tostring(order), call.envelope, (), now)
        self.bookings.add(booking)
        return booking


def cerillion(
    scenarios: Path = HERE / "scenarios.yaml",
    override: Mapping[str, Mapping[str, Any]] | None = None,
    speed: float = 1.0,
    clock: Callable[[], float] = time.time,
    **server: Any,
) -> Simulator:
    """The Cerillion simulator. ``override`` changes single scenarios: ``{"0928": {"after": 0.1}}``; orders go on ``speed`` times as fast
    as ``clock`` (seconds since the epoch); ``server`` is host and port."""
    declared = CerillionScenarios.model_validate(read_yaml(scenarios))
    changed = declared.model_copy(update={"scenarios": overridden(declared.scenarios, override or {})})
    return Simulator(Cerillion(changed, passing=Passing(speed, clock)), **server)
