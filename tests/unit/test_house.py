"""The house as its pages describe it: the engine names no market, every module and every decision has its line, every test is run."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import adapter
from tests.service_kit import ROOT

MARKETS = sorted(path.stem for path in (ROOT / "config" / "markets").glob("*.yaml"))
BACKENDS = sorted(path.parent.name for path in (ROOT / "simulators").glob("*/backend.py") if path.parent.name not in MARKETS)
ENGINE = sorted(path for kind in ("py", "yaml") for path in (ROOT / "adapter").rglob(f"*.{kind}"))
NAMED = re.compile(rf"""(?i:\b({"|".join(BACKENDS)})\b)|["']({"|".join(map(re.escape, MARKETS))})["']""")


def test_the_engine_names_no_market_and_no_backend() -> None:
    assert {"pr", "jm-liberate", "lab"} < set(MARKETS)
    assert {"slbos", "nexera"} < set(BACKENDS)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in ENGINE
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if NAMED.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("line", ['if market == "pr":', "MARKETS = ('jm-liberate',)", "# as SLBOS has it", "nexera = 1"])
def test_a_name_in_the_engine_would_be_seen(line: str) -> None:
    assert NAMED.search(line)


@pytest.mark.parametrize("line", ["from adapter.ports import Call", "of the products", 'code = "de-0041"'])
def test_other_words_are_no_names(line: str) -> None:
    assert not NAMED.search(line)


def test_the_package_says_what_each_of_its_modules_is_for() -> None:
    home = Path(adapter.__file__).parent
    modules = {path.stem for path in home.glob("*.py")} - {"__init__"} | {path.parent.name for path in home.glob("*/__init__.py")}
    assert modules ^ set(re.findall(r"``(\w+)``", adapter.__doc__ or "")) == set()


def test_every_decision_is_in_the_list_of_decisions_under_its_own_title() -> None:
    folder = ROOT / "docs" / "decisions"
    lines = re.findall(r"^\* \[(.+?)\]\((\d{4}-.+?)\)", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    titles = {path.name: path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for path in folder.glob("0*.md")}
    assert {name: title for title, name in lines} == titles


def test_every_test_is_run_by_some_command() -> None:
    run = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]["testpaths"]
    folders = [ROOT / name for name in (*run, "tests/conformance")]  # 'make test', 'make conformance'
    tests = (ROOT / "tests").rglob("test_*.py")
    assert [str(path.relative_to(ROOT)) for path in tests if not any(folder in path.parents for folder in folders)] == []
