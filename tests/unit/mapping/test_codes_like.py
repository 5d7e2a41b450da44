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


STATES = """
tables:
  states:
    source: the base
    on_miss: {default: unheard}
    rows:
      held: HELD
      done:
        - DONE
        - CLOSED
      dead: DEAD
"""


def test_rows_are_joined_by_their_canonical_codes(tmp_path: Path) -> None:
    own = "like: base\ntables:\n  states:\n    rows:\n      done: [DONE, CLOSED, SIGNED_OFF]\n      lost: LOST\n"
    tables = read(tmp_path, own=own, base=STATES)
    states = tables.tables["states"]
    assert tables.findings == ()
    assert states.to_legacy == {"held": "HELD", "done": "DONE", "dead": "DEAD", "lost": "LOST"}
    assert states.to_canonical == {
        "HELD": "held", "DONE": "done", "CLOSED": "done", "SIGNED_OFF": "done", "DEAD": "dead", "LOST": "lost",
    }  # fmt: skip
    assert (states.source, states.request.default) == ("the base", "unheard")
    assert [row.sent.at.file for row in states.rows] == [f"mappings/{name}/codes.yaml" for name in ("base", "own", "base", "own")]


def test_a_table_may_say_anew_what_becomes_of_a_miss_only(tmp_path: Path) -> None:
    tables = read(tmp_path, own="like: base\ntables:\n  states: {on_miss: reject}\n", base=STATES)
    assert tables.findings == ()
    assert tables.tables["states"].request.rejects
    assert list(tables.tables["states"].to_legacy) == ["held", "done", "dead"]


def test_what_is_left_out_is_not_there(tmp_path: Path) -> None:
    own = "like: base\nwithout: [messages.E1, tables.kinds, tables.states.dead]\n"
    tables = read(tmp_path, own=own, base=BASE + STATES.removeprefix("\ntables:\n"))
    assert tables.findings == ()
    assert {name: list(table.to_legacy) for name, table in tables.tables.items()} == {"sides": ["left"], "states": ["held", "done"]}
    catalogue, findings = catalogue_in(tables.root)
    assert (findings, list(catalogue.messages)) == ([], ["E2"])


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (
            "tables: {states: {rows: {held: HELD}}}",
            "2:26: error: M703: 'held' says what the parent says (line 7 of mappings/base/codes.yaml)",
        ),
        ("tables: {states: {rows: {done: [DONE, CLOSED]}}}", "2:26: error: M703: 'done' says what the parent says"),
        ("tables: {states: {rows: {done: [CLOSED, DONE]}}}", ""),
        ("tables: {states: {rows: {held: [HELD, DEAD]}}}", "2:39: error: M607: 'DEAD' stands for 'dead' too"),
        ("tables: {states: {row: {}}}", "2:19: error: M110"),
        ("without: [tables.states.lost]", "2:11: error: M704: the parent has no 'tables.states.lost'"),
        ("without: [states]", "2:11: error: M704: the parent has no 'states'"),
        ("without: [[tables.states]]", "2:11: error: M112"),
        ("without: tables.states", "2:10: error: M112: text stands here; wanted is a list"),
        ("without: [tables.states.held, tables.states.done, tables.states.dead]", "3:3: error: M606: the table states has no rows"),
    ],
)
def test_what_does_not_fit_the_parent_is_named(tmp_path: Path, own: str, expected: str) -> None:
    found = [str(finding).partition("/codes.yaml:")[2] for finding in read(tmp_path, own=f"like: base\n{own}\n", base=STATES).findings]
    assert len(found) == (1 if expected else 0), found
    assert all(each.startswith(expected) for each in found), found


def test_nothing_can_be_left_out_of_nothing(tmp_path: Path) -> None:
    (found,) = read(tmp_path, own=f"without: [tables.kinds]\n{STATES}").findings
    assert str(found).startswith("mappings/own/codes.yaml:1:1: error: M705: 'without' stands in a file that starts from no other")


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
