"""One service with its simulators for all end-to-end tests that need no settings of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service_kit import SAMPLES, Running, running, sample

__all__ = ["SAMPLES", "Running", "running", "sample", "service"]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service as it is declared."""
    with running(tmp_path_factory.mktemp("adapter")) as started:
        yield started
