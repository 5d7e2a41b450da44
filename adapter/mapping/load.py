"""Mapping files and code tables as blocks of keys, with the codes of the mapping language for what cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapter.finding import Finding, Position
from adapter.mapping.catalogue import finding
from adapter.yaml_text import Block, Codes, Document, Items, Kind, load_document, read_document

_CODES = Codes(
    {
        Kind.BROKEN: "M101",
        Kind.TAIL: "M101",
        Kind.TAB: "M102",
        Kind.DUPLICATE: "M103",
        Kind.ALIAS: "M104",
        Kind.TAG: "M104",
        Kind.DOCUMENTS: "M105",
        Kind.ENCODING: "M107",
        Kind.CHARACTER: "M107",
        Kind.SIZE: "M108",
        Kind.DEPTH: "M108",
        Kind.FILE: "M109",
        Kind.KEY: "M112",
    },
    {
        Kind.TAIL: "a value that begins with a quote needs quotes around all of it, such as \"'a' ~ request.b\"",
        Kind.DUPLICATE: "remove one of the two, or join them in one 'choose'",
        Kind.ALIAS: "write the value out; 'like:' shares rules between files",
        Kind.DOCUMENTS: "one file holds one mapping; remove '---' or move what follows",
        Kind.SIZE: "split it; long lists of codes belong into codes.yaml",
        Kind.DEPTH: "a mapping needs a few levels only",
        Kind.KEY: "keys are paths or words of the language",
    },
)


@dataclass(frozen=True, slots=True)
class FileKind:
    """``first`` is the line that such a file should begin with, ``codes`` what is said of one that cannot be read."""

    first: str
    codes: Codes


MAPPING = FileKind("operation: …", _CODES)
CODES = FileKind(
    "tables:",
    Codes(
        _CODES.codes,
        {
            **_CODES.hints,
            Kind.DUPLICATE: "remove one of the two; the legacy codes of one canonical code stand in one row: canonical: [code, code]",
            Kind.KEY: "each canonical code has a row of its own; legacy codes may be a list, on the right: canonical: [code, code]",
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """``root`` is None where the text cannot be read as one block of keys. ``text`` is what positions refer to."""

    root: Block | None
    text: str
    findings: tuple[Finding, ...]


def read_yaml(path: Path, shown: str, kind: FileKind = MAPPING) -> Loaded:
    """Reads and loads a file; ``shown`` is its name in positions. A file that cannot be read is a finding (M109)."""
    return _loaded(read_document(path, shown, kind.codes), shown, kind.first)


def load_yaml(data: bytes | str, file: str, kind: FileKind = MAPPING) -> Loaded:
    """Loads one document whose root is a block of keys."""
    return _loaded(load_document(data, file, kind.codes), file, kind.first)


def _loaded(document: Document, file: str, first: str) -> Loaded:
    root = document.root
    if isinstance(root, Block):
        return Loaded(root, document.text, document.findings)
    if root is not None:
        what = "a list" if isinstance(root, Items) else "text"
        wrong = [finding("M106", f"the file is {what}, not a block of 'key: value' lines", root.at, f"begin with '{first}'")]
    elif not document.findings:
        wrong = [finding("M106", "the file is empty", Position(file, 1, 1), f"begin with '{first}'")]
    else:
        wrong = []
    return Loaded(None, document.text, (*document.findings, *wrong))
