"""A story walked through a running service, and drawn from what really went to and fro."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import orjson

from adapter import clock
from adapter.cli.demo_listener import Heard, Listener, listening
from adapter.cli.demo_shown import Shown
from adapter.cli.hosting import Hosted, hosted
from adapter.cli.sequence import Arrow, lanes, mermaid
from adapter.cli.story import Hear, Send, Story
from adapter.faces.admin.timeline import in_sequence, is_part
from adapter.resource.merging import patch
from adapter.settings import Home, Settings
from adapter.store import Direction, MessageRow, OrderQuery
from adapter.wire.caller import Answer, Caller

OURS = "adapter"
_SETTLED_SECONDS = 0.3
"""Events that nobody waits for in the end still arrive within this time."""
_APART_SECONDS = 0.002
"""Times are known to the millisecond; what is sent after something was heard is to be seen after it."""

# Messages of one millisecond, in the order in which an exchange makes them.
_RANK = {
    Direction.BACKEND_REQUEST: 1,
    Direction.BACKEND_REPLY: 1,  # as the request: within a millisecond the record's order counts
    Direction.BACKEND_MESSAGE: 4,
    Direction.BACKEND_MESSAGE_REPLY: 5,
}
_ASKED, _ANSWERED, _HEARD = 0, 3, 6


@dataclass(order=True, slots=True)
class _Drawn:
    """An arrow with its place in time: milliseconds, then rank, then number."""

    at: int
    rank: int
    number: int
    arrow: Arrow = field(compare=False)


@dataclass
class Walk:
    """A story on its way. ``kept`` are the values that answers and events gave names to."""

    console: Shown
    story: Story
    running: Hosted
    http: Caller
    listeners: Mapping[str, Listener]
    home: Home
    kept: dict[str, str] = field(default_factory=dict)
    drawn: list[_Drawn] = field(default_factory=list)
    began: int = 0

    async def go(self) -> None:
        """Walks the steps, up to the first that does not come out as declared, which is told."""
        self.began = clock.now()
        await self._walk()
        await asyncio.sleep(_SETTLED_SECONDS)
        for who in self.listeners:
            self._take_all(who)
        await self._draw_backend()

    async def _walk(self) -> None:
        for who, actor in self.story.actors.items():
            for hub in actor.hears:
                document = {"callback": self.listeners[who].url} | ({"query": hub.query} if hub.query else {})
                if not await self._registered(who, hub.hub, document):
                    return
        for step in self.story.steps:
            if step.what:
                self.console.say(f"- {step.what}")  # the numbers are the drawing's
            done = await self._send(step.send) if step.send is not None else await self._hear(step.hear)
            if not done:
                return

    async def _registered(self, who: str, hub: str, document: dict[str, str]) -> bool:
        answer = await self.http.send("POST", hub, document, self.story.actors[who].headers)
        return answer.status == 201 or self.console.confirm(f"{who} registers for events", False, f"{who}: {hub}: {_said(answer)}")

    async def _send(self, send: Send) -> bool:
        path = self._filled(send.path)
        body = self._body(send)
        await asyncio.sleep(_APART_SECONDS)
        asked = clock.now()
        answer = await self.http.send(send.method, path, body, {**self.story.actors[send.who].headers, **send.headers})
        short = path.partition("/v4")[2] or path
        self._add(asked, _ASKED, Arrow(send.who, OURS, f"{send.method} {short}"))
        self._add(clock.now(), _ANSWERED, Arrow(OURS, send.who, f"{answer.status} {_state(answer)}".strip(), reply=True))
        if answer.status != send.expect:
            text = f"{send.who}: {send.method} {path}: expected HTTP {send.expect}, got {_said(answer)}"
            return self.console.confirm(f"HTTP {send.expect}", False, text)
        return self._keep(send.keep, answer.json() if send.keep else {}, f"the answer to {send.method} {path}")

    async def _hear(self, hear: Hear | None) -> bool:
        assert hear is not None, "a step sends or hears"
        listener, end = self.listeners[hear.who], time.monotonic() + self.story.seconds
        last = "nothing"
        while (left := end - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    heard = await listener.events.get()
            except TimeoutError:
                break
            self._heard(hear.who, heard)
            last = f"{heard.type} {_state_of(heard)}".strip()
            if heard.type == hear.event and hear.state in ("", _state_of(heard)):
                return self._keep(hear.keep, heard.resource, f"the event {heard.type}")
        wanted = f"{hear.event} {hear.state}".strip()
        return self.console.confirm(
            f"{hear.who} hears {wanted}", False, f"{hear.who} did not hear {wanted} in {self.story.seconds:g} seconds; the last was {last}"
        )

    def _take_all(self, who: str) -> None:
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                self._heard(who, self.listeners[who].events.get_nowait())

    def _heard(self, who: str, heard: Heard) -> None:
        about = heard.document.get("fieldPath")
        text = " ".join(filter(None, (heard.type, _state_of(heard), f"({about})" if about else "")))
        self._add(heard.at, _HEARD, Arrow(OURS, who, text))

    async def _draw_backend(self) -> None:
        """What went to and fro between the service and its backend, as the record has it."""
        store, routes = self.running.service.store, self.running.service.backends.routes.get(self.story.market)
        markets = frozenset((self.story.market,) if routes is None else routes.market.routes)
        async for order in store.stream(OrderQuery(markets=markets)):
            for message in in_sequence(await store.messages(order.id)):
                rank = _RANK.get(message.direction)
                if rank is None or message.at < self.began:
                    continue
                for arrow in _backend_arrows(self.story.backend, message):
                    self._add(message.at, rank, arrow)

    def _add(self, at: int, rank: int, arrow: Arrow) -> None:
        self.drawn.append(_Drawn(at, rank, len(self.drawn), arrow))

    def arrows(self) -> list[Arrow]:
        """All messages in their order."""
        return [one.arrow for one in sorted(self.drawn)]

    def _body(self, send: Send) -> Any:
        document = send.document
        if send.file is not None:
            found = orjson.loads(self.home.path(send.file).read_bytes())
            first = found[0] if isinstance(found, list) else found
            document = first.get("request", first)
        if document is None:
            return None
        return self._replaced(patch(document, send.change) if send.change else document)

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._replaced(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self._replaced(item) for item in value]
        return self._filled(value) if isinstance(value, str) else value

    def _filled(self, text: str) -> str:
        return Template(text).safe_substitute(self.kept)

    def _keep(self, wanted: Mapping[str, str], document: Any, where: str) -> bool:
        for name, path in wanted.items():
            found = _at(document, path)
            if found is None:
                return self.console.confirm(f"{where} has {path}", False, f"{where} has no {path}")
            self.kept[name] = str(found)
        return True


def _backend_arrows(backend: str, message: MessageRow) -> tuple[Arrow, ...]:
    """What a message looks like. Of a question about many orders only the part of the answer is on record: the question went before it."""
    if is_part(message):
        question = Arrow(OURS, backend, f"{message.operation}, about many orders")
        return question, Arrow(backend, OURS, "its part of the answer", reply=True)
    match message.direction:
        case Direction.BACKEND_REQUEST:
            return (Arrow(OURS, backend, message.operation),)
        case Direction.BACKEND_MESSAGE:
            return (Arrow(backend, OURS, message.operation),)
        case Direction.BACKEND_REPLY:
            return (Arrow(backend, OURS, f"HTTP {message.status}", reply=True),)
    return (Arrow(OURS, backend, f"HTTP {message.status}", reply=True),)


def _at(document: Any, path: str) -> Any:
    """What stands at a path of names and places in lists (``note.0.text``); None where nothing does."""
    for part in path.split("."):
        if isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            document = document.get(part) if isinstance(document, dict) else None
    return document


def _state_of(heard: Heard) -> str:
    return str(heard.resource.get("state", heard.resource.get("status")) or "")


def _state(answer: Answer) -> str:
    try:
        document = answer.json()
    except orjson.JSONDecodeError:
        return ""
    if isinstance(document, list):
        return f"{len(document)} found"
    told = document.get("state", document.get("status")) if isinstance(document, dict) and answer.status < 300 else ""
    return str(told or "")


def _said(answer: Answer) -> str:
    return f"HTTP {answer.status}: {answer.content[:500].decode('utf-8', 'replace')}"


@contextlib.asynccontextmanager
async def walking(
    console: Shown, home: Home, settings: Settings, stories: Sequence[Story], environment: Mapping[str, str]
) -> AsyncIterator[list[Walk]]:
    """The service with its simulators, and for each story a walk with a listener for each actor that hears, until the block ends."""
    keys = {actor.key: secrets.token_hex(32) for story in stories for actor in story.actors.values() if actor.key}
    variables = {**environment, **{name: value for story in stories for name, value in story.environment.items()}, **keys}
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(hosted(home, settings, simulators=True, environment=variables))
        http = await stack.enter_async_context(Caller(running.url, seconds=60))
        walks = []
        for story in stories:
            listeners = {
                who: await stack.enter_async_context(listening(keys.get(actor.key, "").encode()))
                for who, actor in story.actors.items()
                if actor.hears
            }
            walks.append(Walk(console, story, running, http, listeners, home))
        yield walks


def show(console: Shown, walk: Walk, diagrams: Path | None) -> None:
    """Prints the sequence; with ``diagrams`` also as Mermaid, into ``<market>.mmd`` there."""
    story = walk.story
    order = (*story.actors, OURS, story.backend)
    for line in lanes(walk.arrows(), order, min(160, max(100, console.width))):
        console.say(line)
    if diagrams is not None:
        file = diagrams / f"{story.market}.mmd"
        file.write_text(mermaid(walk.arrows(), order) + "\n", encoding="utf-8")
        console.say(f"the same as Mermaid text: {file}")
