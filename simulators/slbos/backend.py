"""SLBOS as documented: UpdateOrderDetail, GetOrderStatus, GetOrderStatusList, FindOrder over ``mappings/pr/schema/slbos.wsdl``."""

from __future__ import annotations

import copy
from pathlib import Path

from lxml import etree
from pydantic import BaseModel, ConfigDict, Field

from simulators.bookings import Booking
from simulators.life import DEFAULT, Lives, Step
from simulators.order_desk import LivingScenarios, OrderDesk, living
from simulators.scenario import NORMAL, Behaviour
from simulators.soap_server import SoapCall

_SERVICE = "{urn:slbos:service:1}"
_ORDER = "{urn:slbos:order:1}"
_UNSCHEDULED = "4444-12-31"
_DONE, _REFUSED = "0000", "2099"
UNKNOWN_ORDER = "2099 | ORDER_NO-ORD10E-ORDER NOT FOUND| "
HERE = Path(__file__).parent
WSDL = HERE.parents[1] / "mappings" / "pr" / "schema" / "slbos.wsdl"


class Sample(BaseModel):
    """What the document answers one of its sample orders with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    orderNumber: str  # noqa: N815 - the names of the scenario file
    creditLimit: str  # noqa: N815
    technician: str
    jobNumber: str  # noqa: N815
    jobComment: str = ""  # noqa: N815


class SlbosScenarios(LivingScenarios):
    """``scenarios.yaml``: behaviours and lives by house id, documented numbers by temporary order id, job types booked as others."""

    lives: Lives = Field({DEFAULT: (Step(status="ACKNOWLEDGED"),)})
    samples: dict[str, Sample] = Field({})
    jobTypes: dict[str, dict[str, str]] = Field({})  # noqa: N815


class Slbos(OrderDesk[SlbosScenarios]):
    """The backend behind the server."""

    name = "slbos"
    wsdl = WSDL
    fault = f"{_SERVICE}SlbosFault"
    fault_members = _ORDER

    def behaviour(self, call: SoapCall) -> Behaviour:
        """By house id, for UpdateOrderDetail; status and search always work."""
        if call.operation != "UpdateOrderDetail":
            return NORMAL
        return self._scenarios.scenarios.get(_text(call.payload, "order", "houseId"), NORMAL)

    def handle(self, call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """Does the call."""
        answer = etree.Element(f"{_SERVICE}{call.operation}Response", nsmap={"srv": _SERVICE[1:-1], "ord": _ORDER[1:-1]})
        if behaviour.refuse:
            _result(answer, _REFUSED, behaviour.refuse)
            if call.operation == "FindOrder":
                _add(answer, _SERVICE, "matches", "0")
        elif call.operation == "UpdateOrderDetail":
            self._update(answer, call, behaviour)
        elif call.operation == "GetOrderStatus":
            self._status(answer, call, behaviour)
        elif call.operation == "GetOrderStatusList":
            self._status_list(answer, call, behaviour)
        else:
            self._find(answer, call, behaviour)
        return answer

    def fault_detail(self, call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """Its transaction is the conversation id of the order."""
        detail = super().fault_detail(call, behaviour)
        if conversation := _text(call.payload, "order", "conversationId"):
            _add(detail, _ORDER, "transaction", conversation)
        return detail

    def _update(self, answer: etree._Element, call: SoapCall, behaviour: Behaviour) -> None:
        booking = self._book(call)
        _result(answer, _DONE, behaviour.warnings)
        _add(answer, _SERVICE, "orderNumber", booking.number)
        _details(answer, booking)

    def _status(self, answer: etree._Element, call: SoapCall, behaviour: Behaviour) -> None:
        booking = self.bookings.by_number(_text(call.payload, "orderNumber"))
        account = _text(call.payload, "accountNumber")
        if booking is None or (account and account.removeprefix("#") != booking.account):
            _result(answer, _REFUSED, (UNKNOWN_ORDER,))
            return
        _result(answer, _DONE, behaviour.warnings)
        _add(answer, _SERVICE, "orderNumber", booking.number)
        step = self._told(answer, _SERVICE, booking)
        _details(answer, booking)
        for index, line in enumerate(answer.iter(f"{_ORDER}line")):
            _line_status(line, step, index)

    def _status_list(self, answer: etree._Element, call: SoapCall, behaviour: Behaviour) -> None:
        """Each number once, whatever is asked for twice."""
        _result(answer, _DONE, behaviour.warnings)
        for number in dict.fromkeys(element.text or "" for element in call.payload.iter(f"{_SERVICE}orderNumber")):
            booking = self.bookings.by_number(number)
            if booking is None:
                continue
            told = etree.SubElement(answer, f"{_SERVICE}orderStatus")
            _add(told, _ORDER, "orderNumber", number)
            step = self._told(told, _ORDER, booking)
            order = etree.fromstring(booking.order)
            _add(told, _ORDER, "requestedDate", _text(order, "requestedDate"))
            for index, line in enumerate(order.findall(f"{_ORDER}line") if step.lines else ()):
                _line_status(line, step, index)
                told.append(line)

    def _told(self, parent: etree._Element, namespace: str, booking: Booking) -> Step:
        """Writes where an order is by now."""
        step = self._step(_text(etree.fromstring(booking.order), "houseId"), booking)
        if step.status:
            _add(parent, namespace, "status", step.status)
        if step.completes:
            _add(parent, namespace, "completionDate", self._passing.began(step, booking.booked_at))
        return step

    def _find(self, answer: etree._Element, call: SoapCall, behaviour: Behaviour) -> None:
        client_reference = _text(call.payload, "clientReference") or None
        found = self.bookings.find(_text(call.payload, "temporaryOrderId"), client_reference)
        _result(answer, _DONE, behaviour.warnings)
        _add(answer, _SERVICE, "matches", str(len(found)))
        if len(found) == 1:
            _add(answer, _SERVICE, "orderNumber", found[0].number)
            _details(answer, found[0])

    def _book(self, call: SoapCall) -> Booking:
        order = copy.deepcopy(call.payload.find(f"{_SERVICE}order"))
        assert order is not None  # the schema has been checked
        temporary = _text(order, "temporaryOrderId")
        count = self.bookings.numbers.next()
        sample = self._scenarios.samples.get(temporary)
        if sample is not None and not self.bookings.numbers.first(sample.orderNumber):
            sample = None
        number = sample.orderNumber if sample else f"1200060{count:07d}01"
        _set(order, _text(order, "accountNumber").removeprefix("#"), "accountNumber")
        installation, job_type = _text(order, "job", "installation"), _text(order, "job", "type")
        _set(order, self._scenarios.jobTypes.get(installation, {}).get(job_type, job_type), "job", "type")
        if sample:
            _set(order, sample.creditLimit, "creditLimit")
            if sample.jobComment:
                _remark(order, "JobComment", sample.jobComment)
        visit_unscheduled = _text(order, "requestedDate").startswith(_UNSCHEDULED) and installation.lower() != "selfinstall"
        booked_job = (
            ("id", f"{number if visit_unscheduled or not temporary else temporary}0001"),
            ("technician", sample.technician if sample else "0701"),
            ("number", sample.jobNumber if sample else f"{count % 1_000_000:06d}"),
        )
        account, reference = _text(order, "accountNumber"), _text(order, "clientReference")
        booking = Booking(number, temporary, reference, account, etree.tostring(order), call.envelope, booked_job, self._passing.now())
        self.bookings.add(booking)
        return booking


slbos = living(Slbos, SlbosScenarios, HERE)


def _result(answer: etree._Element, code: str, messages: tuple[str, ...]) -> None:
    result = etree.SubElement(answer, f"{_SERVICE}result")
    _add(result, _ORDER, "returnCode", code)
    for message in messages:
        _add(result, _ORDER, "message", message)


def _details(answer: etree._Element, booking: Booking) -> None:
    answer.append(etree.fromstring(booking.order))
    job = etree.SubElement(answer, f"{_SERVICE}bookedJob")
    for name, value in booking.details:
        _add(job, _ORDER, name, value)


def _line_status(line: etree._Element, step: Step, index: int) -> None:
    if status := step.line(index):
        _add(line, _ORDER, "status", status)


def _remark(order: etree._Element, kind: str, text: str) -> None:
    """Remarks stand before the lines."""
    remark = etree.Element(f"{_ORDER}remark")
    _add(remark, _ORDER, "kind", kind)
    _add(remark, _ORDER, "text", text)
    first_line = order.find(f"{_ORDER}line")
    assert first_line is not None
    first_line.addprevious(remark)


def _add(parent: etree._Element, namespace: str, name: str, text: str) -> None:
    etree.SubElement(parent, namespace + name).text = text


def _find(element: etree._Element, *names: str) -> etree._Element | None:
    """The element at a path of local names; the namespaces are told by the schema."""
    return element.find("/".join(f"{{*}}{name}" for name in names))


def _text(element: etree._Element, *names: str) -> str:
    found = _find(element, *names)
    return "" if found is None or found.text is None else found.text


def _set(element: etree._Element, text: str, *names: str) -> None:
    found = _find(element, *names)
    assert found is not None
    found.text = text
