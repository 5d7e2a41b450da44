"""What a `Wire` tells of itself while it works; the metrics are built from it."""

from __future__ import annotations

from typing import Protocol


class WireObserver(Protocol):
    """Receives the life of each exchange, in seconds. Called on the event loop: must return at once and not raise."""

    def slot_taken(self, waited: float) -> None:
        """An exchange has its slot and is in flight."""

    def slot_refused(self, waited: float) -> None:
        """A caller went away without a slot: none was free in time, it was cancelled, or its call could not be made at all."""

    def ended(self, outcome: str, took: float) -> None:
        """An exchange is over. ``outcome`` is replied, not_sent, maybe_sent or cancelled."""

    def pool_replaced(self) -> None:
        """The kept connections became suspect and are not used again."""


class Unobserved:
    """Tells nobody."""

    def slot_taken(self, waited: float) -> None:
        """Nothing."""

    def slot_refused(self, waited: float) -> None:
        """Nothing."""

    def ended(self, outcome: str, took: float) -> None:
        """Nothing."""

    def pool_replaced(self) -> None:
        """Nothing."""
