"""``adapter demo --market``: each market's main sequence, walked and drawn from what really went to and fro."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.main import app
from adapter.cli.story import load_story, stories
from adapter.errors import ConfigError
from adapter.settings import Home, load_settings
from tests.service_kit import ROOT, home_with, warm

Walk = Callable[..., Result]

LAB = """\
market: lab
title: a story
source: the tests
backend: order desk
seconds: 1
actors:
  buyer:
    headers: {client-id: demo-channel, client-secret: demo-secret, X-Market: lab}
    key: ADAPTER_DEMO_CHANNEL_CALLBACK_KEY
    hears: [{hub: /tmf-api/productOrderingManagement/v4/hub}]
steps:
"""
ORDER = """\
  - send:
      who: buyer
      method: POST
      path: /tmf-api/productOrderingManagement/v4/productOrder
      document: {externalId: S-1, productOrderItem: [{id: "1", action: add}]}
"""


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Walk:
    def run(market: str, text: str | None = None) -> Result:
        home = str(ROOT)
        if text is not None:
            home = home_with(tmp_path / "home", {})
            (Path(home) / "config" / "stories" / f"{market}.yaml").write_text(text, encoding="utf-8")
        monkeypatch.setattr("adapter.cli.demo.configure_logs", lambda _: None)  # logs belong to the whole process of the tests
        monkeypatch.setenv("ADAPTER_HOME", home)
        monkeypatch.setenv("ADAPTER_DATA", str(tmp_path / "data"))
        warm(tmp_path / "data" / "contracts")
        return CliRunner().invoke(app, ["demo", "--market", market, "--diagrams", str(tmp_path)])

    return run


def test_every_market_that_callers_may_name_has_a_story():
    home = Home(ROOT)
    settings = load_settings(home, {"ADAPTER_DATA": "/nowhere"})
    routed = {"jm-liberate", "jm-cerillion"}  # jm stands for these two
    assert set(stories(home)) == set(settings.markets) - routed


@pytest.mark.parametrize("market", stories(Home(ROOT)))
def test_a_market_s_main_sequence_comes_out_as_declared(walk: Walk, tmp_path: Path, market: str):
    result = walk(market)
    assert result.exit_code == 0, (result.output, result.exception)
    story = load_story(Home(ROOT), market)
    drawn = (tmp_path / f"{market}.mmd").read_text(encoding="utf-8")
    for who in story.actors:
        assert re.search(rf"participant p\d+ as {who}$", drawn, re.MULTILINE)
    assert re.search(rf"participant p\d+ as {re.escape(story.backend)}$", drawn, re.MULTILINE)
    assert re.findall(r"HTTP(?! \d{3}$).*", drawn, re.MULTILINE) == [], "an answer has its status"
    backend = re.search(rf"participant (p\d+) as {re.escape(story.backend)}$", drawn, re.MULTILINE)[1]  # type: ignore[index]
    lines = re.findall(r"^ +(\w+-?->>\w+): .*$", drawn, re.MULTILINE)
    open_calls = 0
    for line in lines:
        open_calls += line.endswith(f"->>{backend}") and "-->>" not in line
        open_calls -= line.startswith(f"{backend}-->>")
        assert open_calls >= 0, "no answer of the backend is drawn before its question"
    wanted = [step.hear.event for step in story.steps if step.hear is not None]
    told = re.findall(r"->>p\d+: (\w+Event)", drawn)
    assert [event for event in wanted if event not in told] == []


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (ORDER + "      expect: 200\n", "expected HTTP 200, got HTTP 201"),
        (ORDER + "      expect: 201\n      keep: {order: href.nothing}\n", "has no href.nothing"),
        (
            ORDER + "      expect: 201\n  - hear: {who: buyer, event: ProductOrderDeleteEvent}\n",
            "did not hear ProductOrderDeleteEvent in 1 seconds",
        ),
    ],
)
def test_what_does_not_come_out_as_declared_is_told(walk: Walk, steps: str, said: str):
    result = walk("lab", LAB + steps)
    assert result.exit_code == 1
    assert said in result.output.partition("Not as documented:")[2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAB + "  - {what: nothing}\n", "write either send or hear"),
        (LAB + "  - hear: {who: seller, event: X}\n", "'seller' is none of the actors"),
        (LAB.replace("hears:", "hears: [] #") + "  - hear: {who: buyer, event: X}\n", "has not registered for anything"),
        (LAB.replace("market: lab", "market: pr", 1) + ORDER + "      expect: 201\n", "they must be the same"),
    ],
)
def test_a_story_that_cannot_be_walked_is_refused(tmp_path: Path, text: str, said: str):
    home = home_with(tmp_path / "home", {})
    (Path(home) / "config" / "stories" / "lab.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_story(Home(Path(home)), "lab")


def test_a_market_without_a_story_is_named():
    with pytest.raises(ConfigError, match="there is no story of the market 'xx'"):
        load_story(Home(ROOT), "xx")
