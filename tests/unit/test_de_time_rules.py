"""The figures of the German time rules as they are shipped (domain facts, section 4.7). What they do at their borders: the cases of
rescheduleProductOrder, in ``mappings/de/cases/reschedule.json``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapter.market import Market, load_market

ROOT = Path(__file__).parents[2]
NOBODY_LISTENS = {"ADAPTER_DE_ENDPOINT": "http://127.0.0.1:9/spri", "ADAPTER_DE_INBOUND_PASSWORD": "nobody calls"}


@pytest.fixture(scope="module")
def market() -> Market:
    return load_market(ROOT / "config" / "markets" / "de.yaml", NOBODY_LISTENS)


def test_a_date_is_moved_at_latest_36_hours_before_it(market):
    assert market.settings["rescheduleHours"] == "36"


@pytest.mark.parametrize(("setting", "shipped"), [("toleranceDays", ""), ("noSwitchBeforeFreeDay", "off")])
def test_whether_a_day_is_agreed_and_before_a_free_one_the_supplier_decides(market, setting, shipped):
    assert market.settings[setting] == shipped


def test_late_answers_are_discarded_here(market):
    assert market.settings["discardLateResponse"] == "on"


def test_the_free_days_are_those_of_the_whole_country_in_two_years(market):
    days = market.settings["holidays"].replace(" ", "").split(",")
    assert (len(days), len(set(days))) == (18, 18)
    assert {day[:4] for day in days} == {"2026", "2027"}


# What a case stands for: hours to the binding date, or days from the agreed one, or the day that is wished; with the market's own settings
# where it lays none over them.
BORDERS = [
    ("a second less than 36 hours before the date, as the market is declared", "1085"),
    ("36 hours before the date", ""),
    ("one day from it", ""),
    ("two days from the agreed one, where that is looked at here", "1153"),
    ("two days before it", "1153"),
    ("two days before Good Friday: the day after is a working day", ""),
    ("the day before Good Friday, where that is looked at here", "1033"),
    ("a Friday, where that is looked at here", "1033"),
]


@pytest.mark.parametrize(("title", "code"), BORDERS)
def test_both_sides_of_every_border_have_a_case(title, code):
    cases = {case["title"]: case for case in json.loads((ROOT / "mappings/de/cases/reschedule.json").read_text(encoding="utf-8"))}
    case = cases[title]
    assert [each["code"] for each in case.get("refused", [])] == ([code] if code else [])
    assert ("legacy" in case) is not code.isdigit()
    assert "rescheduleHours" not in case.get("setting", {})  # what is shipped is what is shown
