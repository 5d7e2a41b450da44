"""F39: faults are put into a copy of the program, one at a time, and the tests have to see each of them.

A test that has never been red proves nothing. Each fault changes one named place; where that place does not read as it is known here any
more, this is a failure as well: then the fault has to be planted anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROOF = "tests/faults/proof"


@dataclass(frozen=True)
class Fault:
    """``old`` stands in ``file`` once and becomes ``new``. ``tests`` are those that should see it; ``crash`` says whether the random crash
    run is shown it as well, on which of its plans."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    crash: int | None = None


FAULTS = (
    Fault(
        "resubmit on unknown",
        "adapter/store/accepting.py",
        "_CERTAINLY_NOT_DONE = (OutcomeKind.UNAVAILABLE, OutcomeKind.ABSENT)",
        "_CERTAINLY_NOT_DONE = (OutcomeKind.UNAVAILABLE, OutcomeKind.ABSENT, OutcomeKind.IN_DOUBT)",
        ("tests/faults/test_in_doubt.py", "-k", "f5 or f6"),
        crash=0,
    ),
    Fault(
        "no look at the open attempt",
        "adapter/work/submit.py",
        "if last is not None and last.outcome in _UNKNOWN:",
        "if last is not None and last.outcome in ():",
        ("tests/faults/test_work_deferred.py", "-k", "f4 or f5"),
    ),
    Fault(
        "no settle time",
        "adapter/doubt.py",
        "return Probed(Proof.SETTLED) if asked >= safe else",
        "return Probed(Proof.SETTLED) if asked >= 0 else",
        ("tests/faults/test_in_doubt.py", "-k", "f6"),
        crash=0,
    ),
    Fault(
        "no fence on tasks",
        "adapter/store/tasks.py",
        "        told.append(fence == ack.fence)\n        if fence != ack.fence:",
        "        told.append(fence is not None)\n        if fence is None:",
        ("tests/unit/work/test_lane.py", f"{PROOF}/test_f12_lanes_on_a_server.py", "-k", "f12 or f13"),
    ),
    Fault(
        "no fence on deliveries",
        "adapter/store/outbox.py",
        ', _CURSOR.fence == bindparam("token"))',
        ', bindparam("token", type_=Integer) == bindparam("token", type_=Integer))',
        ("tests/faults/test_delivery.py", "tests/unit/store/test_outbox.py", "-k", "f13 or fence or late"),
    ),
    Fault(
        "no reserve",
        "adapter/store/rates.py",
        "(now_us + (burst - reserve) * span - base)",
        "(now_us + burst * span - base)",
        ("tests/faults/test_work_limits.py", "-k", "f19"),
    ),
    Fault(
        "no window lead",
        "adapter/work/plan.py",
        "return self.call + GRACE",
        "return 0",
        ("tests/faults/test_work_limits.py", "-k", "f20"),
    ),
    Fault(
        "no idempotency",
        "adapter/store/accepting.py",
        "    if not c.change(_TAKE_KEY, order):",
        "    if c.change(_TAKE_KEY, order) == 2:",
        (f"{PROOF}/test_f01_idempotent_receiver.py", "-k", "f3 or (f2 and lab)"),
    ),
    Fault(
        "no unique key",
        "adapter/store/migrations/versions/0001_record.py",
        '        sa.PrimaryKeyConstraint("scope", "key", name="pk_idempotency"),\n',
        "",
        (f"{PROOF}/test_f01_idempotent_receiver.py", "-k", "f2 and lab and sqlite"),
    ),
    Fault(
        "no lock for twins",
        "adapter/store/accepting.py",
        "    c.lock(f\"external id {intent.order['market']}/{external_id}\")",
        "    pass",
        ("tests/faults/store/test_postgres_nodes.py", "-k", "two_keys_for_one_order_number"),
    ),
    Fault(
        "a void permit is used all the same",
        "adapter/work/job.py",
        "if self.monotonic() > self.send_by:",
        "if False:",
        ("tests/unit/work/test_lane.py", "tests/faults/test_work_deferred.py", "-k", "f12"),
    ),
    Fault(
        "an order that a timer ended is sent all the same",
        "adapter/store/submitting.py",
        'resource_order.c.attempt == bindparam("last"), resource_order.c.done_at.is_(None))',
        'resource_order.c.attempt == bindparam("last"))',
        ("tests/faults/test_work_deferred.py", "-k", "timer_ended"),
    ),
)


@dataclass(frozen=True)
class Seen:
    """``red`` are the tests that failed; ``problem`` says why there is none."""

    fault: Fault
    red: tuple[str, ...]
    problem: str = ""


def plant(fault: Fault, tree: Path) -> None:
    """Puts it in. Raises ValueError where its place is not as it was."""
    file = tree / fault.file
    text = file.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        raise ValueError(f"{fault.file} holds {fault.old!r} {text.count(fault.old)} times: plant '{fault.name}' anew")
    file.write_text(text.replace(fault.old, fault.new), encoding="utf-8")


@contextmanager
def planted(fault: Fault) -> Iterator[Path]:
    """A copy of the program with the fault in it."""
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        tree = Path(folder)
        for part in ("adapter", "connectors", "simulators", "config", "mappings", "tests"):
            shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", tree)
        if (ROOT / "var" / "contracts").is_dir():  # compiled contracts, so that nobody compiles them again
            shutil.copytree(ROOT / "var" / "contracts", tree / "var" / "contracts")
        plant(fault, tree)
        yield tree


def run_tests(tree: Path, tests: tuple[str, ...], seconds: float = 180) -> subprocess.CompletedProcess[str]:
    """Runs them in the copy, until the first that fails."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-x", "-q", "-rfE", "--tb=no", *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=seconds, check=False)


def look(fault: Fault) -> Seen:
    """Whether the tests see it."""
    try:
        with planted(fault) as tree:
            try:
                done = run_tests(tree, fault.tests)
            except subprocess.TimeoutExpired:
                return Seen(fault, ("(the tests did not end)",))
    except ValueError as error:
        return Seen(fault, (), str(error))
    red = tuple(line.split()[1].rpartition("/")[2] for line in done.stdout.splitlines() if line.startswith("FAILED "))
    if done.returncode == 1 and red:
        return Seen(fault, red)
    return Seen(fault, (), f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-500:]}")


def main() -> int:
    """Plants them all. 0 where each was seen."""
    names = sys.argv[1:]
    seen = [look(fault) for fault in FAULTS if not names or fault.name in names]
    for each in seen:
        sys.stdout.write(f"{'seen    ' if each.red else 'NOT SEEN'}  {each.fault.name}: {', '.join(each.red) or each.problem}\n")
    return 0 if all(each.red for each in seen) else 1


if __name__ == "__main__":
    sys.exit(main())
