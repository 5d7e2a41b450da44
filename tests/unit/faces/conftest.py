"""The shipped faces over a service that keeps orders in a dict. What happens behind it is tested end to end elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from adapter.aims import named_by
from adapter.contract.tmf import resource
from adapter.contract.validation import Validator
from adapter.errors import NotFound, NotOffered, Problem
from adapter.faces.app import create_app
from adapter.faces.authentication import hash_secret
from adapter.faces.clients import Clients
from adapter.faces.declaration import Face, load_face
from adapter.faces.listing import ListQuery, Page
from adapter.faces.rendering import Renderer
from adapter.ports import Message, Outcome, OutcomeKind, Reply, Result

ROOT = Path(__file__).parents[3]
DATA = Path(__file__).parent / "data"
CREATED = 1_673_441_112_028  # 2023-01-11T12:45:12.028Z
ACCEPTED = Outcome(OutcomeKind.ACCEPTED)


@cache
def hashed(secret: str) -> str:
    return hash_secret(secret)


@cache
def checks() -> Validator:
    return Validator(resource("productOrder").create_schema)


def schemas(view: str, name: str, which: str) -> Mapping[str, Any] | None:
    found = resource(name)
    return {"create": found.create_schema, "update": found.update_schema, "full": found.full_schema}[which]


@dataclass
class Orders:
    """Takes every order unless told otherwise; orders are numbered from 1."""

    renderers: Mapping[str, Renderer]
    outcome: Outcome = ACCEPTED
    status: int | None = None
    retry_after: int | None = None
    raises: BaseException | None = None
    hold: asyncio.Event | None = None
    arrived: asyncio.Event | None = None
    seen: list[Message] = field(default_factory=list)
    kept: dict[tuple[str, str], Result] = field(default_factory=dict)
    answers: dict[str, Reply] = field(default_factory=dict)
    listed: list[tuple[tuple[str, ...], ListQuery]] = field(default_factory=list)
    requires: Sequence[Problem] = ()
    unserved: frozenset[str] = frozenset()
    refused: list[Message] = field(default_factory=list)

    async def place(self, message: Message) -> Reply:
        self.seen.append(message)
        if self.arrived is not None:
            self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.raises is not None:
            raise self.raises
        if message.key and message.key in self.answers:
            return self.answers[message.key]
        accepted = self.outcome.kind is OutcomeKind.ACCEPTED
        number = str(len(self.kept) + 1)
        result = Result(
            self.outcome,
            {**message.body, "id": number, "state": "acknowledged"} if accepted else None,
            number,
            CREATED,
            self.status,
            self.retry_after,
        )
        if accepted:
            self.kept[message.market, number] = result
        reply = self.renderers[message.face](message, result)
        self.answers[message.key] = reply
        return reply

    async def retrieve(self, message: Message) -> Result:
        self.seen.append(message)
        if self.raises is not None:
            raise self.raises
        if self.outcome.kind is not OutcomeKind.ACCEPTED:
            return Result(self.outcome, None)
        found = self.kept.get((message.market, message.path["id"]))
        if found is None:
            raise NotFound(f"There is no order '{message.path['id']}'")
        return found

    async def market_of(self, message: Message, markets: Sequence[str]) -> str | None:
        return next((market for market in markets if (market, named_by(message)[1]) in self.kept), None)

    async def list(self, markets: Sequence[str], query: ListQuery) -> Page:
        self.listed.append((tuple(markets), query))
        return query.page(result for (market, _), result in self.kept.items() if market in markets)

    def serves(self, operation: str) -> bool:
        return operation not in self.unserved

    def validator(self, face: str, market: str, operation: str) -> Validator:
        if market == "jm":
            raise NotOffered("Jamaica does not offer productOrder.create")
        return checks()

    def refusal(self, message: Message, parameters: Sequence[Problem], members: Sequence[Problem]) -> Sequence[Problem]:
        self.refused.append(message)
        return [*parameters, *members, *self.requires]


@dataclass
class World:
    """One running application and what stands behind it."""

    app: Starlette
    orders: Orders
    registry: CollectorRegistry
    reasons: list[str]

    def run(self, talk: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
        """Runs a conversation with the application, in this process and without a socket."""

        async def session() -> Any:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await talk(client)

        return asyncio.run(session())

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request."""
        answer: httpx.Response = self.run(lambda client: client.request(method, path, **more))
        return answer


CLIENTS: dict[str, Any] = {
    "shop": {
        "secret": "shop-secret",
        "markets": ["pr", "jm", "pa", "lab"],
        "operations": ["productOrder.*"],
        "market": "lab",
    },
    "reader": {
        "secret": "reader-secret",
        "faces": ["tmf"],
        "markets": ["lab"],
        "operations": ["productOrder.retrieve", "productOrder.list"],
    },
    "isle": {"secret": "isle-secret", "markets": ["pr"], "operations": ["*"]},
    "two": {"secret": "two-secret", "markets": ["pr", "pa"], "operations": ["*"]},
    "small": {
        "secret": "small-secret",
        "markets": ["pr", "lab"],
        "market": "lab",
        "operations": ["*"],
        "limits": {"bodyBytes": 2000, "depth": 8, "perSecond": 0.5, "burst": 3},
    },
    "demo-open": {"markets": ["lab", "pr"], "operations": ["productOrder.*"], "market": "lab"},
}


def build(*, loopback: bool = True, clients: Mapping[str, Any] | None = None, faces: Sequence[Face] = (), base_url: str = "") -> World:
    """The application over the shipped faces, or the given ones."""
    declared = faces or [load_face(ROOT / "config" / "faces" / f"{name}.yaml") for name in ("hybris", "tmf")]
    table = {name: {**one, "secret": hashed(one["secret"]) if "secret" in one else ""} for name, one in (clients or CLIENTS).items()}
    renderers = {face.face: Renderer(face, base_url) for face in declared}
    orders, registry = Orders(renderers), CollectorRegistry()
    reasons: list[str] = []

    async def readiness() -> Sequence[str]:
        return reasons

    app = create_app(
        renderers,
        Clients.model_validate({"clients": table}),
        orders,
        schemas,
        readiness,
        loopback=loopback,
        registry=registry,
        now=lambda: CREATED,
    )
    return World(app, orders, registry, reasons)


@pytest.fixture
def world() -> World:
    return build()


@pytest.fixture
def make() -> Callable[..., World]:
    return build


@pytest.fixture
def order() -> dict[str, Any]:
    """The documented self-install order."""
    found: dict[str, Any] = json.loads((DATA / "self-install.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def headers() -> dict[str, str]:
    """The documented headers of the PR market."""
    return {
        "client-id": "shop",
        "client-secret": "shop-secret",
        "correlationId": "644e1dd7-2a7f-18fb-b8ed-ed78c3F92c2b",
        "lob": "FIXED",
        "channelId": "ECOM",
        "X-Conversation-Id": "QAHA017633E52B68CF0000",
    }


@pytest.fixture
def face_with() -> Callable[..., Face]:
    """A shipped face with changes to its declaration."""

    def change(name: str, edit: Callable[[dict[str, Any]], Any]) -> Face:
        declared = load_face(ROOT / "config" / "faces" / f"{name}.yaml", {})
        data = declared.model_dump(mode="json", by_alias=True, exclude_unset=True)
        edit(data)
        return Face.model_validate(data)

    return change
