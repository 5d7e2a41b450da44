"""The page about conformance: what a run found goes between two marks of it, the rest is written by hand."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.definitions import DEVIATIONS, EXTENDED, LEVELS, MENDED
from tests.conformance.served import all_markets
from tests.conformance.tally import Tally
from tests.service_kit import ROOT

PAGE = ROOT / "docs" / "conformance.md"
BEGIN, END = "<!-- written by `make conformance UPDATE=1` from here -->", "<!-- to here -->"


def write_page(tally: Tally) -> Path:
    """Puts what was found into the page. Raises ValueError where its marks are gone."""
    text = PAGE.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE}: the lines '{BEGIN}' and '{END}' say where the run's part stands, and one of them is gone")
    PAGE.write_text("\n".join([before + BEGIN, "", *_found(tally), "", END + after]), encoding="utf-8")
    return PAGE


def _found(tally: Tally) -> list[str]:
    return [
        "## The last run",
        "",
        f"Bodies are made up {LEVELS + 1} levels deep. Every answer was judged; a failure is a kind of fault, not a case.",
        "",
        *tally.summary(),
        "",
        "## What each market offers",
        "",
        "Found by asking. Where there is no counterpart (-), the answer is 501 with an `Error`.",
        "",
        *_matrix(tally),
        "",
        "## Statuses beyond the definitions",
        "",
        "| status | methods | why |",
        "| --- | --- | --- |",
        *(f"| {one.status} | {', '.join(sorted(one.methods))} | {one.reason} |" for one in DEVIATIONS),
        "",
        "Each of them was met in this run.",
        "",
        "## Mistakes of the definitions that are mended before the test",
        "",
        "| API | why |",
        "| --- | --- |",
        *(f"| {one.api} | {one.reason} |" for one in MENDED),
        "",
        "## Values beyond an enumeration",
        "",
        "| API | type | value | why |",
        "| --- | --- | --- | --- |",
        *(f"| {one.api} | {one.name} | `{one.value}` | {one.reason} |" for one in EXTENDED),
        "",
        "## Every operation that was tried",
        "",
        *tally.table(),
    ]


def _matrix(tally: Tally) -> list[str]:
    markets = all_markets()
    lines = [f"| API | operation | {' | '.join(markets)} |", f"| --- | --- |{' :-: |' * len(markets)}"]
    for (api, method, path), offered in sorted(tally.offered.items(), key=lambda item: (item[0][0], item[0][2], item[0][1])):
        marks = " | ".join("yes" if offered.get(market) else "-" for market in markets)
        lines.append(f"| {api} | {method} {path} | {marks} |")
    return lines
