"""The subscriptions behind every face: who may listen where, and the end of it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from adapter.errors import Conflict, InvalidMessage, NotAllowed, NotFound, Problem
from adapter.settings import Callbacks as Settings
from adapter.store import listening
from adapter.store.outbox import ListenerRow
from adapter.wire.address import AddressPolicy
from adapter.work.delivery import Record, start_seconds

log = structlog.get_logger("adapter.hub")

_LOOK_SECONDS = 0.02


class Subscriptions:
    """Registers listeners and lets them go. ``keys`` by client: what their events are signed with. ``routes`` by market: those that it
    stands for, whose orders a listener of that market hears of."""

    def __init__(
        self,
        store: Record,
        policy: AddressPolicy,
        keys: Mapping[str, Sequence[bytes]],
        settings: Settings,
        routes: Mapping[str, Sequence[str]] = {},
    ) -> None:
        self._store, self._policy, self._keys, self._settings, self._routes = store, policy, keys, settings, routes

    async def subscribe(self, wish: ListenerRow) -> ListenerRow:
        """Registers a listener; the answer is the wish with its id. Raises InvalidMessage, NotAllowed, Conflict, StoreUnavailable."""
        if self._settings.signing == "required" and not self._keys.get(wish.client):
            raise NotAllowed("Events are signed here, and this client has no key for that; ask the operator for a callbackKey")
        try:
            target = await self._policy.check(wish.callback, self._settings.connect_seconds)
        except ValueError as error:
            raise InvalidMessage(problems=[Problem("callback", str(error))]) from None
        markets = " ".join(self._routes.get(wish.market, (wish.market,)))
        row = replace(wish, id=str(uuid.uuid4()), market=markets, created_at=await self._store.now())
        other = await self._store.tx(listening.subscribe, row, self._settings.listeners)
        if other == listening.FULL:
            raise Conflict(f"This client has {self._settings.listeners} listeners; it has to unregister one before it gets another")
        if other is not None:
            raise Conflict(f"This callback is registered with the same query already, as listener {other}")
        log.info("listener.registered", listener=row.id, client=row.client, market=row.market, host=target.place, query=row.query)
        return row

    async def unsubscribe(self, face: str, client: str, identity: str) -> None:
        """Ends a subscription. When this returns no call starts any more; one that has begun may still end. Raises NotFound.

        No stream can be claimed from the change on, and a claimed one may be called for a short while only: it is waited for until
        there is none, or that while is over.
        """
        await self.subscription(face, client, identity)
        now, over = await self._store.now(), time.monotonic() + start_seconds(self._settings)
        if not await self._store.tx(listening.unsubscribe, identity, now):
            raise NotFound(f"There is no listener '{identity}'")
        # The call may be another node's, of which nothing here hears.
        while time.monotonic() < over and await self._store.tx(listening.in_flight, identity, now):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)
        log.info("listener.unregistered", listener=identity, client=client)

    async def subscription(self, face: str, client: str, identity: str) -> ListenerRow:
        """One subscription of this client. Raises NotFound."""
        row = await self._store.tx(listening.find_listener, identity)
        if row is None or row.deleted_at is not None or (row.face, row.client) != (face, client):
            raise NotFound(f"There is no listener '{identity}'")
        return row

    async def subscriptions(self, face: str, client: str) -> Sequence[ListenerRow]:
        """All subscriptions of this client, the oldest first."""
        return await self._store.tx(listening.listeners_of, face, client)
