"""Every example of docs/mapping-language.md runs, and the reference names every key, filter, test and converter.

A fence ``yaml mapping`` begins an example; what follows until the next one belongs to it: ``yaml codes``, ``yaml overlay`` (of
market yy, like zz), ``json request`` with ``json legacy``, ``text problems`` or ``text unread`` behind it, ``json reply``
with ``json outcome``, ``json answer``, ``json subject``, ``text error`` and ``json view <face>``, ``json asked`` (the orders of one
question), ``json known`` (the document on record), ``json refused``, ``json cases``, and ``text findings`` (code, line:column and
remedy of each finding of the check). ``json issues`` is what the texts of the outcome are read as, with the
codes that nobody described. ``json message`` comes with ``text identity``, ``json report`` and, behind ``json outcome`` (what
became of it), ``json answer``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.codes import read_catalogue
from adapter.contract.path import parse_path
from adapter.contract.shape import Kind, Shape, resolve
from adapter.errors import InvalidMessage, MappingFailed
from adapter.mapping.cases import compare, read_cases, run_cases
from adapter.mapping.converters import CONVERTERS
from adapter.mapping.functions import FILTERS, TESTS
from adapter.mapping.keys import (
    BRANCH,
    CALL,
    DROP,
    JUDGEMENT,
    LIST,
    OTHERWISE,
    RECEIVED,
    REFUSE,
    REPORTED_LIST,
    REQUIRE,
    TABLE,
    TWO_WAY,
    TWO_WAY_LIST,
    VALUE,
)
from adapter.mapping.model import MappingFile
from adapter.mapping.parse import load_mapping
from adapter.mapping.tables import Tables, parse_tables, read_tables
from adapter.mapping.translator import Translator, make_translator
from adapter.mapping.types import Contracts
from adapter.ports import OutcomeKind
from adapter.routing import route_contract
from tests.mapping_kit import HEAD, asked, check, contracts, contracts_for_many, contracts_of_change, contracts_of_message, translator

DOC = (Path(__file__).parents[3] / "docs" / "mapping-language.md").read_text()
FENCE = re.compile(r"^```(\w+)[ ]([\w ]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLAIN = "operation: order.create\nlegacy: PlaceOrder\n"


@dataclass
class Example:
    """One mapping of the page with the blocks that belong to it. ``line`` is where it stands."""

    line: int
    mapping: str
    blocks: list[tuple[str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"line-{self.line}"

    def of(self, kind: str) -> str:
        return next((text for name, text in self.blocks if name == kind), "")


def examples() -> Iterator[Example]:
    found: Example | None = None
    for match in FENCE.finditer(DOC):
        kind, text = f"{match.group(1)} {match.group(2)}", match.group(3)
        if kind == "yaml mapping":
            if found is not None:
                yield found
            found = Example(DOC.count("\n", 0, match.start()) + 1, text)
        elif found is not None and not kind.startswith("text contract"):
            found.blocks.append((kind, text))
    assert found is not None
    yield found


EXAMPLES = list(examples())


def load(example: Example, folder: Path) -> tuple[MappingFile, Any]:
    text = example.mapping if "operation:" in example.mapping else PLAIN + example.mapping
    operation = re.findall(r"^operation: (\S+)", text)[0]
    overlay = example.of("yaml overlay")
    for market, content in (("zz", text), ("yy", overlay)):
        if content:
            (folder / market).mkdir()
            (folder / market / f"{operation}.yaml").write_text(content)
    parsed = load_mapping(folder, "yy" if overlay else "zz", operation, shown="mappings")
    assert parsed.file is not None, parsed.findings
    assert not parsed.findings, "\n".join(map(str, parsed.findings))
    codes = load_codes(example, folder)
    assert not codes.findings, "\n".join(map(str, codes.findings))
    return parsed.file, codes.tables


def load_codes(example: Example, folder: Path) -> Tables:
    over = example.of("yaml codes overlay")
    if not over:
        return parse_tables(example.of("yaml codes") or "tables: {}\n", "mappings/zz/codes.yaml")
    for market, content in (("zz", example.of("yaml codes")), ("yy", over)):
        (folder / market).mkdir(exist_ok=True)
        (folder / market / "codes.yaml").write_text(content)
    return read_tables(folder / "yy" / "codes.yaml", "mappings/yy/codes.yaml")


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_example_does_what_the_page_says(example: Example, tmp_path: Path) -> None:
    file, codes = load(example, tmp_path)
    known = contracts_of(example)
    findings = [each for each in check(file, known, codes) if each.severity == "error"]
    wanted = example.of("text findings")
    if wanted:
        assert [f"{each.code} {each.at.line}:{each.at.column} {each.hint}" for each in findings] == wanted.splitlines()
        return
    assert not findings, "\n".join(map(str, findings))
    made = make_translator(file, codes, known)
    if made.received:
        run_message(made, example)
    else:
        run(made, example, known)
    cases = example.of("json cases")
    if cases:
        report = run_cases({made.operation: made}, codes, read_cases(cases.encode(), "page"), {"mode": "on"})
        assert report.passed, str(report)


def contracts_of(example: Example) -> Contracts:
    if "receives:" in example.mapping:
        return contracts_of_message()
    if re.search(r"\bknown(\.| is)|^subject:", example.mapping, re.MULTILINE):
        return contracts_of_change(setting={"mode": "on", "limit": 3, "holidays": "2026-01-01,2026-01-06"})
    if "asked" in example.mapping:
        return contracts_for_many()
    known = contracts()
    return replace(known, legacy=route_contract(["north", "south"])["Route"]) if "legacy: Route" in example.mapping else known


def run_message(made: Translator, example: Example) -> None:
    given: dict[str, Any] = {}
    for kind, text in example.blocks:
        scope = asked(**given)
        match kind.split():
            case ["json", "message"]:
                given = {"message": read(text)}
            case ["json", "known" | "outcome" as part]:
                given[part] = read(text)
            case ["text", "identity"]:
                assert made.identity(scope) == text.strip()
            case ["json", "report"]:
                equal(made.report(scope).document, text)
                given["report"] = made.report(scope).document
            case ["json", "answer"]:
                equal(made.answer(scope).document, text)
            case ["text", "error"]:
                fails(made, scope, "error", text)
            case ["yaml", "codes" | "overlay", *_] | ["json", "cases"]:
                pass
            case _:
                pytest.fail(f"the page has a block '{kind}' that nobody runs")


def run(made: Translator, example: Example, known: Contracts) -> None:
    given: dict[str, Any] = {"request": {}, "reply": {}, "asked": None, "known": None}
    for kind, text in example.blocks:
        scope = replace(asked(**given), setting=known.setting)
        scope = replace(scope, warnings=made.outcome(scope).texts)
        match kind.split():
            case ["json", "request" | "reply" | "asked" | "known" as part]:
                given[part] = read(text)
            case ["json", "legacy"]:
                equal(made.request(scope).document, text)
            case ["json", "answer"]:
                equal(made.reply(scope).document, text)
            case ["json", "subject"]:
                written = made.subject(scope)
                assert written is not None
                equal(written.document, text)
            case ["json", "refused"]:
                assert [refusal._asdict() for refusal in made.refused(scope)] == read(text)
            case ["json", "view", face]:
                equal(made.view(face, scope, made.reply(scope).document), text)
            case ["json", "outcome" | "issues" as what]:
                (judged if what == "outcome" else understood)(made, scope, read(text), example)
            case ["text", "problems" | "error" as how]:
                fails(made, scope, how, text)
            case ["text", "unread"]:
                assert made.unread(scope) == text.splitlines()
            case ["yaml", "codes" | "overlay", *_] | ["json", "cases"]:
                pass
            case _:
                pytest.fail(f"the page has a block '{kind}' that nobody runs")


def fails(made: Translator, scope: Any, how: str, text: str) -> None:
    if how == "problems":
        with pytest.raises(InvalidMessage) as refused:
            made.request(scope)
        assert list(map(str, refused.value.problems)) == text.splitlines()
        return
    with pytest.raises(MappingFailed) as failed:
        (made.report if made.received else made.reply)(scope)
    assert f"{failed.value.rule} {failed.value.path}: {failed.value.text}" == text.strip()


def understood(made: Translator, scope: Any, wanted: dict[str, Any], example: Example) -> None:
    """What the texts of the outcome are read as, and the codes in them (None for none) that nobody described."""
    unknown: list[str | None] = []
    catalogue, findings = read_catalogue(example.of("yaml codes"), "page", unknown=lambda code, text: unknown.append(code))
    assert not findings, "\n".join(map(str, findings))
    found = made.outcome(scope)
    issues = catalogue.read_all(found.texts, "warning" if found.kind is OutcomeKind.ACCEPTED else "error")
    assert [{key: getattr(issue, key) for key in each} for issue, each in zip(issues, wanted["issues"], strict=True)] == wanted["issues"]
    assert unknown == wanted["unknown"]


def judged(made: Translator, scope: Any, wanted: dict[str, Any], _example: Example) -> None:
    found = made.outcome(scope)
    got = {"is": found.kind.value, "texts": list(found.texts), "message": found.message, "status": found.status}
    assert {key: got[key] for key in wanted} == wanted


def read(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def equal(got: Any, wanted: str) -> None:
    assert not list(compare(read(wanted), got)), got


# -- the tables


def rows(heading: str) -> list[list[str]]:
    section = DOC.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell(text) for text in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def cell(text: str) -> str:
    """The text of a table's cell; one that is code as a whole loses its marks."""
    plain = text.strip().replace("\\|", "|")
    return plain[1:-1] if plain.startswith("`") and plain.count("`") == 2 and plain.endswith("`") else plain


