"""The work of a service: a lane for each market and kind of task, and the chores that come round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from adapter.agenda import POLL, RECONCILE, SUBMIT, TIMER, Random, chance, lane_of
from adapter.backend import Backend
from adapter.doubt import DoubtSettler
from adapter.following import Follower
from adapter.market import Market
from adapter.store import Store
from adapter.work.catching_up import CatchingUp
from adapter.work.housekeeping import Chore, Housekeeping
from adapter.work.job import Handler, LaneObserver
from adapter.work.lane import Lane
from adapter.work.lookout import Lookout
from adapter.work.plan import planner, windows_of
from adapter.work.poll import Poll
from adapter.work.reconcile import Reconcile
from adapter.work.submit import Submit
from adapter.work.sweep import Sweep
from adapter.work.timer import Timers

SWEEP_SECONDS = 5.0
PURGE_SECONDS = 600.0


class Work:
    """All lanes of a node. ``backends`` is live: what a reload changes holds for the next tick. ``chores`` come beside its own."""

    def __init__(
        self,
        store: Store,
        backends: Mapping[str, Backend],
        follower: Follower,
        doubt: DoubtSettler,
        observer: LaneObserver,
        chores: Iterable[Chore] = (),
        chance: Random = chance,
    ) -> None:
        self.sweep = Sweep(store, self.wake, lambda: max((lane.lease for lane in self.lanes.values()), default=0))
        handlers: dict[str, Handler] = {
            SUBMIT: Submit(store, backends, follower.observer, chance),
            RECONCILE: Reconcile(store, doubt, chance),
            POLL: Poll(store, follower, chance),
            TIMER: Timers(store, backends),
        }
        self.lanes: dict[str, Lane] = {}
        for market in backends:
            for kind, handler in handlers.items():
                name = lane_of(kind, market)
                self.lanes[name] = Lane(name, handler, planner(backends, kind, market), store, observer, random=chance)
        self._lookout = Lookout(store, tuple(self.lanes), self.wake)
        self.catching_up = CatchingUp(store, backends, self.wake, chance)
        own = (Chore("sweep", SWEEP_SECONDS, self.sweep, at_once=True), Chore("catching-up", SWEEP_SECONDS, self.catching_up))
        self._housekeeping = Housekeeping((*own, *chores))

    def wake(self, lane: str) -> None:
        """Tells a lane of this node that it has something to do now. One of another node, or an unknown one, finds out by itself."""
        found = self.lanes.get(lane)
        if found is not None:
            found.wake()

    def start(self) -> None:
        """Everything begins; belongs to the running loop."""
        for lane in self.lanes.values():
            lane.start()
        self._lookout.start()
        self._housekeeping.start()

    async def stop(self) -> None:
        """Nothing new is begun; what is at a backend is waited for, everything else is handed back."""
        await self._housekeeping.stop()
        await self._lookout.stop()
        for lane in self.lanes.values():
            await lane.stop()


_ENDING = 250
"""Milliseconds from this look until a call is under way, and from its time-out until the backend sees that it is over."""


def closed_until(clock: Callable[[], int]) -> Callable[[Market], int | None]:
    """Until when a market's backend takes no calls (milliseconds since the epoch); None while it does."""

    def until(market: Market) -> int | None:
        if not market.windows:
            return None
        now, windows = clock(), windows_of(market)
        lead = round(market.limits.total * 1000) + _ENDING
        closed = windows.next_closed(now) if windows.closes_within(now, lead) else None
        return None if closed is None else closed.end

    return until
