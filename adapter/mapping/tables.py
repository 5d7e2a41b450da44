"""Code tables of a market (``tables:`` of codes.yaml): canonical code ↔ legacy code, and what to do with a miss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapter.finding import Finding
from adapter.mapping.catalogue import finding
from adapter.mapping.codes_file import read_codes
from adapter.mapping.forms import misfits
from adapter.mapping.keys import NAMED, TABLES
from adapter.mapping.load import Loaded, load_yaml
from adapter.mapping.model import Direction, Text
from adapter.yaml_text import Block, Node, Scalar

_FIRST = "tables:"


@dataclass(frozen=True, slots=True)
class Miss:
    """What becomes of a value without a row: it passes unchanged, is refused, or becomes ``default`` (not None)."""

    passes: bool = False
    default: str | None = None

    @property
    def rejects(self) -> bool:
        """Whether a miss is an error."""
        return not self.passes and self.default is None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    canonical: Text
    legacy: Text


@dataclass(frozen=True, slots=True)
class CodeTable:
    """``to_legacy`` and ``to_canonical`` are the rows as mappings; of rows with the same legacy code the first counts."""

    name: Text
    rows: tuple[Row, ...]
    source: str = ""
    request: Miss = field(default_factory=Miss)
    reply: Miss = field(default_factory=Miss)

    def miss(self, direction: Direction) -> Miss:
        """What to do with a value without a row in this direction."""
        return self.request if direction is Direction.REQUEST else self.reply

    def codes(self, direction: Direction) -> dict[str, str]:
        """The rows as a mapping in this direction."""
        return self.to_legacy if direction is Direction.REQUEST else self.to_canonical

    @property
    def to_legacy(self) -> dict[str, str]:
        """Canonical code → legacy code."""
        return {row.canonical.value: row.legacy.value for row in self.rows}

    @property
    def to_canonical(self) -> dict[str, str]:
        """Legacy code → canonical code."""
        return {row.legacy.value: row.canonical.value for row in reversed(self.rows)}

    @property
    def ambiguous(self) -> tuple[Row, ...]:
        """Rows whose legacy code stands in an earlier row already; the table is one to one where there is none."""
        seen: set[str] = set()
        return tuple(row for row in self.rows if row.legacy.value in seen or seen.add(row.legacy.value))  # type: ignore[func-returns-value]


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one codes file by name. ``text`` is the file, for frames and the version of a mapping; ``root`` is all that
    stands in it, for readers of the other parts, None where it cannot be read; ``parents`` are the files that it starts from."""

    file: str
    text: str
    tables: Mapping[str, CodeTable]
    findings: tuple[Finding, ...]
    root: Block | None
    parents: Mapping[str, str] = field(default_factory=dict)


def read_tables(path: Path, shown: str) -> Tables:
    """Reads a codes file and what it starts from; ``shown`` is its name in positions. A file that cannot be read is a finding."""
    codes = read_codes(path, shown)
    return replace(_parse(codes.loaded, shown), parents=codes.parents)


def parse_tables(text: str | bytes, file: str) -> Tables:
    """Parses the ``tables:`` of a codes file. Other parts of the file are not looked at."""
    return _parse(load_yaml(text, file, _FIRST), file)


def _parse(loaded: Loaded, file: str) -> Tables:
    findings = list(loaded.findings)
    tables: dict[str, CodeTable] = {}
    if loaded.root is not None:
        findings += misfits(loaded.root, TABLES, NAMED)
        declared = loaded.root.get("tables")
        for entry in declared if isinstance(declared, Block) else ():
            if isinstance(entry.value, Block):
                table = _table(entry.key, entry.value)
                tables[table.name.value] = table
                if isinstance(entry.value.get("rows"), Block) and not table.rows:
                    text = f"the table {table.name.value} has no rows"
                    findings.append(finding("M606", text, table.name.at, "write 'canonical: legacy' lines below rows, or remove the table"))
    return Tables(file, loaded.text, tables, tuple(findings), loaded.root)


def _table(name: Scalar, block: Block) -> CodeTable:
    source = block.get("source")
    request, reply = _misses(block.get("on_miss"))
    return CodeTable(
        Text(name.value, name.at),
        tuple(_rows(block.get("rows"))),
        source.value if isinstance(source, Scalar) else "",
        request,
        reply,
    )


def _rows(node: Node | None) -> Iterator[Row]:
    for entry in node if isinstance(node, Block) else ():
        if isinstance(entry.value, Scalar):
            yield Row(Text(entry.key.value, entry.key.at), Text(entry.value.value, entry.value.at))


def _misses(node: Node | None) -> tuple[Miss, Miss]:
    if isinstance(node, Block) and node.get("default") is None:
        return _miss(node.get("request")), _miss(node.get("reply"))
    both = _miss(node)
    return both, both


def _miss(node: Node | None) -> Miss:
    if isinstance(node, Block):
        default = node.get("default")
        return Miss(default=default.value) if isinstance(default, Scalar) else Miss()
    return Miss(passes=isinstance(node, Scalar) and node.value == "pass")
