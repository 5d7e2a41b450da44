from __future__ import annotations

from pathlib import Path

import pytest

WSDL = Path(__file__).parent / "wsdl"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of compiled contracts for all tests of a run."""
    return tmp_path_factory.mktemp("contracts")


@pytest.fixture(scope="session")
def wsdl() -> Path:
    return WSDL
