"""A codes file that starts from another market's, on the same system."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.codes import catalogue_in
from adapter.mapping.check import unused_tables
from adapter.mapping.model import Direction
from adapter.mapping.tables import Tables, read_tables

BASE = """
source: the base
grammar:
  entries:
    message: '(?P<code>E[0-9]) (?P<text>.+)'
messages:
  E1: {name: one, severity: error, retryable: "no", advice: "Mend it.", sample: "E1 x"}
  E2: {name: two, severity: error, retryable: "no", advice: "Mend it.", sample: "E2 x"}
tables:
  kinds: {rows: {a: A}}
  sides: {rows: {left: L}}
"""
OWN = """
like: base
messages:
  E2: {name: second, severity: warning, retryable: "no", advice: "Wait.", sample: "E2 x"}
tables:
  sides: {rows: {left: LL}}
  own: {rows: {x: X}}
"""


def read(folder: Path, **texts: str) -> Tables:
    """Writes ``<market>/codes.yaml`` files and reads the first."""
    for market, text in texts.items():
        (folder / market).mkdir()
        (folder / market / "codes.yaml").write_text(text, encoding="utf-8")
    first = next(iter(texts))
    return read_tables(folder / first / "codes.yaml", f"mappings/{first}/codes.yaml")


def test_what_is_given_replaces_by_name_and_the_rest_is_the_others(tmp_path: Path) -> None:
    tables = read(tmp_path, own=OWN, base=BASE)
    assert tables.findings == ()
    assert {name: table.codes(Direction.REQUEST) for name, table in tables.tables.items()} == {
        "kinds": {"a": "A"},
        "sides": {"left": "LL"},
        "own": {"x": "X"},
    }
    assert tables.tables["kinds"].name.at.file == "mappings/base/codes.yaml"
    assert list(tables.parents) == ["mappings/base/codes.yaml"]
    catalogue, findings = catalogue_in(tables.root)
    assert findings == []
    assert [catalogue.read(text, "error")[0].name for text in ("E1 x", "E2 x")] == ["one", "second"]


def test_an_inherited_table_may_stay_unused_and_an_own_one_may_not(tmp_path: Path) -> None:
    names = [finding.text for finding in unused_tables(read(tmp_path, own=OWN, base=BASE), [])]
    assert names == ["no rule uses the table sides", "no rule uses the table own"]


def test_of_three_files_the_nearest_counts(tmp_path: Path) -> None:
    tables = read(tmp_path, top="like: own\ntables:\n  own: {rows: {x: Y}}\n", own=OWN, base=BASE)
    assert {name: table.to_legacy for name, table in tables.tables.items()} == {
        "kinds": {"a": "A"},
        "sides": {"left": "LL"},
        "own": {"x": "Y"},
    }
    assert list(tables.parents) == ["mappings/own/codes.yaml", "mappings/base/codes.yaml"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"own": "like: bsae\n", "base": BASE}, "mappings/own/codes.yaml:1:7: error: M701: there is no codes.yaml of a market 'bsae'"),
        ({"own": "like: base\n", "base": "like: own\n"}, "mappings/base/codes.yaml:1:7: error: M702: 'own' starts from this file itself"),
        ({"own": "like: own\n"}, "mappings/own/codes.yaml:1:7: error: M702: 'own' starts from this file itself: own → own"),
        ({"own": "like: base\n", "base": "- a list\n"}, "mappings/base/codes.yaml:1:1: error: M106"),
    ],
)
def test_what_cannot_be_started_from_is_named(tmp_path: Path, texts: dict[str, str], expected: str) -> None:
    (found,) = read(tmp_path, **texts).findings
    assert str(found).startswith(expected), str(found)


def test_a_file_that_cannot_be_read_is_one_finding(tmp_path: Path) -> None:
    tables = read(tmp_path, own="tables: [\n")
    assert tables.root is None
    assert [finding.code for finding in tables.findings] == ["M101"]
