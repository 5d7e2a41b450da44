"""Rules that were read and proved before, so that the same files are not parsed, checked and compiled again.

What was read is known by its content: of every file below ``mappings/``, of what the market and the faces declare, and of this program
itself. It is kept in this process, for a reload and for services side by side, and in the folder of compiled contracts, for the
next start. Rules with an error are never kept. Endpoint, credentials and whoever listens are no part of what is kept.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import fields, replace
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
_kept: OrderedDict[bytes, Mapping[str, Any]] = OrderedDict()
_turn = threading.Lock()


class KeptRules:
    """The rules of the markets of one home, as its files are when the first is asked for."""

    def __init__(self, home: Home, faces: Sequence[Face], cache: Path) -> None:
        self._home, self._faces, self._cache = home, faces, cache

    def read(self, market: Market, unknown: Unknown) -> MarketRules:
        """As ``read_rules``; the mappings of rules without an error are known to compile. Raises ConfigError, CheckFailed."""
        key, folder = self._key(market), self._cache / "rules"
        found = _remembered(key) or pickled.load(folder, market.market, key)
        if found is None:
            rules = read_rules(self._home, market, self._faces, self._cache, unknown=unknown)
            if not rules.usable:
                return rules
            rules.translators(), rules.validators()  # compiles all of them, and raises where that fails
            found = _parts(rules)
            if not self._unchanged(market, key):
                return _whole(market, found, unknown)
            pickled.store(folder, market.market, key, found)
        _remember(key, found)
        return _whole(market, found, unknown)

    @cached_property
    def _around(self) -> bytes:
        """What the rules of all markets depend on."""
        digest = hashlib.blake2b(_program(), digest_size=32)
        digest.update(_tree([self._home.path("mappings")]))
        digest.update(repr([_plain(face) for face in self._faces]).encode())
        return digest.digest()

    def _key(self, market: Market) -> bytes:
        digest = hashlib.blake2b(self._around, digest_size=32)
        digest.update(self._home.market_file(market.market).read_bytes())  # findings have their places in it
        digest.update(repr((type(market).__name__, _plain(market, _NOT_READ))).encode())
        return digest.digest()

    def _unchanged(self, market: Market, key: bytes) -> bool:
        """Whether the files are still those of the key, and it speaks for all: what is read of a market lies below ``mappings/``."""
        mappings = self._home.path("mappings").resolve()
        inside = all(path.resolve().is_relative_to(mappings) for path in files_of(self._home, market))
        return inside and KeptRules(self._home, self._faces, self._cache)._key(market) == key


def _parts(rules: MarketRules) -> dict[str, Any]:
    """What is kept of rules: neither the market, which may hold credentials, nor who listens."""
    found = {each.name: getattr(rules, each.name) for each in fields(rules)}
    del found["market"]
    return {**found, "catalogue": replace(rules.catalogue, unknown=ignore), "proved": True}


def _whole(market: Market, parts: Mapping[str, Any], unknown: Unknown) -> MarketRules:
    return MarketRules(market=market, **{**parts, "catalogue": replace(parts["catalogue"], unknown=unknown)})


def _remembered(key: bytes) -> Mapping[str, Any] | None:
    with _turn:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def _remember(key: bytes, parts: Mapping[str, Any]) -> None:
    with _turn:
        _kept[key] = parts
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
    """A digest of all files below some folders, by their places and contents."""
    digest = hashlib.blake2b(digest_size=32)
    for root in roots:
        for folder, folders, files in os.walk(root, followlinks=True):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(files):
                path = Path(folder, name)
                text = path.read_bytes()
                digest.update(f"{path.relative_to(root)}\0{len(text)}\0".encode())
                digest.update(text)
    return digest.digest()


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
