"""The page that ``make faults`` writes at its end, when eleven minutes have gone into it."""

from __future__ import annotations

from tests.chaos.report import Report
from tests.faults.inventory import collected


def test_the_page_has_every_part_of_what_was_found() -> None:
    report = Report(4711, "2026-01-31", 2, shown=collected(), seconds=660)
    report.runs.append({"run": "SQLite, 1 node", "seed": 4711, "lost": 0})
    report.planted.append(("no settle time", "`test_in_doubt.py`", "6 of 120 orders doubled"))
    report.cases.append(("a million overdue", "F23", "SQLite", "rows: 1000000"))
    text = report.text()
    for part in (
        "seed 4711, 11 minutes",
        "| SQLite, 1 node | 4711 | 0 |",
        "## Planted faults (F39)",
        "| a million overdue | F23 |",
        "| F1 | ",
    ):
        assert part in text
    assert "| F39 |" not in text, "it has a section of its own"
    assert "Nothing lost" in text
    report.wrong.append("one order was lost")
    assert "Nothing lost" not in report.text()
    assert report.text().endswith("## Wrong\n\n- one order was lost\n")
