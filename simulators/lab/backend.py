"""The lab's order desk: CreateOrder, ReadOrder, FindOrder over ``mappings/lab/schema/lab.wsdl`` (SOAP 1.2)."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lxml import etree
from pydantic import BaseModel, ConfigDict

from simulators.bookings import Booking, Bookings
from simulators.life import DEFAULT, Lives, Passing, Step
from simulators.scenario import NORMAL, Behaviour, overridden, read_yaml
from simulators.soap_server import Simulator, SoapCall
from simulators.wsdl import Contract

_NAMESPACE = "urn:lab:orders:1"
UNKNOWN_ORDER = "L404 ORDER NOT FOUND"
HERE = Path(__file__).parent
WSDL = HERE.parents[1] / "mappings" / "lab" / "schema" / "lab.wsdl"


class LabScenarios(BaseModel):
    """``scenarios.yaml``: behaviours and lives by the first word of the order's reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenarios: dict[str, Behaviour]
    lives: Lives = {DEFAULT: (Step(status="BOOKED"),)}


class Lab:
    """The backend behind the server; keeps at most ``limit`` orders, which go on by the time that is ``passing``."""

    name = "lab"

    def __init__(self, scenarios: LabScenarios, wsdl: Path = WSDL, limit: int = 10_000, passing: Passing | None = None) -> None:
        self.contract = Contract(wsdl)
        self.bookings = Bookings(limit)
        self._scenarios = scenarios
        self._passing = passing or Passing()

    def behaviour(self, call: SoapCall) -> Behaviour:
        """By the reference of a new order; reading and finding always work."""
        order = call.payload.find("order")
        if call.operation != "CreateOrder" or order is None:
            return NORMAL
        return self._scenarios.scenarios.get(_word(order.get("reference", "")), NORMAL)

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
        else:
            _receipt(answer, "OK", behaviour.warnings)
            found = self._search(call.payload.get("reference"), call.payload.get("clientReference"))
        if call.operation == "FindOrder":
            answer.set("matches", str(len(found)))
        if len(found) == 1:
            answer.set("orderNo", found[0].number)
            life = self._scenarios.lives.get(_word(found[0].reference), self._scenarios.lives[DEFAULT])
            answer.set("state", self._passing.step(life, found[0].booked_at).status)
            answer.append(etree.fromstring(found[0].order))
        return answer

    def fault_detail(self, _call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """The WSDL's LabFault."""
        assert behaviour.fault is not None
        detail = etree.Element(f"{{{_NAMESPACE}}}LabFault", nsmap={"lab": _NAMESPACE})
        etree.SubElement(detail, "code").text = behaviour.fault.code
        etree.SubElement(detail, "text").text = behaviour.fault.detail
        return detail

    def _book(self, call: SoapCall) -> Booking:
        order = copy.deepcopy(call.payload.find("order"))
        assert order is not None  # the schema has been checked
        number = f"LAB-{self.bookings.next_count():06d}"
        reference, client_reference = order.get("reference", ""), order.get("clientReference", "")
        booking = Booking(number, reference, client_reference, "", etree.tostring(order), call.envelope, (), self._passing.now())
        self.bookings.add(booking)
        return booking

    def _search(self, reference: str | None, client_reference: str | None) -> list[Booking]:
        """Both given: both must fit. None given: nothing is found."""
        if reference is not None:
            return self.bookings.find(reference, client_reference)
        return [] if client_reference is None else self.bookings.by_client_reference(client_reference)


def lab(
    scenarios: Path = HERE / "scenarios.yaml",
    override: Mapping[str, Mapping[str, Any]] | None = None,
    speed: float = 1.0,
    clock: Callable[[], float] = time.time,
    **server: Any,
) -> Simulator:
    """The lab simulator. ``override`` changes single scenarios: ``{"SLOW": {"after": 0.1}}``; orders go on ``speed`` times as fast as
    ``clock`` (seconds since the epoch); ``server`` is host and port."""
    declared = LabScenarios.model_validate(read_yaml(scenarios))
    changed = declared.model_copy(update={"scenarios": overridden(declared.scenarios, override or {})})
    return Simulator(Lab(changed, passing=Passing(speed, clock)), **server)


def _word(reference: str) -> str:
    """The first word, which says what happens to the order."""
    return reference.partition("-")[0]


def _receipt(answer: etree._Element, status: str, texts: tuple[str, ...]) -> None:
    """Each text is ``CODE words``; both go into the answer as they are."""
    receipt = etree.SubElement(answer, "receipt", {"status": status})
    for text in texts:
        message = etree.SubElement(receipt, "message", {"code": text.partition(" ")[0]})
        etree.SubElement(message, "text").text = text
