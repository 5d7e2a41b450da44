"""Unchanged files are read, checked and compiled once; whatever changes is seen at once, and nothing wrong is ever kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapter.bootstrap import MarketRules, kept
from adapter.bootstrap import rules as reading
from adapter.bootstrap.kept import KeptRules
from adapter.codes.catalogue import ignore
from adapter.faces.declaration import load_face
from adapter.market import load_market
from adapter.settings import Home, load_settings
from simulators.registry import VARIABLES
from tests.service_kit import ROOT, home_with

Read = Callable[..., MarketRules]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads the rules of lab of a home; ``read.count`` says how many times files had to be read."""
    monkeypatch.setattr(kept, "_kept", type(kept._kept)())
    calls = []
    monkeypatch.setattr(kept, "read_rules", lambda *given, **named: calls.append(1) or reading.read_rules(*given, **named))

    def one(home: Path = ROOT, *, endpoint: str = "http://h/", fresh: bool = False, unknown: Any = ignore) -> MarketRules:
        if fresh:  # as the next process
            kept._kept.clear()
        place = Home(home)
        environment = {"ADAPTER_LAB_ENDPOINT": endpoint}
        faces = [load_face(place.face_file("tmf"), environment)]
        return KeptRules(place, faces, tmp_path / "cache").read(load_market(place.market_file("lab"), environment), unknown)

    one.count = lambda: len(calls)  # type: ignore[attr-defined]
    return one


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return Path(home_with(tmp_path / "home", {}))


@pytest.mark.parametrize("fresh", [False, True])
def test_the_same_files_are_read_once_whatever_the_endpoint_is(read, fresh):
    first = read()
    again = read(endpoint="http://elsewhere/", fresh=fresh)
    assert read.count() == 1
    assert again.market.endpoint == "http://elsewhere/"
    assert {name: one.version for name, one in again.translators().items()} == {
        name: one.version for name, one in first.translators().items()
    }
    assert again.validators().keys() == first.validators().keys()
    assert (again.findings, again.texts, again.tables, again.changes) == (first.findings, first.texts, first.tables, first.changes)


@pytest.mark.parametrize("fresh", [False, True])
def test_each_service_hears_of_its_own_unknown_codes(read, fresh):
    heard: dict[str, list[str | None]] = {"first": [], "second": []}
    first = read(unknown=lambda code, _: heard["first"].append(code))
    second = read(fresh=fresh, unknown=lambda code, _: heard["second"].append(code))
    second.catalogue.read("XYZ99E NOBODY DECLARED THIS", "error")
    assert not heard["first"]
    assert len(heard["second"]) == 1
    first.catalogue.read("XYZ99E NOBODY DECLARED THIS", "error")
    assert heard["first"] == heard["second"]


@pytest.mark.parametrize("file", ["mappings/lab/productOrder.create.yaml", "mappings/lab/codes.yaml", "config/markets/lab.yaml"])
def test_a_file_that_has_changed_is_read_anew(read, home, file):
    read(home)
    path = home / file
    path.write_text(path.read_text(encoding="utf-8") + "# a remark\n", encoding="utf-8")
    read(home)
    assert read.count() == 2


def test_a_mapping_with_an_error_is_not_kept_and_the_right_one_is_found_again(read, home):
    right = read(home)
    path = home / "mappings" / "lab" / "productOrder.create.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("request.description", "request.descriptoin"), encoding="utf-8")
    for number in (2, 3):
        assert not read(home).usable
        assert read.count() == number
    path.write_text(text, encoding="utf-8")
    assert read(home).findings == right.findings
    assert read.count() == 3


def test_a_copy_of_the_same_files_elsewhere_needs_no_reading(read, home):
    read()
    read(home)
    assert read.count() == 1


def test_rules_of_files_outside_the_mappings_are_read_each_time(read, home):
    (home / "lab.wsdl").write_bytes((home / "mappings/lab/schema/lab.wsdl").read_bytes())
    for schema in (home / "mappings/lab/schema").glob("*.xsd"):
        (home / schema.name).write_bytes(schema.read_bytes())
    market = home / "config/markets/lab.yaml"
    market.write_text(market.read_text(encoding="utf-8").replace("mappings/lab/schema/lab.wsdl", "lab.wsdl", 1), encoding="utf-8")
    assert read(home).usable
    read(home)
    assert read.count() == 2


def test_files_that_change_while_they_are_read_are_not_kept(read, home, monkeypatch):
    path = home / "mappings" / "lab" / "codes.yaml"

    def changing(*given: Any, **named: Any) -> MarketRules:
        path.write_text(path.read_text(encoding="utf-8") + "# while it is read\n", encoding="utf-8")
        return reading.read_rules(*given, **named)

    monkeypatch.setattr(kept, "read_rules", changing)
    assert read(home).usable
    assert not kept._kept


def test_no_more_than_a_bounded_number_stays(read, home, monkeypatch):
    monkeypatch.setattr(kept, "_MOST", 1)
    read(home)
    path = home / "mappings" / "lab" / "codes.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# a remark\n", encoding="utf-8")
    read(home)
    assert len(kept._kept) == 1


def test_credentials_are_no_part_of_what_is_kept(tmp_path):
    place = Home(ROOT)
    environment = dict.fromkeys(VARIABLES.values(), "http://h/") | {"ADAPTER_PL_INBOUND_PASSWORD": "a-secret-of-the-market"}
    faces = [load_face(place.face_file(name), environment) for name in load_settings(place, environment).faces]
    market = load_market(place.market_file("pl"), environment)
    KeptRules(place, faces, tmp_path / "cache").read(market, ignore)
    (file,) = (tmp_path / "cache" / "rules").iterdir()
    assert b"a-secret-of-the-market" not in file.read_bytes()
