"""What the SOAP backends have in common whose orders go on by themselves."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from lxml import etree

from simulators.bookings import Booking, Bookings
from simulators.life import DEFAULT, Lives, Passing, Step
from simulators.scenario import Behaviour, SoapScenarios
from simulators.soap_server import Backend, Simulator, SoapCall
from simulators.wsdl import Contract


class LivingScenarios(SoapScenarios):
    """Behaviours, and the lives of the orders."""

    lives: Lives


Declared = TypeVar("Declared", bound=LivingScenarios)


class OrderDesk(ABC, Generic[Declared]):
    """The backend behind the server; keeps at most ``limit`` orders, which go on by the time that is ``passing``. ``fault`` is the name of
    the detail element of its faults, ``fault_members`` the namespace of what stands in it, in braces."""

    name: str
    wsdl: Path
    fault: str
    fault_members: str = ""

    def __init__(self, scenarios: Declared, passing: Passing | None = None, limit: int = 10_000) -> None:
        self.contract = Contract(self.wsdl)
        self.bookings = Bookings(limit)
        self._scenarios = scenarios
        self._passing = passing or Passing()

    @abstractmethod
    def behaviour(self, call: SoapCall) -> Behaviour:
        """The scenario for this call."""

    @abstractmethod
    def handle(self, call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """Does what the behaviour says and returns the payload of the answer."""

    def fault_detail(self, _call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """The detail element of the behaviour's fault."""
        assert behaviour.fault is not None
        detail = etree.Element(self.fault, nsmap={self.name[:3]: etree.QName(self.fault).namespace})
        etree.SubElement(detail, f"{self.fault_members}code").text = behaviour.fault.code
        etree.SubElement(detail, f"{self.fault_members}text").text = behaviour.fault.detail
        return detail

    def _step(self, life: str, booking: Booking) -> Step:
        """Where an order is by now that has the ``life`` of this name, or the one for all orders that no other is for."""
        lives = self._scenarios.lives
        return self._passing.step(lives.get(life, lives[DEFAULT]), booking.booked_at)


class Living(Protocol):
    """Makes the simulator of an order desk."""

    def __call__(
        self,
        scenarios: Path = ...,
        override: Mapping[str, Mapping[str, Any]] | None = None,
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
        **server: Any,
    ) -> Simulator:
        """``override`` changes single scenarios: ``{"0928": {"after": 0.1}}``; orders go on ``speed`` times as fast as ``clock``
        (seconds since the epoch); ``server`` is host and port. Raises ValueError for a scenario file that makes no sense."""


def living(desk: Callable[[Declared, Passing], Backend], declared: type[Declared], home: Path) -> Living:
    """The simulator of ``desk``; its own ``scenarios.yaml`` lies in ``home``."""

    def simulator(
        scenarios: Path = home / "scenarios.yaml",
        override: Mapping[str, Mapping[str, Any]] | None = None,
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
        **server: Any,
    ) -> Simulator:
        return Simulator(desk(declared.read(scenarios, override), Passing(speed, clock)), **server)

    return simulator
