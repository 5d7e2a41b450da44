"""Callbacks to the operator: sent again until they are answered 200, or refused; never given up silently."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from simulators.calling import Listener

_KEPT = 200
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
    """Sends to the address of the ``listener`` + ``/`` + name."""

    def __init__(self, listener: Listener, pauses: Sequence[float], speed: float) -> None:
        self._listener = listener
        self._pauses = [max(pause / speed, _LEAST_PAUSE) for pause in pauses]
        self._told: deque[Told] = deque(maxlen=_KEPT)
        self._count = 0

    def told(self) -> list[dict[str, Any]]:
        """The last callbacks, newest last."""
        return [asdict(one) for one in self._told]

    def clear(self) -> None:
        """Forgets what was told."""
        self._told.clear()
        self._count = 0

    async def send(self, name: str, identity: str, body: Mapping[str, Any]) -> int:
        """Sends one callback and returns the status it came to: 200, a refusal, or what the last try got (0: no answer)."""
        self._count += 1
        told = Told(self._count, name, identity, body)
        self._told.append(told)
        for pause in (*self._pauses, None):
            told.status = await self._try(name, body)
            told.tries += 1
            refused = told.status in _FINAL and told.status not in _TRY_AGAIN
            if told.status == 200 or refused or pause is None:
                break
            await asyncio.sleep(pause)
        return told.status

    async def _try(self, name: str, body: Mapping[str, Any]) -> int:
        try:
            answer = await self._listener.post(f"/{name}", json=body)
        except httpx.HTTPError:
            return 0
        return answer.status_code
