"""A listener as a front-end would write one: takes events on loopback, checks who sent them, and hands them on in the order they came."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from adapter import clock

if TYPE_CHECKING:
    from simulators.http_server import HttpReply, HttpRequest

_OLDEST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Heard:
    """One event that arrived ``at`` (milliseconds since the epoch). ``genuine``: it bears the signature that the client's key makes."""

    document: Mapping[str, Any]
    genuine: bool
    at: int

    @property
    def id(self) -> str:
        """The same for every repeat."""
        return str(self.document["eventId"])

    @property
    def type(self) -> str:
        """Such as ProductOrderStateChangeEvent."""
        return str(self.document["eventType"])

    @property
    def resource(self) -> Mapping[str, Any]:
        """The resource that it is about, whole."""
        found: Mapping[str, Any] = next(iter(self.document["event"].values()))
        return found

    def words(self) -> str:
        """The event in a line: type, what it is about, state, states of the items, id, signature."""
        about = self.document.get("fieldPath")
        kind = f"{self.type} about {about}" if about else self.type
        signature = "signature genuine" if self.genuine else "SIGNATURE NOT GENUINE"
        return f"{kind}: {self.resource.get('state')}; {self._items()}; event id {self.id}; {signature}"

    def _items(self) -> str:
        """How many items are in which state."""
        items = self.resource.get("productOrderItem", ())
        states = Counter(str(item["state"]) for item in items if "state" in item)
        told = " ".join(f"{count} {state}" for state, count in states.items())
        return f"{len(items)} items{f': {told}' if told else ', which have no states of their own'}"


@dataclass
class Listener:
    """Where events arrive. ``events`` holds those that nobody has taken yet; ``url`` is where it listens."""

    key: bytes
    url: str = ""
    events: asyncio.Queue[Heard] = field(default_factory=asyncio.Queue)

    def hear(self, request: HttpRequest) -> HttpReply:
        """Takes an event and answers 204; what is not genuine 401, what is no event 400."""
        from simulators.http_server import HttpReply  # noqa: PLC0415 - the simulators are not imported where nobody needs them

        try:
            document = orjson.loads(request.body)
            heard = Heard(document, is_genuine(request.headers, request.body, self.key, time.time()), clock.now())
            heard.words()  # an event has all of these
        except (orjson.JSONDecodeError, LookupError, AttributeError, TypeError, StopIteration):
            return HttpReply(400, body=b"this is no event\n")
        self.events.put_nowait(heard)
        return HttpReply(204 if heard.genuine else 401)


def is_genuine(headers: Mapping[str, str], body: bytes, key: bytes, now: float) -> bool:
    """Whether a call bears a signature of this key, as Standard Webhooks has it, and is of these minutes. Names of headers are lower
    case, ``now`` is in seconds since the epoch."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isascii() or not stamp.isdecimal() or abs(now - int(stamp)) > _OLDEST_SECONDS:
        return False
    text = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    mine = b"v1," + base64.b64encode(hmac.digest(key, text, "sha256"))
    return any(hmac.compare_digest(mine, theirs.encode()) for theirs in headers.get("webhook-signature", "").split(" "))


@contextlib.asynccontextmanager
async def listening(key: bytes) -> AsyncIterator[Listener]:
    """A listener on a free loopback port, until the block ends."""
    from simulators.http_server import HttpServer  # noqa: PLC0415

    listener = Listener(key)
    server = HttpServer(listener.hear)
    try:
        listener.url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}/events"
        yield listener
    finally:
        await server.stop()
