"""The JSON Schema for editors says what the parser says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.cli.schema import codes_file_schema
from adapter.codes import read_catalogue
from adapter.codes.keys import FILE, OF_MAPPINGS, names
from adapter.mapping.forms import misfits
from adapter.mapping.keys import NAMED, TABLES, mapping_form
from adapter.mapping.load import CODES, load_yaml
from adapter.mapping.schema import codes_schema, mapping_schema
from adapter.yaml_text import Block, Items, Node, Scalar

REPOSITORY = Path(__file__).parents[3]
SAMPLES = sorted([*(REPOSITORY / "mappings").glob("*/*.*.yaml"), *(REPOSITORY / "tests" / "diagnostics" / "valid").glob("*.yaml")])
BROKEN_FILES = sorted((REPOSITORY / "tests" / "diagnostics").glob("M1[12][0-4]*/*.yaml"))
BROKEN_CODES = [path for path in BROKEN_FILES if path.name == "codes.yaml"]
BROKEN = [path for path in BROKEN_FILES if path.name == "mapping.yaml" and path.with_name("codes.yaml") not in BROKEN_CODES]


def plain(node: Node) -> Any:
    match node:
        case Scalar(value=value):
            return value
        case Items(nodes=nodes):
            return [plain(each) for each in nodes]
        case Block(entries=entries):
            return {entry.key.value: plain(entry.value) for entry in entries}


def document(path: Path) -> Any:
    loaded = load_yaml(path.read_bytes(), path.name)
    assert loaded.root is not None, loaded.findings
    return plain(loaded.root)


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema_rs.Draft202012Validator(mapping_schema())


def test_the_schema_is_one() -> None:
    assert jsonschema_rs.meta.is_valid(mapping_schema())
    assert jsonschema_rs.meta.is_valid(codes_schema())
    assert jsonschema_rs.meta.is_valid(codes_file_schema())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_sound_mappings_fit(path: Path, validator: Any) -> None:
    assert [error.message for error in validator.iter_errors(document(path))] == []


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.parent.name)
def test_broken_ones_do_not(path: Path, validator: Any) -> None:
    assert not validator.is_valid(document(path))


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"operation": None}, False),
        ({"operation": "create"}, False),
        ({"legacy": None, "like": "pr"}, True),
        ({"requets": {}}, False),
        ({"reply": {"id": 5, "flag": True}}, True),
        ({"reply": {"id": {"value": "x", "choose": []}}}, False),
        ({"reply": {"id": {"vaule": "x"}}}, False),
        ({"reply": {"id": {"table": "x"}}}, False),
        ({"reply": {"id[]": {"set": {"a": "b"}}}}, True),  # an overlay may leave 'each' out
        ({"reply": {"id[]": {"set": {"a": {"value": "b", "nots": "c"}}}}}, False),
        ({"reply": {"id": {"choose": [{"when": "a", "value": "b"}, {"otherwise": "c", "note": "d"}]}}}, True),
        ({"reply": {"id": {"choose": [{"when": "a"}]}}}, False),
        ({"both": {"a": {"legacy": "b", "default": "c"}}}, True),
        ({"both": {"a": {"legasy": "b"}}}, False),
        ({"require": [{"header": "lob"}, "a.b", {"path": "a", "when": "b"}]}, True),
        ({"require": [{"header": "lob", "query": "x"}]}, False),
        ({"outcome": [{"is": "accepted", "status": 201}]}, True),
        ({"outcome": [{"is": "accepted", "status": "9"}]}, False),
        ({"inherit": "reply"}, True),
        ({"inherit": "outcome"}, False),
        ({"drop": [{"path": "a"}]}, False),
        ({"refuse": [{"when": "known is absent", "text": "'no'", "status": 422, "code": "1085"}]}, True),
        ({"refuse": [{"text": "'no'"}]}, False),
        ({"refuse": [{"when": "a", "text": "b", "status": "500"}]}, False),
        ({"subject": {"state": "'held'"}}, True),
        ({"legacy": None, "receives": "Y", "identity": "a", "report": {"id": "b"}, "answer": {"code": "c"}}, True),
        ({"legacy": None, "receives": "Y", "both": {"a[]": {"legacy": "b[]", "both": {"c": "d"}, "report": {"e": "f"}}}}, True),
        ({"legacy": None, "receives": "Y", "both": {"a[]": {"legacy": "b[]", "reply": {"e": "f"}}}}, False),
        ({"legacy": None, "receives": "Y", "reply": {"id": "b"}}, False),
        ({"legacy": None, "receives": "Y", "like": "de", "inherit": "answer"}, True),
        ({"legacy": None, "receives": "Y", "like": "de", "inherit": "reply"}, False),
        ({"receives": "Y"}, False),
        ({"report": {"id": "b"}}, False),
        ({"legacy": None, "report": {"id": "b"}}, False),
        ({"legacy": None, "like": "de", "report": {"id": "b"}}, True),
    ],
)
def test_keys_and_forms(change: dict[str, Any], fits: bool, validator: Any) -> None:
    sample = {"operation": "productOrder.create", "legacy": "X", **change}
    assert validator.is_valid({key: value for key, value in sample.items() if value is not None}) is fits


@pytest.mark.parametrize("path", BROKEN + SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_parser_and_schema_say_the_same(path: Path, validator: Any) -> None:
    loaded = load_yaml(path.read_bytes(), path.name)
    assert loaded.root is not None
    partial = "like" in plain(loaded.root)
    form = mapping_form({entry.key.value for entry in loaded.root})
    found = [finding for finding in misfits(loaded.root, form, NAMED) if not (partial and finding.code == "M111")]
    inherited = [finding for finding in found if finding.code == "M111" and ("'each'" in finding.text or "'legacy'" in finding.text)]
    assert validator.is_valid(plain(loaded.root)) is (len(found) == len(inherited))


def test_every_key_is_described() -> None:
    def walk(schema: Any) -> None:
        for name, part in schema.get("properties", {}).items():
            assert part["description"].endswith("."), name
        for part in (*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *schema.get("$defs", {}).values()):
            walk(part)
        for name in ("items", "additionalProperties", "then", "else"):
            if schema.get(name):
                walk(schema[name])

    walk(mapping_schema())
    walk(codes_file_schema())


def test_real_codes_files_fit_theirs() -> None:
    validator = jsonschema_rs.Draft202012Validator(codes_file_schema())
    assert set(codes_file_schema()["properties"]) == names(FILE) | OF_MAPPINGS, "the loader takes these keys and no others"
    for path in (REPOSITORY / "mappings").glob("*/codes.yaml"):
        assert [error.message for error in validator.iter_errors(document(path))] == [], path
    assert not validator.is_valid({"tables": {"t": {"row": {}}}})
    for row, fits in (("b", True), (["b"], True), (["b", "", 7], True), ([], False), ([["b"]], False), ({"b": "c"}, False)):
        assert validator.is_valid({"tables": {"t": {"rows": {"a": row}}}}) is fits
    assert validator.is_valid({"like": "base", "without": ["tables.t.a"], "tables": {"t": {"on_miss": "pass"}}})
    loaded = load_yaml("tables: {t: {rows: {a: b}}}\nother: [x]\n", "c")
    assert loaded.root is not None
    assert list(misfits(loaded.root, TABLES, NAMED)) == []


WHOLE_CODES = """\
source: the document
grammar:
  source: the nine texts
  fragments: {bar: '[|]'}
  head: '(?P<ret>[0-9]{4}){bar}'
  split: ','
  trim: '|'
  entries: {coded: '(?P<code>E[0-9]+)'}
