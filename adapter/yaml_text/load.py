"""A declared file, or a text, as a document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from adapter.finding import Finding, Position
from adapter.yaml_text.compose import compose
from adapter.yaml_text.findings import Codes, Kind
from adapter.yaml_text.nodes import Node
from adapter.yaml_text.places import line_and_column

MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """``root`` is None where the text is empty, or cannot be read; the findings tell. ``text`` is what positions refer to."""

    root: Node | None
    text: str
    findings: tuple[Finding, ...]


def read_document(path: Path, shown: str, codes: Codes) -> Document:
    """Reads and loads a file; ``shown`` is its name in positions. A file that cannot be read is a finding."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        text = f"{shown} cannot be read: {error.strerror or error}"
        return Document(None, "", (codes.finding(Kind.FILE, text, Position(shown, 1, 1), "check the name and the rights"),))
    return load_document(data, shown, codes)


@lru_cache(maxsize=64)  # a start reads some files twice, and services side by side read the same ones
def load_document(data: bytes | str, file: str, codes: Codes) -> Document:
    """Loads the only document of ``data``; ``file`` is its name in positions."""
    start = Position(file, 1, 1)
    if len(data) > MAX_BYTES:
        return Document(None, "", (codes.finding(Kind.SIZE, f"the file is larger than {MAX_BYTES // 1024} KiB", start, "split it"),))
    try:
        content = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        at = Position(file, *line_and_column(before, len(before)))
        text = f"byte 0x{error.object[error.start]:02X} is not UTF-8"
        return Document(None, before, (codes.finding(Kind.ENCODING, text, at, "save the file as UTF-8"),))
    marked = content.startswith("\ufeff")
    content = content.removeprefix("\ufeff")
    root, findings = compose(content, file, codes)
    if marked:
        findings.insert(0, codes.finding(Kind.CHARACTER, "the file begins with a byte order mark", start, "save it as UTF-8 without one"))
    return Document(root, content, tuple(findings))
