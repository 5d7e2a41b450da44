"""Callbacks to the operator: sent again until they are answered 200, or refused; never given up silently."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

_KEPT = 200
_PATIENCE = 10.0  # seconds for one answer
_LEAST_PAUSE = 0.02  # seconds, however fast simulated time is
_FINAL = range(400, 500)
_TRY_AGAIN = frozenset({408, 425, 429})


@dataclass(slots=True)
class Told:
    """One callback: ``status`` of the last answer (0: none yet), how many ``tries`` there were, the whole ``body``."""

    number: int
    name: str
    id: str
    body: Mapping[str, Any]
    status: int = 0
    tries: int = 0


class Callbacks:
    """Sends to ``address`` + ``/`` + name. Without an address they wait until there is one."""

    def __init__(self, pauses: Sequence[float], speed: float) -> None:
        self._pauses = [max(pause / speed, _LEAST_PAUSE) for pause in pauses]
        self._told: deque[Told] = deque(maxlen=_KEPT)
        self._count = 0
        self._headers: Mapping[str, str] = {}
        self._address = ""
        self._known = asyncio.Event()
        self._client: httpx.AsyncClient | None = None

    def to(self, address: str, headers: Mapping[str, str]) -> None:
        """Where the operator listens, and the headers by which it knows Nexera."""
        self._address, self._headers = address.rstrip("/"), dict(headers)
        if address:
            self._known.set()
        else:
            self._known.clear()

    def told(self) -> list[dict[str, Any]]:
        """The last callbacks, newest last."""
        return [asdict(one) for one in self._told]

    def clear(self) -> None:
        """Forgets what was told."""
        self._told.clear()
        self._count = 0

    def open(self) -> None:
        """Before the first is sent."""
        self._client = httpx.AsyncClient(trust_env=False, timeout=_PATIENCE)

    async def close(self) -> None:
        """Nothing is sent any more."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def send(self, name: str, identity: str, body: Mapping[str, Any]) -> int:
        """Sends one callback and returns the status it came to: 200, a refusal, or what the last try got (0: no answer)."""
        self._count += 1
        told = Told(self._count, name, identity, body)
        self._told.append(told)
        await self._known.wait()
        for pause in (*self._pauses, None):
            told.status = await self._try(name, body)
            told.tries += 1
            refused = told.status in _FINAL and told.status not in _TRY_AGAIN
            if told.status == 200 or refused or pause is None:
                break
            await asyncio.sleep(pause)
        return told.status

    async def _try(self, name: str, body: Mapping[str, Any]) -> int:
        assert self._client is not None
        try:
            answer = await self._client.post(f"{self._address}/{name}", json=body, headers=self._headers)
        except httpx.HTTPError:
            return 0
        return answer.status_code
