"""Every scalar is text and knows its place; what hides a value's origin is refused; nothing raises on content."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapter.mapping.load import Loaded, load_yaml, read_yaml
from adapter.yaml_text import MAX_BYTES, Block, Items, Scalar, split_lines


def scalar(loaded: Loaded, key: str) -> Scalar:
    assert loaded.root is not None
    node = loaded.root.get(key)
    assert isinstance(node, Scalar)
    return node


def codes(loaded: Loaded) -> list[str]:
    return [finding.code for finding in loaded.findings]


@pytest.mark.parametrize("text", ["NO", "12:30", "00123", "1e3", "~", "null", "2024-01-01", "0x1F", "yes", "1_000"])
def test_no_scalar_is_turned_into_something_else(text: str) -> None:
    assert scalar(load_yaml(f"a: {text}", "f"), "a").value == text


def test_keys_and_values_know_their_place() -> None:
    loaded = load_yaml("one: first\ntwo:\n  - x\n  - inner: 'quoted'\n", "f.yaml")
    assert loaded.root is not None
    two = loaded.root.get("two")
    assert isinstance(two, Items)
    block = two.nodes[1]
    assert isinstance(block, Block)
    entry = block.entry("inner")
    assert entry is not None
    assert (str(entry.key.at), entry.key.at.length) == ("f.yaml:4:5", 5)
    assert (str(entry.value.at), entry.value.at.length) == ("f.yaml:4:13", 6)  # without the quote
    assert str(two.nodes[0].at) == "f.yaml:3:5"
    assert block.get("nothing") is None


@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        ("a: one two three", "three", (1, 12, 5)),
        ("a: 'it''s there'", "there", (1, 11, 5)),
        ('a: "say \\"x\\" \\u0041 there"', "there", (1, 22, 5)),
        ('a: "one \\\n    there"', "there", (2, 5, 5)),
        ("a: >-\n   one\n   there x\n", "there", (3, 4, 5)),
        ("a: |\n  one\n  two there\n", "there", (3, 7, 5)),
        ("a: one\n   there\n", "there", (2, 4, 5)),
        ("a: 'one\n   there'\n", "there", (2, 4, 5)),
        ("a: >- # a remark\n\n  there\n", "there", (3, 3, 5)),
    ],
)
def test_a_part_of_a_scalar_is_found_in_the_file(text: str, word: str, place: tuple[int, int, int]) -> None:
    node = scalar(load_yaml(text, "f"), "a")
    at = node.part(node.value.index(word), len(word))
    assert (at.line, at.column, at.length) == place


def test_a_part_is_cut_at_the_end_of_its_line_and_may_lie_behind_the_end() -> None:
    node = scalar(load_yaml("a: >-\n  one\n  two\n", "f"), "a")
    assert node.value == "one two"
    assert node.part(0, 7).length == 4  # "one", and the break that became a blank
    behind = node.part(7, 1)
    assert (behind.line, behind.column) == (3, 6)
    empty = scalar(load_yaml('a: ""', "f"), "a")
    assert empty.part(0, 1) == empty.at
    assert empty.quoted


@settings(max_examples=60)
@given(st.text(alphabet="ab 'é\"\\\n\t中", max_size=30))
def test_each_character_that_is_no_escape_stands_where_it_is_said(value: str) -> None:
    spelled = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    text = f'key: "{spelled}"'
    node = scalar(load_yaml(text, "f"), "key")
    assert node.value == value
    for offset, char in enumerate(value):
        at = node.part(offset, 1)
        shown = split_lines(text)[at.line - 1][at.column - 1]
        assert shown == ("\\" if char in '\\"\n\t' else char)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: b\n\tc: d", "M102", (2, 1)),
        ("a: [1", "M101", (1, 4)),
        ("a: b: c", "M101", (1, 5)),
        ("a: 'x' y", "M101", (1, 8)),
        ("a: @x", "M101", (1, 4)),
        ("a: 1\na: 2", "M103", (2, 1)),
        ("a: &x 1", "M104", (1, 4)),
        ("a: !!int 1", "M104", (1, 4)),
        ("a: !own 1", "M104", (1, 4)),
        ("a: *x", "M104", (1, 4)),
        ("<<: {b: c}", "M104", (1, 1)),
        ("a: b\n---\nc: d", "M105", (2, 1)),
        ("- a", "M106", (1, 1)),
        ("just text", "M106", (1, 1)),
        ("", "M106", (1, 1)),
        ("# nothing but a remark\n", "M106", (1, 1)),
        ("\ufeffa: b", "M107", (1, 1)),
        (b"a: b\nc: \xff", "M107", (2, 4)),
        ("a: \x01", "M107", (1, 4)),
        ("a: " + "[" * 50 + "]" * 50, "M108", (1, 43)),
        ("? [a]\n: b", "M112", (1, 3)),
    ],
)
def test_what_is_refused_and_where(text: str | bytes, code: str, place: tuple[int, int]) -> None:
    loaded = load_yaml(text, "f")
    assert codes(loaded) == [code]
    assert (loaded.findings[0].at.line, loaded.findings[0].at.column) == place


def test_what_can_be_read_is_read_beside_what_is_refused() -> None:
    loaded = load_yaml("a: &x 1\nb: *x\nc: [*x, 2]\na: 3\n", "f")
    assert codes(loaded) == ["M104", "M104", "M104", "M103"]
    assert loaded.root is not None
    assert [entry.key.value for entry in loaded.root] == ["a", "c"]
    assert scalar(loaded, "a").value == "1"


def test_an_alias_as_a_list_item_or_as_the_root_is_left_out() -> None:
    assert codes(load_yaml("*x", "f")) == ["M104", "M106"]


def test_a_file_that_is_too_large_or_missing_is_a_finding(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"a: " + b"x" * MAX_BYTES)
    assert codes(read_yaml(large, "large.yaml")) == ["M108"]
    assert codes(read_yaml(tmp_path / "none.yaml", "none.yaml")) == ["M109"]
    assert codes(read_yaml(tmp_path, "folder")) == ["M109"]


def test_a_file_is_read_as_its_text(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes("a: é\r\nb: ü\r\n".encode())
    loaded = read_yaml(path, "shown/f.yaml")
    assert scalar(loaded, "b").value == "ü"
    assert str(scalar(loaded, "b").at) == "shown/f.yaml:2:4"
    assert loaded.text == "a: é\r\nb: ü\r\n"


@settings(max_examples=100)
@example("---")
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60), st.text(alphabet="ab:-[]{}&*!|>'\"#%@ \n\t?,", max_size=60)))
def test_nothing_raises_on_content(data: bytes | str) -> None:
    loaded = load_yaml(data, "f")
    assert loaded.root is not None or loaded.findings
    lines = split_lines(loaded.text)
    for finding in loaded.findings:
        assert 1 <= finding.at.line <= max(len(lines), 1)
        assert finding.at.column >= 1
