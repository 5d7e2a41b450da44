"""Cases of a market: documents with what must become of them, run without a network.

A file ``mappings/<market>/cases/*.json`` holds one case or a list of them. Each part is optional, but something must be
expected: ``legacy`` or ``problems`` of ``request``; ``outcome``, ``answer`` or ``view`` of ``reply``; or the rows of a ``table``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from adapter.contract.json_text import parse_json
from adapter.errors import CallerError, ConfigError
from adapter.mapping.suggest import suggest
from adapter.ports import Document


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``rules`` are the numbers of the requirements it shows; None: not given.

    ``legacy`` is the legacy document expected for ``request``, or ``problems`` the paths that its refusal names; ``answer`` the
    canonical answer expected for ``reply``, and ``view`` what a face shows otherwise, member by member (null: not shown).
    ``outcome`` holds the expected ``is``, ``texts``, ``message`` and ``status`` as far as they matter.
    """

    file: str
    title: str
    operation: str = ""
    rules: tuple[str, ...] = ()
    header: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    setting: Mapping[str, Any] = field(default_factory=dict)
    request: Document | None = None
    stored: Document | None = None
    asked: Document | None = None
    legacy: Document | None = None
    problems: tuple[str, ...] | None = None
    reply: Document | None = None
    outcome: Mapping[str, Any] | None = None
    answer: Document | None = None
    view: Mapping[str, Document] = field(default_factory=dict)
    table: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    misses: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)

    def __str__(self) -> str:
        numbers = f" ({', '.join(self.rules)})" if self.rules else ""
        return f"{self.file}: {self.title}{numbers}"


def load_cases(folder: Path, shown: str | None = None) -> list[Case]:
    """All cases of a folder, by file name. ``shown`` stands for the folder in messages. Raises ConfigError."""
    found: list[Case] = []
    for path in sorted(folder.glob("*.json")):
        found += read_cases(path.read_bytes(), f"{shown or folder.name}/{path.name}")
    return found


def read_cases(raw: bytes, file: str) -> list[Case]:
    """The cases of one file. Raises ConfigError that says what is wrong with it."""
    try:
        document = parse_json(raw)
    except CallerError as error:
        raise ConfigError(f"{file}: {error}") from error
    return [_case(entry, file) for entry in (document if isinstance(document, list) else [document])]


_KEYS: Final = {each.name for each in fields(Case)} - {"file"}
_OBJECTS: Final = _KEYS - {"title", "operation", "rules", "problems", "table", "rows"}


def _case(entry: Any, file: str) -> Case:
    if not isinstance(entry, dict) or not isinstance(entry.get("title"), str):
        raise ConfigError(f"{file}: a case is an object with a title")
    where = f"{file}: {entry['title']}"
    for key, value in entry.items():
        if key not in _KEYS:
            raise ConfigError(f"{where}: '{key}' is no part of a case; {suggest(key, _KEYS)}")
        if key in _OBJECTS and not isinstance(value, dict):
            raise ConfigError(f"{where}: '{key}' is an object")
    if "table" in entry:
        rows = entry.get("rows", [])
        if not all(isinstance(row, list) and len(row) == 2 and all(isinstance(code, str) for code in row) for row in rows):
            raise ConfigError(f'{where}: rows are pairs of codes: [["canonical", "legacy"], …]')
        entry = {**entry, "rows": tuple((row[0], row[1]) for row in rows)}
    elif "operation" not in entry:
        raise ConfigError(f"{where}: name the operation, or the table")
    elif not {"legacy", "problems", "answer", "outcome", "view"} & entry.keys():
        raise ConfigError(f"{where}: nothing is expected; give legacy, problems, outcome, answer or view")
    lists = {key: tuple(entry[key]) for key in ("rules", "problems") if key in entry}
    return Case(file=file, **{**entry, **lists})
