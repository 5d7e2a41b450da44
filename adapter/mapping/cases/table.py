"""Cases of a code table: what its rows and misses give in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapter.finding import suggest
from adapter.mapping.cases.file import Case
from adapter.mapping.compile.lookup import lookup, no_hook
from adapter.mapping.coverage import Coverage
from adapter.mapping.model import Direction
from adapter.mapping.runtime import CodeRefused
from adapter.mapping.tables import CodeTable


def table_case(case: Case, tables: Mapping[str, CodeTable], coverage: Coverage) -> Iterator[str]:
    """The differences of one case."""
    table = tables.get(case.table)
    if table is None:
        yield f"there is no table '{case.table}'; {suggest(case.table, tables)}"
        return
    secondary = {row.canonical.value for row in table.ambiguous}
    for canonical, legacy in case.rows:
        coverage.use_row(table, Direction.REQUEST, canonical)
        yield from _looked_up(table, Direction.REQUEST, canonical, legacy[0])
        for code in legacy if canonical not in secondary else legacy[1:]:
            coverage.use_row(table, Direction.REPLY, code)
            yield from _looked_up(table, Direction.REPLY, code, canonical)
    for direction, misses in case.misses.items():
        for code, wanted in misses.items():
            yield from _looked_up(table, Direction(direction), code, wanted)


def _looked_up(table: CodeTable, direction: Direction, code: str, wanted: str | None) -> Iterator[str]:
    try:
        got = lookup(table, direction, no_hook)(code)
    except CodeRefused:
        got = None
    if got != wanted:
        yield f"{direction} {code!r}: expected {_said(wanted)}, got {_said(got)}"


def _said(code: str | None) -> str:
    return "a refusal" if code is None else repr(code)
