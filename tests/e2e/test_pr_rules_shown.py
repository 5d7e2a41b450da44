"""Each rule R1-R82 is shown by a test or a case whose name carries its number, and the cases cover the whole mapping."""

from __future__ import annotations

import ast
import json
import re

import pytest

from adapter.bootstrap import MarketRules, read_rules
from adapter.faces.declaration import load_face
from adapter.mapping.cases import load_cases, run_cases
from adapter.market import load_market
from adapter.settings import Home, load_settings
from tests.service_kit import ROOT

RULES = {f"R{number}" for number in range(1, 83)}
CASES = ROOT / "mappings" / "pr" / "cases"


@pytest.fixture(scope="module")
def rules() -> MarketRules:
    home, environment = Home(ROOT), {"ADAPTER_PR_ENDPOINT": "http://localhost/slbos"}
    faces = [load_face(home.face_file(name), environment) for name in load_settings(home, environment).faces]
    return read_rules(home, load_market(home.market_file("pr"), environment), faces)


def by_tests() -> set[str]:
    names = [
        node.name
        for file in (ROOT / "tests" / "e2e").glob("test_pr_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    return {f"R{number}" for name in names for number in re.findall(r"_r(\d+)(?=_)", name)}


def by_cases() -> set[str]:
    found: set[str] = set()
    for file in CASES.glob("*.json"):
        content = json.loads(file.read_text(encoding="utf-8"))
        for case in content if isinstance(content, list) else [content]:
            found |= set(case.get("rules", []))
    return found


def test_each_rule_of_the_market_is_shown() -> None:
    assert sorted(RULES - by_tests() - by_cases(), key=lambda rule: int(rule[1:])) == []


def test_each_rule_that_the_caller_or_the_bss_sees_is_shown_end_to_end() -> None:
    """Cases run without a network; these tests do not."""
    assert sorted(RULES - by_tests(), key=lambda rule: int(rule[1:])) == []


def test_no_test_or_case_names_a_rule_that_is_not_this_markets() -> None:
    assert (by_tests() | by_cases()) - RULES == set()


def test_the_mapping_has_no_findings(rules: MarketRules) -> None:
    assert [str(finding) for finding in rules.findings] == []


def test_the_cases_pass_and_leave_nothing_uncovered(rules: MarketRules) -> None:
    cases = load_cases(CASES, "mappings/pr/cases")
    report = run_cases(rules.translators(), rules.tables, cases, rules.market.settings)
    assert report.passed, str(report)
    assert len(cases) > 30
