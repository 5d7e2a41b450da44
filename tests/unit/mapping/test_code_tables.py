"""Code tables with places: both directions, misses, what is wrong with a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.mapping.model import Direction
from adapter.mapping.tables import Miss, parse_tables, read_tables

TEXT = """\
grammar: {this: belongs to another part of the adapter}
tables:
  kinds:
    source: "page 3"
    on_miss: {request: reject, reply: {default: Other}}
    rows:
      Package: P
      AddOn: A
      Extra: A
      "": "0"
  flags: {on_miss: pass, rows: {NO: "00", YES: 01}}
"""


def test_a_table_reads_in_both_directions() -> None:
    tables = parse_tables(TEXT, "codes.yaml")
    assert tables.findings == ()
    kinds = tables.tables["kinds"]
    assert kinds.to_legacy == {"Package": "P", "AddOn": "A", "Extra": "A", "": "0"}
    assert kinds.to_canonical == {"P": "Package", "A": "AddOn", "0": ""}
    assert kinds.codes(Direction.REQUEST) == kinds.to_legacy
    assert kinds.codes(Direction.REPLY) == kinds.to_canonical
    assert kinds.source == "page 3"
    assert str(kinds.name.at) == "codes.yaml:3:3"
    assert str(kinds.rows[1].sent.at) == "codes.yaml:8:14"


def test_every_code_is_text() -> None:
    assert parse_tables(TEXT, "codes.yaml").tables["flags"].to_legacy == {"NO": "00", "YES": "01"}


def test_rows_with_one_legacy_code_have_no_way_back() -> None:
    tables = parse_tables(TEXT, "codes.yaml").tables
    assert [row.canonical.value for row in tables["kinds"].ambiguous] == ["Extra"]
    assert tables["flags"].ambiguous == ()


def test_of_several_legacy_codes_the_first_is_sent_and_each_is_read() -> None:
    tables = parse_tables("tables: {states: {rows: {done: [COMPLETED, SIGNED_OFF, ''], held: HELD}}}", "c")
    states = tables.tables["states"]
    assert tables.findings == ()
    assert states.to_legacy == {"done": "COMPLETED", "held": "HELD"}
    assert states.to_canonical == {"COMPLETED": "done", "SIGNED_OFF": "done", "": "done", "HELD": "held"}
    assert states.ambiguous == ()
    assert states.found(Direction.REPLY, "COMPLETE") is None
    assert states.found(Direction.REQUEST, "SIGNED_OFF") is None
    row, code = states.found(Direction.REPLY, "SIGNED_OFF") or pytest.fail("it is in the table")
    assert (row.canonical.value, row.sent.value, str(code.at)) == ("done", "COMPLETED", "c:1:44")


def test_rows_that_send_the_same_may_read_more() -> None:
    table = parse_tables("tables: {t: {rows: {new: PV, old: [PV, P]}}}", "c").tables["t"]
    assert table.to_legacy == {"new": "PV", "old": "PV"}
    assert table.to_canonical == {"PV": "new", "P": "old"}
    assert [row.canonical.value for row in table.ambiguous] == ["old"]


@pytest.mark.parametrize(
    ("spelled", "request_", "reply"),
    [
        ("reject", Miss(), Miss()),
        ("pass", Miss(passes=True), Miss(passes=True)),
        ("{default: X}", Miss(default="X"), Miss(default="X")),
        ("{default: ''}", Miss(default=""), Miss(default="")),
        ("{request: pass}", Miss(passes=True), Miss()),
        ("{request: {default: X}, reply: pass}", Miss(default="X"), Miss(passes=True)),
    ],
)
def test_what_becomes_of_a_miss(spelled: str, request_: Miss, reply: Miss) -> None:
    parsed = parse_tables(f"tables: {{t: {{on_miss: {spelled}, rows: {{a: b}}}}}}", "c")
    assert parsed.findings == ()
    table = parsed.tables["t"]
    assert (table.miss(Direction.REQUEST), table.miss(Direction.REPLY)) == (request_, reply)
    assert table.request.rejects == (request_ == Miss())


def test_a_miss_is_refused_where_nothing_is_said() -> None:
    assert parse_tables("tables: {t: {rows: {a: b}}}", "c").tables["t"].request.rejects


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tables: {t: {rows: {}}}", [("M606", "1:10")]),
        ("tables: {t: {on_miss: refuse, rows: {a: b}}}", [("M119", "1:23")]),
        ("tables: {t: {on_miss: {defalt: x}, rows: {a: b}}}", [("M110", "1:24"), ("M111", "1:24")]),
        ("tables: {t: {on_miss: {default: [x]}, rows: {a: b}}}", [("M112", "1:33")]),
        ("tables: {t: {on_miss: [x], rows: {a: b}}}", [("M112", "1:23")]),
        ("tables: {t: {row: {a: b}}}", [("M110", "1:14"), ("M111", "1:14")]),
        ("tables: {t: {rows: {a: []}}}", [("M113", "1:24")]),
        ("tables: {t: {rows: {a: [b, ]}}}", []),
        ("tables: {t: {rows: {a: [b, [c]]}}}", [("M112", "1:28")]),
        ("tables: {t: {rows: {a: {b: c}}}}", [("M112", "1:24")]),
        ("tables: {t: {rows: {a:\n - b\n -\n}}}", [("M101", "2:2")]),
        ("tables:\n t:\n  rows:\n   a:\n   - b\n   -\n", [("M113", "6:5")]),
        ("tables: {t: {rows: {[a, c]: b}}}", [("M112", "1:21"), ("M606", "1:10")]),
        ("tables: {t: {rows: {a: [b, c, b]}}}", [("M607", "1:31")]),
        ("tables: {t: {rows: {a: [b, c], d: c}}}", [("M607", "1:28")]),
        ("tables: {t: {rows: {d: c, a: [b, c]}}}", [("M607", "1:34")]),
        ("tables: {t: {rows: {a: [b, c], d: [e, c]}}}", [("M607", "1:39")]),
        ("tables: {t: {rows: {a: [b, c], d: [b, e]}}}", []),
        ("tables: {t: {rows: {a: b, a: c}}}", [("M103", "1:27")]),
        ("tables: {t: x}", [("M112", "1:13")]),
        ("tables: [t]", [("M112", "1:9")]),
        ("tables: {'a b': {rows: {a: b}}}", [("M119", "1:11")]),
        ("tables: {t: {rows: [a]}}", [("M112", "1:20")]),
        ("tables: [", [("M101", "1:10")]),
    ],
)
def test_tables_that_do_not_fit(text: str, expected: list[tuple[str, str]]) -> None:
    found = [(finding.code, f"{finding.at.line}:{finding.at.column}") for finding in parse_tables(text, "c").findings]
    assert sorted(found) == sorted(expected)


def test_a_file_without_tables_has_none(tmp_path: Path) -> None:
    path = tmp_path / "codes.yaml"
    path.write_text("messages: {}\n", encoding="utf-8")
    read = read_tables(path, "pr/codes.yaml")
    assert (read.file, read.tables, read.findings) == ("pr/codes.yaml", {}, ())
    (missing,) = read_tables(tmp_path / "none.yaml", "pr/none.yaml").findings
    assert (missing.code, missing.at.file) == ("M109", "pr/none.yaml")
