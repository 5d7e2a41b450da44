"""``docs/faults.md``: what was tried last, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.inventory import NUMBERS, Shown, wanted

_HEAD = """# Faults: what was tried, and what came of it

Written by `make faults` ({date}, seed {seed}, {minutes} minutes on {cores} processors). The numbers F1 to F40 are those of the list
that the design of the record came with. `make test` runs their deterministic forms every time, on SQLite and on a real PostgreSQL;
`make faults` runs the long ones, the random crash run and the planted faults. To repeat a run:
`.venv/bin/python -m tests.chaos --seed {seed}`.

**{verdict}**

## The random crash run

Real `adapter serve` processes on one record. The driver kills nodes with `kill -9`, at any moment and at chosen points (before the
call, after it, after the commit and before the reply, between an event's arrival and its record), stops them for longer than their
leases (SIGSTOP), and restarts the database at once (as `pg_ctl stop -m immediate` does). Meanwhile the backend lies, and it does
**not** deduplicate: it answers too late, acts after its caller gave up, says 500 after a success, 502 or 503 without one, says
nothing, cuts its answer off. The listener refuses, hangs, or takes an event and swallows its acknowledgement. Each client sends its
order at least three times, to any node. One market asks its backend while its caller waits, the other answers first; every minute
their backends are closed for some seconds. What every client saw is recorded, and checked only after everything has healed. In these
runs leases and chores are shorter than in a service, so that more happens in a minute.

"""
_CHECKS = """
Checked of every order: it is on record, accepted and followed to its end; the backend has it exactly once; all answers of 201 were the same
bytes; its events arrived first in the order 1..n without a gap, and repeats carried the same event id, never two in flight for one listener
and order; no call was under way in a closed window; no task was left parked.
"""
_PLANTED = """
## Planted faults (F39)

Each is put into a copy of the program, in one named place; the tests named are run against the copy, and at least one has to turn red. The
crash run is shown some of them as well: what it finds depends on chance, which is why each has a deterministic test.

"""
_LONG = """
## In full

"""
_LIST = """
## Where each failure is shown

Tests of `make test`, with the engines they run on (none: no record is involved). F39 is the section above.

"""
_NOT = """
## What is not covered

Power cuts with real disks, the fail-over of a pair of PostgreSQL servers, several hosts, runs of hours, very large payloads. A backend
without a unique client reference and without an authoritative query cannot be protected from a double by any adapter: orders in doubt are
parked for a person there, never sent again.
"""


_OWN_SECTION = 39


@dataclass
class Report:
    """Everything that was found. ``wrong`` is empty where all is as it has to be."""

    seed: int
    date: str
    cores: int
    runs: list[Mapping[str, Any]] = field(default_factory=list)
    planted: list[tuple[str, str, str]] = field(default_factory=list)
    cases: list[tuple[str, str, str, str]] = field(default_factory=list)
    shown: Sequence[Shown] = ()
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0

    def text(self) -> str:
        """The whole document."""
        verdict = "Nothing lost, nothing doubled, every planted fault seen." if not self.wrong else "Not as it has to be: see the end."
        head = _HEAD.format(date=self.date, seed=self.seed, minutes=round(self.seconds / 60), cores=self.cores, verdict=verdict)
        parts = [head, _table(self.runs), _CHECKS]
        planted = [{"fault": name, "seen by": tests, "in the crash run": crash} for name, tests, crash in self.planted]
        cases = [{"case": name, "of": numbers, "on": engine, "figures": figures} for name, numbers, engine, figures in self.cases]
        parts += [_PLANTED, _table(planted), _LONG, _table(cases), _LIST, _table(self._where()), _NOT]
        if self.wrong:
            parts += ["\n## Wrong\n\n", *(f"- {text}\n" for text in self.wrong)]
        return "".join(parts)

    def _where(self) -> list[Mapping[str, Any]]:
        rows = []
        for number in (each for each in NUMBERS if each != _OWN_SECTION):
            tests = sorted({each.test.rpartition("/")[2].partition("::")[0] for each in self.shown if each.number == number})
            engines = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
            named = ", ".join(engines[one] for one in sorted(wanted(number), reverse=True)) or "none"
            rows.append({"": f"F{number}", "engines": named, "in": ", ".join(f"`{test}`" for test in tests)})
        return rows


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "(not run)\n"
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([str(row[name]) for name in names] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
