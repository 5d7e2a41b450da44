"""Listeners that want to hear of events."""

from __future__ import annotations

from adapter.contract.tmf.model import Model


class EventSubscriptionInput(Model):
    """The wish to hear of events at ``callback``; ``query`` narrows them."""

    callback: str
    query: str | None = None


class EventSubscription(EventSubscriptionInput):
    """A listener as it was registered."""

    id: str
