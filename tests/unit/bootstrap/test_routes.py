"""A routed market and those it stands for: what does not go together is named, and clients may use what they mean."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.bootstrap.routes import with_routes
from adapter.bootstrap.rules import MarketRules, read_rules
from adapter.cli.main import app
from adapter.errors import CheckFailed, InvalidMessage
from adapter.faces.clients import Clients
from adapter.faces.declaration import load_face
from adapter.market import RoutedMarket, load_market
from adapter.settings import Home
from simulators.registry import VARIABLES
from tests.jm_kit import jm_order
from tests.opened_kit import Opened, message, opened
from tests.service_kit import ROOT, home_with

ENVIRONMENT = dict.fromkeys(VARIABLES.values(), "http://h/")


def jm(folder: Path, old: str, new: str) -> RoutedMarket:
    path = folder / "jm.yaml"
    text = (ROOT / "config" / "markets" / "jm.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    market = load_market(path, {})
    assert isinstance(market, RoutedMarket)
    return market


def test_a_routed_market_has_no_backend_of_its_own(tmp_path: Path) -> None:
    market = jm(tmp_path, "bss: auto", "bss: LIBERATE")
    assert (market.connector, market.endpoint, market.routes) == ("route", "", ("jm-liberate", "jm-cerillion"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Jamaica", "title: Jamaica\nendpoint: http://h/", "endpoint: this is about a backend; it belongs into the files of"),
        ("title: Jamaica", "title: Jamaica\nlimits: {slots: 1}", "limits: this is about a backend"),
        ("[jm-liberate, jm-cerillion]", "[jm-liberate]", "at least 2"),
        ("[jm-liberate, jm-cerillion]", "[jm-liberate, jm]", "'jm' cannot stand for itself"),
        ("productOrder.create: {}", "productOrder.create: {settle: 1}", "operations.productOrder.create: how it is called is declared by"),
        ("title: Jamaica", "title: Jamaica\nroute: [a, b]", "'route' is not a known key"),
    ],
)
def test_what_does_not_belong_into_its_file_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(CheckFailed) as refused:
        jm(tmp_path, old, new)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("config/adapter.yaml", "jm-cerillion, ", "", "stands for 'jm-cerillion', which is no market of config/adapter.yaml"),
        ("config/markets/jm.yaml", "[jm-liberate, jm-cerillion]", "[jm-liberate, pr]", "'pr' takes other members than jm"),
        (
            "config/markets/jm.yaml",
            "  productOrder.create: {}",
            "  productOrder.create: {}\n  productOrder.cancel: {}",
            "'jm-liberate' does not offer productOrder.cancel",
        ),
    ],
)
def test_markets_that_do_not_go_together_are_named_with_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, said: str
) -> None:
    home = home_with(tmp_path / "home", {file: (old, new)})
    for name, value in {"ADAPTER_HOME": home, "ADAPTER_DATA": str(tmp_path / "data")}.items():
        monkeypatch.setenv(name, value)
    shown = CliRunner().invoke(app, ["check", "jm"])
    assert shown.exit_code == 1
    lines = [line for line in shown.output.splitlines() if "K105" in line]
    assert any(said in line for line in lines), shown.output
    assert all(line.startswith("config/markets/jm.yaml:4:1: error K105: ") for line in lines)

    async def start() -> None:
        async with opened(tmp_path / "data", home, {}):
            raise AssertionError("it opened")

    with pytest.raises(CheckFailed):
        asyncio.run(start())


def test_a_market_that_is_routed_is_no_end_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = home_with(tmp_path / "home", {"config/adapter.yaml": ("[pr, jm, ", "[pr, jm, jx, ")})
    text = (ROOT / "config" / "markets" / "jm.yaml").read_text(encoding="utf-8")
    text = text.replace("market: jm\n", "market: jx\n").replace("[jm-liberate, jm-cerillion]", "[jm, jm-liberate]")
    (tmp_path / "home" / "config" / "markets" / "jx.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "home" / "mappings" / "jx").mkdir()
    for name, value in {"ADAPTER_HOME": home, "ADAPTER_DATA": str(tmp_path / "data")}.items():
        monkeypatch.setenv(name, value)
    shown = CliRunner().invoke(app, ["check", "jx"])
    assert "jx stands for 'jm', which stands for others itself" in shown.output


@cache
def rules(market: str) -> MarketRules:
    home = Home(ROOT)
    faces = [load_face(home.face_file(name), ENVIRONMENT) for name in ("hybris", "tmf")]
    return read_rules(home, load_market(home.market_file(market), ENVIRONMENT), faces)


@pytest.mark.parametrize(
    ("markets", "market", "may", "taken"),
    [
        (["jm"], "", ("jm", "jm-liberate", "jm-cerillion"), "jm"),
        (["pr", "jm"], "pr", ("pr", "jm", "jm-liberate", "jm-cerillion"), "pr"),
        (["pr", "jm"], "", ("pr", "jm", "jm-liberate", "jm-cerillion"), ""),
        (["pr"], "", ("pr",), ""),
        (["jm-liberate"], "", ("jm-liberate",), ""),
    ],
)
def test_who_may_use_a_routed_market_may_use_those_it_stands_for(markets: list[str], market: str, may: tuple[str, ...], taken: str) -> None:
    clients = Clients.model_validate({"clients": {"c": {"markets": markets, "market": market, "operations": ["*"]}}})
    client = with_routes(clients, {name: rules(name) for name in ("jm", "pr")}).clients["c"]
    assert (client.markets, client.market) == (may, taken)


def test_a_reload_changes_the_way_of_the_next_order(tmp_path: Path) -> None:
    home = Path(home_with(tmp_path / "home", {}))
    file = home / "mappings" / "jm" / "productOrder.create.yaml"
    text = file.read_text(encoding="utf-8")
    order = message(jm_order(), market="jm", header={"lob": "FIXED", "channelId": "ECOM"})

    async def scenario(service: Opened) -> None:
        backends = service.service.backends
        assert backends.routes["jm"].choose(order) == "jm-liberate"
        file.write_text(text.replace("length == 12", "length == 13"), encoding="utf-8")
        assert (await backends.reload()).loaded
        with pytest.raises(InvalidMessage, match="cannot determine BSS"):
            backends.routes["jm"].choose(order)
        file.write_text(text.replace("length == 12", "length == 'x'"), encoding="utf-8")
        assert not (await backends.reload()).loaded

    async def inside() -> None:
        async with opened(tmp_path / "data", home) as service:
            await scenario(service)

    asyncio.run(inside())
