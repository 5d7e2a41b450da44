"""Which test shows what of the failure list, and on which engine: the number is in a test's name, the engine in its parameters."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = range(1, 41)
FILE, SERVER = "sqlite", "postgresql"
WHERE: Mapping[int, frozenset[str]] = {
    **dict.fromkeys((14, 15, 24, 36), frozenset({SERVER})),  # about a server
    **dict.fromkeys((16, 17, 34, 35), frozenset({FILE})),  # about a file
    33: frozenset({FILE}),  # from the one to the other
    37: frozenset(),  # the way to the backend knows no record
    39: frozenset(),
}
"""The engines on which a number has to be shown; both, where it is not named here."""

_PLACES = ("tests/faults", "tests/unit/work", "tests/unit/store", "tests/e2e/test_idempotency.py")
_NO_RECORD = ("tests/faults/wire/", "tests/unit/work/test_windows.py", "tests/faults/test_inventory.py")


@dataclass(frozen=True, order=True)
class Shown:
    """One test. ``engine`` is "" where no record is involved."""

    number: int
    test: str
    engine: str


def wanted(number: int) -> frozenset[str]:
    """See ``WHERE``."""
    return WHERE.get(number, frozenset({FILE, SERVER}))


def collected() -> list[Shown]:
    """Every collected test with a number, sorted."""
    files = [str(file.relative_to(ROOT)) for file in _files() if _NUMBER.search(file.read_text(encoding="utf-8"))]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", "-p", "no:cov", "--no-header", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    return sorted({shown for line in done.stdout.splitlines() if "::" in line for shown in _shown(line)})


def _files() -> Iterable[Path]:
    for place in _PLACES:
        path = ROOT / place
        yield from [path] if path.is_file() else sorted(path.rglob("test_*.py"))


_NUMBER = re.compile(r"\btest_(?:[a-z0-9_]*_)?f\d{1,2}(?:_|\b)")


def _shown(line: str) -> Iterable[Shown]:
    name, _, parameters = line.partition("[")
    test = name.rpartition("::")[2]
    numbers = [int(word[1:]) for word in test.split("_") if re.fullmatch(r"f\d{1,2}", word)]
    engine = SERVER if SERVER in parameters else FILE
    if name.startswith(_NO_RECORD):
        engine = ""
    for number in numbers:
        yield Shown(number, name, engine)