@pytest.mark.parametrize("row", [*rows("Filters"), *rows("Tests")], ids=lambda row: row[0])
def test_a_filter_or_test_does_what_the_table_says(row: list[str]) -> None:
    signature, documentation, example, result = row
    function = next(each for each in (*FILTERS.values(), *TESTS.values()) if each.signature == signature)
    assert documentation == function.documentation
    made = translator(f"request:\n  any: >-\n    {example}\noutcome:\n  - is: accepted\n", checked=False)
    assert made.request(asked({"id": "1"})).document == {"any": read(result)}


@pytest.mark.parametrize("row", rows("Converters"), ids=lambda row: row[0])
def test_a_converter_does_what_the_table_says(row: list[str]) -> None:
    signature, canonical, legacy, documentation, example, left, right = row
    converter = next(each for each in CONVERTERS.values() if each.signature == signature)
    assert (str(converter.canonical), str(converter.legacy), documentation) == (canonical, legacy, converter.documentation)
    place = {"list of text": "tags", "text": "id", "integer": "count", "decimal": "price", "boolean": "express", "object": "extra"}[
        canonical
    ]
    target = {"text": "joined", "integer": "count", "list of object": "field"}[legacy]
    body = f"both:\n  {place}: {target} | {example}\noutcome:\n  - is: accepted\n"
    made = translator(body, "tables:\n  kinds:\n    rows: {package: P}\n", checked=False)
    sent = made.request(asked({place: read(left), "item": []})).document
    assert sent == {target: read(right)}
    assert translator(body, "tables:\n  kinds:\n    rows: {package: P}\n", checked=False).reply(asked(reply=sent)).document == {
        place: read(left)
    }


