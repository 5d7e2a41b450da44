"""The dictionaries of packed bodies: as they were shipped, named by each body, kept for older ones, and not confused with damage."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
import zstandard

from adapter.errors import StoreUnavailable
from adapter.store import packing, words
from adapter.store.packing import Packer, readable, unpack
from benchmarks.order import order
from benchmarks.words import made
from tests.service_kit import ROOT

BODY = orjson.dumps(order(external_id="4711"))


def parameters(packed: bytes | bytearray) -> zstandard.FrameParameters:
    return zstandard.get_frame_parameters(bytes(packed))


@pytest.mark.parametrize("number", words.KNOWN)
def test_each_dictionary_is_the_one_that_was_shipped(number):
    raw = words.file_of(number).read_bytes()
    assert hashlib.sha256(raw).hexdigest() == words.KNOWN[number]
    assert zstandard.ZstdCompressionDict(raw).dict_id() == number
    assert words.words(number).as_bytes() == raw


def test_every_dictionary_that_is_there_is_known():
    assert sorted(words.file_of(0).parent.glob("*.zdict")) == sorted(map(words.file_of, words.KNOWN))
    assert words.WRITTEN in words.KNOWN


def test_what_is_no_module_is_packaged_with_the_modules():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    files = [path for path in (ROOT / "adapter").rglob("*.*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert words.file_of(words.WRITTEN) in files
    assert [path for path in files if not any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)] == []


def test_a_body_names_its_dictionary_and_its_checksum_and_is_much_smaller_for_it():
    packed = Packer().pack(BODY)
    assert (parameters(packed).dict_id, parameters(packed).has_checksum) == (words.WRITTEN, True)
    assert unpack(bytes(packed), "it") == BODY
    assert len(packed) < len(zstandard.ZstdCompressor(level=3).compress(BODY)) / 2


@pytest.mark.parametrize("body", [b"", b"{}", BODY * 400, os.urandom(300_000)], ids=["none", "small", "large", "noise"])
def test_bodies_of_any_size_come_back(body):
    assert unpack(bytes(Packer().pack(body)), "it") == body


@pytest.mark.parametrize("checksum", [True, False])
def test_bodies_of_older_versions_are_read_without_a_dictionary(checksum):
    assert unpack(zstandard.ZstdCompressor(level=-3, write_checksum=checksum).compress(BODY), "it") == BODY


@pytest.fixture
def other(tmp_path, monkeypatch):
    """A second dictionary: its number, and what packs with it."""
    raw = made(40_000, [orjson.dumps({"note": [{"text": f"another {number * 31 + at}"} for at in range(9)]}) for number in range(400)])
    file_of = words.file_of
    monkeypatch.setattr(words, "file_of", lambda number: tmp_path / "other" if number == 40_000 else file_of(number))
    monkeypatch.setattr(packing, "_CODECS", packing._Codecs())
    (tmp_path / "other").write_bytes(raw)
    words.words.cache_clear()
    yield 40_000, raw
    words.words.cache_clear()


def packed_with(raw: bytes) -> bytes:
    return zstandard.ZstdCompressor(dict_data=zstandard.ZstdCompressionDict(raw), write_checksum=True).compress(BODY)


def test_the_reader_takes_the_dictionary_that_the_body_names(other, monkeypatch):
    number, raw = other
    monkeypatch.setitem(words.KNOWN, number, hashlib.sha256(raw).hexdigest())
    packed = packed_with(raw)
    assert parameters(packed).dict_id == number
    assert [unpack(each, "it") for each in (packed, bytes(Packer().pack(BODY)))] == [BODY, BODY]


def test_a_dictionary_that_this_version_does_not_have_is_named_and_not_taken_for_damage(other):
    said = "message 3 of order A was packed with dictionary 40000, which this version does not have: update the adapter to the version"
    with pytest.raises(StoreUnavailable, match=f"^{said} that wrote it"):
        unpack(packed_with(other[1]), "message 3 of order A")
    body, damage = readable(packed_with(other[1]), "message 3 of order A")
    assert (body, damage.startswith(said)) == (b"", True)


def test_a_body_is_not_read_with_another_dictionary_than_its_own(other, monkeypatch):
    number, raw = other
    monkeypatch.setitem(words.KNOWN, number, hashlib.sha256(raw).hexdigest())
    packed = bytes(Packer().pack(BODY))
    at = packed.index(words.WRITTEN.to_bytes(2, "little"))
    with pytest.raises(StoreUnavailable, match=r"^it is damaged in the record"):
        unpack(packed[:at] + number.to_bytes(2, "little") + packed[at + 2 :], "it")


def test_no_changed_bit_of_a_body_is_read_as_another_body():
    packed = bytes(Packer().pack(BODY))
    said = {"", *(_read(packed, bit)[1].partition(" in the record")[0].partition(" dictionary")[0] for bit in range(len(packed) * 8))}
    assert said == {"", "it is damaged", "it was packed with"}
    assert {_read(packed, bit)[0] for bit in range(len(packed) * 8)} == {BODY, b""}  # some bits say nothing


def _read(packed: bytes, bit: int) -> tuple[bytes, str]:
    """What is read of a body one of whose bits is another."""
    changed = bytearray(packed)
    changed[bit // 8] ^= 1 << bit % 8
    return readable(bytes(changed), "it")


def test_a_dictionary_that_is_not_as_it_was_shipped_is_refused(other, monkeypatch):
    monkeypatch.setitem(words.KNOWN, 40_000, hashlib.sha256(other[1] + b"!").hexdigest())
    with pytest.raises(StoreUnavailable, match=r"is not what this version was shipped with; install the adapter again"):
        words.words(40_000)
    words.file_of(40_000).unlink()
    with pytest.raises(StoreUnavailable, match=r"cannot be read .*install the adapter again"):
        words.words(40_000)


def test_a_command_says_in_a_line_that_its_dictionary_is_not_the_shipped_one(tmp_path):
    program = (
        "import sys; from pathlib import Path; read = Path.read_bytes;"
        "Path.read_bytes = lambda path: read(path) + b'!' * (path.suffix == '.zdict'); sys.argv = ['adapter', 'orders'];"
        "from adapter.cli.main import run; run()"
    )
    environment = os.environ | {"ADAPTER_DATA": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "install the adapter again" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_threads_share_the_dictionary():
    bodies = [orjson.dumps(order(external_id=str(number))) for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        packed = list(pool.map(lambda body: bytes(Packer().pack(body)), bodies))
        assert list(pool.map(lambda each: unpack(each, "it"), packed)) == bodies
