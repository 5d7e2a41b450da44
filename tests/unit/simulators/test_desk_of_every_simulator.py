"""What every simulator has, whatever it speaks: it is started, looked at, and forgets; those that call are told where to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from simulators.calling import CallingTwin
from simulators.registry import CALLING, SIMULATORS
from simulators.twin import Twin

SECRET = {"authorization": "Basic a2V5", "proxy-authorization": "Basic a2V5", "cookie": "session=key", "x-api-key": "key"}
EMPTY = {"total": 0, "forgotten": 0, "bookings": {}}


def at(name: str, walk: Callable[[Twin[Any], httpx.AsyncClient], Awaitable[None]]) -> None:
    """Walks at the simulator of this name."""

    async def run() -> None:
        async with SIMULATORS[name]() as twin, httpx.AsyncClient(base_url=twin.root, trust_env=False) as client:
            await walk(twin, client)

    asyncio.run(run())


async def call(twin: Twin[Any], client: httpx.AsyncClient) -> httpx.Response:
    """A call that no backend does, with credentials."""
    method, path = ("GET", "/api") if twin.name == "citynetwork" else ("POST", "")
    return await client.request(method, f"{twin.url}{path}", headers={**SECRET, "x-trace": "t-1"})


@pytest.mark.parametrize("name", SIMULATORS)
def test_what_it_was_asked_is_shown_without_secrets(name: str) -> None:
    async def walk(twin: Twin[Any], client: httpx.AsyncClient) -> None:
        refused = [await call(twin, client) for _ in range(2)]
        assert {400 <= answer.status_code < 500 for answer in refused} == {True}
        shown = (await client.get("/requests")).json()
        assert shown == twin.requests()
        assert [(one["number"], one["operation"], one["headers"]["x-trace"]) for one in shown] == [(1, "", "t-1"), (2, "", "t-1")]
        assert {one["headers"][secret] for one in shown for secret in SECRET} == {"***"}
        assert (await client.get("/requests?last=1")).json() == shown[1:]
        assert (await client.get("/requests?last=0")).json() == []
        assert (await client.get("/requests?last=x")).status_code == 400

    at(name, walk)


@pytest.mark.parametrize("name", SIMULATORS)
def test_it_shows_its_contract_and_bookings_and_forgets_what_it_was_asked(name: str) -> None:
    async def walk(twin: Twin[Any], client: httpx.AsyncClient) -> None:
        assert (await client.get(twin.contract_url)).status_code == 200
        await call(twin, client)
        assert (await client.post("/reset")).status_code == 204
        assert (await client.get("/requests")).json() == []
        assert (await client.get("/bookings")).json() == twin.bookings() == EMPTY
        assert (await client.get("/nowhere")).status_code == 404
        assert (await client.delete("/bookings")).status_code in (404, 405)

    at(name, walk)


@pytest.mark.parametrize("name", SIMULATORS)
def test_it_can_be_stopped_and_started_at_the_same_address(name: str) -> None:
    async def walk(twin: Twin[Any], client: httpx.AsyncClient) -> None:
        await call(twin, client)
        before = twin.url
        await twin.stop()
        with pytest.raises(httpx.HTTPError):
            await client.get("/requests")
        assert await twin.start(int(before.split(":")[2].partition("/")[0])) == before
        assert len((await client.get("/requests")).json()) == 1

    at(name, walk)


@pytest.mark.parametrize("name", CALLING)
def test_those_that_call_are_told_where_to(name: str) -> None:
    async def walk(twin: Twin[Any], client: httpx.AsyncClient) -> None:
        assert isinstance(twin, CallingTwin)
        assert (await client.get("/callbacks")).json() == []
        for wrong in (b"", b"{}", b'{"adress": "http://127.0.0.1:9"}', b'{"address": "http://127.0.0.1:9", "headers": [1]}'):
            refused = await client.put("/callbacks", content=wrong)
            assert (refused.status_code, refused.text.startswith('expected {"address": "http://host/path"')) == (400, True)
        assert (await client.put("/callbacks", json={"address": "http://127.0.0.1:9", "headers": {"x-api-key": "k"}})).status_code == 204

    at(name, walk)
