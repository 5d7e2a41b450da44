"""The Polish market as an operator uses it: the service, the simulated Nexera and a listener, over HTTP, in a thread of this process."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from adapter.cli.hosting import hosted
from adapter.settings import Home, load_settings
from simulators.nexera import Nexera, nexera
from tests.listener_kit import WITHIN, Event, Heard, listener, told
from tests.loop_kit import LoopThread

ROOT = Path(__file__).parents[1]
SPEED = 1000.0  # a minute of a script takes 0.06 s; the day that a ticket stays resolved, 86 s
PASSWORD = "password-of-nexera"
BASES = {
    "geographicAddressValidation": "/tmf-api/geographicAddressManagement/v4",
    "individual": "/tmf-api/party/v4",
    "productOrder": "/tmf-api/productOrderingManagement/v4",
    "cancelProductOrder": "/tmf-api/productOrderingManagement/v4",
    "searchTimeSlot": "/tmf-api/appointment/v4",
    "appointment": "/tmf-api/appointment/v4",
    "serviceTest": "/tmf-api/serviceTestManagement/v4",
    "troubleTicket": "/tmf-api/troubleTicket/v4",
}
ITEM = {"id": "1", "action": "add", "productOffering": {"id": "FTTH-1000"}}
SLOT = {"startDateTime": "2026-12-01T08:00:00.000Z", "endDateTime": "2026-12-01T10:00:00.000Z"}

_TELLS_A_STATE = re.compile(r"(State|Status)ChangeEvent$|CreateEvent$")


@dataclass
class Operator:
    """An operator who sells on Nexera's network, as its front-end sees the service."""

    url: str
    http: httpx.Client
    twin: Nexera
    heard: Heard
    loop: asyncio.AbstractEventLoop

    def post(self, kind: str, expect: int = 201, headers: Mapping[str, str] | None = None, **body: Any) -> dict[str, Any]:
        path = f"{BASES[kind]}/{kind}"
        return self._answer(self.http.post(path, json=body, headers=headers), expect)

    def patch(self, kind: str, identity: str, expect: int = 200, **body: Any) -> dict[str, Any]:
        return self._answer(self.http.patch(f"{BASES[kind]}/{kind}/{identity}", json=body), expect)

    def get(self, kind: str, identity: str = "", expect: int = 200, **query: str) -> Any:
        path = f"{BASES[kind]}/{kind}" + (f"/{identity}" if identity else "")
        return self._answer(self.http.get(path, params=query), expect)

    def play(self, kind: str, identity: str, act: str) -> list[int]:
        """Has something happen at Nexera; the statuses that its callbacks were answered with."""
        return asyncio.run_coroutine_threadsafe(self.twin.play(kind, identity, act), self.loop).result(WITHIN)

    def call_back(self, name: str, kind: str, members: dict[str, Any], event_id: str = "E-1", **headers: str) -> httpx.Response:
        """A callback as Nexera sends one."""
        body = {"eventId": event_id, "eventTime": "2026-11-23T10:00:00.000Z", "eventType": name, "event": {kind: members}}
        return self.http.post(f"{self.url}/inbound/pl/{name}", json=body, headers=headers or credentials())

    def hears(self, identity: str, *types: str) -> list[tuple[str, str]]:
        """Waits until the events about a resource are of these types; returns them with their states."""
        events = self.heard.until(identity, lambda found: len(found) >= len(types))
        assert [event["eventType"] for event in events] == list(types)
        return [told(event) for event in events]

    def becomes(self, identity: str, state: str) -> list[Event]:
        """Waits until the resource is told to have come to this state; all events about it."""

        def come_there(found: list[Event]) -> bool:
            steps = [told(event)[1] for event in found if _TELLS_A_STATE.search(event["eventType"])]
            return bool(steps) and steps[-1] == state

        return self.heard.until(identity, come_there)

    def repeated(self, kind: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> httpx.Response:
        """Repeats a request whose fate is in doubt until it is settled."""
        over = time.monotonic() + WITHIN
        while True:
            answer = self.http.post(f"{BASES[kind]}/{kind}", json=body, headers=headers)
            if answer.status_code != 504:
                return answer
            assert time.monotonic() < over, answer.text

    def changed(self, kind: str, identity: str, **body: Any) -> dict[str, Any]:
        """Changes a resource as soon as no other change of it is in doubt."""
        over = time.monotonic() + WITHIN
        while True:
            answer = self.http.patch(f"{BASES[kind]}/{kind}/{identity}", json=body)
            if answer.status_code not in (409, 503, 504):
                return self._answer(answer, 200)
            assert time.monotonic() < over, answer.text

    def customer(self) -> str:
        return self.post("individual", givenName="Jan", familyName="Żak")["id"]

    def draft(self, word: str = "HOLD", **more: Any) -> str:
        """A draft; ``word`` says what Nexera does with it."""
        party = [{"id": self.customer(), "role": "customer", "@referredType": "Individual"}]
        body = {"description": f"{word} order", "relatedParty": party, "productOrderItem": [ITEM], **more}
        draft = self.post("productOrder", **body)
        assert draft["state"] == "acknowledged"
        return draft["id"]

    def order(self, word: str = "HOLD", **more: Any) -> str:
        """A draft that was completed and is in realisation, at Nexera and on record."""
        order = self.draft(word, **more)
        self.patch("productOrder", order, requestedCompletionDate="2026-12-01T08:00:00.000Z")
        self.becomes(order, "accepted")
        return order

    def ticket(self, word: str = "HOLD", **more: Any) -> str:
        body = {"description": f"{word} ticket", "severity": "Major", "ticketType": "consumerFault", **more}
        ticket = self.post("troubleTicket", **body)
        assert ticket["status"] == "acknowledged"
        return ticket["id"]

    def _answer(self, answer: httpx.Response, expect: int) -> Any:
        assert answer.status_code == expect, f"{answer.status_code}: {answer.text}"
        return answer.json() if answer.content else None


def credentials(user: str = "nexera", password: str = PASSWORD) -> dict[str, str]:
    """As whom Nexera calls."""
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def pl_home(folder: Path) -> Path:
    """A home with this market alone, as it is declared; the one that is there already, if there is one."""
    if folder.exists():
        return folder
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copytree(ROOT / "mappings" / "pl", folder / "mappings" / "pl")
    declared = folder / "config" / "adapter.yaml"
    text = re.sub(r"(?m)^markets: .*$", "markets: [pl]", declared.read_text(encoding="utf-8"))
    text = re.sub(r"(?m)^faces: .*$", "faces: [tmf, tmf621, tmf632, tmf646, tmf653, tmf673]", text)
    declared.write_text(text, encoding="utf-8")
    faces = folder / "config" / "faces" / "tmf-common.yaml"
    faces.write_text(faces.read_text(encoding="utf-8").replace("default: lab", "default: pl"), encoding="utf-8")
    clients = folder / "config" / "clients.yaml"
    known = yaml.safe_load(clients.read_text(encoding="utf-8"))["clients"]
    mine = {
        "demo-operator": known["demo-operator"],
        "demo-open": {**known["demo-open"], "faces": ["tmf"], "markets": ["pl"], "market": "pl"},
    }
    mine["other-operator"] = {**json.loads(json.dumps(known["demo-operator"])), "parties": ["other-operator"]}
    clients.write_text(yaml.safe_dump({"clients": json.loads(json.dumps(mine))}), encoding="utf-8")
    return folder


@contextlib.contextmanager
def operating(folder: Path, speed: float = SPEED, environment: Mapping[str, str] | None = None) -> Iterator[Operator]:
    """The service with its record in ``folder``, Nexera ``speed`` times as fast as its scripts, and a listener that hears of everything."""
    variables = {
        "ADAPTER_HOME": str(pl_home(folder / "home")),
        "ADAPTER_DATA": str(folder / "data"),
        "ADAPTER_PL_INBOUND_PASSWORD": PASSWORD,
        "ADAPTER_PL_POLL": "36000",
        "ADAPTER_CALLBACK_HOSTS": "127.0.0.1",
        "ADAPTER_CALLBACK_NETWORKS": "127.0.0.0/8",
        "ADAPTER_CALLBACK_HTTP": "true",
        "ADAPTER_CALLBACK_SIGNING": "optional",
        **(environment or {}),
    }
    with LoopThread() as thread, thread.holding(_operator(variables, speed)) as operator:
        yield operator


@contextlib.asynccontextmanager
async def _operator(variables: Mapping[str, str], speed: float) -> AsyncIterator[Operator]:
    heard = Heard()
    async with listener(heard.hear) as listening, nexera(speed=speed) as twin:
        environment = {**variables, "ADAPTER_PL_ENDPOINT": twin.url}
        home = Home.find(environment)
        settings = load_settings(home, environment)
        settings.data.mkdir(parents=True, exist_ok=True)
        async with hosted(home, settings, environment=environment) as host:
            twin.tells(f"{host.url}/inbound/pl", credentials())
            headers = {"client-id": "demo-operator", "client-secret": "demo-secret"}
            with httpx.Client(base_url=host.url, headers=headers, timeout=30, trust_env=False) as http:
                await asyncio.to_thread(_register, http, f"{listening}/events")
                yield Operator(host.url, http, twin, heard, asyncio.get_running_loop())


def _register(http: httpx.Client, listener: str) -> None:
    for base in sorted(set(BASES.values())):
        answer = http.post(f"{base}/hub", json={"callback": listener})
        assert answer.status_code == 201, answer.text
