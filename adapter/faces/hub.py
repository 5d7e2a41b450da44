"""Listeners at a face: they register, look at what they registered, and leave."""

from __future__ import annotations

from adapter.contract.json_bytes import write_json
from adapter.contract.tmf import EventSubscriptionInput, model_schema
from adapter.contract.validation import Validator
from adapter.errors import NotOffered
from adapter.faces.declaration import Kind, Route
from adapter.faces.events import EventWriter
from adapter.faces.port import Hub
from adapter.faces.rendering import Renderer
from adapter.ports import Document, Message, Reply
from adapter.store.outbox import ListenerRow


class HubDesk:
    """Answers what listeners ask of one face. ``hub`` None: this installation sends no events."""

    def __init__(self, renderer: Renderer, writer: EventWriter, hub: Hub | None) -> None:
        self._face, self._render, self._writer, self._hub = renderer.face.face, renderer, writer, hub
        self.validator = Validator(model_schema(EventSubscriptionInput), source="EventSubscriptionInput")

    async def answer(self, route: Route, message: Message) -> Reply:
        """Carries out a checked request; for ``subscribe`` its body is the subscription. Raises CallerError, StoreUnavailable."""
        hub, client, identity = self._hub, message.client, message.path.get("id", "")
        if hub is None:
            raise NotOffered("This installation sends no events")
        if route.kind is Kind.SUBSCRIBE:
            row = await hub.subscribe(self._wish(message))
            headers = {"Location": self._render.href(route.operation, message.path, row.id)}
            return Reply(route.success, write_json(_shown(row)), headers)
        if route.kind is Kind.UNSUBSCRIBE:
            await hub.unsubscribe(self._face, client, identity)
            return Reply(route.success, b"")
        if route.kind is Kind.SUBSCRIPTION:
            return Reply(route.success, write_json(_shown(await hub.subscription(self._face, client, identity))))
        rows = await hub.subscriptions(self._face, client)
        count = str(len(rows))
        return Reply(route.success, write_json([_shown(row) for row in rows]), {"X-Total-Count": count, "X-Result-Count": count})

    def _wish(self, message: Message) -> ListenerRow:
        query = str(message.body.get("query") or "")
        self._writer.query(query)
        return ListenerRow("", self._face, message.client, message.market, str(message.body["callback"]), query, message.received_at)


def _shown(row: ListenerRow) -> Document:
    return {"id": row.id, "callback": row.callback, **({"query": row.query} if row.query else {})}
