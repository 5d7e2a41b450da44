"""A listener of events, and what it heard."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from simulators.http_server import Handler, HttpReply, HttpRequest, HttpServer

WITHIN = 20.0  # seconds, on a busy machine
Event = dict[str, Any]


@contextlib.asynccontextmanager
async def listener(take: Handler) -> AsyncIterator[str]:
    """Listens on a free port; gives the address. Its paths are up to ``take``."""
    server = HttpServer(take)
    port = await server.start("127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop()


@dataclass
class Heard:
    """The events that arrived, in the order in which they came, and ways to wait for them."""

    events: list[Event] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, request: HttpRequest) -> HttpReply:
        """Takes an event as it is delivered."""
        with self.more:
            self.events.append(json.loads(request.body))
            self.more.notify_all()
        return HttpReply(status=201)

    def about(self, identity: str) -> list[Event]:
        """Those about one resource."""
        return [event for event in self.events if resource_of(event)["id"] == identity]

    def wait(self, holds: Callable[[list[Event]], Any], seconds: float = WITHIN) -> Any:
        """What ``holds`` gives for the events, as soon as that is something. Fails with what was heard."""
        with self.more:
            found = self.more.wait_for(lambda: holds(self.events), seconds)
        assert found, f"not heard within {seconds} s; heard: {json.dumps([told(event) for event in self.events], indent=1)}"
        return found

    def until(self, identity: str, holds: Callable[[list[Event]], bool]) -> list[Event]:
        """Waits until the events about a resource are such."""
        self.wait(lambda _: holds(self.about(identity)))
        return self.about(identity)


def resource_of(event: Event) -> dict[str, Any]:
    """The resource that an event shows."""
    shown: dict[str, Any] = next(iter(event["event"].values()))
    return shown


def told(event: Event) -> tuple[str, str]:
    """An event in short: its type and the state that it tells."""
    resource = resource_of(event)
    return event["eventType"], resource.get("state") or resource.get("status") or ""
