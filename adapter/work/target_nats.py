"""NATS JetStream: an event is there when the stream has confirmed it. ``Nats-Msg-Id`` is the event's id, so that the stream itself drops
repeats within its own window; beyond it the id is for the consumer. The stream has to exist and to take the subjects."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client

from adapter.settings import Target as TargetSettings
from adapter.store.outbox import EventRow
from adapter.work.target import TargetFailed, subject_of

log = structlog.get_logger("adapter.target")

_CONNECT_SECONDS = 3


class NatsTarget:
    """One connection, made with the first event and made anew by the client library where it was lost."""

    def __init__(self, settings: TargetSettings, seconds: float) -> None:
        self._settings, self._seconds = settings, seconds
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def put(self, event: EventRow, body: bytes) -> None:
        """Returns when the stream has the event. Raises TargetFailed."""
        headers = {"Nats-Msg-Id": event.id, "Content-Type": "application/json", "order": event.order_id, "seq": str(event.seq)}
        subject = subject_of(self._settings, event)
        try:
            client = await self._connected()
            await client.jetstream().publish(subject, body, timeout=self._seconds, headers=headers)
        except nats.js.errors.NoStreamResponseError as error:
            raise TargetFailed(f"no stream of the broker takes the subject {subject}; create one that does") from error
        except (nats.errors.Error, OSError) as error:
            raise TargetFailed(f"the broker did not confirm it: {str(error) or type(error).__name__}") from error

    async def close(self) -> None:
        """Leaves the broker."""
        if self._client is not None:
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._client.close()

    async def _connected(self) -> Client:
        """Raises TargetFailed while the connection is being made anew: what is written then would go out at some later time."""
        async with self._connecting:
            if self._client is None:
                client, settings = Client(), self._settings
                await client.connect(
                    list(settings.servers),
                    name=f"adapter {settings.name}",
                    connect_timeout=_CONNECT_SECONDS,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=1,
                    allow_reconnect=True,
                    error_cb=self._failed,
                    user=settings.user or None,
                    password=settings.password.get_secret_value() or None,
                    tls=ssl.create_default_context(cafile=settings.authorities) if settings.authorities else None,
                )
                self._client = client
        if not self._client.is_connected:
            raise TargetFailed("the connection to the broker is lost; it is being made anew")
        return self._client

    async def _failed(self, error: Exception) -> None:
        log.warning("target.failed", target=self._settings.name, reason=str(error) or type(error).__name__)
