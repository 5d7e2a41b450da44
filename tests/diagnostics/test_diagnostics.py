"""Every folder of the corpus is one mistake: a mapping that holds it, and the findings exactly as they are shown.

``mapping.yaml`` stands alone; with overlays the files lie in a folder for each market, and ``own`` is the one that is checked.
``UPDATE_DIAGNOSTICS=1 pytest tests/diagnostics`` writes the expected texts anew: read the difference before you keep it.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.codes.findings import reference as of_codes
from adapter.finding import Finding
from adapter.mapping.catalogue import CATALOGUE, reference
from adapter.mapping.check import Surroundings, check_parsed, unused_tables
from adapter.mapping.frame import render_all
from adapter.mapping.parse import load_mapping, parse_mapping
from adapter.mapping.tables import Tables, parse_tables, read_tables

CORPUS = Path(__file__).parent
MARKETS = {path.parent.name for path in CORPUS.glob("*/market.yaml")}  # of test_market_diagnostics
CASES = sorted(path.name for path in CORPUS.iterdir() if (path / "expected.txt").is_file() and path.name not in MARKETS)
VALID = sorted((CORPUS / "valid").glob("*.yaml"))
REPOSITORY = CORPUS.parents[1]
UPDATE = "UPDATE_DIAGNOSTICS" in os.environ
if UPDATE:
    CASES = sorted(path.name for path in CORPUS.iterdir() if path.is_dir() and path.name not in {"valid", "__pycache__", *MARKETS})


def findings_of(case: Path, around: Surroundings) -> tuple[list[Finding], dict[str, str]]:
    tables = _tables(case)
    if (case / "mapping.yaml").is_file():
        parsed = parse_mapping((case / "mapping.yaml").read_bytes(), "mapping.yaml", "own")
    else:
        parsed = load_mapping(case, "own", "order.create", shown="mappings")
    found = [*tables.findings, *check_parsed(parsed, _with(around, tables))]
    if parsed.file is not None and not any(each.severity == "error" for each in found):
        found += unused_tables(tables, [parsed.file])
    return found, {**parsed.files, **tables.parents, tables.file: tables.text}


def _tables(case: Path) -> Tables:
    for name, shown in (("codes.yaml", "codes.yaml"), ("own/codes.yaml", "mappings/own/codes.yaml")):
        if (case / name).is_file():
            return read_tables(case / name, shown)
    return parse_tables("tables: {}", "codes.yaml")


def _with(around: Surroundings, tables: Tables) -> Surroundings:
    return replace(around, tables=tables.tables)


@pytest.mark.parametrize("name", CASES)
def test_the_findings_are_exactly_these(name: str, around: Surroundings) -> None:
    case = CORPUS / name
    found, files = findings_of(case, around)
    shown = render_all(found, files)
    if UPDATE:
        (case / "expected.txt").write_text(shown, encoding="utf-8")
    assert shown == (case / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("M")])
def test_the_corpus_names_the_code_that_it_shows(name: str, around: Surroundings) -> None:
    found, _ = findings_of(CORPUS / name, around)
    assert {each.code for each in found} == {name.split("-", 1)[0]}


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_sound_mapping_has_no_finding(path: Path, around: Surroundings) -> None:
    tables = read_tables(CORPUS / "valid" / "codes.yml", "codes.yml")
    parsed = parse_mapping(path.read_bytes(), path.name, "own")
    found = [*tables.findings, *check_parsed(parsed, _with(around, tables))]
    assert render_all(found, {**parsed.files, tables.file: tables.text}) == "0 errors, 0 warnings\n"


def test_every_code_has_a_case() -> None:
    shown = {name.split("-", 1)[0] for name in CASES}
    assert shown - {"several"} == set(CATALOGUE)


def test_the_corpus_shows_many_kinds_of_mistake() -> None:
    assert len(CASES) >= 45


def test_the_source_uses_no_code_that_is_not_in_the_catalogue() -> None:
    used = set()
    for path in (REPOSITORY / "adapter" / "mapping").rglob("*.py"):
        if path.name != "catalogue.py":
            used |= set(re.findall(r'"(M[0-9]{3})"', path.read_text(encoding="utf-8")))
    assert used <= set(CATALOGUE)
    assert set(CATALOGUE) <= used, "a code that nothing reports"


def test_the_reference_lists_every_code() -> None:
    path = REPOSITORY / "docs" / "findings.md"
    whole = f"{reference()}\n{of_codes()}"
    if UPDATE:
        path.write_text(whole, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == whole
    for code, entry in CATALOGUE.items():
        assert f"| {code} | {entry.title} |" in reference()
        assert entry.meaning
        assert entry.example
        assert entry.remedy


# -- whatever is written


SOUND = [(CORPUS / "valid" / f"{name}.yaml").read_text(encoding="utf-8") for name in ("one-way", "change", "message")]
WORDS = (
    "order",
    "request",
    "reply.line",
    "[]",
    "[a=b]",
    "item",
    "| default(1)",
    "| first",
    "{",
    "}",
    "each",
    "choose",
    ":",
    "'",
    '"',
    " ",
    "\n  ",
    "- ",
    "",
    "message.number",
    "known",
    "refuse:",
    "identity: ",
    "legacy: PlaceOrder",
    "receives: OrderProgress",
)


@settings(max_examples=120, deadline=None)
@given(sound=st.sampled_from(SOUND), start=st.floats(0, 1), length=st.integers(0, 12), word=st.sampled_from(WORDS), two_way=st.booleans())
def test_no_text_makes_the_checker_fail(around: Surroundings, sound: str, start: float, length: int, word: str, two_way: bool) -> None:
    at = int(start * (len(sound) - 1))
    text = sound[:at] + word + sound[at + length :]
    if two_way:
        text = text.replace("\nrequest:", "\nboth:", 1).replace("\nreport:", "\nboth:", 1)
    for finding in check_parsed(parse_mapping(text, "f", "own"), _with(around, read_tables(CORPUS / "valid" / "codes.yml", "codes.yml"))):
        assert finding.at.file == "codes.yml" or finding.at.line <= text.count("\n") + 1
        assert finding.severity == CATALOGUE[finding.code].severity
