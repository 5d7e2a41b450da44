"""``adapter demo``: one documented order from HTTP in to HTTP out, on to its end, and what happens when things go wrong."""

from __future__ import annotations

import copy
import os
import secrets
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import typer
import uvloop
from pydantic import Field

from adapter.cli.columns import printable
from adapter.cli.demo_following import Ending, follow, show_timeline
from adapter.cli.demo_listener import Listener, listening
from adapter.cli.demo_shown import Shown
from adapter.cli.explained import explained
from adapter.cli.hosting import Hosted, hosted, to_this_machine
from adapter.cli.place import here
from adapter.cli.story import Story, load_story, stories
from adapter.cli.story_walk import show, walking
from adapter.declared import Declared, load_declared
from adapter.faces.admin import show_order
from adapter.logs import configure_logs
from adapter.mapping.scope import Scope
from adapter.settings import Home, Log, Settings, load_settings
from adapter.store import Store
from adapter.wire.caller import Answer, Caller

_SHOWN_RULES = 30


class Mishap(Declared):
    """An order for a house whose scenario goes wrong, sent as often as there are expected HTTP statuses; with ``until`` it is then
    followed to that state."""

    what: str
    house_id: str
    expected: tuple[int, ...]
    until: str = ""


class Listening(Declared):
    """Where the demo's listener registers. ``key`` is the variable that ``config/clients.yaml`` takes the client's key from; ``until``
    is the state after which the order is at its end, ``seconds`` how long that may take."""

    path: str
    headers: dict[str, str] = Field(default_factory=dict)
    key: str
    until: str
    seconds: float = Field(gt=0)


class Tour(Declared):
    """``config/demo.yaml``: which case is sent where, what the environment is meanwhile, and what is shown after it."""

    market: str
    face: str
    path: str
    case: Path
    headers: dict[str, str]
    environment: dict[str, str] = Field(default_factory=dict)
    listener: Listening
    mishaps: tuple[Mishap, ...]


def demo(
    market: str = typer.Option("", "--market", help="Walk this market's main sequence only, and draw it."),
    diagrams: Path = typer.Option(None, "--diagrams", help="A folder for the sequences as Mermaid text.", file_okay=False, exists=True),
    full: bool = typer.Option(False, "--full", help="Print whole documents; else long lists are shown by their first element."),
) -> None:
    """Start everything on loopback, send the documented order, show every station of its way, follow it to its end and print each event;
    then walk one sequence of every market and draw it. Exit 0 when all is as documented, else 1 with what is not."""
    home, _ = here()
    configure_logs(Log(level="error"))
    console = Shown(full)
    walked = [load_story(home, name) for name in ([market] if market else stories(home))]
    tour = None if market else load_declared(home.path("config/demo.yaml"), Tour)
    with tempfile.TemporaryDirectory(prefix="adapter-demo-") as data:
        uvloop.run(_all(console, home, tour, walked, diagrams, Path(data)))
    if console.failures:
        console.print("[bold red]Not as documented:[/]")
        for failure in console.failures:
            console.say(f"  {failure}")
        raise typer.Exit(1)
    console.print("[bold green]All as documented.[/]")


async def _all(console: Shown, home: Home, tour: Tour | None, walked: list[Story], diagrams: Path | None, data: Path) -> None:
    if tour is not None:
        await _run(console, home, tour, data)
    environment = _surroundings()
    settings = _alone(load_settings(home, environment), data / "stories")
    async with walking(console, home, settings, walked, environment) as walks:
        for walk in walks:
            console.rule(f"{walk.story.market}: {walk.story.title}")
            console.say(f"source: {walk.story.source}", "dim")
            await walk.go()
            show(console, walk, diagrams)


def _surroundings() -> dict[str, str]:
    """The environment, in which no backend is a real one."""
    from simulators.registry import without_backends  # noqa: PLC0415 - not needed, and not imported, where real backends are used

    return without_backends(os.environ)


async def _run(console: Shown, home: Home, story: Tour, data: Path) -> None:
    case = orjson.loads(home.path(story.case).read_bytes())
    key = secrets.token_hex(32)
    environment = {**_surroundings(), **story.environment, story.listener.key: key}
    settings = _alone(load_settings(home, environment), data)
    async with (
        listening(key.encode()) as listener,
        hosted(home, settings, simulators=True, environment=environment) as running,
        Caller(running.url, seconds=60) as http,
    ):
        console.say(f"The service listens on {running.url}; the backends are simulators: {', '.join(running.simulators.values())}")
        registered = await _registered(console, http, story, listener)
        placed = await _documented(console, running, http, story, case)
        desk = _Desk(console, running.service.store, http, story, listener if registered else None)
        if placed:
            console.rule(f"6. What its listener hears, until it is {story.listener.until}")
            await desk.follow(placed, story.listener.until)
            console.rule("7. Its whole way; 'adapter orders show' tells it with every message")
            await show_timeline(console, desk.store, placed)
        console.rule("When things go wrong")
        for mishap in story.mishaps:
            await desk.mishap(case, mishap)


