"""The orders a simulated backend holds: in memory, bounded, doubles counted and never removed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from simulators.numbers import Numbers


@dataclass(frozen=True, slots=True)
class Booking:
    """One booked order. ``reference`` is the front-end's id (several bookings of one reference are doubles), ``order``
    the order as booked and ``request`` the envelope that asked for it, both as XML; ``booked_at`` is in seconds since the epoch."""

    number: str
    reference: str
    client_reference: str
    account: str
    order: bytes
    request: bytes
    details: tuple[tuple[str, str], ...] = ()
    booked_at: float = 0.0


class Bookings:
    """At most ``limit`` bookings; the oldest are forgotten first, and how many were is told. ``numbers`` are those that they are given."""

    def __init__(self, limit: int) -> None:
        self.numbers = Numbers()
        self._limit = limit
        self.clear()

    def clear(self) -> None:
        """Forgets everything, also which numbers were given."""
        self.numbers.clear()
        self._by_number: OrderedDict[str, Booking] = OrderedDict()
        self._by_reference: dict[str, list[str]] = {}
        self._forgotten = 0

    def add(self, booking: Booking) -> None:
        """Keeps a booking under its number, which must be new."""
        if booking.number in self._by_number:
            raise ValueError(f"order {booking.number} is booked already")
        self._by_number[booking.number] = booking
        self._by_reference.setdefault(booking.reference, []).append(booking.number)
        if len(self._by_number) > self._limit:
            _, oldest = self._by_number.popitem(last=False)
            numbers = self._by_reference[oldest.reference]
            numbers.remove(oldest.number)
            if not numbers:
                del self._by_reference[oldest.reference]
            self._forgotten += 1

    def replace(self, booking: Booking) -> None:
        """Keeps a booking in place of the one of the same number and reference."""
        known = self._by_number[booking.number]
        if known.reference != booking.reference:
            raise ValueError(f"order {booking.number} has the reference {known.reference}, which does not change")
        self._by_number[booking.number] = booking

    def remove(self, number: str) -> None:
        """Forgets a booking that is there."""
        booking = self._by_number.pop(number)
        numbers = self._by_reference[booking.reference]
        numbers.remove(number)
        if not numbers:
            del self._by_reference[booking.reference]

    def by_number(self, number: str) -> Booking | None:
        """The booking with this order number."""
        return self._by_number.get(number)

    def find(self, reference: str, client_reference: str | None = None) -> list[Booking]:
        """The bookings of a reference, oldest first; only those of ``client_reference`` when it is given."""
        found = [self._by_number[number] for number in self._by_reference.get(reference, ())]
        return [booking for booking in found if client_reference is None or booking.client_reference == client_reference]

    def by_client_reference(self, client_reference: str) -> list[Booking]:
        """The bookings made under a client reference, oldest first."""
        return [booking for booking in self._by_number.values() if booking.client_reference == client_reference]

    def summary(self) -> dict[str, Any]:
        """As ``GET /bookings`` shows it: total, forgotten, and per reference count, numbers and the last request."""
        references = {}
        for reference, numbers in self._by_reference.items():
            bookings = [self._by_number[number] for number in numbers]
            references[reference] = {
                "count": len(bookings),
                "orderNumbers": numbers.copy(),
                "clientReferences": [booking.client_reference for booking in bookings],
                "lastRequest": bookings[-1].request.decode("utf-8", "replace"),
            }
        return {"total": len(self._by_number), "forgotten": self._forgotten, "bookings": references}
