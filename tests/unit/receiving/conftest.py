"""A home whose lab takes messages, and a node on it for each test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.inbound_kit import inbound_home
from tests.work_kit import Node, run

Scenario = Callable[[Node], Awaitable[Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return inbound_home(tmp_path_factory.mktemp("home"))


@pytest.fixture
def on(home: Path, tmp_path: Path) -> Callable[[Scenario], Any]:
    return lambda scenario: run(home, tmp_path, scenario)
