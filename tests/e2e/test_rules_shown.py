"""Each numbered rule is shown by a test or a case whose name carries its number, and the cases of each market cover its whole mapping."""

from __future__ import annotations

import ast
import json
import re
from functools import cache

import pytest

from adapter.bootstrap import MarketRules, read_rules
from adapter.faces.declaration import load_face
from adapter.mapping.cases import load_cases, run_cases
from adapter.market import load_market
from adapter.settings import Home, load_settings
from simulators.registry import VARIABLES, passwords
from tests.service_kit import ROOT

E2E = ROOT / "tests" / "e2e"
# By the beginning of the names of test files and mapping folders: the rules they show.
SHOWN: dict[tuple[str, ...], range] = {
    ("pr",): range(1, 83),
    ("jm", "pa"): range(83, 96),
    ("de",): range(96, 123),
    ("pl",): range(123, 165),
    ("se",): range(165, 178),
}
ALL = [*SHOWN]


def rules_of(markets: tuple[str, ...]) -> set[str]:
    return {f"R{number}" for number in SHOWN[markets]}


@cache
def by_tests(markets: tuple[str, ...]) -> set[str]:
    names = [
        node.name
        for market in markets
        for file in E2E.glob(f"test_{market}_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    return {f"R{number}" for name in names for number in re.findall(r"_r(\d+)(?=_)", name)}


@cache
def by_cases(markets: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    for market in markets:
        for file in (ROOT / "mappings").glob(f"{market}*/cases/*.json"):
            content = json.loads(file.read_text(encoding="utf-8"))
            for case in content if isinstance(content, list) else [content]:
                found |= {number for number in case.get("rules", []) if number.startswith("R")}  # oddities are I1 and so on
    return found


def ordered(rules: set[str]) -> list[str]:
    return sorted(rules, key=lambda rule: int(rule[1:]))


def test_the_rules_are_without_a_gap() -> None:
    numbers = [number for shown in SHOWN.values() for number in shown]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("markets", ALL, ids="+".join)
def test_each_rule_that_a_caller_or_a_backend_sees_is_shown_end_to_end(markets: tuple[str, ...]) -> None:
    """Cases run without a network; these tests do not."""
    assert ordered(rules_of(markets) - by_tests(markets)) == []


@pytest.mark.parametrize("markets", ALL, ids="+".join)
def test_no_test_or_case_names_a_rule_that_is_not_of_its_markets(markets: tuple[str, ...]) -> None:
    assert ordered((by_tests(markets) | by_cases(markets)) - rules_of(markets)) == []


@cache
def market_rules(market: str) -> MarketRules:
    home = Home(ROOT)
    faces = [load_face(home.face_file(name), ENVIRONMENT) for name in load_settings(home, ENVIRONMENT).faces]
    return read_rules(home, load_market(home.market_file(market), ENVIRONMENT), faces)


ENVIRONMENT = {**passwords({}), **dict.fromkeys(VARIABLES.values(), "http://localhost/")}
MARKETS = load_settings(Home(ROOT), ENVIRONMENT).markets


@pytest.mark.parametrize("market", MARKETS)
def test_the_mappings_have_no_findings(market: str) -> None:
    assert [str(finding) for finding in market_rules(market).findings] == []


@pytest.mark.parametrize("market", MARKETS)
def test_the_cases_pass_and_leave_nothing_uncovered(market: str) -> None:
    rules = market_rules(market)
    cases = load_cases(ROOT / "mappings" / market / "cases", f"mappings/{market}/cases")
    report = run_cases(rules.translators(), rules.tables, cases, rules.market.settings)
    assert report.passed, str(report)
