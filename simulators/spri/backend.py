"""The supplier: takes orders and what belongs to them over ``mappings/de/schema/supplier.wsdl`` (SOAP 1.1)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from simulators.bookings import Booking, Bookings
from simulators.life import DEFAULT, Passing
from simulators.scenario import NORMAL, Behaviour
from simulators.soap_server import SoapCall
from simulators.spri.change import Answer, ProviderChange, Side
from simulators.spri.course import SpriScenarios, Stage
from simulators.wsdl import Contract

NAMESPACE = "urn:spri-style:auftrag:1"
_NS = f"{{{NAMESPACE}}}"
HERE = Path(__file__).parent
WSDL = HERE.parents[1] / "mappings" / "de" / "schema" / "supplier.wsdl"
_KINDS = {"rueckmeldeProviderwechsel": "RUEM-PV", "storniereAuftrag": "STORNO", "verschiebeTermin": "TERMINVERSCHIEBUNG"}
_ORDER = "AUFTRAG"


class Supplier:
    """The backend behind the server; keeps at most ``limit`` orders and requests about orders. ``moved`` is told of each provider
    change that has something new to say."""

    name = "spri"

    def __init__(
        self, scenarios: SpriScenarios, moved: Callable[[ProviderChange], None], passing: Passing, wsdl: Path = WSDL, limit: int = 10_000
    ) -> None:
        self.contract = Contract(wsdl)
        self.bookings = Bookings(limit)
        self._scenarios, self._moved, self._passing, self._limit = scenarios, moved, passing, limit
        self._changes: dict[str, ProviderChange] = {}

    def clear(self) -> None:
        """Forgets the orders."""
        self._changes.clear()

    def behaviour(self, call: SoapCall) -> Behaviour:
        """By the buyer's number of a new order; everything else always works."""
        if call.operation != "anlegeAuftrag":
            return NORMAL
        return self._scenarios.scenarios.get(_word(_text(call.payload, "auftrag/externeAuftragsnummer")), NORMAL)

    def handle(self, call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """Does the call."""
        answer = etree.Element(f"{_NS}{call.operation}Antwort", nsmap={"a": NAMESPACE})
        if behaviour.refuse:
            self._receipt(answer, behaviour.refuse)
        elif call.operation == "anlegeAuftrag":
            self._place(call, answer)
        elif call.operation == "sucheVorgang":
            self._search(_text(call.payload, "klientReferenz"), answer)
        elif call.operation == "leseAuftrag":
            self._read(_text(call.payload, "auftragsnummer"), answer)
        else:
            self._request(call, answer)
        return answer

    def fault_detail(self, _call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """The WSDL's spriFehler."""
        assert behaviour.fault is not None
        detail = etree.Element(f"{_NS}spriFehler", nsmap={"a": NAMESPACE})
        _add(detail, "fehlercode", behaviour.fault.code)
        _add(detail, "fehlertext", behaviour.fault.detail)
        return detail

    def _place(self, call: SoapCall, answer: etree._Element) -> None:
        order = call.payload.find(f"{_NS}auftrag")
        assert order is not None  # the schema has been checked
        reference, line = _text(order, "externeAuftragsnummer"), _text(order, "position/leitungsbezeichnung")
        count = self.bookings.numbers.next()
        number = f"PV{count:08d}"
        lines = self._scenarios.lines
        wished = _text(order, "kundenwunschtermin/von")
        change = ProviderChange(
            course=self._scenarios.course(_word(reference)),
            passing=self._passing,
            new=Side(number, _text(order, "auftraggebernummer"), "EINGEGANGEN"),
            old=Side(f"KUE{count:08d}", lines.get(line, lines[DEFAULT])),
            reference=reference,
            case=_text(order, "geschaeftsfall"),
            agreement=_text(order, "vorabstimmungsId"),
            contract=_text(order, "einzelvertragsnummer"),
            wished=_moment(wished) if wished else None,
            line=line,
        )
        change.begin(Stage.PLACED)
        self._keep(change)
        self._book(call, number, reference, order)
        self._receipt(answer)
        _add(answer, "auftragsnummer", number)
        _add(answer, "auftragsstatus", change.new.status)
        answer.append(copy.deepcopy(order))
        self._moved(change)

    def _request(self, call: SoapCall, answer: etree._Element) -> None:
        """RUEM-PV, Storno, Terminverschiebung."""
        said = call.payload.find(f"{_NS}rueckmeldung")
        asked = call.payload if said is None else said
        number, kind = _text(asked, "auftragsnummer"), _KINDS[call.operation]
        change = self._changes.get(number)
        code = "X404" if change is None else self._done(change, number, kind, asked)
        if change is None or code:
            self._receipt(answer, [code])
            return
        request = f"VG{self.bookings.numbers.next():08d}"
        self._book(call, request, f"{kind} {number}", asked)
        self._receipt(answer)
        _add(answer, "vorgangsnummer", request)
        _add(answer, "auftragsstatus", self._status(change, number))
        if said is not None:
            answer.append(copy.deepcopy(said))
        self._moved(change)

    def _done(self, change: ProviderChange, number: str, kind: str, payload: etree._Element) -> str:
        """What stands against it, "" where it was done. Each kind is about one of the two orders only."""
        if (kind == "RUEM-PV") is not (number == change.old.number):
            return "X409"
        if kind == "RUEM-PV":
            answers = [(_text(one, "antwortcode"), _text(one, "antworttext")) for one in payload.findall(f"{_NS}antwort")]
            said = Answer(
                _text(payload, "zustimmung") == "J", tuple(answers), _text(payload, "uebergabetermin"), _text(payload, "providername")
            )
            return change.decide(said)
        if kind == "STORNO":
            return change.cancel()
        return change.reschedule(_moment(_text(payload, "neuerTermin/von")))

    def _search(self, reference: str, answer: etree._Element) -> None:
        found = self.bookings.by_client_reference(reference)
        self._receipt(answer)
        _add(answer, "treffer", str(len(found)))
        if len(found) != 1:
            return
        booking = found[0]
        order = etree.fromstring(booking.order)
        number = booking.number if booking.account == _ORDER else _text(order, "auftragsnummer")
        _add(answer, "vorgangsart", booking.account)
        if booking.account != _ORDER:
            _add(answer, "vorgangsnummer", booking.number)
        _add(answer, "auftragsnummer", number)
        if change := self._changes.get(number):
            _add(answer, "auftragsstatus", self._status(change, number))
        if booking.account in (_ORDER, "RUEM-PV"):
            answer.append(order)

    def _read(self, number: str, answer: etree._Element) -> None:
        change, booking = self._changes.get(number), self.bookings.by_number(number)
        status = self._status(change, number) if change is not None else ""
        if not status:
            self._receipt(answer, ["X404"])
            return
        self._receipt(answer)
        _add(answer, "auftragsnummer", number)
        _add(answer, "auftragsstatus", status)
        if booking is not None:
            answer.append(etree.fromstring(booking.order))

    def _keep(self, change: ProviderChange) -> None:
        """By the numbers of both orders; the oldest change is forgotten first."""
        self._changes[change.new.number] = self._changes[change.old.number] = change
        if len(self._changes) > 2 * self._limit:
            for number in list(self._changes)[:2]:
                del self._changes[number]

    def _book(self, call: SoapCall, number: str, reference: str, order: etree._Element) -> None:
        """Bookings hold requests about orders, too, so that doubles of them are counted."""
        client_reference, kind = _text(call.payload, "kopf/klientReferenz"), _KINDS.get(call.operation, _ORDER)
        self.bookings.add(Booking(number, reference, client_reference, kind, etree.tostring(order), call.envelope, (), self._passing.now()))

    def _status(self, change: ProviderChange, number: str) -> str:
        return (change.new if number == change.new.number else change.old).status

    def _receipt(self, answer: etree._Element, codes: Iterable[str] = ()) -> None:
        refused = list(codes)
        receipt = etree.SubElement(answer, f"{_NS}quittung")
        _add(receipt, "status", "NOK" if refused else "OK")
        for code in refused:
            told = etree.SubElement(receipt, f"{_NS}meldung")
            _add(told, "meldungscode", code)
            _add(told, "meldungstext", self._scenarios.codes.get(code, code))


def _word(reference: str) -> str:
    """The first word, which says what happens to the order."""
    return reference.partition("-")[0]


def _text(element: etree._Element, path: str) -> str:
    """The text at a path of local names, "" where there is none."""
    return element.findtext("/".join(f"{_NS}{name}" for name in path.split("/"))) or ""


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{_NS}{name}").text = text


def _moment(text: str) -> datetime:
    """A moment as XML Schema writes it; without an offset it is meant in UTC."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
