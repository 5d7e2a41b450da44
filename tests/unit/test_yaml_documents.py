"""The one YAML reader below all declared files: codes by prefix, JSON data, and one report of a file that cannot be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapter.bootstrap import read_rules
from adapter.contract.tmf import load_extension
from adapter.declared import Declared, load_declared
from adapter.errors import CheckFailed
from adapter.faces.declaration import load_face
from adapter.finding import Finding
from adapter.market import load_market
from adapter.settings import Home
from adapter.yaml_text import MAX_BYTES, Block, Codes, Kind, Scalar, json_value, load_document, numbered

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a: [1", ["X101"]),
        ("a: b\n\tc: d", ["X101"]),
        ("a: 'x' y", ["X101"]),
        ("a: b\n---\nc: d", ["X101"]),
        ("\ufeffa: b", ["X101"]),
        ("a: \x01", ["X101"]),
        ("a: " + "[" * 50 + "]" * 50, ["X101"]),
        ("a: " + "x" * MAX_BYTES, ["X101"]),
        ("a: 1\na: 2", ["X102"]),
        ("a: &x 1\nb: *x\n<<: {c: d}", ["X103", "X103", "X103"]),
        ("a: !!int 1", ["X103"]),
        ("a: !!str {b: c}", ["X103"]),
        ("? [a]\n: b", ["X103"]),
        (b"a: \xff", ["X104"]),
        ("", []),
        ("- a", []),
    ],
)
def test_each_user_has_codes_of_its_own(text: str | bytes, codes: list[str]) -> None:
    assert [finding.code for finding in load_document(text, "f", numbered("X")).findings] == codes


def test_a_user_may_know_a_better_hint() -> None:
    codes = Codes(dict.fromkeys(Kind, "X1"), {Kind.DUPLICATE: "join them"})
    assert [finding.hint for finding in load_document("b: !x 1\na: 1\na: 2", "f", codes).findings] == [
        "every scalar is text; remove the tag",
        "join them",
    ]


def test_unquoted_literals_of_json_are_data_all_else_is_text() -> None:
    text = "a: [1, -2.5, true, null, no, 010, '1', !!str 1, '']\nb: {c: ~}\n"
    root = load_document(text, "f", numbered("X")).root
    assert root is not None
    assert json_value(root) == {"a": [1, -2.5, True, None, "no", "010", "1", "1", ""], "b": {"c": "~"}}


@pytest.mark.parametrize(
    ("text", "value", "whole"),
    [
        ("a: !!str 'one two'", (1, 11), (1, 4, 15)),
        ("a: !!str one two", (1, 10), (1, 4, 13)),
        ("a: !!str |\n  one two\n", (2, 3), (1, 4, 7)),
        ('a: "one\n  two"', (1, 5), (1, 4, 4)),
    ],
)
def test_a_scalar_knows_its_value_and_its_spelling(text: str, value: tuple[int, int], whole: tuple[int, int, int]) -> None:
    document = load_document(text, "f", numbered("X"))
    assert document.findings == ()
    assert isinstance(document.root, Block)
    node = document.root.get("a")
    assert isinstance(node, Scalar)
    assert (node.at.line, node.at.column) == value
    assert (node.whole.line, node.whole.column, node.whole.length) == whole


class Lamp(Declared):
    colour: str


def test_a_declared_file_that_cannot_be_read_has_a_place(tmp_path: Path) -> None:
    path = tmp_path / "lamp.yaml"
    path.write_bytes(b"colour: r\xffd\n")
    for load in (lambda: load_declared(path, Lamp, {}), lambda: load_extension(path)):
        with pytest.raises(CheckFailed) as failed:
            load()
        (finding,) = failed.value.findings
        assert (finding.code[1:], finding.at.line, finding.at.column) == ("104", 1, 10)
    path.write_text("colour: red\n", encoding="utf-8")
    assert load_declared(path, Lamp, {}).colour == "red"


def lab(root: Path, change: tuple[str, str]) -> tuple[Finding, ...]:
    """The findings about the lab market's codes file, with a change in it."""
    shutil.copytree(ROOT / "mappings" / "lab", root / "mappings" / "lab")
    shutil.copytree(ROOT / "config", root / "config")
    codes = root / "mappings" / "lab" / "codes.yaml"
    text = codes.read_text(encoding="utf-8")
    assert change[0] in text
    codes.write_text(text.replace(*change, 1), encoding="utf-8")
    home = Home(root)
    environment = {"ADAPTER_LAB_ENDPOINT": "http://127.0.0.1:9"}
    faces = [load_face(home.face_file(name), environment) for name in ("tmf", "hybris")]
    found = read_rules(home, load_market(home.market_file("lab"), environment), faces).findings
    return tuple(finding for finding in found if finding.at.file == "mappings/lab/codes.yaml")


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (("messages:", "messages: ["), ["M101"]),
        (("messages:", "messages: {}\nmessages:"), ["M103"]),
        (("messages:", "mesages:"), ["C105"]),
    ],
)
def test_a_broken_codes_file_is_reported_once(tmp_path: Path, change: tuple[str, str], codes: list[str]) -> None:
    assert [finding.code for finding in lab(tmp_path, change)] == codes