def _alone(settings: Settings, data: Path) -> Settings:
    """The service as it is declared, but with a record of its own and nobody outside who hears of the demo's orders."""
    alone: dict[str, object] = {"data": data, "store": f"sqlite:///{data}/demo.db", "base_url": "", "targets": (), "tracing": None}
    return settings.model_copy(update={**alone, "callbacks": to_this_machine(settings.callbacks)})


async def _registered(console: Shown, http: Caller, story: Tour, listener: Listener) -> bool:
    answer = await http.post(story.listener.path, {"callback": listener.url}, {**story.headers, **story.listener.headers})
    if answer.status == 201:
        console.say(f"A listener for the order's events is registered at {story.listener.path}: {listener.url}")
        return True
    text = f"the listener could not register at {story.listener.path}: HTTP {answer.status}, {_text(answer)}"
    return console.confirm("a listener is registered", False, text)


async def _documented(console: Shown, running: Hosted, http: Caller, story: Tour, case: dict[str, Any]) -> str:
    """Sends the case and shows its way. Returns the order's number, "" where it was not taken."""
    headers = {**story.headers, **case["header"], "correlationId": str(uuid.uuid4())}
    first = await http.post(story.path, case["request"], headers)
    again = await http.post(story.path, case["request"], headers)
    console.rule("1. The order, as the front-end sends it")
    console.show_json(case["request"])
    answer = _document(first)
    order = await show_order(running.service.store, str(answer.get("id", "")))
    if order is None:
        console.confirm("the order was taken", False, f"the order was not taken: HTTP {first.status}, {_text(first)}")
        return ""
    bodies = {message["direction"]: message["body"] for message in order["messages"]}
    console.rule("2. Which rule made which legacy field")
    console.say(_rules(running, story, case, order))
    console.rule("3. The SOAP call that left")
    console.show_xml(bodies["backend-request"])
    console.rule("4. What the backend said")
    console.show_xml(bodies["backend-reply"])
    console.rule(f"5. The answer: HTTP {first.status}")
    console.show_json(answer)
    as_documented = first.status == 201 and answer == {**case["answer"], **case["view"][story.face]}
    repeated = again.content == first.content and order["attempts"][-1]["number"] == 1
    console.confirm("equal to the documented answer, member for member", as_documented, "the answer is not the documented one")
    console.confirm("the same request again: same bytes, still one legacy order", repeated, "the same request again had another effect")
    return str(answer["id"])


def _rules(running: Hosted, story: Tour, case: dict[str, Any], order: dict[str, Any]) -> str:
    backend = running.service.pipeline.backends[story.market]
    scope = Scope(
        request=case["request"],
        header=case["header"],
        setting=backend.market.settings,
        correlation_id=order["correlationId"],
        client_reference=order["clientReference"],
    )
    _, origins = backend.translators[case["operation"]].explain("request", scope)
    lines = list(explained(origins))
    return "\n".join([*lines[:_SHOWN_RULES], f"… and {len(lines) - _SHOWN_RULES} more (adapter map --explain shows all)"])


@dataclass(frozen=True, slots=True)
class _Desk:
    """What is needed to send orders and to hear of them; ``listener`` None: it could not register."""

    console: Shown
    store: Store
    http: Caller
    story: Tour
    listener: Listener | None

    async def follow(self, order: str, until: str) -> None:
        """The order with this number, to its end."""
        if self.listener is not None:
            await follow(self.console, self.store, self.listener, Ending(order, until, self.story.listener.seconds))

    async def mishap(self, case: dict[str, Any], mishap: Mishap) -> None:
        """Sends the case for the house of the mishap, and says what comes of it."""
        order = copy.deepcopy(case["request"])
        order["serviceAddress"]["addrNo"] = mishap.house_id
        order["externalId"] = mishap.house_id[-4:].zfill(16)
        headers = {**self.story.headers, **case["header"], "correlationId": str(uuid.uuid4())}
        what, number = mishap.what, ""
        for status in mishap.expected:
            reply = await self.http.post(self.story.path, order, headers)
            body = _document(reply)
            number = str(body.get("id", ""))
            otherwise = f"{mishap.what}: HTTP {reply.status} came instead of {status}: {_text(reply)}"
            self.console.confirm(f"{what}: HTTP {reply.status}, as expected", reply.status == status, otherwise)
            said = f"order {number}, description {body.get('description', '')!r}" if number else _text(reply)
            self.console.say(f"    {said}")
            what = "  the same request again"
        if mishap.until and number:
            await self.follow(number, mishap.until)


def _document(answer: Answer) -> dict[str, Any]:
    """The answer's JSON object; an empty one where it is none."""
    try:
        found = answer.json()
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(answer: Answer) -> str:
    """What an answer that is no order says, in its own words where it has some."""
    document = _document(answer)
    entries = document.get("errors")
    said = entries[0].get("description") if isinstance(entries, list) and entries else document.get("message")
    return printable(str(said or answer.content.decode("utf-8", "replace") or "without a body"))
