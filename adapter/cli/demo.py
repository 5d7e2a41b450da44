"""``adapter demo``: one documented order from HTTP in to HTTP out, station by station, and what happens when things go wrong."""

from __future__ import annotations

import copy
import tempfile
import uuid
from pathlib import Path
from typing import Any

import orjson
import typer
import uvloop
from lxml import etree
from rich.console import Console
from rich.syntax import Syntax

from adapter.cli.explained import explained
from adapter.cli.hosting import Hosted, hosted
from adapter.cli.place import here
from adapter.declared import Declared, load_declared
from adapter.faces.admin import show_order
from adapter.logs import configure_logs
from adapter.mapping.scope import Scope
from adapter.settings import Home, Log, Settings
from adapter.wire.caller import Caller

_SHOWN_RULES = 30
_FEW = 2


class Mishap(Declared):
    """An order for a house whose scenario goes wrong, sent as often as there are expected HTTP statuses."""

    what: str
    house_id: str
    expected: tuple[int, ...]


class Story(Declared):
    """``config/demo.yaml``: which case is sent where, and what is shown after it."""

    market: str
    face: str
    path: str
    case: Path
    headers: dict[str, str]
    mishaps: tuple[Mishap, ...]


class Shown(Console):
    """A console that knows how to show documents; ``full`` shows all of them."""

    def __init__(self, full: bool) -> None:
        super().__init__()
        self.full = full

    def show_json(self, document: Any) -> None:
        """A JSON document, indented."""
        text = orjson.dumps(document if self.full else _first_only(document), option=orjson.OPT_INDENT_2).decode()
        self._code(text, "json")

    def show_xml(self, text: str) -> None:
        """An XML document, indented."""
        tree = etree.fromstring(text.encode(), etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True))
        for parent in list(tree.iter()) if not self.full else ():
            alike = [child for child in parent if child.tag == parent[-1].tag]
            for child in alike[1:-1]:
                parent.remove(child)
            if len(alike) > _FEW:
                alike[0].addnext(etree.Comment(f" {len(alike) - 2} more "))
        etree.indent(tree)
        self._code(etree.tostring(tree, encoding="unicode"), "xml")

    def _code(self, text: str, language: str) -> None:
        if self.is_terminal:
            self.print(Syntax(text, language, background_color="default", word_wrap=True))
        else:
            self.print(text, markup=False, highlight=False, soft_wrap=True)


def _first_only(document: Any) -> Any:
    """The document with long lists of objects cut to their first element and the number of the others."""
    if isinstance(document, dict):
        return {name: _first_only(value) for name, value in document.items()}
    if isinstance(document, list) and len(document) > _FEW and isinstance(document[0], dict):
        return [_first_only(document[0]), f"… {len(document) - 1} more"]
    return document


def demo(
    full: bool = typer.Option(False, "--full", help="Print whole documents; else long lists are shown by their first element."),
) -> None:
    """Start everything on loopback, send the documented order, show every station of its way; exit 0 when all is as documented."""
    home, settings = here()
    configure_logs(Log(level="error"))
    console = Shown(full)
    story = load_declared(home.path("config/demo.yaml"), Story)
    with tempfile.TemporaryDirectory(prefix="adapter-demo-") as data:
        passed = uvloop.run(
            _run(console, home, story, settings.model_copy(update={"data": Path(data), "store": f"sqlite:///{data}/demo.db"}))
        )
    console.print("[bold green]All as documented.[/]" if passed else "[bold red]Not as documented; see above.[/]")
    raise typer.Exit(0 if passed else 1)


async def _run(console: Shown, home: Home, story: Story, settings: Settings) -> bool:
    case = orjson.loads(home.path(story.case).read_bytes())
    async with (
        hosted(home, settings, simulators=True) as running,
        Caller(running.url, seconds=60) as http,
    ):
        console.print(f"The service listens on {running.url}; the backends are simulators: {', '.join(running.simulators.values())}")
        passed = await _documented(console, running, http, story, case)
        console.rule("When things go wrong")
        for mishap in story.mishaps:
            passed &= await _mishap(console, http, story, case, mishap)
        return passed


async def _documented(console: Shown, running: Hosted, http: Caller, story: Story, case: dict[str, Any]) -> bool:
    headers = {**story.headers, **case["header"], "correlationId": str(uuid.uuid4())}
    first = await http.post(story.path, case["request"], headers)
    again = await http.post(story.path, case["request"], headers)
    answer = first.json()
    order = await show_order(running.service.store, str(answer.get("id", "")))
    console.rule("1. The order, as the front-end sends it")
    console.show_json(case["request"])
    if order is None:
        console.print(f"[red]HTTP {first.status}[/]")
        console.show_json(answer)
        return False
    bodies = {message["direction"]: message["body"] for message in order["messages"]}
    console.rule("2. Which rule made which legacy field")
    console.print(_rules(running, story, case, order), markup=False, highlight=False, soft_wrap=True)
    console.rule("3. The SOAP call that left")
    console.show_xml(bodies["backend-request"])
    console.rule("4. What the backend said")
    console.show_xml(bodies["backend-reply"])
    console.rule(f"5. The answer: HTTP {first.status}")
    console.show_json(answer)
    as_documented = first.status == 201 and answer == {**case["answer"], **case["view"][story.face]}
    repeated = again.content == first.content and order["attempts"][-1]["number"] == 1
    console.print(f"equal to the documented answer, member for member: {_mark(as_documented)}")
    console.print(f"the same request again: same bytes, still one legacy order: {_mark(repeated)}")
    return as_documented and repeated


def _rules(running: Hosted, story: Story, case: dict[str, Any], order: dict[str, Any]) -> str:
    backend = running.service.pipeline.backends[story.market]
    scope = Scope(
        request=case["request"],
        header=case["header"],
        setting=backend.market.settings,
        correlation_id=order["correlationId"],
        client_reference=order["clientReference"],
    )
    _, origins = backend.translators[case["operation"]].explain_request(scope)
    lines = list(explained(origins))
    return "\n".join([*lines[:_SHOWN_RULES], f"… and {len(lines) - _SHOWN_RULES} more (adapter map --explain shows all)"])


async def _mishap(console: Shown, http: Caller, story: Story, case: dict[str, Any], mishap: Mishap) -> bool:
    order = copy.deepcopy(case["request"])
    order["serviceAddress"]["addrNo"] = mishap.house_id
    order["externalId"] = mishap.house_id[-4:].zfill(16)
    headers = {**story.headers, **case["header"], "correlationId": str(uuid.uuid4())}
    passed, what = True, mishap.what
    for status in mishap.expected:
        reply = await http.post(story.path, order, headers)
        body = reply.json()
        words = body["errors"][0]["description"] if "errors" in body else f"order {body['id']}, description {body['description']!r}"
        passed &= reply.status == status
        console.print(
            f"{what}: HTTP {reply.status}, as expected: {_mark(reply.status == status)}\n    {words}",
            highlight=False,
            soft_wrap=True,
        )
        what = "  the same request again"
    return passed


def _mark(good: bool) -> str:
    return "[green]yes[/]" if good else "[red]no[/]"
