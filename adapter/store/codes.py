"""Backend codes as they were seen, counted, with a sample text of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert

from adapter.ports import Issue, IssuePart
from adapter.store.connection import Connection, Statement
from adapter.store.rows import CodeRow
from adapter.store.schema import code_seen, meta

_ADD = upsert(code_seen)
_COUNT = Statement(
    _ADD.on_conflict_do_update(
        index_elements=["market", "code"],
        set_={
            "count": code_seen.c.count + _ADD.excluded["count"],
            "last_seen": _ADD.excluded.last_seen,
            "name": _ADD.excluded.name,
            "severity": _ADD.excluded.severity,
            "sample": _ADD.excluded.sample,
        },
    )
)
_ALL = Statement(select(code_seen).order_by(code_seen.c.market, code_seen.c["count"].desc(), code_seen.c.code))
_PUT = upsert(meta)
_REMEMBER = Statement(_PUT.on_conflict_do_update(index_elements=["name"], set_={"value": _PUT.excluded.value}))

Tally = dict[tuple[str, str], dict[str, Any]]


LONGEST = 80
"""Characters of a text that tell it from others, where it has no code."""


def tally(counts: Tally, market: str, issues: Iterable[Issue], at: int) -> None:
    """Adds every entry of the issues to counts that wait to be written; one without a code is counted under its text."""
    for issue in issues:
        for part in issue.parts or (IssuePart(issue.field, issue.code, issue.words, issue.name),):
            code = _key(issue, part)
            waiting = counts.setdefault((market, code), {"market": market, "code": code, "count": 0, "first_seen": at})
            waiting.update(count=waiting["count"] + 1, last_seen=at, name=part.name, severity=issue.severity, sample=issue.text)


def _key(issue: Issue, part: IssuePart) -> str:
    """What an entry is counted under: its code, the field it is known by, or the beginning of its own words."""
    known_by_field = part.field if part.name else None
    return (part.code or known_by_field or part.words or issue.text).strip()[:LONGEST]


def merge(earlier: Tally, later: Tally) -> None:
    """Adds later counts to earlier ones."""
    for place, row in later.items():
        before = earlier.get(place)
        earlier[place] = row if before is None else {**row, "count": before["count"] + row["count"], "first_seen": before["first_seen"]}


def write_counts(c: Connection, counts: Tally) -> None:
    """Adds waiting counts to those on record, in one order on every node: two that write the same codes do not block each other."""
    c.change_many(_COUNT, [row for _, row in sorted(counts.items())])


def read_codes(c: Connection) -> list[CodeRow]:
    """All codes, by market, most frequent first."""
    return [CodeRow(*row) for row in c.rows(_ALL, {})]


def remember(c: Connection, values: Mapping[str, str]) -> None:
    """Writes values of ``meta``."""
    c.change_many(_REMEMBER, [{"name": name, "value": value} for name, value in values.items()])
