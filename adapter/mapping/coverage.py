"""Which rules, branches and code table rows the cases of a market use, and which they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapter.finding import Position
from adapter.mapping.compile.record import JUDGING, RuleRecord, Told
from adapter.mapping.model import Direction, Text
from adapter.mapping.tables import CodeTable, Row
from adapter.mapping.translator import Translator


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One thing that a case can use. ``kind`` is one of _KINDS; ``name`` says what it writes or asks."""

    at: Position
    kind: str
    name: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.at}: no case uses the {self.kind} {self.name}"


_KINDS = {
    "rule": "rules",
    "branch": "branches",
    "require": "requires",
    "refuse": "refusals",
    "outcome": "outcomes",
    "identity": "identities",
    "row": "rows",
}


class Coverage:
    """Counts while cases run. A two-way rule is used when either direction uses it; its default is a branch of its own."""

    def __init__(self, translators: Iterable[Translator], tables: Mapping[str, CodeTable]) -> None:
        self.points: set[Point] = set()
        self.used: set[Point] = set()
        for translator in translators:
            for compiled in translator.functions().values():
                for record in compiled.records:
                    self.points |= {_rule(record), *(_branch(record, number) for number in _branches(record))}
        for table in tables.values():
            self.points |= {_row(table, row, code) for row in table.rows for code in row.legacy}

    def add(self, records: tuple[RuleRecord, ...], told: Iterable[Told]) -> None:
        """Counts what one run of a compiled function told."""
        for number, _value, _written, _read, branch, code in told:
            record = records[number]
            self.used.add(_rule(record))
            if branch in _branches(record):
                self.used.add(_branch(record, branch))
            if record.table is not None:
                self.use_row(record.table, record.direction, code)

    def use_row(self, table: CodeTable, direction: Direction, code: object) -> None:
        """Counts the row that a code is found in. Of a row with several legacy codes each counts by itself: who sends uses the first."""
        found = table.found(direction, code)
        if found is not None:
            row, known = found
            self.used.add(_row(table, row, row.sent if direction is Direction.REQUEST else known))

    @property
    def missing(self) -> list[Point]:
        """What no case uses, in the order of the files."""
        return sorted(self.points - self.used)

    def __str__(self) -> str:
        counts = [
            f"{sum(point.kind == kind for point in self.used & self.points)}/{total} {plural}"
            for kind, plural in _KINDS.items()
            if (total := sum(point.kind == kind for point in self.points))
        ]
        return ", ".join(counts)


def _branches(record: RuleRecord) -> range:
    return range(len(record.branches)) if len(record.branches) > 1 else range(0)


def _rule(record: RuleRecord) -> Point:
    """A rule's place is its name: a two-way rule has two targets and is one rule."""
    return Point(record.at, record.section if record.section in JUDGING else "rule", record.target)


def _branch(record: RuleRecord, number: int) -> Point:
    branch = record.branches[number]
    return Point(branch.at, "branch", f"'{branch.label or 'value'}' of {record.target}")


def _row(table: CodeTable, row: Row, code: Text) -> Point:
    """The row as far as this legacy code of it goes."""
    name = row.canonical.value
    if code is row.sent:
        return Point(row.canonical.at, "row", f"'{name}' of table {table.name.value}")
    return Point(code.at, "row", f"'{name}: {code.value}' of table {table.name.value}")
