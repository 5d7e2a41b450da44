"""The network behind the server: sockets, the services on them, and the four methods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from lxml import etree

from simulators.bookings import Booking, Bookings
from simulators.citynetwork.scenario import Behaviour, CityNetworkScenarios, Told

METHODS: Mapping[str, tuple[str, ...]] = {
    "port_status": ("socket",),
    "service_deliverable": ("origin", "service_uid", "socket"),
    "service_order": ("origin", "date", "service_uid", "socket"),
    "service_deactivate": ("date", "service_uid", "socket"),
}
"""The methods with the parameters that each must have."""
ORIGINS = ("customer", "provider")
_BINDING_DAYS = 365


@dataclass(frozen=True, slots=True)
class Call:
    """One call that has all its parameters. ``target`` is the address as it came."""

    method: str
    given: Mapping[str, str]
    target: str

    @property
    def socket(self) -> str:
        """The socket it is about."""
        return self.given["socket"]


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """The network's no: HTTP status, code and words."""

    status: int
    code: str
    message: str
    hardware: str = ""


class Network:
    """Keeps at most ``limit`` orders; a second order of the same service is a double, which is counted and not refused."""

    def __init__(self, scenarios: CityNetworkScenarios, limit: int = 10_000) -> None:
        self.scenarios = scenarios
        self.bookings = Bookings(limit)
        self._ended: dict[tuple[str, str], date] = {}

    def clear(self) -> None:
        """Forgets every order."""
        self.bookings.clear()
        self._ended.clear()

    def behaviour(self, call: Call) -> Behaviour:
        """By the socket."""
        return self.scenarios.scenario(call.socket).of(call.method, call.given.get("origin", ""))

    def handle(self, call: Call, behaviour: Behaviour) -> etree._Element:
        """Does the call and gives its answer. Raises Refusal."""
        if not re.fullmatch(self.scenarios.sockets, call.socket):
            raise Refusal(404 if call.method == "service_deliverable" else 200, "404", f"Uttaget {call.socket} är okänt")
        if behaviour.refuses:
            raise Refusal(behaviour.status, behaviour.code, behaviour.message, behaviour.hardware)
        if call.method != "port_status" and call.given["service_uid"] not in self.scenarios.services:
            raise Refusal(200, "410", f"Tjänsten {call.given['service_uid']} säljs inte i nätet")
        answer = etree.Element(call.method)
        if call.method == "port_status":
            self._port(call, answer)
        elif call.method == "service_order":
            self._book(call)
        elif call.method == "service_deactivate":
            self._end(call)
        etree.SubElement(answer, "status").text = "success"
        return answer

    def _port(self, call: Call, answer: etree._Element) -> None:
        scenario = self.scenarios.scenario(call.socket)
        response = etree.SubElement(answer, "response")
        port = {"nettype": "LAYER2", "media": "FTTH", "portcapacity": "1000", "cpecapacity": "1000", "cocpe": "YES", "serviceport": "ASAP"}
        about = {"message": scenario.message} if scenario.message and scenario.deliverable is not Told.NO else {}
        _filled(etree.SubElement(response, "info"), about | port)
        services = etree.SubElement(response, "services")
        for uid, name in self.scenarios.services.items():
            _filled(etree.SubElement(services, "service"), self._service(call.socket, uid, name))

    def _service(self, socket: str, uid: str, name: str) -> dict[str, str]:
        scenario, active = self.scenarios.scenario(socket), self._active(socket, uid)
        told = {"id": uid, "name": name}
        if active is not None:
            ended = self._ended.get((socket, uid))
            told |= {"date": active, "commitment": _later(active), "release": ended.isoformat() if ended else "0"}
        if scenario.deliverable is Told.NO:
            told["message"] = scenario.message
        return told | ({"deliverable": scenario.deliverable.value} if scenario.deliverable else {})

    def _active(self, socket: str, uid: str) -> str | None:
        """The day on which a service is (or will be) active at a socket, None where it is not ordered."""
        days = [dict(one.details)["date"] for one in self.bookings.find(socket) if dict(one.details)["service_uid"] == uid]
        return days[-1] if days else None

    def _book(self, call: Call) -> None:
        given = call.given
        details = tuple((name, given.get(name, "")) for name in ("service_uid", "date", "origin", "xspcid"))
        number = f"{self.bookings.numbers.next():06d}"
        customer, target = given.get("customer", ""), call.target.encode()
        self.bookings.add(Booking(number, call.socket, given.get("order", ""), customer, b"", target, details))
        self._ended.pop((call.socket, given["service_uid"]), None)

    def _end(self, call: Call) -> None:
        uid = call.given["service_uid"]
        if self._active(call.socket, uid) is None:
            raise Refusal(200, "409", f"Tjänsten {uid} är inte aktiv på uttaget")
        self._ended[call.socket, uid] = date.fromisoformat(call.given["date"])


def refused(method: str, refusal: Refusal) -> etree._Element:
    """The answer of a refusal."""
    answer = etree.Element(method)
    etree.SubElement(answer, "status").text = "failed"
    told = {"code": refusal.code, "message": refusal.message} | ({"hardware": refusal.hardware} if refusal.hardware else {})
    _filled(etree.SubElement(answer, "response"), told)
    return answer


def checked(method: str, given: Mapping[str, str]) -> None:
    """Raises Refusal for what the network does not take: a parameter missing or empty, an origin or day that there is not."""
    for name in METHODS[method]:
        if not given.get(name):
            raise Refusal(400, "400", f"Parametern {name} saknas")
    if "origin" in METHODS[method] and given["origin"] not in ORIGINS:
        raise Refusal(400, "400", f"origin är {given['origin']}, inte {' eller '.join(ORIGINS)}")
    if "date" in METHODS[method]:
        try:
            date.fromisoformat(given["date"])
        except ValueError:
            raise Refusal(400, "400", f"Datumet {given['date']} finns inte") from None


def _later(day: str) -> str:
    return date.fromordinal(date.fromisoformat(day).toordinal() + _BINDING_DAYS).isoformat()


def _filled(element: etree._Element, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        etree.SubElement(element, name).text = text
