"""The operator's manual says what is: its metrics, commands, options, settings and reasons exist."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
import typer
import yaml
from prometheus_client import CollectorRegistry

from adapter.bootstrap.gauges import RecordGauges
from adapter.bootstrap.observers import MarketMetrics
from adapter.bootstrap.work_metrics import WorkMetrics
from adapter.cli.main import app
from adapter.faces.metrics import FaceMetrics
from adapter.settings import Retention, Tracing
from adapter.store import Store
from tests.admin_kit import listening, parked_task
from tests.service_kit import ROOT

MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
REASONS = re.search(r"## What stands still, and why\n(.*?)\n## ", MANUAL, re.DOTALL)
_SUFFIXES = re.compile(r"_(total|bucket|count|sum|info|created)$")


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of every family that a service has on either engine."""

    async def collected() -> set[str]:
        registry = CollectorRegistry()
        url = f"sqlite:///{tmp_path_factory.mktemp('record') / 'record.db'}"
        store = await Store.open(url)
        try:
            await parked_task(store)
            await listening(store)
            FaceMetrics(registry)
            MarketMetrics(registry, store)
            WorkMetrics(registry)
            await RecordGauges(registry, store, url).refresh()
            found = {family.name for family in registry.collect()}
        finally:
            await store.close()
        return found

    server = {"adapter_database_dead_rows", "adapter_database_oldest_transaction_seconds"}  # of PostgreSQL, see test_record_gauges
    return asyncio.run(collected()) | server


def test_every_metric_of_the_manual_exists_and_every_one_of_ours_is_in_it(metrics):
    named = {_SUFFIXES.sub("", name) for name in re.findall(r"\badapter_[a-z0-9_]+", MANUAL)}
    assert named - metrics == set()
    assert {name for name in metrics if name.startswith("adapter_")} - named == {"adapter_request_seconds"}


def test_every_command_and_option_of_the_manual_exists():
    group = typer.main.get_command(app)
    inline = re.findall(r"`adapter ([a-z][a-z -]*[a-z])((?: [^`]*)?)`", MANUAL)
    written = inline + re.findall(r"^\$ adapter ([a-z][a-z-]*)(.*)", MANUAL, re.MULTILINE)
    assert len(written) > 30
    for words, rest in written:
        command, place = group, words.split()
        while place and hasattr(command, "get_command") and (found := command.get_command(None, place[0])) is not None:
            command, place = found, place[1:]
        assert command is not group, words
        if place == [] and words == "orders" and "--as" in rest:
            command = command.get_command(None, "settle")
        known = {option for parameter in command.params for option in parameter.opts}
        inner = [sub for name in getattr(command, "commands", {}) for sub in command.commands[name].params]
        known |= {option for parameter in inner for option in parameter.opts}
        for option in re.findall(r"(--[a-z-]+)", rest):
            assert option in known, f"adapter {words}{rest}"


def test_the_sections_of_the_manual_are_read_as_they_stand():
    blocks = re.findall(r"```yaml\n(.*?)```", MANUAL, re.DOTALL)
    declared = {name: value for block in blocks for name, value in yaml.safe_load(block).items()}
    assert Retention.model_validate(declared["retention"]) == Retention(), "these are the defaults"
    assert Tracing.model_validate(declared["tracing"]).share == 0.1


def test_every_reason_of_the_manual_is_one_that_the_service_gives():
    assert REASONS is not None
    code = "\n".join(path.read_text(encoding="utf-8") for path in [*Path(ROOT / "adapter").rglob("*.py")])
    code = re.sub(r'"\s*\n\s*f?"', "", code)
    rows = re.findall(r"^\| `([^`]+)` \|", REASONS[1], re.MULTILINE)
    assert len(rows) >= 12
    for row in rows:
        for part in re.split(r"…", row):
            text = part.strip(" ';:,")
            for piece in text.split("in doubt: "):
                assert piece in code, f"{row!r}: nobody says {piece!r}"
