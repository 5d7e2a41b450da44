"""Declared files: what is wrong is named by file, line and column, all at once; variables and homes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from pydantic import Field

from adapter.declared import Declared, NotSet, expand, load_declared, load_each
from adapter.errors import CheckFailed, ConfigError
from adapter.settings import Home, load_settings


class Part(Declared):
    house_number: int = 1
    words: tuple[str, ...] = ()


class Whole(Declared):
    name: str
    part: Part = Part()
    parts: dict[str, Part] = Field(default_factory=dict)
    several: tuple[Part, ...] = ()
    either: Part | None = None


@pytest.fixture
def read(tmp_path: Path):
    def reading(text: str, **environment: str) -> Whole:
        file = tmp_path / "whole.yaml"
        file.write_text(text, encoding="utf-8")
        return load_declared(file, Whole, environment)

    return reading


def findings(read, text: str) -> list[tuple[str, int, int, str]]:
    with pytest.raises(CheckFailed) as refused:
        read(text)
    return [(f.code, f.at.line, f.at.column, f"{f.text} {f.hint}".strip()) for f in refused.value.findings]


def test_keys_are_camel_case_and_values_keep_their_kind(read):
    whole = read("name: '007'\npart: {houseNumber: 7, words: [a, b]}\nparts: {x: {houseNumber: 2}}\nseveral: [{}, {houseNumber: 3}]\n")
    assert whole == Whole(
        name="007",
        part=Part(houseNumber=7, words=("a", "b")),
        parts={"x": Part(houseNumber=2)},
        several=(Part(), Part(houseNumber=3)),
    )


def test_every_mistake_has_its_place(read):
    found = findings(read, "part:\n  houseNumbr: 7\n  words: 5\nparts:\n  x:\n    zzz: 1\n")
    assert sorted((code, line) for code, line, _, _ in found) == [("F201", 2), ("F201", 6), ("F202", 1), ("F203", 3)]
    texts = "\n".join(text for *_, text in found)
    assert "did you mean 'houseNumber'?" in texts
    assert "known here: houseNumber, words" in texts
    assert "name is missing" in texts


def test_a_mistake_deep_in_a_list_is_named_once(read):
    [(code, line, _, text)] = findings(read, "name: a\nseveral:\n- {}\n- {houseNumber: many}\n")
    assert (code, line) == ("F203", 4)
    assert text.startswith("several.1.houseNumber")


def test_an_unknown_key_of_an_optional_part_is_found_too(read):
    [(code, _, _, text)] = findings(read, "name: a\neither: {word: x}\n")
    assert code == "F201"
    assert "did you mean 'words'?" in text


@pytest.mark.parametrize(("text", "code"), [("", "F1"), ("a: [", "F1"), ("a: 1\na: 2", "F1"), ("- a", "F203"), ("just words", "F203")])
def test_what_is_no_block_of_keys_is_refused(read, text, code):
    with pytest.raises(ConfigError) as refused:
        read(text)
    assert code in str(refused.value)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"missing\.yaml"):
        load_declared(tmp_path / "missing.yaml", Whole)
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml"):
        load_declared(tmp_path / "latin.yaml", Whole)


def test_variables_stand_anywhere_in_a_text_and_may_have_a_default(read):
    whole = read('name: "a ${ONE}-${TWO:-two}"\nseveral: [{words: ["${ONE}"]}]\n', ONE="1")
    assert whole.name == "a 1-two"
    assert whole.several[0].words == ("1",)


def test_all_variables_that_are_not_set_are_named_at_once_over_all_files(tmp_path):
    for name, text in (("a", "name: ${ONE}-${TWO}\n"), ("b", "name: b\n"), ("c", "name: c\nseveral: [{words: ['${THREE}']}]\n")):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    loads = [partial(load_declared, tmp_path / f"{name}.yaml", Whole, {}) for name in "abc"]
    with pytest.raises(NotSet) as refused:
        load_each(loads)
    assert [line.partition(" is not set")[0].removeprefix(f"{tmp_path}/") for line in str(refused.value).splitlines()] == [
        "a.yaml: name: the environment variable ONE",
        "a.yaml: name: the environment variable TWO",
        "c.yaml: several[0].words[0]: the environment variable THREE",
    ]
    assert [whole.name for whole in load_each([loads[1]])] == ["b"]


def test_a_variable_that_is_not_set_is_named_with_its_place(read):
    with pytest.raises(ConfigError, match=r"whole\.yaml: several\[0\]\.words\[1\]: the environment variable NOPE is not set"):
        read("name: a\nseveral: [{words: [x, '${NOPE}']}]\n")
    with pytest.raises(ConfigError, match=r"part\.words\[0\]: the environment variable NOPE"):
        read("name: a\npart: {words: ['${NOPE}']}\n")
    assert expand({"a": [1, None, "$x"]}, {}, "", []) == {"a": [1, None, "$x"]}


def test_variables_come_from_the_process_where_nothing_else_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("A_NAME", "from outside")
    (tmp_path / "whole.yaml").write_text("name: ${A_NAME}\n", encoding="utf-8")
    assert load_declared(tmp_path / "whole.yaml", Whole).name == "from outside"


# homes and settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "adapter.yaml").write_text("faces: [tmf]\nmarkets: [lab]\n", encoding="utf-8")
    return tmp_path


def test_a_home_is_named_or_the_current_folder_or_the_checkout(folder, monkeypatch):
    assert Home.find({"ADAPTER_HOME": str(folder)}).root == folder
    monkeypatch.delenv("ADAPTER_HOME", raising=False)
    monkeypatch.chdir(folder)
    assert Home.find().root == folder
    monkeypatch.chdir(folder / "config")
    checkout = Path(__file__).parents[2]
    assert Home.find().root == checkout
    with pytest.raises(ConfigError, match=r"config/adapter\.yaml was not found in .*set ADAPTER_HOME"):
        Home.find({"ADAPTER_HOME": str(folder / "config")})


def test_paths_of_a_home(folder):
    home = Home(folder)
    assert home.path("a/b") == folder / "a" / "b"
    assert home.path("/a/b") == Path("/a/b")
    assert home.market_file("pr") == folder / "config" / "markets" / "pr.yaml"
    assert home.face_file("tmf") == folder / "config" / "faces" / "tmf.yaml"
    assert home.mapping_folder("pr") == folder / "mappings" / "pr"


def test_the_record_lies_in_the_data_folder_unless_it_is_named(folder, monkeypatch):
    home = Home(folder)
    assert load_settings(home, {}).store == f"sqlite:///{folder}/var/adapter.db"
    assert load_settings(home, {"ADAPTER_DATA": "/data"}).store == "sqlite:////data/adapter.db"
    monkeypatch.setenv("ADAPTER_DATA", str(folder / "own"))
    assert load_settings(home).data == folder / "own"
    (folder / "config" / "adapter.yaml").write_text("faces: [tmf]\nmarkets: [lab]\nstore: sqlite:////x/y.db\n", encoding="utf-8")
    assert load_settings(home, {}).store == "sqlite:////x/y.db"
