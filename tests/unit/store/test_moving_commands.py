"""``adapter migrate``, ``export``, ``import`` and ``backup``, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.errors import ConfigError
from adapter.store.schema import HEAD
from tests import postgres_kit

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def adapter(tmp_path, monkeypatch):
    monkeypatch.setenv("ADAPTER_HOME", str(ROOT))
    monkeypatch.setenv("ADAPTER_DATA", str(tmp_path / "var"))

    def run(*words, store=""):
        monkeypatch.setenv("ADAPTER_STORE", store)
        done = CliRunner().invoke(app, words)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return run


def test_a_record_moves_to_a_server_and_back(adapter, tmp_path):
    with postgres_kit.database(migrated=False) as server:
        assert f"the record {tmp_path}/var/adapter.db has the tables of this release ({HEAD})" in adapter("migrate")
        assert f"0 rows of the record {tmp_path}/var/adapter.db are in" in adapter("export", str(tmp_path / "a.zst"))
        said = adapter("import", str(tmp_path / "a.zst"), store=server)
        assert "tables 0001: The record" in said
        assert "resource_order: 0 rows, verified" in said
        assert "no orders on record" in adapter("orders", store=server)
        assert "rows of the record postgresql://" in adapter("export", str(tmp_path / "b.zst"), store=server)
        back = f"sqlite:///{tmp_path}/back.db"
        assert f"rows are in the record {tmp_path}/back.db" in adapter("import", str(tmp_path / "b.zst"), store=back)
        with pytest.raises(ConfigError, match="copy it with pg_dump"):
            adapter("backup", str(tmp_path / "c.db"), store=server)
