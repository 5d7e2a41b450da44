"""How a lane works towards its backend, read from the market's declaration at each tick, so that a reload takes effect at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from adapter.agenda import POLL, SUBMIT, TIMER
from adapter.backend import Backend
from adapter.market import Market
from adapter.schedule import Breaker, Rate
from adapter.work.windows import Windows

GRACE = 2_000
"""Milliseconds from a claim to the moment its call leaves at the latest; then the permit is void and the task goes back unsent."""

_BATCH = 100
_MARGIN = 5_000
_WITHOUT_CALL = 10_000
_BREAKER = Breaker(failures=5, pause=5)
_ALWAYS_OPEN = Windows(())


@dataclass(frozen=True, slots=True)
class Plan:
    """``backend`` names the row of rate and breaker, "" where nothing is called; ``call`` is the longest call in milliseconds,
    ``slots`` how many tasks are in work at a time; ``left`` permits are left to others,
    ``per_call`` tasks are done by one call. ``alone``: the lane has one task in work at a time, over all nodes, the longest due first."""

    backend: str
    call: int
    slots: int
    windows: Windows = _ALWAYS_OPEN
    rate: Rate | None = None
    left: int = 0
    breaker: Breaker = _BREAKER
    per_call: int = 1
    alone: bool = False

    @property
    def lease(self) -> int:
        """Milliseconds for which a claim holds: more than twice the longest call, so that no call outlives it."""
        return 2 * (self.call + GRACE) + _MARGIN

    @property
    def lead(self) -> int:
        """Milliseconds before a closed window in which nothing is claimed any more: what begins now has to be over by then."""
        return self.call + GRACE


Planner = Callable[[], Plan | None]
"""Gives the plan as it is declared now; None while there is no such market."""


def planner(backends: Mapping[str, Backend], kind: str, market: str) -> Planner:
    """The planner of one lane. Orders may take every permit, questions leave the reserve."""

    def plan() -> Plan | None:
        backend = backends.get(market)
        return None if backend is None else plan_of(kind, backend.market)

    return plan


def plan_of(kind: str, market: Market) -> Plan:
    """The plan of the lane of this kind."""
    if kind == TIMER:
        return Plan("", _WITHOUT_CALL, _BATCH)
    bulk = [follow.bulk.most for follow in market.follow.values() if follow.bulk is not None] if kind == POLL else []
    per_call = min(bulk) if len(bulk) == len(market.follow) and bulk else 1
    slots = min(_BATCH, max(1, market.limits.slots // 2))  # the other half is for those who wait for their answer
    alone = kind == SUBMIT and market.in_order
    return Plan(
        backend=market.market,
        call=round(market.limits.total * 1000),
        slots=1 if alone else slots if per_call == 1 else max(per_call, _BATCH * 2),
        windows=windows_of(market),
        rate=market.rate,
        left=market.rate.reserve if market.rate is not None and kind == POLL else 0,
        breaker=market.breaker or _BREAKER,
        per_call=per_call,
        alone=alone,
    )


def windows_of(market: Market) -> Windows:
    """The closed windows of a market."""
    return _windows(tuple((window.cron, float(window.minutes)) for window in market.windows), market.timezone)


@lru_cache(maxsize=64)
def _windows(declared: tuple[tuple[str, float], ...], timezone: str) -> Windows:
    return Windows(declared, timezone)
