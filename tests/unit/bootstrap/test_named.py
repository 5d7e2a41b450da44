"""What faces and clients name and nothing declares stops a start with the very findings of ``adapter check``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.bootstrap.named import named_nowhere
from adapter.cli.main import app
from adapter.errors import CheckFailed
from adapter.faces.clients import load_clients
from adapter.faces.declaration import load_face
from adapter.settings import Home, Settings, load_settings
from simulators.registry import VARIABLES
from tests.opened_kit import opened
from tests.service_kit import ROOT, home_with, warm


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        (
            "config/faces/hybris.yaml",
            "PR: pr",
            "PR: prx",
            "config/faces/hybris.yaml:11:15: error: K112: market.table.PR: there is no market 'prx' in config/markets (did you mean 'pr'?)",
        ),
        (
            "config/clients.yaml",
            "markets: [pr, jm,",
            "markets: [prr, jm,",
            "config/clients.yaml:8:15: error: K112: clients.demo-channel.markets.prr: there is no market 'prr' in config/markets"
            " (did you mean 'pr'?)",
        ),
        (
            "config/clients.yaml",
            "parties: [DEU.1UND1]",
            "parties: [DEU.VFD]",
            "config/clients.yaml:76:15: error: F203: clients.demo-agab.parties.DEU.VFD: 'DEU.VFD' of market 'de' is demo-agauf already"
            " (a party stands for one client)",
        ),
        (
            "config/faces/tmf-common.yaml",
            "openAs: demo-open",
            "openAs: demo-opn",
            "config/faces/tmf-common.yaml:17:11: error: K112: credentials.openAs: 'demo-opn' is not in the file of clients"
            " (did you mean 'demo-open'?)",
        ),
    ],
)
def test_a_name_of_nothing_stops_a_start_with_what_the_check_says(tmp_path: Path, file: str, old: str, new: str, found: str) -> None:
    home, data = home_with(tmp_path / "home", {file: (old, new)}), tmp_path / "data"

    async def start() -> None:
        async with opened(data, home, {}, **dict.fromkeys(VARIABLES.values(), "http://h/")):
            pass

    with pytest.raises(CheckFailed) as refused:
        asyncio.run(start())
    assert list(map(str, refused.value.findings)) == [found]
    assert not (data / "adapter.db").exists()
    warm(data / "contracts")
    checked = CliRunner().invoke(
        app, ["check", "lab", "--format", "json"], env={"ADAPTER_HOME": home, "ADAPTER_DATA": str(data)}, catch_exceptions=False
    )
    assert {(each["code"], each["line"], each["column"], each["text"]) for each in json.loads(checked.output)} == {
        (each.code, each.at.line, each.at.column, each.text) for each in refused.value.findings
    }


def declared(tmp_path: Path, clients: str) -> tuple[Home, Settings]:
    home = Home(Path(home_with(tmp_path / "home", {})))
    home.path("config/clients.yaml").write_text(clients, encoding="utf-8")
    return home, load_settings(home, {"ADAPTER_DATA": str(tmp_path / "data")})


def test_every_name_of_every_client_is_told_at_its_place(tmp_path: Path) -> None:
    text = "clients:\n  shop: {markets: [pr, xx], operations: ['*'], faces: [hybris, web], market: yy}\n"
    home, settings = declared(tmp_path, text)
    clients = load_clients(home.path(settings.clients))
    hybris = [load_face(home.face_file("hybris"), {})]
    assert [str(each).partition(" (")[0] for each in named_nowhere(home, settings, hybris, clients)] == [
        "config/clients.yaml:2:64: error: K112: clients.shop.faces.web: there is no face 'web' in config/faces",
        "config/clients.yaml:2:24: error: K112: clients.shop.markets.xx: there is no market 'xx' in config/markets",
        "config/clients.yaml:2:78: error: K112: clients.shop.market: there is no market 'yy' in config/markets",
    ]
    tmf = [load_face(home.face_file("tmf"), {})]
    [lost] = (each for each in named_nowhere(home, settings, tmf, clients) if each.at.file != "config/clients.yaml")
    assert "credentials.openAs: 'demo-open' is not in the file of clients" in lost.text


def test_a_party_cannot_be_two_clients_of_a_market(tmp_path: Path) -> None:
    shop = "  shop: {markets: [lab, pr], operations: [], parties: [B-1]}\n"
    other = "  other: {markets: [lab], operations: [], parties: [B-1]}\n"
    home, settings = declared(tmp_path, f"clients:\n{shop}{other}")
    [found] = named_nowhere(home, settings, [], load_clients(home.path(settings.clients)))
    assert str(found).startswith("config/clients.yaml:3:53: error: F203: clients.other.parties.B-1: 'B-1' of market 'lab' is shop already")


def test_what_is_shipped_names_what_is_there() -> None:
    home = Home(ROOT)
    settings = load_settings(home)
    faces = [load_face(home.face_file(name)) for name in settings.faces]
    assert named_nowhere(home, settings, faces, load_clients(home.path(settings.clients))) == []


def test_what_has_a_file_and_is_not_served_here_may_be_named(tmp_path: Path) -> None:
    few = {"config/adapter.yaml": ("markets: [pr, jm, jm-liberate, jm-cerillion, pa, lab, se, pl, de]", "markets: [pr]")}
    home = Home(Path(home_with(tmp_path / "home", few)))
    settings = load_settings(home, {"ADAPTER_DATA": str(tmp_path / "data")})
    assert settings.markets == ("pr",)
    faces = [load_face(home.face_file(name), {}) for name in settings.faces]
    assert named_nowhere(home, settings, faces, load_clients(home.path(settings.clients))) == []
