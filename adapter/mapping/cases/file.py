"""Cases of a market: documents with what must become of them, run without a network.

A file ``mappings/<market>/cases/*.json`` holds one case or a list of them. Each part is optional, but something must be
expected: ``legacy``, ``problems`` or ``refused`` of ``request``; ``outcome``, ``answer``, ``subject`` or ``view`` of ``reply``;
``identity``, ``report`` or ``answer`` of ``message``; or the rows of a ``table``.
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

    ``legacy`` is the legacy document expected for ``request``, or ``problems`` the paths that are named where it is not valid, or
    ``refused`` the refusals, each with ``status``, ``code`` and ``text`` as far as they matter. ``answer`` is the canonical answer
    expected for ``reply``, ``subject`` what becomes of the document that it is about, and ``view`` what a face shows otherwise, member
    by member (null: not shown). ``outcome`` holds the expected ``is``, ``texts``, ``message`` and ``status`` as far as they matter.

    ``message`` is what the backend sends of its own accord: the legacy document, or a text as it comes over the wire. ``identity``,
    ``report`` and ``answer`` (the legacy one) are expected for it; its ``outcome`` is given: ``kind`` and ``text``.
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
    known: Document | None = None
    legacy: Document | None = None
    problems: tuple[str, ...] | None = None
    refused: tuple[Mapping[str, Any], ...] | None = None
    reply: Document | None = None
    outcome: Mapping[str, Any] | None = None
    answer: Document | None = None
    subject: Document | None = None
    message: Document | str | None = None
    identity: str | None = None
    report: Document | None = None
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
        found += read_cases(path.read_bytes(), f"{shown or folder.name}/{path.name}", folder)
    return found


def read_cases(raw: bytes, file: str, folder: Path | None = None) -> list[Case]:
    """The cases of one file. A ``message`` that is the name of a file in ``folder`` is its text. Raises ConfigError that says what is
    wrong."""
    try:
        document = parse_json(raw)
    except CallerError as error:
        raise ConfigError(f"{file}: {error}") from error
    return [_case(entry, file, folder) for entry in (document if isinstance(document, list) else [document])]


_KEYS: Final = {each.name for each in fields(Case)} - {"file"}
_LISTS: Final = ("rules", "problems", "refused")
_TEXTS: Final = ("title", "operation", "identity", "table")
_OBJECTS: Final = _KEYS - {*_TEXTS, *_LISTS, "rows", "message"}
_EXPECTED: Final = {"legacy", "problems", "refused", "answer", "outcome", "subject", "view", "identity", "report"}
_RAW: Final = ("<", "{", "[")  # how a message begins that is no file name


def _case(entry: Any, file: str, folder: Path | None) -> Case:
    if not isinstance(entry, dict) or not isinstance(entry.get("title"), str):
        raise ConfigError(f"{file}: a case is an object with a title")
    where = f"{file}: {entry['title']}"
    for key, value in entry.items():
        if key not in _KEYS:
            raise ConfigError(f"{where}: '{key}' is no part of a case; {suggest(key, _KEYS)}")
        kind, what = _kind(key)
        if not isinstance(value, kind):
            raise ConfigError(f"{where}: '{key}' is {what}")
    if "table" in entry:
        rows = entry.get("rows", [])
        if not all(isinstance(row, list) and len(row) == 2 and all(isinstance(code, str) for code in row) for row in rows):
            raise ConfigError(f'{where}: rows are pairs of codes: [["canonical", "legacy"], …]')
        entry = {**entry, "rows": tuple((row[0], row[1]) for row in rows)}
    elif "operation" not in entry:
        raise ConfigError(f"{where}: name the operation, or the table")
    elif not _EXPECTED & entry.keys():
        raise ConfigError(f"{where}: nothing is expected; give one of {', '.join(sorted(_EXPECTED))}")
    message = entry.get("message")
    if isinstance(message, str) and not message.lstrip().startswith(_RAW):
        entry = {**entry, "message": _text_of(folder, message, where)}
    lists = {key: tuple(entry[key]) for key in _LISTS if key in entry}
    return Case(file=file, **{**entry, **lists})


def _kind(key: str) -> tuple[type | tuple[type, ...], str]:
    if key == "message":
        return (dict, str), "an object, a text as it comes over the wire, or the name of a file that holds one"
    if key in _OBJECTS:
        return dict, "an object"
    return (str, "a text") if key in _TEXTS else (list, "a list")


def _text_of(folder: Path | None, name: str, where: str) -> str:
    try:
        return ((folder or Path()) / name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{where}: message: there is no readable file '{name}' beside the case") from error
