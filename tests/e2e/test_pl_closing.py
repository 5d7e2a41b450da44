"""R160 as it is shipped: a ticket is closed 24 hours after it was resolved, to the millisecond, by a clock that is set by hand."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

from adapter.bootstrap.backends import Backends
from adapter.bootstrap.observers import MarketMetrics
from adapter.bootstrap.work import Work
from adapter.faces.declaration import load_face
from adapter.faces.rendering import Renderer
from adapter.following import Follower
from adapter.market import load_market
from adapter.pipeline import Pipeline
from adapter.settings import Home, load_settings
from adapter.store import Store
from adapter.store.task_listing import find
from adapter.store.task_rows import TaskQuery
from tests.pl_kit import ROOT, operating
from tests.work_kit import Clock, Heard

DAY = 86_400
NOBODY_LISTENS = {"ADAPTER_PL_ENDPOINT": "http://127.0.0.1:9/nexera", "ADAPTER_PL_INBOUND_PASSWORD": "nobody calls"}


def test_r160_the_market_file_says_24_hours_where_the_environment_says_nothing() -> None:
    [timer] = load_market(ROOT / "config" / "markets" / "pl.yaml", NOBODY_LISTENS).timers
    assert (timer.name, timer.when, timer.after, timer.state) == ("repair-confirmed", "resolved", DAY, "closed")


def test_r160_a_ticket_is_closed_24_hours_after_it_was_resolved_and_not_a_millisecond_before(tmp_path: Path) -> None:
    with operating(tmp_path) as operator:
        ticket = operator.ticket()
        operator.play("troubleTicket", ticket, "resolve")
        told = operator.becomes(ticket, "resolved")[-1]
    resolved = round(datetime.fromisoformat(told["eventTime"]).timestamp() * 1000)
    states = asyncio.run(_by_the_clock(tmp_path, [resolved + DAY * 1000 - 1, resolved + DAY * 1000]))
    assert states == ["resolved", "closed"]


async def _by_the_clock(folder: Path, moments: list[int]) -> list[str]:
    """The state of the one ticket on record after the timers were looked at, at each of these moments."""
    environment = {**NOBODY_LISTENS, "ADAPTER_HOME": str(folder / "home"), "ADAPTER_DATA": str(folder / "data")}
    home, clock, states = Home.find(environment), Clock(moments[0]), list[str]()
    settings = load_settings(home, environment)
    faces = [load_face(home.face_file(name), environment) for name in settings.faces]
    store = await Store.open(settings.store, clock=clock)
    metrics = MarketMetrics(CollectorRegistry(), store)
    backends = Backends(home, settings, faces, environment, metrics)
    pipeline = Pipeline(backends, store, {face.face: Renderer(face) for face in faces}, metrics, clock)
    work = Work(store, backends, Follower(backends, metrics, clock), pipeline.doubt, Heard())
    lane = work.lanes["timer:pl"]
    lane._monotonic = clock.monotonic
    try:
        [timer] = await store.tx(find, TaskQuery(kind="timer"))
        for moment in moments:
            clock.at = moment
            await lane.round()
            order = await store.order(timer.order_id)
            assert order is not None
            states.append(order.state)
    finally:
        await pipeline.drain()
        await backends.close()
        await store.close()
    return states
