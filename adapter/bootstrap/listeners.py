"""Everything about events that leave: the hub behind the faces, the deliverer, and the brokers that are declared."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Self

from adapter.errors import ConfigError
from adapter.faces.clients import Clients
from adapter.faces.events import EventWriter
from adapter.faces.port import Schemas
from adapter.faces.rendering import Renderer
from adapter.settings import Home, Settings
from adapter.store import Store
from adapter.wire.address import AddressPolicy
from adapter.wire.callback import CallbackLimits, Callbacks
from adapter.work.delivery import Deliverer, Observer
from adapter.work.subscriptions import Subscriptions
from adapter.work.target import declare, open_target


class Listeners:
    """``hub`` is for the faces; ``wake`` says that an event was published in this process. Make it with ``build``."""

    def __init__(self, hub: Subscriptions, deliverer: Deliverer, store: Store, settings: Settings) -> None:
        self.hub, self._deliverer, self._store, self._settings = hub, deliverer, store, settings
        self._loop: asyncio.Task[None] | None = None

    @classmethod
    def build(
        cls,
        home: Home,
        settings: Settings,
        clients: Clients,
        renderers: Mapping[str, Renderer],
        schemas: Schemas,
        store: Store,
        observer: Observer,
        routes: Mapping[str, Sequence[str]],
    ) -> Self:
        """Joins the parts. ``routes`` as ``Subscriptions`` has them. Raises ConfigError."""
        declared = settings.callbacks
        for target in settings.targets:
            strange = [f"market '{name}'" for name in target.markets if name not in settings.markets]
            if target.face not in renderers or renderers[target.face].face.events is None:
                strange.append(f"face '{target.face}' with events")
            if strange:
                raise ConfigError(f"config/adapter.yaml: targets.{target.name}: there is no {', no '.join(strange)} here")
        policy = AddressPolicy(declared.hosts, declared.networks, http=declared.http)
        keys = {identity: client.callback_keys for identity, client in clients.clients.items()}
        authorities = home.path(declared.authorities) if declared.authorities else None
        deliverer = Deliverer(
            store,
            Callbacks(policy, CallbackLimits(declared.seconds, declared.connect_seconds, authorities)),
            {name: EventWriter(renderer, schemas) for name, renderer in renderers.items() if renderer.face.events is not None},
            keys,
            declared,
            targets={target.callback: open_target(target, declared.seconds) for target in settings.targets},
            observer=observer,
        )
        return cls(Subscriptions(store, policy, keys, declared, routes), deliverer, store, settings)

    async def start(self) -> None:
        """Subscribes the declared brokers, and begins to deliver. Raises StoreUnavailable."""
        settings = self._settings
        ids = [str(uuid.uuid4()) for target in settings.targets for _ in target.markets or settings.markets]
        await self._store.tx(declare, settings.targets, settings.markets, await self._store.now(), ids)
        self._loop = asyncio.create_task(self._deliverer.run())

    def wake(self) -> None:
        """Something may be due now."""
        self._deliverer.wake()

    async def stop(self) -> None:
        """Claims nothing more, waits for the calls under way, and leaves the brokers."""
        await self._deliverer.stop()
        if self._loop is not None:
            await self._loop
        await self._deliverer.close()
