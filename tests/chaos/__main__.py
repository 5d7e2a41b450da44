"""``make faults``: the random crash run, the long cases and the planted faults, within fifteen minutes; writes ``docs/faults.md``.

    .venv/bin/python -m tests.chaos [--seed N] [--only crash,planted,long] [--no-report]

Needs nothing but the development environment. Ends only processes that it has started. Exit code 0 where all is as it has to be.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos import long, planted
from tests.chaos.crash_run import PLANS, Plan, crash_run, row
from tests.chaos.report import Report
from tests.faults.forking import ROOT
from tests.faults.inventory import collected

LIMIT = 15 * 60


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Session:
    """One ``make faults``."""

    def __init__(self, seed: int, limit: float) -> None:
        self.began, self.limit = time.monotonic(), limit
        self.report = Report(seed, datetime.now(UTC).strftime("%Y-%m-%d"), os.cpu_count() or 1)

    def left(self) -> float:
        return self.limit - (time.monotonic() - self.began)

    def attempt(self, name: str, needs: float, work: Callable[[Path], None]) -> None:
        """Does one thing in a folder of its own; what it raises is a finding."""
        if self.left() < needs:
            self.report.wrong.append(f"{name}: not run, the {self.limit / 60:.0f} minutes were over")
            return
        say(f"{name} …")
        try:
            with tempfile.TemporaryDirectory(prefix="faults-") as folder:
                work(Path(folder))
        except Exception as error:  # noqa: BLE001 - it is told at the end
            traceback.print_exc()
            self.report.wrong.append(f"{name}: {type(error).__name__}: {str(error)[:1500]}")

    def crash(self, plan: Plan, seed: int) -> None:
        """One run, whose findings count."""

        def work(folder: Path) -> None:
            result = crash_run(plan, seed, folder)
            self.report.runs.append(row(result))
            self.report.wrong += [f"{plan.name}, seed {seed}: {text}" for text in result.wrong]
            say(f"  {row(result)}")
            for text in result.wrong[:20]:
                say(f"  WRONG: {text}")

        self.attempt(f"crash run, {plan.name}, seed {seed}", plan.seconds + 20, work)

    def plant(self, fault: planted.Fault) -> None:
        """The tests against a copy with the fault, and the crash run too where that is worth a look."""

        def work(folder: Path) -> None:
            seen = planted.look(fault)
            if not seen.red:
                self.report.wrong.append(f"planted '{fault.name}' was not seen: {seen.problem}")
            crash = self._crash_with(fault, folder) if fault.crash is not None and self.left() > 300 else ""
            self.report.planted.append((fault.name, ", ".join(f"`{test}`" for test in seen.red), crash))
            say(f"  {'seen' if seen.red else 'NOT SEEN'}: {', '.join(seen.red) or seen.problem}; {crash}")

        self.attempt(f"planted: {fault.name}", 15, work)

    def _crash_with(self, fault: planted.Fault, folder: Path) -> str:
        assert fault.crash is not None
        plan = replace(PLANS[fault.crash], orders=120, seconds=30, healed=15)
        with planted.planted(fault) as tree:
            result = crash_run(plan, self.report.seed, folder, tree)
        return f"{result.doubled} of {result.orders} orders doubled, {result.lost} lost"

    def case(self, one: long.Case) -> None:
        """One long case."""

        def work(folder: Path) -> None:
            began = time.monotonic()
            figures = one.work(folder)
            told = ", ".join(f"{name}: {value}" for name, value in figures.items())
            self.report.cases.append((one.name, one.numbers, one.engine, told))
            say(f"  {told} ({time.monotonic() - began:.0f} s)")

        self.attempt(f"{one.numbers}, {one.name}, {one.engine}", 30, work)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="The long failure tests.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--only", default="crash,planted,long", help="some of crash, planted, long")
    parser.add_argument("--minutes", type=float, default=LIMIT / 60, help="when to stop at the latest")
    parser.add_argument("--no-report", action="store_true", help="do not write docs/faults.md")
    given = parser.parse_args()
    say(f"seed {given.seed}")
    session, parts = Session(given.seed, given.minutes * 60), given.only.split(",")
    if "crash" in parts:
        for number, plan in enumerate(PLANS):
            session.crash(plan, given.seed + number)
    beside, cases = [], list(long.CASES) if "long" in parts else []
    if cases:  # it does little but wait
        beside.append(threading.Thread(target=session.case, args=(cases.pop(0),)))
        beside[0].start()
    if "planted" in parts:
        for fault in planted.FAULTS:
            session.plant(fault)
    for thread in beside:
        thread.join()
    for one in cases:
        session.case(one)
    report = session.report
    report.shown, report.seconds = collected(), time.monotonic() - session.began
    if not given.no_report:
        (ROOT / "docs" / "faults.md").write_text(report.text(), encoding="utf-8")
    for text in report.wrong:
        say(f"WRONG: {text}")
    say(f"seed {given.seed}: {'all as it has to be' if not report.wrong else f'{len(report.wrong)} wrong'}, {report.seconds:.0f} s")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
