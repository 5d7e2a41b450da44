"""Cases of a market: documents with what must become of them, run without a network.

A file ``mappings/<market>/cases/*.json`` holds one case or a list of them. Each part is optional, but something must be
expected: ``legacy``, ``problems`` or ``refused`` of ``request``; ``outcome``, ``answer``, ``subject`` or ``view`` of ``reply``;
``identity``, ``report`` or ``answer`` of ``message``; or the rows of a ``table``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from adapter.contract.json_text import parse_json
from adapter.errors import CallerError, CheckFailed
from adapter.finding import Finding, Position, suggest
from adapter.mapping.cases.wire import is_wire
from adapter.ports import Document
from adapter.yaml_text import Block, Items, Node, load_document, numbered


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``rules`` are the numbers of the requirements it shows; None: not given.

    ``legacy`` is the legacy document expected for ``request``, or ``problems`` the paths that are named where it is not valid, or
    ``refused`` the refusals, each with ``status``, ``code`` and ``text`` as far as they matter. ``answer`` is the canonical answer
    expected for ``reply``, ``subject`` what becomes of the document that it is about, and ``view`` what a face shows otherwise, member
    by member (null: not shown). ``outcome`` holds the expected ``is``, ``texts``, ``message`` and ``status`` as far as they matter.

    ``message`` is what the backend sends of its own accord: the legacy document, or a text as it comes over the wire (see ``wire``).
    ``identity``, ``report`` and ``answer`` (the legacy one) are expected for it; its ``outcome`` is given: ``kind`` and ``text``.
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
    rows: tuple[tuple[str, tuple[str, ...]], ...] = ()
    misses: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)

    def __str__(self) -> str:
        numbers = f" ({', '.join(self.rules)})" if self.rules else ""
        return f"{self.file}: {self.title}{numbers}"


def load_cases(folder: Path, shown: str | None = None) -> list[Case]:
    """All cases of a folder, by file name. ``shown`` stands for the folder in messages. Raises CheckFailed with what is wrong with any of
    them."""
    found: list[Case] = []
    findings: list[Finding] = []
    for path in sorted(folder.glob("*.json")):
        try:
            found += read_cases(path.read_bytes(), f"{shown or folder.name}/{path.name}", folder)
        except CheckFailed as error:
            findings += error.findings
    if findings:
        raise CheckFailed(findings)
    return found


def read_cases(raw: bytes, file: str, folder: Path | None = None) -> list[Case]:
    """The cases of one file. A ``message`` that is the name of a file in ``folder`` is its text. Raises CheckFailed (K113) that says
    what is wrong, and where."""
    try:
        document = parse_json(raw)
    except CallerError as error:
        raise CheckFailed([_unreadable(str(error), file)]) from error
    found: list[Case] = []
    wrong: list[tuple[At, str, str]] = []
    for number, entry in enumerate(document if isinstance(document, list) else [document]):
        try:
            found.append(_case(entry, file, folder))
        except _Wrong as error:
            below = (number,) if isinstance(document, list) else ()
            wrong.append(((*below, *error.at), error.text, error.hint))
    if wrong:
        places = load_document(raw, file, numbered("K")).root  # JSON is YAML as well
        raise CheckFailed([Finding("K113", text, _place(places, at, file), hint) for at, text, hint in wrong])
    return found


def _unreadable(told: str, file: str) -> Finding:
    """What is said of a request body that is no JSON, said of a file."""
    text = told.replace("The request body", "the file", 1)
    place = _AT_LINE.search(text)
    if place is None:
        return Finding("K113", text, Position(file, 1, 1))
    return Finding("K113", _AT_LINE.sub("", text, count=1), Position(file, int(place["line"]), int(place["column"])))


def _place(node: Node | None, at: At, file: str) -> Position:
    """Where a part of the file stands: a key, or the nearest that is there."""
    found = node.at if node is not None else Position(file, 1, 1)
    for step in at:
        if isinstance(node, Items) and isinstance(step, int):
            node = node.nodes[step]
            found = node.at
        elif isinstance(node, Block) and (entry := node.entry(str(step))) is not None:
            node, found = entry.value, entry.key.at
    return found


At = tuple[str | int, ...]

_AT_LINE: Final = re.compile(r"(?:: | at )line (?P<line>\d+) column (?P<column>\d+)")
_KEYS: Final = {each.name for each in fields(Case)} - {"file"}
_LISTS: Final = ("rules", "problems", "refused")
_TEXTS: Final = ("title", "operation", "identity", "table")
_OBJECTS: Final = _KEYS - {*_TEXTS, *_LISTS, "rows", "message"}
_EXPECTED: Final = {"legacy", "problems", "refused", "answer", "outcome", "subject", "view", "identity", "report"}


class _Wrong(Exception):
    """What is wrong with a case, at one of its keys, or with all of it."""

    def __init__(self, text: str, *at: str, hint: str = "") -> None:
        self.text, self.at, self.hint = text, at, hint
        super().__init__(text)


def _case(entry: Any, file: str, folder: Path | None) -> Case:
    if not isinstance(entry, dict) or not isinstance(entry.get("title"), str):
        raise _Wrong("a case is an object with a title", hint='write "title": "what it shows"')
    for key, value in entry.items():
        if key not in _KEYS:
            raise _Wrong(f"'{key}' is no part of a case", key, hint=suggest(key, sorted(_KEYS)))
        kind, what = _kind(key)
        if not isinstance(value, kind):
            raise _Wrong(f"'{key}' is {what}", key)
    if "table" in entry:
        rows = [_row(row) for row in entry.get("rows", [])]
        if None in rows:
            raise _Wrong("rows are pairs of codes", "rows", hint='write [["canonical", "legacy"], ["canonical", ["sent", "read"]], …]')
        entry = {**entry, "rows": tuple(rows)}
    elif "operation" not in entry:
        raise _Wrong(f"'{entry['title']}' names neither an operation nor a table", "title", hint="name the operation, or the table")
    elif not _EXPECTED & entry.keys():
        raise _Wrong(f"nothing is expected in '{entry['title']}'", "title", hint=f"give one of {', '.join(sorted(_EXPECTED))}")
    message = entry.get("message")
    if isinstance(message, str) and not is_wire(message):
        entry = {**entry, "message": _text_of(folder, message)}
    lists = {key: tuple(entry[key]) for key in _LISTS if key in entry}
    return Case(file=file, **{**entry, **lists})


def _row(given: Any) -> tuple[str, tuple[str, ...]] | None:
    """A row as a case gives it, None where it is none."""
    match given:
        case [str(canonical), str(legacy)]:
            return canonical, (legacy,)
        case [str(canonical), [*legacy]] if legacy and all(isinstance(code, str) for code in legacy):
            return canonical, tuple(legacy)
    return None


def _kind(key: str) -> tuple[type | tuple[type, ...], str]:
    if key == "message":
        return (dict, str), "an object, a text as it comes over the wire, or the name of a file that holds one"
    if key in _OBJECTS:
        return dict, "an object"
    return (str, "a text") if key in _TEXTS else (list, "a list")


def _text_of(folder: Path | None, name: str) -> str:
    try:
        return ((folder or Path()) / name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _Wrong(f"there is no readable file '{name}' beside the case", "message") from error
