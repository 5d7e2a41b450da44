"""Unchanged files are read, checked and compiled once; whatever changes is seen at once, and nothing wrong is ever kept."""

from __future__ import annotations

import shutil
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


@pytest.fixture(autouse=True)
def _nothing_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests of this process have read is no more known here than in the next process."""
    monkeypatch.setattr(kept, "_kept", type(kept._kept)())


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads the rules of a market of a home; ``read.count`` says how many times files had to be read."""
    calls = []
    monkeypatch.setattr(kept, "read_rules", lambda *given, **named: calls.append(1) or reading.read_rules(*given, **named))

    def one(
        home: Path = ROOT, *, market: str = "lab", endpoint: str = "http://h/", fresh: bool = False, unknown: Any = ignore
    ) -> MarketRules:
        if fresh:  # as the next process
            kept._kept.clear()
        place = Home(home)
        environment = dict.fromkeys(VARIABLES.values(), endpoint)
        faces = [load_face(place.face_file("tmf"), environment)]
        return KeptRules(place, faces, tmp_path / "cache").read(load_market(place.market_file(market), environment), unknown)

    one.count = lambda: len(calls)  # type: ignore[attr-defined]
    return one


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return Path(home_with(tmp_path / "home", {}))


def remark(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "# a remark\n", encoding="utf-8")


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
    remark(home / file)
    read(home)
    assert read.count() == 2


@pytest.mark.parametrize("fresh", [False, True])
def test_a_change_of_another_market_needs_no_reading(read, home, fresh):
    first = read(home)
    remark(home / "mappings" / "pr" / "codes.yaml")
    remark(home / "config" / "markets" / "pr.yaml")
    assert read(home, fresh=fresh).texts == first.texts
    assert read.count() == 1


FROM = {
    "a mapping that it starts from": "mappings/jm-liberate/productOrder.retrieve.yaml",
    "the codes that it starts from": "mappings/jm-liberate/codes.yaml",
    "its contract": "mappings/jm-liberate/schema/liberate.wsdl",
    "its extension": "mappings/jm-liberate/schema/productOrder.extension.yaml",
}


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("file", FROM.values(), ids=FROM)
def test_what_a_market_has_from_the_folder_of_another_is_read_anew(read, home, file, fresh):
    first = read(home, market="pa")
    path = home / file
    was = path.read_bytes()
    path.write_bytes(was + (b"<!-- a remark -->\n" if b"<?xml" in was else b"# a remark\n"))
    read(home, market="pa", fresh=fresh)
    assert read.count() == 2
    path.write_bytes(was)
    assert read(home, market="pa", fresh=fresh).texts == first.texts


def test_a_parent_of_a_mapping_that_is_left_out_is_read_anew(read, home):
    """Whether a mapping is a message that nobody receives, its parent says as well."""
    mappings = home / "mappings"
    parent = mappings / "other" / "productOrder.notice.yaml"
    parent.parent.mkdir()
    text = (mappings / "lab" / "productOrder.message.yaml").read_text(encoding="utf-8")
    parent.write_text(text.replace("operation: productOrder.message", "operation: productOrder.notice"), encoding="utf-8")
    (mappings / "lab" / "productOrder.notice.yaml").write_text("like: other\noperation: productOrder.notice\n", encoding="utf-8")
    assert [finding.code for finding in read(home).findings if finding.severity == "warning"].count("K108") == 1
    read(home)
    assert read.count() == 1
    remark(parent)
    read(home)
    assert read.count() == 2


def test_a_link_that_leads_elsewhere_is_seen(read, home):
    """The schema is reached through a link that lies in no folder of the market's own."""
    (home / "mappings" / "lab" / "schema").rename(home / "mappings" / "one")
    shutil.copytree(home / "mappings" / "one", home / "mappings" / "two")
    link = home / "mappings" / "now"
    link.symlink_to("one")
    market = home / "config" / "markets" / "lab.yaml"
    market.write_text(market.read_text(encoding="utf-8").replace("mappings/lab/schema/", "mappings/now/"), encoding="utf-8")
    assert read(home).usable
    read(home)
    assert read.count() == 1
    link.unlink()
    link.symlink_to("two")
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
    remark(home / "mappings" / "lab" / "codes.yaml")
    read(home)
    assert len(kept._kept) == 1


def test_credentials_are_no_part_of_what_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "_kept", type(kept._kept)())  # of this very market another test may have had the rules before
    place = Home(ROOT)
    environment = dict.fromkeys(VARIABLES.values(), "http://h/") | {"ADAPTER_LAB_INBOUND_PASSWORD": "a-secret-of-the-market"}
    faces = [load_face(place.face_file(name), environment) for name in load_settings(place, environment).faces]
    market = load_market(place.market_file("lab"), environment)
    assert market.inbound.security.basic.password.get_secret_value() == "a-secret-of-the-market"
    KeptRules(place, faces, tmp_path / "cache").read(market, ignore)
    (file,) = (tmp_path / "cache" / "rules").iterdir()
    assert b"a-secret-of-the-market" not in file.read_bytes()
