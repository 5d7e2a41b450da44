"""The demo's listener: what it takes, what it refuses, and how it tells of an event."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest

from adapter.cli.demo_listener import Listener, is_genuine, listening
from adapter.wire.callback import signed

KEY, OTHER = b"0123456789abcdef", b"fedcba9876543210"
NOW = 1_760_000_000
BODY = b'{"eventId":"E1"}'


def event(*states: str, **more: Any) -> dict[str, Any]:
    order = {
        "id": "17",
        "state": "inProgress",
        "productOrderItem": [{"id": "1", "state": state} if state else {"id": "1"} for state in states],
    }
    return {"eventId": "E1", "eventType": "ProductOrderStateChangeEvent", "event": {"productOrder": order}, **more}


def head(body: bytes, *keys: bytes, at: int = NOW) -> dict[str, str]:
    return signed("E1", at * 1000, body, keys)


@pytest.mark.parametrize(
    ("headers", "genuine"),
    [
        (head(BODY, KEY), True),
        (head(BODY, OTHER, KEY), True),
        (head(BODY, KEY, at=NOW - 299), True),
        (head(BODY, KEY, at=NOW - 301), False),
        (head(BODY, OTHER), False),
        (head(BODY + b" ", KEY), False),
        (head(BODY), False),
        (head(BODY, KEY) | {"webhook-id": "E2"}, False),
        (head(BODY, KEY) | {"webhook-timestamp": "٣"}, False),
        ({}, False),
    ],
)
def test_a_call_is_genuine_with_the_signature_of_the_key_and_of_these_minutes(headers, genuine):
    assert is_genuine(headers, BODY, KEY, NOW) is genuine


async def heard(*calls: tuple[bytes, bytes]) -> tuple[list[int], Listener]:
    """Sends bodies, each signed with a key."""
    async with listening(KEY) as listener, httpx.AsyncClient(trust_env=False) as client:
        statuses = []
        for body, key in calls:
            headers = signed("E1", time.time_ns() // 1_000_000, body, (key,))
            statuses.append((await client.post(listener.url, content=body, headers=headers)).status_code)
        return statuses, listener


def test_it_takes_events_and_refuses_the_rest():
    good = json.dumps(event("completed", "completed", "failed", fieldPath="completionDate")).encode()
    bare = json.dumps(event("", "")).encode()
    statuses, listener = asyncio.run(heard((good, KEY), (bare, OTHER), (b"{", KEY), (b"{}", KEY), (b'{"event":{}}', KEY), (b"[]", KEY)))
    assert statuses == [204, 401, 400, 400, 400, 400]
    first, second = listener.events.get_nowait(), listener.events.get_nowait()
    assert listener.events.empty()
    assert first.words() == (
        "ProductOrderStateChangeEvent about completionDate: inProgress; 3 items: 2 completed 1 failed; event id E1; signature genuine"
    )
    assert second.words() == (
        "ProductOrderStateChangeEvent: inProgress; 2 items, which have no states of their own; event id E1; SIGNATURE NOT GENUINE"
    )
