"""What a run has tried and found, as a table for the terminal and for the page about conformance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.conformance.definitions import DEVIATIONS


@dataclass
class Row:
    """One operation in one market."""

    cases: int = 0
    accepted: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    undeclared: Counter[int] = field(default_factory=Counter)


@dataclass
class Tally:
    """All rows, by API, method and path, and market."""

    rows: dict[tuple[str, str, str, str], Row] = field(default_factory=dict)
    offered: dict[tuple[str, str, str], dict[str, bool]] = field(default_factory=dict)

    def row(self, api: str, path: str, method: str, market: str) -> Row:
        return self.rows.setdefault((api, path, method, market), Row())

    def table(self) -> list[str]:
        """The table in Markdown."""
        lines = [
            "| API | operation | market | cases | succeeded | answers | deviations | failures |",
            "| --- | --- | --- | --: | --: | --- | --- | --: |",
        ]
        for (api, path, method, market), row in sorted(self.rows.items(), key=_order):
            answers = ", ".join(f"{status}: {times}" for status, times in sorted(row.statuses.items()))
            deviations = ", ".join(str(status) for status in sorted(row.undeclared)) or "-"
            lines.append(
                f"| {api} | {method} {path} | {market} | {row.cases} | {row.accepted} | {answers} | {deviations} | {len(row.failures)} |"
            )
        return lines

    def summary(self) -> list[str]:
        """The same added up by API."""
        lines = ["| API | operations | cases | failures | deviations met |", "| --- | --: | --: | --: | --- |"]
        for api in sorted({key[0] for key in self.rows}):
            mine = {key: row for key, row in self.rows.items() if key[0] == api}
            met = sorted(set().union(*(row.undeclared for row in mine.values())))
            cases, failures = sum(row.cases for row in mine.values()), sum(len(row.failures) for row in mine.values())
            lines.append(f"| {api} | {len({key[1:3] for key in mine})} | {cases} | {failures} | {', '.join(map(str, met)) or '-'} |")
        return lines

    def unmet(self) -> list[int]:
        """Statuses of the list of deviations that no answer of this run had."""
        met = {status for row in self.rows.values() for status in row.undeclared}
        return sorted({one.status for one in DEVIATIONS} - met)


def _order(item: tuple[tuple[str, str, str, str], Row]) -> tuple[str, str, int, str]:
    (api, path, method, market), _ = item
    return api, path, ("GET", "POST", "PATCH", "DELETE").index(method), market
