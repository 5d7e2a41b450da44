"""Fault points: where a service of a test ends itself, or stands still, as if somebody had pulled the plug at just that moment.

The program knows nothing of this. A process that is started by ``tests.faults.forking`` has its parts wrapped before it begins:

DIE_AT=POINT    kill -9 at the point: one of those at the end of this file
STOP_AT=POINT   SIGSTOP at the point, once
SKEW=SECONDS    the machine's clock is wrong by so much
MINUTE=SECONDS  a minute of a closed window lasts so long
HURRY=1         leases are shorter and chores come round sooner, so that nobody has to wait for them
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

CREATE = b"CreateOrder"


def prepare(environment: Mapping[str, str]) -> None:
    """Wraps what the environment asks for."""
    if environment.get("HURRY"):
        _hurry()
    if environment.get("SKEW"):
        _skew(float(environment["SKEW"]))
    if environment.get("MINUTE"):
        from adapter.work import windows  # noqa: PLC0415

        windows._MINUTE = int(float(environment["MINUTE"]) * 1000)
    if environment.get("DIE_AT"):
        _POINTS[environment["DIE_AT"]](_die)
    if environment.get("STOP_AT"):
        _POINTS[environment["STOP_AT"]](_once(_stop))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _once(act: Callable[[], None]) -> Callable[[], None]:
    left = [act]
    return lambda: left.pop()() if left else None


def _hurry() -> None:
    from adapter.bootstrap import work as bootstrap  # noqa: PLC0415
    from adapter.work import lane, plan  # noqa: PLC0415

    plan._MARGIN = 0
    plan._WITHOUT_CALL = 500
    plan.GRACE = lane.GRACE = 500
    bootstrap.SWEEP_SECONDS = 0.5


def _skew(seconds: float) -> None:
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + seconds
    time.time_ns = lambda: real_ns() + int(seconds * 1e9)


def _before_call(act: Callable[[], None]) -> None:
    from adapter.wire.client import Wire  # noqa: PLC0415

    send = Wire.send

    @functools.wraps(send)
    async def sends(self: Any, request: Any, **options: Any) -> Any:
        if CREATE in request.body:
            act()
        return await send(self, request, **options)

    Wire.send = sends  # type: ignore[method-assign]


def _before_intent(act: Callable[[], None]) -> None:
    """A worker has claimed the task and read the order; its intent is not on record."""
    from adapter.work.submit import Submit  # noqa: PLC0415

    attempt = Submit._attempt

    @functools.wraps(attempt)
    async def attempts(self: Any, *arguments: Any) -> Any:
        act()
        return await attempt(self, *arguments)

    Submit._attempt = attempts  # type: ignore[method-assign]


def _after_call(act: Callable[[], None]) -> None:
    from adapter.wire.client import Wire  # noqa: PLC0415

    send = Wire.send

    @functools.wraps(send)
    async def sends(self: Any, request: Any, **options: Any) -> Any:
        reply = await send(self, request, **options)
        if CREATE in request.body:
            act()
        return reply

    Wire.send = sends  # type: ignore[method-assign]


def _after_recorded(act: Callable[[], None]) -> None:
    """After the commit of what the caller is going to be told, before anything is told: the end of the attempt where the caller waits
    for it, else the acceptance itself."""
    from adapter.pipeline import Pipeline  # noqa: PLC0415

    place = Pipeline._place

    @functools.wraps(place)
    async def places(self: Any, message: Any) -> Any:
        reply = await place(self, message)
        act()
        return reply

    Pipeline._place = places  # type: ignore[method-assign]


def _after_message(act: Callable[[], None]) -> None:
    """After the commit of what a backend's message did, before the backend is answered."""
    from adapter.receiving import Receiving  # noqa: PLC0415

    take = Receiving.take

    @functools.wraps(take)
    async def takes(self: Any, *arguments: Any) -> Any:
        taken = await take(self, *arguments)
        act()
        return taken

    Receiving.take = takes  # type: ignore[method-assign]


def _in_message(act: Callable[[], None]) -> None:
    """A backend's message is written, and not committed."""
    from adapter import receiving  # noqa: PLC0415

    receive = receiving.receive

    @functools.wraps(receive)
    def receives(*arguments: Any) -> Any:
        written = receive(*arguments)
        act()
        return written

    receiving.receive = receives


def _in_timer(act: Callable[[], None]) -> None:
    """After the timer has decided, before it is on record."""
    from adapter.work.timer import Timers  # noqa: PLC0415

    fire = Timers.__call__

    @functools.wraps(fire)
    async def fires(self: Any, job: Any) -> Any:
        finish = await fire(self, job)
        act()
        return finish

    Timers.__call__ = fires  # type: ignore[method-assign]


def _in_delivery(act: Callable[[], None]) -> None:
    """The listener has the event, the record does not know."""
    from adapter.wire.callback import Callbacks  # noqa: PLC0415

    send = Callbacks.send

    @functools.wraps(send)
    async def sends(self: Any, *arguments: Any, **options: Any) -> Any:
        called = await send(self, *arguments, **options)
        act()
        return called

    Callbacks.send = sends  # type: ignore[method-assign]


def _after_claim(act: Callable[[], None]) -> None:
    from adapter.work.submit import Submit  # noqa: PLC0415

    async def dies(self: Any, job: Any) -> Any:
        act()
        await asyncio.Event().wait()

    Submit.__call__ = dies  # type: ignore[method-assign]


def _in_migration(act: Callable[[], None]) -> None:
    """Behind so many statements (DIE_AFTER)."""
    from alembic.ddl.impl import DefaultImpl  # noqa: PLC0415

    run, counted = DefaultImpl._exec, [0]

    @functools.wraps(run)
    def runs(self: Any, *arguments: Any, **options: Any) -> Any:
        result = run(self, *arguments, **options)
        counted[0] += 1
        if counted[0] == int(os.environ.get("DIE_AFTER", "8")):
            act()
        return result

    DefaultImpl._exec = runs  # type: ignore[method-assign]


_POINTS: dict[str, Callable[[Callable[[], None]], None]] = {
    "before-intent": _before_intent,
    "before-call": _before_call,
    "after-call": _after_call,
    "after-recorded": _after_recorded,
    "after-message": _after_message,
    "in-message": _in_message,
    "in-timer": _in_timer,
    "in-delivery": _in_delivery,
    "after-claim": _after_claim,
    "in-migration": _in_migration,
}
