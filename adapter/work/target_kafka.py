"""Kafka: an event is there when all replicas in sync have it. The key is the order, so its events stand in one partition in their order;
repeats carry the same id in the header ``id``, which is for the consumer to know."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from adapter.settings import Target as TargetSettings
from adapter.store.outbox import EventRow
from adapter.work.target import TargetFailed, subject_of


class KafkaTarget:
    """One producer, made with the first event. The broker's own repeats within it are idempotent."""

    def __init__(self, settings: TargetSettings, seconds: float) -> None:
        self._settings, self._seconds = settings, seconds
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()

    async def put(self, event: EventRow, body: bytes) -> None:
        """Returns when the broker has the event. Raises TargetFailed."""
        headers = [("id", event.id.encode()), ("type", event.type.encode()), ("seq", str(event.seq).encode())]
        try:
            producer = await self._connected()
            topic = subject_of(self._settings, event)
            await producer.send_and_wait(topic, body, key=event.order_id.encode(), headers=headers)
        except (KafkaError, OSError) as error:
            raise TargetFailed(f"the broker did not confirm it: {error or type(error).__name__}") from error

    async def close(self) -> None:
        """Leaves the broker."""
        if self._producer is not None:
            with contextlib.suppress(KafkaError, OSError):
                await self._producer.stop()

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                producer = self._made()
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
        return self._producer

    def _made(self) -> AIOKafkaProducer:
        settings, signed_in = self._settings, bool(self._settings.user)
        encrypted = settings.authorities is not None
        protocols = {(False, False): "PLAINTEXT", (True, False): "SSL", (False, True): "SASL_PLAINTEXT", (True, True): "SASL_SSL"}
        return AIOKafkaProducer(
            bootstrap_servers=list(settings.servers),
            client_id=f"adapter-{settings.name}",
            acks="all",
            enable_idempotence=True,
            # what is not confirmed by then the caller has given up: it is not to be sent at some later time
            request_timeout_ms=int(self._seconds * 1000),
            security_protocol=protocols[encrypted, signed_in],
            ssl_context=ssl.create_default_context(cafile=settings.authorities) if encrypted else None,
            sasl_mechanism="SCRAM-SHA-512" if signed_in else "PLAIN",
            sasl_plain_username=settings.user or None,
            sasl_plain_password=settings.password.get_secret_value() or None,
        )