messages:
  E1: {name: order-late, severity: warning, retryable: no, advice: Wait., sample: E1, source: the table}
reference:
  outages: {source: the list, key: [code, kind], rows: [{code: OT, kind: a, text: out}]}
tables:
  states: {rows: {held: H}}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x", "x"),  # sound
        ("key: [code, kind]", "key: code"),  # sound
        ("source: the document", "sorce: the document"),
        ("grammar:", "gramar:"),
        ("fragments:", "fragment:"),
        ("entries:", "entry:"),
        ("entries: {coded: '(?P<code>E[0-9]+)'}", "entries: ['(?P<code>E[0-9]+)']"),
        ("severity: warning", "severty: warning"),
        ("severity: warning", "severity: grave"),
        ("retryable: no", "retryable: perhaps"),
        ("retryable: no, ", ""),
        ("name: order-late", "name: OrderLate"),
        ("advice: Wait.", "advice: '  '"),
        ("advice: Wait.", "advise: Wait."),
        ("advice: Wait.", "advice: [Wait.]"),
        ("E1: {", "E1: text\n  E2: {"),
        ("key: [code, kind], ", ""),
        ("key: [code, kind]", "key: []"),
        ("key: [code, kind]", "kye: [code, kind]"),
        ("text: out", "text: [out]"),
        ("rows: [{code: OT, kind: a, text: out}]", "rows: {code: OT}"),
    ],
)
def test_loader_and_schema_of_codes_say_the_same(old: str, new: str) -> None:
    text = WHOLE_CODES.replace(old, new)
    loaded = load_yaml(text, "codes.yaml", CODES)
    assert loaded.root is not None
    _, found = read_catalogue(text, "codes.yaml")
    sound = old == "x" or new == "key: code"
    assert (not found) is sound, found
    assert jsonschema_rs.Draft202012Validator(codes_file_schema()).is_valid(plain(loaded.root)) is sound


@pytest.mark.parametrize("path", BROKEN_CODES, ids=lambda path: path.parent.name)
def test_broken_codes_files_do_not(path: Path) -> None:
    loaded = load_yaml(path.read_bytes(), path.name, CODES)
    assert loaded.root is not None
    found = list(misfits(loaded.root, TABLES, NAMED))
    assert found or loaded.findings
    assert jsonschema_rs.Draft202012Validator(codes_file_schema()).is_valid(plain(loaded.root)) is (not found)


@pytest.mark.parametrize(("arguments", "title"), [([], "Mapping file"), (["mapping"], "Mapping file"), (["codes"], "Codes file")])
def test_the_command_prints_them(arguments: list[str], title: str) -> None:
    printed = CliRunner().invoke(app, ["schema", *arguments])
    assert printed.exit_code == 0
    assert json.loads(printed.output)["title"] == title
