"""One node on SQLite, three on PostgreSQL: most tests here run on both."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import postgres_kit
from tests.faults.cluster import Backend, Cluster, Figures, forks, home_of, with_record
from tests.faults.forking import Forks
from tests.work_kit import Node, run

ENGINES = ("sqlite", "postgresql")
NODES = {"sqlite": 1, "postgresql": 3}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that asks for an engine runs on both, unless its module names its own."""
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", getattr(metafunc.module, "ENGINES", ENGINES), scope="function")


@pytest.fixture(scope="session")
def parent() -> Iterator[Forks]:
    with forks() as started:
        yield started


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_of(tmp_path_factory.mktemp("home") / "h", Figures())


@pytest.fixture
def record(engine: str, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty record."""
    with postgres_kit.record(engine, tmp_path) as url:
        yield url


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend() as started:
        yield started


@pytest.fixture
def start(home: Path, tmp_path: Path, record: str) -> Callable[..., Any]:
    """Runs a scenario on one node of this process that has this record."""

    def begin(scenario: Callable[[Node], Awaitable[Any]], home: Path = home) -> Any:
        return run(with_record(home, record), tmp_path / "data", scenario)

    return begin


Make = Callable[..., Cluster]


@pytest.fixture
def make(engine: str, record: str, home: Path, tmp_path: Path, parent: Forks, backend: Backend) -> Iterator[Make]:
    """Makes clusters, none of whose nodes runs yet; what runs at the end is killed."""
    with contextlib.ExitStack() as stack:

        def build(endpoint: str = "", home: Path = home, record: str = record) -> Cluster:
            cluster = Cluster(engine, home, tmp_path, record, endpoint or backend.url, parent, NODES[engine])
            stack.callback(cluster.close)
            return cluster

        yield build
