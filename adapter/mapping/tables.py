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
from adapter.mapping.load import CODES, Loaded, load_yaml
from adapter.mapping.model import Direction, Text
from adapter.yaml_text import Block, Items, Node, Scalar


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
    """One line of a table: a canonical code, and the legacy codes that mean it, at least one. The first is sent, each is read."""

    canonical: Text
    legacy: tuple[Text, ...]

    @property
    def sent(self) -> Text:
        """The legacy code that is written."""
        return self.legacy[0]


@dataclass(frozen=True, slots=True)
class CodeTable:
    """``to_legacy`` and ``to_canonical`` are the rows as mappings; of rows that send the same legacy code the first is read."""

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
        """Canonical code → the legacy code that is sent."""
        return {row.canonical.value: row.sent.value for row in self.rows}

    @property
    def to_canonical(self) -> dict[str, str]:
        """Each legacy code → canonical code."""
        return {code.value: row.canonical.value for row in reversed(self.rows) for code in row.legacy}

    def read(self, direction: Direction) -> Iterator[tuple[Row, Text]]:
        """Every code of the side that is read in this direction, with its row."""
        return ((row, code) for row in self.rows for code in ((row.canonical,) if direction is Direction.REQUEST else row.legacy))

    def found(self, direction: Direction, code: object) -> tuple[Row, Text] | None:
        """The row that a looked up code is found in, and the code as it stands there; None for a miss."""
        return next((each for each in self.read(direction) if each[1].value == code), None)

    @property
    def ambiguous(self) -> tuple[Row, ...]:
        """Rows that send what an earlier row sends already, so that it does not come back as theirs; none in a table one to one."""
        seen: set[str] = set()
        return tuple(row for row in self.rows if row.sent.value in seen or seen.add(row.sent.value))  # type: ignore[func-returns-value]


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
    return _parse(load_yaml(text, file, CODES), file)


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
                findings += _read_twice(table)
                rows = entry.value.get("rows")
                if isinstance(rows, Block) and not rows.entries:
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
        codes = entry.value.nodes if isinstance(entry.value, Items) else (entry.value,)
        legacy = tuple(Text(code.value, code.at) for code in codes if isinstance(code, Scalar))
        if legacy:
            yield Row(Text(entry.key.value, entry.key.at), legacy)


def _read_twice(table: CodeTable) -> Iterator[Finding]:
    """M607: a code that only adds to what is read stands once in a table. What is sent may stand in several rows: many become one."""
    meant = {row.sent.value: (row, row.sent) for row in reversed(table.rows)}
    for row, code in table.read(Direction.REPLY):
        if code is row.sent:
            continue
        other, first = meant.setdefault(code.value, (row, code))
        if other is not row:
            text = f"'{code.value}' stands for '{other.canonical.value}' too, and what is read can mean one thing only"
            yield finding("M607", text, code.at, f"keep it in one of the two rows; the other is at {first.at}")
        elif first is not code:
            yield finding("M607", f"'{code.value}' stands in this row twice", code.at, "remove one of the two")


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
