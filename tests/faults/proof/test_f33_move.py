"""F33: from a file to a server with everything that is under way, and F1 to F6 once more behind the move."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import httpx

from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests import postgres_kit
from tests.faults.cluster import Cluster, Figures, home_of, order, place, ways
from tests.waiting import eventually

ENGINES = ("sqlite",)
TIMER = """
timers:
  - {name: too-long, when: acknowledged, after: 86400, attention: "nobody has begun"}
"""


def run(cluster: Cluster, store: str, log: Path, *arguments: str) -> str:
    environment = {"ADAPTER_HOME": str(cluster.home), "ADAPTER_STORE": store, "PATH": os.environ["PATH"]}
    code = cluster.forks.wait(cluster.forks.start(list(arguments), environment, log))
    assert code == 0, log.read_text()
    return log.read_text()


def test_f33_a_record_moves_to_a_server_with_open_orders_and_timers_and_nothing_is_sent_twice(make, backend, tmp_path, record):
    home = home_of(tmp_path / "home", Figures(more=TIMER))
    cluster: Cluster = make(home=home)
    node = cluster.node(0).start()
    done, doubtful, unsent = order(), order(), order()
    answer = place(node, done, "done").content
    backend.simulator.once("CreateOrder", Behaviour(transport=Transport.NEVER))
    backend.simulator.once("FindOrder", Behaviour(book=False, transport=Transport.CLOSE), 1000)  # it stays in doubt until the move
    assert place(node, doubtful, "doubtful").status_code == 504
    node.kill()
    dies = cluster.node(0).start(DIE_AT="before-call")
    with contextlib.suppress(httpx.TransportError):
        place(dies, unsent, "unsent")
    assert dies.died() == -9
    tasks = {"timer:", "poll:"}

    with postgres_kit.database() as server:
        file = str(tmp_path / "record.zst")
        told = run(cluster, record, tmp_path / "export.log", "export", file)
        assert "resource_order: 3 rows" in told
        told = run(cluster, server, tmp_path / "import.log", "import", file)
        assert "resource_order: 3 rows, verified" in told
        backend.simulator.forget_plans()
        cluster.url = server
        nodes = [cluster.node(number).start() for number in (1, 2)]
        moved = {task["id"] for task in nodes[0].ask("/admin/tasks?limit=1000")}
        assert all(any(one.startswith(kind) for one in moved) for kind in tasks), moved
        assert place(nodes[0], done, "done").content == answer
        assert place(nodes[1], done | {"category": "other"}, "done").status_code == 422
        for body, key in ((doubtful, "doubtful"), (unsent, "unsent")):
            eventually(lambda body=body, key=key: place(nodes[1], body, key).status_code == 201, "the caller's repeat is answered")
            assert place(nodes[0], body, key).content == place(nodes[1], body, key).content
        known = {way["externalId"]: [attempt["outcome"] for attempt in way["attempts"]] for way in ways(nodes[0])}
        assert known == {
            done["externalId"]: ["accepted"],
            doubtful["externalId"]: ["accepted"],
            unsent["externalId"]: ["absent", "accepted"],
        }
        assert [backend.booked(body) for body in (done, doubtful, unsent)] == [1, 1, 1]
        assert backend.calls("CreateOrder") == 3
        cluster.close()
