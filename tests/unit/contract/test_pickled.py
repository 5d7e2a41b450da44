"""Values on disk between two starts: found again where they are of the same, and never where they are not."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

import pytest

from adapter.contract import pickled
from adapter.contract.shape import Kind, Member, Shape
from adapter.finding import Finding, Position

KEY = hashlib.blake2b(b"made from this", digest_size=32).digest()
OTHER = hashlib.blake2b(b"made from that", digest_size=32).digest()


def path_of(folder: Path, key: bytes) -> Path:
    (found,) = folder.glob(f"*.{key.hex()[:16]}.pickle")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rules"


def test_a_value_is_found_by_what_it_was_made_from_and_by_nothing_else(folder):
    value = {"findings": (Finding("K101", "is missing", Position("a.yaml", 3, 1, 4), severity="warning"),), "names": frozenset("ab")}
    pickled.store(folder, "lab", KEY, value)
    assert pickled.load(folder, "lab", KEY) == value
    assert pickled.load(folder, "lab", OTHER) is None
    assert pickled.load(folder, "pr", KEY) is None


def test_a_type_that_holds_itself_comes_back_holding_itself(folder):
    shape = Shape(Kind.OBJECT, "Item")
    shape.members["parts"] = Member("parts", shape, many=True)
    pickled.store(folder, "lab", KEY, shape)
    found = pickled.load(folder, "lab", KEY)
    assert found.name == "Item"
    assert found.members["parts"].shape is found


def test_of_each_name_the_newest_few_stay(folder):
    keys = [hashlib.blake2b(bytes([number]), digest_size=32).digest() for number in range(6)]
    pickled.store(folder, "pr", KEY, "of another name")
    for number, key in enumerate(keys):
        pickled.store(folder, "lab", key, number)
        os.utime(path_of(folder, key), (number, number))
    assert [pickled.load(folder, "lab", key) for key in keys] == [None, None, 2, 3, 4, 5]
    assert pickled.load(folder, "pr", KEY) == "of another name"


@pytest.mark.parametrize("cut", [0, 20, 40, 70])
def test_a_damaged_file_is_none(folder, cut):
    pickled.store(folder, "lab", KEY, list(range(100)))
    path = path_of(folder, KEY)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    assert pickled.load(folder, "lab", KEY) is None
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert pickled.load(folder, "lab", KEY) is None


def test_a_class_that_is_gone_makes_the_file_none(folder):
    text = b"cadapter.contract.pickled\nNoSuchClass\n."
    with pytest.raises(AttributeError):
        pickle.loads(text)
    pickled.store(folder, "lab", KEY, "in its place")
    path_of(folder, KEY).write_bytes(KEY + hashlib.blake2b(text, digest_size=32).digest() + text)
    assert pickled.load(folder, "lab", KEY) is None


@pytest.mark.parametrize("shared", ["folder", "file"])
def test_what_others_could_have_written_is_not_read(folder, shared):
    pickled.store(folder, "lab", KEY, "mine")
    (folder if shared == "folder" else path_of(folder, KEY)).chmod(0o777)
    assert pickled.load(folder, "lab", KEY) is None


def test_a_link_to_somebody_elses_file_is_not_followed(folder, tmp_path):
    pickled.store(folder, "lab", KEY, "mine")
    path = path_of(folder, KEY)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert pickled.load(folder, "lab", KEY) is None


def test_what_cannot_be_stored_costs_nothing_but_time(folder, tmp_path):
    pickled.store(folder, "lab", KEY, lambda: None)
    assert not folder.exists()
    (tmp_path / "file").write_text("")
    pickled.store(tmp_path / "file" / "rules", "lab", KEY, "value")
    assert pickled.load(tmp_path / "file" / "rules", "lab", KEY) is None