def test_the_tables_are_complete() -> None:
    assert [row[0] for row in rows("Filters")] == [each.signature for each in FILTERS.values()]
    assert [row[0] for row in rows("Tests")] == [each.signature for each in TESTS.values()]
    assert [row[0] for row in rows("Converters")] == [each.signature for each in CONVERTERS.values()]


def test_every_key_is_described_and_used() -> None:
    used = "\n".join(f"{example.mapping}\n{example.of('yaml overlay')}\n{example.of('yaml codes')}" for example in EXAMPLES)
    forms = (CALL, RECEIVED, REQUIRE, REFUSE, DROP, JUDGEMENT, VALUE, BRANCH, OTHERWISE, LIST, TWO_WAY, TWO_WAY_LIST, REPORTED_LIST, TABLE)
    for form in forms:
        for key in form.keys:
            assert re.search(rf"`(?:[^`\n]*\W)?{key.name}\b", DOC), f"the page does not describe '{key.name}' of {form.name}"
            assert re.search(rf"(?:^|[\s{{,-]){key.name}:", used, re.MULTILINE), f"no example uses '{key.name}' of {form.name}"


@pytest.mark.parametrize("side", ["request", "legacy", "told"])
def test_the_contracts_are_as_described(side: str) -> None:
    shapes = {"request": contracts().request, "legacy": contracts().legacy.input, "told": contracts_of_message().legacy.output}
    shape: Shape = shapes[side]
    block = DOC.split(f"```text contract {side}\n", 1)[1].split("```", 1)[0]
    described = {line.split()[0]: line.split()[1] for line in block.splitlines()}
    for path, kind in described.items():
        place = resolve(shape, parse_path(path))
        assert place.shape.kind is Kind(kind), path
        assert place.many == ("[]" in path), path
    assert set(described) == set(paths(shape, ""))


def paths(shape: Shape, before: str) -> Iterator[str]:
    for name, member in shape.members.items():
        path = f"{before}{name}{'[]' if member.many else ''}"
        yield path
        yield from paths(member.shape, f"{path}.")


def test_the_head_of_the_examples_is_the_one_of_the_kit() -> None:
    assert HEAD == PLAIN
