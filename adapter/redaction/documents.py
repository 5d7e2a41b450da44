"""Masks in documents of plain data: along declared paths, and at names of credentials."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import compress
from operator import is_
from typing import Any

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from adapter.contract.path import Pick, Step

MASK = "***"
DEPTH = 200
"""What is nested deeper is masked as a whole."""

SECRETS = r"client[_-]?secret|password|passwd|(?:access|refresh|id)[_-]?token|authorization|api[_-]?key"
_SECRET = re.compile(SECRETS, re.IGNORECASE)
_PARTS = BytesAhoCorasick(  # of these names, all looked for at once; of the kinds of match, this is the one that takes vector instructions
    [b"secret", b"passw", b"token", b"authorization", b"apikey", b"api_key", b"api-key"], matchkind=MatchKind.LeftmostFirst
)
_PIECE, _LONGEST = 16_384, 13  # bytes; the longest of these parts

Steps = tuple[Step, ...]
Masker = Callable[[Any, int], Any]
"""Of a value, with its depth."""


def masker(paths: Collection[Steps]) -> Masker:
    """Masks what paths lead to in a value, which is entered along them and nowhere else, and not changed itself."""
    if () in paths:
        return _mask
    below: dict[str, dict[Pick | None, list[Steps]]] = {}
    for step, *rest in paths:
        below.setdefault(step.name, {}).setdefault(step.pick, []).append(tuple(rest))
    members = [(name, masker(picked[None]) if picked.keys() == {None} else _picker(picked)) for name, picked in below.items()]

    def masked(value: Any, depth: int) -> Any:
        if depth > DEPTH:
            return MASK
        if not isinstance(value, dict):
            return _each(value, depth, masked)
        changed = value
        for name, mask in members:
            member = value.get(name)
            if member is not None and (new := mask(member, depth + 1)) is not member:
                if changed is value:
                    changed = {**value}
                changed[name] = new
        return changed

    return masked


def _each(value: Any, depth: int, mask: Masker) -> Any:
    """The items of a list, masked; what is no list stays."""
    if not isinstance(value, list):
        return value
    items = [mask(item, depth + 1) for item in value]
    return value if all(map(is_, items, value)) else items


def _picker(picked: Mapping[Pick | None, Sequence[Steps]]) -> Masker:
    """The same for a value whose members decide which of the paths hold for it."""
    keys = {None if pick is None or pick.fold else pick.key for pick in picked}
    if len(keys) == 1 and (key := keys.pop()) is not None:
        return _chooser(key, {pick.value: masker(paths) for pick, paths in picked.items() if pick is not None})
    maskers: dict[tuple[bool, ...], Masker] = {}  # for those of the picks that can hold together

    def masked(value: Any, depth: int) -> Any:
        if depth > DEPTH:
            return MASK
        if isinstance(value, list):
            return _each(value, depth, masked)
        held = tuple(pick is None or _picked(pick, value) for pick in picked)
        if held not in maskers:
            maskers[held] = masker([steps for paths in compress(picked.values(), held) for steps in paths])
        return maskers[held](value, depth)

    return masked


def _chooser(key: str, maskers: Mapping[str, Masker]) -> Masker:
    """The same where it is the text of one member that decides."""

    def masked(value: Any, depth: int) -> Any:
        if depth >= DEPTH:
            return MASK
        if not isinstance(value, list):
            mask = maskers.get(str(value.get(key)) if isinstance(value, dict) else "")
            return value if mask is None else mask(value, depth)
        changed = value
        for at, item in enumerate(value):
            mask = masked if isinstance(item, list) else maskers.get(str(item.get(key)) if isinstance(item, dict) else "")
            if mask is not None and (new := mask(item, depth + 1)) is not item:
                if changed is value:
                    changed = value.copy()
                changed[at] = new
        return changed

    return masked


def _picked(pick: Pick, value: Any) -> bool:
    found = str(value.get(pick.key)) if isinstance(value, dict) else ""
    return found.casefold() == pick.value.casefold() if pick.fold else found == pick.value


def secrets_in(body: bytes) -> bool:
    """Whether a JSON body may hold one of the names of ``SECRETS``; an escape could hide one. Looked for piece by piece: each piece's finds
    are all listed, and a body may be made of nothing else."""
    if body.find(b"\\") >= 0 and body.find(b"\\u") >= 0:
        return True
    low = body.lower()
    return any(_PARTS.find_matches_as_indexes(low[at : at + _PIECE]) for at in range(0, len(low), _PIECE - _LONGEST))


def without_secrets(value: Any, depth: int) -> Any:
    """A value whose members that are named like credentials are masked, at any depth."""
    if depth > DEPTH:
        return MASK
    if isinstance(value, list):
        return _each(value, depth, without_secrets)
    if not isinstance(value, dict):
        return value
    changed = {}
    for name, member in value.items():
        new = (_mask if _SECRET.fullmatch(str(name)) else without_secrets)(member, depth + 1)
        if new is not member:
            changed[name] = new
    return {**value, **changed} if changed else value


def _mask(value: Any, depth: int) -> Any:
    """The same structure with every value masked. Null says nothing and stays."""
    if value is None or type(value) is str:
        return None if value is None else MASK
    if isinstance(value, dict) and depth <= DEPTH:
        return {name: _mask(member, depth + 1) for name, member in value.items()}
    if isinstance(value, list) and depth <= DEPTH:
        return [_mask(item, depth + 1) for item in value]
    return MASK
