"""The supplier as a running process: the SOAP server, and one task for each provider change that tells its two buyers.

POST /spri        orders and what belongs to them
GET  /callbacks   the messages sent, each with its acknowledgement
Everything else as the other simulators that call do.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from simulators.calling import CallingTwin
from simulators.life import Passing
from simulators.scenario import Behaviour
from simulators.soap_server import Simulator
from simulators.spri.backend import HERE, Supplier
from simulators.spri.change import ProviderChange
from simulators.spri.courier import Courier
from simulators.spri.course import SpriScenarios
from simulators.spri.messages import Message, Writer


class SpriSimulator(CallingTwin[Behaviour], Simulator):
    """The running supplier. It tells the buyers of each provider change in one order; changes do not wait for each other."""

    def __init__(self, scenarios: SpriScenarios, passing: Passing, **server: Any) -> None:
        self._supplier = Supplier(scenarios, self._moved, passing)
        super().__init__(self._supplier, **server)
        self._writer, self._courier = Writer(scenarios, self.numbers), Courier(self._listener)
        self._telling: dict[str, tuple[asyncio.Event, asyncio.Task[None]]] = {}
        self._changes: dict[str, ProviderChange] = {}
        self._on_its_way: dict[str, list[tuple[Message, int]]] = {}

    async def start(self, port: int | None = None) -> str:
        """Also goes on telling what was left when it was stopped."""
        url = await super().start(port)
        for change in self._changes.values():
            self._moved(change)
        return url

    async def stop(self) -> None:
        """Also ends the telling; what is left is told after another ``start``."""
        await self._silence()
        await super().stop()

    def reset(self) -> None:
        """Also forgets the messages."""
        for _, task in self._telling.values():
            task.cancel()
        self._telling.clear()
        self._changes.clear()
        self._on_its_way.clear()
        self._supplier.clear()
        self._courier.sent.clear()
        super().reset()

    def callbacks(self, last: int = 200) -> list[dict[str, Any]]:
        """As ``GET /callbacks``."""
        return [sent.shown() for sent in self._courier.sent][-last:] if last > 0 else []

    async def told(self, kind: str, order: str = "") -> dict[str, Any]:
        """Waits until a message of this type (about the order of this number) was acknowledged or refused; that one."""
        return (await self._courier.told(kind, order)).shown()

    def _moved(self, change: ProviderChange) -> None:
        """There is something new to tell, or it is to be told at another time."""
        number = change.new.number
        self._changes[number] = change
        if number in self._telling:
            self._telling[number][0].set()
            return
        news = asyncio.Event()
        news.set()
        self._telling[number] = (news, asyncio.get_running_loop().create_task(self._tell(change, news)))

    async def _tell(self, change: ProviderChange, news: asyncio.Event) -> None:
        """One message after the other: the next only when this one is acknowledged."""
        number = change.new.number
        await self._bring(number)
        while not change.over:
            news.clear()
            with contextlib.suppress(TimeoutError):  # nothing new until the next step is due
                await asyncio.wait_for(news.wait(), change.wait() if change.steps else None)
                continue
            if step := change.take():
                self._on_its_way.setdefault(number, []).insert(0, (self._writer.message(change, step), step.times))
                if not step.overtaken:
                    await self._bring(number)
        del self._telling[number], self._changes[number]
        self._on_its_way.pop(number, None)

    async def _bring(self, number: str) -> None:
        """The newest message, then those that it overtook. What is on its way when the simulator is stopped is brought after another
        start."""
        messages = self._on_its_way.get(number, [])
        while messages:
            await self._courier.bring(*messages[0])
            messages.pop(0)

    async def _silence(self) -> None:
        tasks = [task for _, task in self._telling.values()]
        self._telling.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def spri(
    scenarios: Path = HERE / "scenarios.yaml",
    override: Mapping[str, Mapping[str, Any]] | None = None,
    speed: float = 1.0,
    clock: Callable[[], float] = time.time,
    **server: Any,
) -> SpriSimulator:
    """The supplier. ``override`` changes single scenarios; its orders go on ``speed`` times as fast as ``clock`` (seconds since the
    epoch); ``server`` is host and port. Its messages wait until ``tells`` says where they go."""
    return SpriSimulator(SpriScenarios.read(scenarios, override), Passing(speed, clock), **server)
