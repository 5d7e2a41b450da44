"""Messages of a backend, put together: what does not fit is a finding at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.bootstrap.inbound import receiver_of
from adapter.cli.main import app
from adapter.errors import ConfigError
from adapter.market import load_market
from adapter.settings import Home
from tests.inbound_kit import inbound_home

runner = CliRunner()


def checked(home: Path) -> list[str]:
    shown = runner.invoke(app, ["check", "lab"], env={"ADAPTER_HOME": str(home), "ADAPTER_LAB_ENDPOINT": "http://lab/"})
    return [line for line in shown.output.splitlines() if "K10" in line]


def test_a_face_that_is_none_is_found_at_its_line(tmp_path):
    home = inbound_home(tmp_path, changes={"  face: tmf\n": "  face: tmff\n"})
    line = next(n for n, text in enumerate((home / "config/markets/lab.yaml").read_text().splitlines(), 1) if "face: tmff" in text)
    [found] = checked(home)
    assert found.startswith(f"config/markets/lab.yaml:{line}:9: error K107: inbound.face: there is no face 'tmff'")


def test_a_message_that_stands_for_two_operations_is_found(tmp_path):
    home = inbound_home(tmp_path, changes={"    productOrder.message: {}": "    productOrder.message: {}\n    productOrder.news: {}"})
    rules = home / "mappings" / "lab"
    text = (rules / "productOrder.message.yaml").read_text()
    (rules / "productOrder.news.yaml").write_text(text.replace("operation: productOrder.message", "operation: productOrder.news"))
    [found] = checked(home)
    assert found.startswith(
        "mappings/lab/productOrder.news.yaml:3:11: error K107: the message NotifyOrder stands for productOrder.message already"
    )


def test_a_message_that_nobody_declares_is_left_out_with_a_warning(tmp_path):
    home = inbound_home(tmp_path)
    file = home / "config" / "markets" / "lab.yaml"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if "productOrder.announce" not in line))
    [found] = checked(home)
    assert found.startswith("mappings/lab/productOrder.announce.yaml:2:12: warning K108: nobody receives productOrder.announce")


def test_a_connector_without_a_way_in_says_so(tmp_path):
    home = Home(inbound_home(tmp_path))
    market = load_market(home.market_file("lab"), {"ADAPTER_LAB_ENDPOINT": "http://lab/"})
    with pytest.raises(ConfigError, match="inbound: connector 'route' takes no messages"):
        receiver_of(home, market.model_copy(update={"connector": "route"}), None)
    assert receiver_of(home, market.model_copy(update={"inbound": None}), None) is None
