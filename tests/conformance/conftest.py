"""One running service for all property tests, and the table of what they found."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.conformance.page import write_page
from tests.conformance.served import Served, serving
from tests.conformance.tally import Tally

_TALLY = pytest.StashKey[Tally]()
UPDATE = "ADAPTER_CONFORMANCE_UPDATE"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TALLY] = Tally()


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Tally:
    return request.config.stash[_TALLY]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("conformance")) as started:
        yield started
        assert started.complaints() == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    found = config.stash[_TALLY]
    if found.rows:
        terminalreporter.section("conformance")
        for line in [*found.table(), "", *found.summary()]:
            terminalreporter.write_line(line)
        if os.environ.get(UPDATE) and exitstatus == 0 and not found.unmet():  # a run of some of the tests says nothing of the rest
            terminalreporter.write_line(f"written: {write_page(found)}")
