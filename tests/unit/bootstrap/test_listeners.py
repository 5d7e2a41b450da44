"""Listeners as the service joins them: what is declared in the shipped files, a real record, a real listener on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from adapter.bootstrap.listeners import Listeners
from adapter.bootstrap.work_metrics import WorkMetrics
from adapter.contract.tmf import resource
from adapter.errors import ConfigError, InvalidMessage, NotAllowed
from adapter.faces.clients import load_clients
from adapter.faces.declaration import load_face
from adapter.faces.rendering import Renderer
from adapter.settings import Home, Settings, Target, load_settings
from adapter.store import Store, listening, outbox
from adapter.store.outbox import ListenerRow
from tests.delivery_kit import Listener, takes

ROOT = Path(__file__).parents[3]
HERE = {"ADAPTER_CALLBACK_HOSTS": "127.0.0.1", "ADAPTER_CALLBACK_NETWORKS": "127.0.0.0/8", "ADAPTER_CALLBACK_HTTP": "true"}
KEY = {"ADAPTER_DEMO_CHANNEL_CALLBACK_KEY": "0123456789abcdef"}


def joined(store: Store, environment: dict[str, str], **changes: Any) -> tuple[Listeners, Settings, CollectorRegistry]:
    home, registry = Home(ROOT), CollectorRegistry()
    settings = load_settings(home, environment).model_copy(update=changes)
    renderers = {name: Renderer(load_face(home.face_file(name), environment)) for name in settings.faces}
    clients = load_clients(home.path(settings.clients), environment)

    def schemas(_view: str, name: str, _form: str) -> Any:
        return resource(name).full_schema

    listeners = Listeners.build(home, settings, clients, renderers, schemas, store, WorkMetrics(registry), {})
    return listeners, settings, registry


def run(tmp_path: Path, main: Any) -> Any:
    async def opened() -> Any:
        store = await Store.open(f"sqlite:///{tmp_path}/record.db")
        try:
            async with asyncio.timeout(20):
                return await main(store)
        finally:
            await store.close()

    return asyncio.run(opened())


def wish(callback: str, client: str = "demo-channel") -> ListenerRow:
    return ListenerRow("", "tmf", client, "lab", callback, "", 0)


def test_an_event_that_is_published_reaches_who_has_registered(tmp_path: Path):
    async def main(store: Store) -> None:
        listeners, _, registry = joined(store, HERE | KEY)
        await listeners.start()
        async with Listener(takes) as listener:
            row = await listeners.hub.subscribe(wish(listener.url()))
            document = b'{"id":"OM-1","state":"completed","description":"1"}'
            await store.tx(
                outbox.publish, "A", "lab", 1, [outbox.NewEvent("ev-1", "ProductOrderStateChangeEvent", document)], await store.now()
            )
            listeners.wake()
            await listener.asked.acquire()
            await listeners.stop()
            assert [event["eventId"] for event in listener.arrivals] == ["ev-1"]
            assert listener.heads[0]["webhook-signature"].startswith("v1,")
        assert registry.get_sample_value("adapter_deliveries_total", {"listener": row.id, "outcome": "delivered"}) == 1

    run(tmp_path, main)


def test_as_shipped_nobody_can_listen_before_something_is_declared(tmp_path: Path):
    async def main(store: Store) -> None:
        hub = joined(store, KEY)[0].hub
        with pytest.raises(InvalidMessage, match="is at a host that may not be called"):
            await hub.subscribe(wish("https://example.com/hear"))
        with pytest.raises(NotAllowed, match="callbackKey"):
            await joined(store, HERE)[0].hub.subscribe(wish("http://127.0.0.1:1/hear"))
        await joined(store, HERE)[0].stop()

    run(tmp_path, main)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"face": "hybris"}, "targets.bus: there is no face 'hybris' with events here"),
        ({"markets": ("atlantis",)}, "targets.bus: there is no market 'atlantis' here"),
    ],
)
def test_a_target_of_something_that_is_not_there_is_named(tmp_path: Path, changes: dict[str, Any], said: str):
    async def main(store: Store) -> None:
        target = Target(name="bus", kind="nats", servers=("nats://127.0.0.1:1",), face="tmf").model_copy(update=changes)
        with pytest.raises(ConfigError, match=said):
            joined(store, {}, targets=(target,))
        assert await store.tx(listening.listeners) == []

    run(tmp_path, main)
