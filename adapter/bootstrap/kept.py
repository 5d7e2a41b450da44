"""Rules that were read and proved before, so that the same files are not parsed, checked and compiled again.

What was read is known by its content: of every file in the folder of the market below ``mappings/`` and in each other one that some of
it came from, of what the market and the faces declare, and of this program itself. It is kept in this process, for a reload and for
services side by side, and in the folder of compiled contracts, for the next start. Rules with an error are never kept. Endpoint,
credentials and whoever listens are no part of what is kept.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pydantic import VERSION, BaseModel

import adapter
import connectors
from adapter.bootstrap.connectors import files_of
from adapter.bootstrap.rules import MarketRules, Unknown, read_rules
from adapter.codes.catalogue import ignore
from adapter.contract import pickled
from adapter.faces.declaration import Face
from adapter.market import Market
from adapter.settings import Home

_MOST: Final = 32  # markets whose rules stay in this process
_NOT_READ: Final[Mapping[str, Any]] = {"endpoint": True, "security": True, "inbound": {"security": True}}
_turn = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Kept:
    """Rules without what is put in anew each time. ``others``: the parts of ``mappings/`` that they came from besides the folder of the
    market, by name, with the digest of each."""

    parts: Mapping[str, Any]
    others: Mapping[str, bytes]


_kept: OrderedDict[bytes, _Kept] = OrderedDict()


class KeptRules:
    """The rules of the markets of one home, as its files are when the first is asked for."""

    def __init__(self, home: Home, faces: Sequence[Face], cache: Path) -> None:
        self._home, self._faces, self._cache = home, faces, cache

    def read(self, market: Market, unknown: Unknown) -> MarketRules:
        """As ``read_rules``; the mappings of rules without an error are known to compile. Raises ConfigError, CheckFailed."""
        key, folder = self._key(market), self._cache / "rules"
        found = self._as_they_were(_remembered(key)) or self._as_they_were(pickled.load(folder, market.market, key))
        if found is None:
            rules = read_rules(self._home, market, self._faces, self._cache, unknown=unknown)
            if not rules.usable:
                return rules
            rules.translators(), rules.validators()  # compiles all of them, and raises where that fails
            others = self._others(rules)
            found = _Kept(_parts(rules), others or {})
            if others is None or not self._unchanged(market, key, found):
                return _whole(market, found.parts, unknown)
            pickled.store(folder, market.market, key, found)
        _remember(key, found)
        return _whole(market, found.parts, unknown)

    @cached_property
    def _around(self) -> bytes:
        """What the rules of all markets depend on."""
        digest = hashlib.blake2b(_program(), digest_size=32)
        digest.update(repr(_links(self._home.path("mappings"))).encode())
        digest.update(repr([_plain(face) for face in self._faces]).encode())
        return digest.digest()

    @cached_property
    def _below(self) -> Mapping[str, bytes]:
        """The digest of each folder and file right below ``mappings/``, by its name: where all that is read of a market lies."""
        return {each.name: _tree([each]) for each in self._home.path("mappings").glob("*")}

    def _key(self, market: Market) -> bytes:
        digest = hashlib.blake2b(self._around, digest_size=32)
        digest.update(self._below.get(market.market, b""))
        digest.update(self._home.market_file(market.market).read_bytes())  # findings have their places in it
        digest.update(repr((type(market).__name__, _plain(market, _NOT_READ))).encode())
        return digest.digest()

    def _others(self, rules: MarketRules) -> Mapping[str, bytes] | None:
        """Where the rules came from besides the folder of their market; None where some of that lies elsewhere than below ``mappings/``."""
        mappings, market = self._home.path("mappings").resolve(), rules.market
        files = {path.resolve() for path in files_of(self._home, market)}
        if not all(path.is_relative_to(mappings) for path in files):
            return None
        names = {path.relative_to(mappings).parts[0] for path in files} | {text.split("/")[1] for text in rules.texts}
        return {name: self._below.get(name, b"") for name in sorted(names - {market.market})}

    def _as_they_were(self, found: _Kept | None) -> _Kept | None:
        same = found is not None and all(self._below.get(name) == digest for name, digest in found.others.items())
        return found if same else None

    def _unchanged(self, market: Market, key: bytes, found: _Kept) -> bool:
        """Whether all files still are what they were before they were read."""
        now = KeptRules(self._home, self._faces, self._cache)
        return now._key(market) == key and now._as_they_were(found) is not None


def _parts(rules: MarketRules) -> dict[str, Any]:
    """What is kept of rules: neither the market, which may hold credentials, nor who listens."""
    found = {each.name: getattr(rules, each.name) for each in fields(rules)}
    del found["market"]
    return {**found, "catalogue": replace(rules.catalogue, unknown=ignore), "proved": True}


def _whole(market: Market, parts: Mapping[str, Any], unknown: Unknown) -> MarketRules:
    return MarketRules(market=market, **{**parts, "catalogue": replace(parts["catalogue"], unknown=unknown)})


def _remembered(key: bytes) -> _Kept | None:
    with _turn:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def _remember(key: bytes, found: _Kept) -> None:
    with _turn:
        _kept[key] = found
        while len(_kept) > _MOST:
            _kept.popitem(last=False)


# -- what rules are made from


@cache
def _program() -> bytes:
    """A digest of the engine and its connectors, and of what they are built on."""
    digest = hashlib.blake2b(f"{sys.version} {VERSION} {version('jinja2')}".encode(), digest_size=32)
    digest.update(_tree([Path(folder) for package in (adapter, connectors) for folder in package.__path__]))
    return digest.digest()


def _tree(roots: Iterable[Path]) -> bytes:
    """A digest of some files and of all files below some folders, by their places and contents."""
    digest = hashlib.blake2b(digest_size=32)
    for root in roots:
        for path in [root] if root.is_file() else _files(root):
            text = path.read_bytes()
            digest.update(f"{path.relative_to(root)}\0{len(text)}\0".encode())
            digest.update(text)
    return digest.digest()


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        yield from (Path(folder, name) for name in sorted(files))


def _links(root: Path) -> list[tuple[str, str]]:
    """Every link below a folder and where it leads: a file may be reached through one that lies beside the folder it is read from."""
    found = [Path(folder, name) for folder, folders, files in os.walk(root) for name in (*folders, *files)]
    return sorted((str(path.relative_to(root)), str(path.readlink())) for path in found if path.is_symlink())


def _plain(model: BaseModel, exclude: Mapping[str, Any] | None = None) -> Any:
    return _ordered(model.model_dump(exclude=exclude))


def _ordered(value: Any) -> Any:
    """The same with the same repr in every process."""
    if isinstance(value, Mapping):
        return [(key, _ordered(each)) for key, each in value.items()]
    if isinstance(value, Set):
        return sorted(map(repr, value))
    if isinstance(value, list | tuple):
        return [_ordered(each) for each in value]
    return value
