"""The messages of the supplier as XML (``mappings/de/schema/buyer.wsdl``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from simulators.numbers import Numbers
from simulators.spri.change import Answer, ProviderChange
from simulators.spri.course import ANNOUNCEMENT, QUESTION, Contact, Line, SpriScenarios, Step

NAMESPACE = "urn:spri-style:meldung:1"
_NS = f"{{{NAMESPACE}}}"
_DATED = frozenset({"ABM", "ABM-PV", "VZM", "VZM-PV"})
_WINDOW = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its own number, its type, the order it is about, the payload of its envelope."""

    number: str
    kind: str
    order: str
    payload: etree._Element


class Writer:
    """Makes the messages, with the texts and names of a scenario file, and numbers them."""

    def __init__(self, scenarios: SpriScenarios, numbers: Numbers) -> None:
        self._numbers = numbers
        self._texts, self._providers, self._contact = scenarios.codes, scenarios.providers, scenarios.contact

    def message(self, change: ProviderChange, step: Step) -> Message:
        """What ``step`` tells of the change, as it is now."""
        number, side = f"M{self._numbers.next('message'):08d}", change.side(step.line)
        announced = step.message == ANNOUNCEMENT
        root = etree.Element(f"{_NS}{'annehmeKuendigung' if announced else 'annehmeMeldung'}", nsmap={"m": NAMESPACE})
        head = _child(root, "kopf")
        _texts(head, {"meldungsnummer": number, "zeitstempel": moment(change.now())})
        if announced:
            self._announcement(_child(root, "kuendigung"), change)
        else:
            self._told(_child(root, "meldung"), change, step)
        return Message(number, step.message, side.number, root)

    def _announcement(self, body: etree._Element, change: ProviderChange) -> None:
        fields = {
            "geschaeftsfall": ANNOUNCEMENT,
            "auftragsnummer": change.old.number,
            "auftraggebernummer": change.old.buyer,
            "auftragsdatum": moment(change.now()),
            "vorabstimmungsId": change.agreement,
            "einzelvertragsnummer": change.contract,
        }
        _texts(body, fields)
        position = _child(body, "position")
        _texts(position, {"nummer": "1", "produktnummer": f"P-{change.old.number}", "leitungsbezeichnung": change.line})

    def _told(self, body: etree._Element, change: ProviderChange, step: Step) -> None:
        side, kind, to_loser = change.side(step.line), step.message, step.line is Line.OLD
        fields = {
            "meldungstyp": kind,
            "geschaeftsfall": ANNOUNCEMENT if to_loser else change.case,
            "aenderungskennzeichen": step.about,
            "auftragsnummer": side.number,
            "externeAuftragsnummer": "" if to_loser else change.reference,
            "statusdatum": moment(change.now()),
        }
        _texts(body, fields)
        for code in step.codes:
            _texts(_child(body, "position"), {"meldungscode": code, "meldungstext": self._texts[code]})
        stays = step.about == "Storno" and kind == "ABBM" and step.status in ("ANGENOMMEN", "KLAERUNG", "IN_AUSFUEHRUNG")
        asked = kind == QUESTION
        _texts(
            body,
            {
                "auftragsstatus": step.status if stays else "",
                "wunschtermin": moment(change.wished) if asked and change.wished else "",
            },
        )
        if kind in _DATED and change.binding is not None:
            window = _child(body, "ausfuehrungstermin")
            _texts(window, {"von": moment(change.binding), "bis": moment(change.binding + _WINDOW)})
        fields = {
            "erledigungstermin": moment(change.now()) if kind == "ERLM" else "",
            "leitungsbezeichnung": change.line if kind in ("ABM", "ABM-PV") else "",
            "antwortfrist": moment(change.answer_until) if asked and change.answer_until else "",
            "entgeltpflichtig": "" if step.charged is None else "J" if step.charged else "N",
        }
        _texts(body, fields)
        if step.delay:
            _texts(_child(body, "verzoegerung"), {"neuerTermin": moment(change.binding) if change.binding else "", "grund": step.delay})
        if not to_loser and kind in ("ABM", "ABBM") and step.about == "Standard" and change.answer is not None:
            self._loser(_child(body, "abgebenderProvider"), change, change.answer)
            _contact(body, self._contact)
        elif asked:
            name = self._providers.get(change.new.buyer, "")
            _texts(_child(body, "aufnehmenderProvider"), {"kennung": change.new.buyer, "providername": name})

    def _loser(self, body: etree._Element, change: ProviderChange, answer: Answer) -> None:
        name = answer.provider or self._providers.get(change.old.buyer, "")
        _texts(body, {"kennung": change.old.buyer, "providername": name, "zustimmung": "J" if answer.approved else "N"})
        _answers(body, answer.codes)
        _texts(body, {"uebergabetermin": answer.handover})


def moment(when: datetime) -> str:
    """An xs:dateTime with milliseconds and offset."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _answers(body: etree._Element, codes: Iterable[tuple[str, str]]) -> None:
    for code, text in codes:
        _texts(_child(body, "antwort"), {"antwortcode": code, "antworttext": text})


def _contact(body: etree._Element, contact: Contact) -> None:
    person = _child(body, "ansprechpartner")
    _texts(person, contact.model_dump(exclude={"kontakt"}))
    for kind, value in contact.kontakt.items():
        _texts(_child(person, "kontakt"), {"art": kind, "wert": value})


def _child(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{_NS}{name}")


def _texts(parent: etree._Element, fields: Mapping[str, str]) -> None:
    """The fields that have a text, in this order."""
    for name, text in fields.items():
        if text:
            _child(parent, name).text = text
