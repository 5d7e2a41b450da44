"""The documented texts of Puerto Rico's BSS, read by the market's own codes file."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from adapter.codes import load_catalogue
from adapter.codes.catalogue import Catalogue, Meaning
from adapter.codes.grammar import Grammar
from adapter.ports import Issue, IssuePart

CODES = Path(__file__).parents[2] / "mappings/pr/codes.yaml"
CATALOGUE = load_catalogue(CODES, shown="mappings/pr/codes.yaml")

EXPIRED = "2099 | DRO30E - REF CDA NOT FOUND| "
SIGNED_OFF = "2099 | SERV_CD-MAP15E - FIELD PROTECTED, CANNOT UPDATE| "
SAME_DAY = "2099 | SCHED_TM-JBE10E-INVALID SCHEDULED TIME OF DAY| "
SLOT_TAKEN = "2099 | JOB_TYP_TIME_ALRT-J4U22A-ENTERED DT/TM UNAVAIL"
EXISTING = "ORV59I - EXISTING CUSTOMER AT LOCATION"
OUTAGE = "8211990010051704OTG REASN  - AA                          AUTO OUTAGE DECLARED 13:24 01/02/23"
UNSCHEDULED = "JOB_UNSCHED_ALRT,JBE74A-ENTER OVERRIDE TO UNSCHEDULE JOB,ADP10E-NO DATES AVAILABLE FOR THIS JOB"


def read(text: str, severity: str = "error") -> Issue:
    (issue,) = CATALOGUE.read(text, severity)
    assert issue.text == text
    return issue


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        pytest.param(EXPIRED, "DRO30E", "conversation-expired", id="R51"),
        pytest.param(SIGNED_OFF, "MAP15E", "order-signed-off", id="R52"),
        pytest.param(SAME_DAY, "JBE10E", "no-slot-on-the-day", id="R53"),
        pytest.param(SLOT_TAKEN, "J4U22A", "slot-not-available", id="R54"),
    ],
)
def test_r51_r52_r53_r54_documented_errors_keep_their_text_and_get_a_name(text: str, code: str, name: str) -> None:
    issue = read(text)
    assert (issue.ret, issue.code, issue.name, issue.severity, issue.retryable) == ("2099", code, name, "error", False)
    assert issue.advice


@pytest.mark.parametrize(
    ("text", "ret", "field", "code", "words"),
    [
        (EXPIRED, "2099", None, "DRO30E", "REF CDA NOT FOUND"),
        (SIGNED_OFF, "2099", "SERV_CD", "MAP15E", "FIELD PROTECTED, CANNOT UPDATE"),
        (SAME_DAY, "2099", "SCHED_TM", "JBE10E", "INVALID SCHEDULED TIME OF DAY"),
        (SLOT_TAKEN, "2099", "JOB_TYP_TIME_ALRT", "J4U22A", "ENTERED DT/TM UNAVAIL"),
        ("2099 \u2013 DRO30E \u2013 REF CDA NOT FOUND", "2099", None, "DRO30E", "REF CDA NOT FOUND"),
        (EXISTING, None, None, "ORV59I", "EXISTING CUSTOMER AT LOCATION"),
        (OUTAGE, None, "OTG REASN", "AA", "AUTO OUTAGE DECLARED 13:24 01/02/23"),
        (UNSCHEDULED, None, "JOB_UNSCHED_ALRT", "JBE74A", "ENTER OVERRIDE TO UNSCHEDULE JOB"),
        ("the BSS is tired", None, None, None, "the BSS is tired"),
        ("2099 | something new, and odd | ", "2099", None, None, "something new, and odd"),
        ("2099 |", "2099", None, None, ""),
        ("", None, None, None, ""),
        ("DRO30E", None, None, "DRO30E", ""),
        ("JOB_UNSCHED_ALRT", None, "JOB_UNSCHED_ALRT", None, ""),
    ],
)
def test_r55_every_text_is_taken_apart(text: str, ret: str | None, field: str | None, code: str | None, words: str) -> None:
    issue = read(text)
    assert (issue.ret, issue.field, issue.code, issue.words) == (ret, field, code, words)


def test_r55_the_account_glued_to_an_outage_is_kept() -> None:
    assert read(OUTAGE, "warning").parts == (
        IssuePart("OTG REASN", "AA", "AUTO OUTAGE DECLARED 13:24 01/02/23", "outage-at-location", {"account": "8211990010051704"}),
    )
    assert read(OUTAGE[16:], "warning").parts[0].named is None


def test_r36_r55_a_list_of_warnings_is_one_text_with_several_parts() -> None:
    issue = read(UNSCHEDULED, "warning")
    assert issue.parts == (
        IssuePart("JOB_UNSCHED_ALRT", "JBE74A", "ENTER OVERRIDE TO UNSCHEDULE JOB", "job-unscheduled-by-override"),
        IssuePart("JOB_UNSCHED_ALRT", "ADP10E", "NO DATES AVAILABLE FOR THIS JOB", "no-dates-available"),
    )
    assert issue.name == "job-unscheduled-by-override"


def test_r56_the_letter_of_a_code_makes_no_error_of_a_warning() -> None:
    issue = read("ADP10E-NO DATES AVAILABLE FOR THIS JOB", "warning")
    assert (issue.severity, issue.name) == ("warning", "no-dates-available")
    assert read("XYZ99E - SOMETHING NEW", "warning").severity == "warning"
    assert read(EXISTING, "warning").severity == "information"
    assert read(EXISTING, "error").severity == "error"


def test_r57_several_errors_are_one_issue_each_in_their_order() -> None:
    issues = CATALOGUE.read_all([SAME_DAY, "not known", EXPIRED], "error")
    assert [issue.text for issue in issues] == [SAME_DAY, "not known", EXPIRED]
    assert [issue.code for issue in issues] == ["JBE10E", None, "DRO30E"]


def test_r57_several_errors_in_one_text_are_all_kept() -> None:
    issue = read("2099 | SERV_CD-MAP15E - FIELD PROTECTED, CANNOT UPDATE, SCHED_TM-JBE10E-INVALID SCHEDULED TIME OF DAY| ")
    assert [(part.field, part.code, part.words) for part in issue.parts] == [
        ("SERV_CD", "MAP15E", "FIELD PROTECTED, CANNOT UPDATE"),
        ("SCHED_TM", "JBE10E", "INVALID SCHEDULED TIME OF DAY"),
    ]


def test_i17_prose_forms_are_read_like_samples() -> None:
    for text in ("2099 \u2013 DRO30E \u2013 REF CDA NOT FOUND", "2099-DRO30E-REF CDA NOT FOUND", '"2099 | DRO30E - REF CDA NOT FOUND'):
        assert read(text).name == "conversation-expired"


def test_unknown_codes_pass_and_are_reported_with_their_text() -> None:
    heard: list[tuple[str | None, str]] = []
    catalogue = replace(CATALOGUE, unknown=lambda code, text: heard.append((code, text)))
    (issue,) = catalogue.read("2099 | NEW01E - NEVER SEEN", "error")
    assert (issue.name, issue.code, issue.advice, issue.severity) == ("", "NEW01E", "", "error")
    catalogue.read("JOB_UNSCHED_ALRT,JBE74A-ENTER OVERRIDE,QQQ11A-NEVER SEEN", "warning")
    catalogue.read("no code at all", "warning")
    catalogue.read(EXPIRED, "error")
    assert heard == [("NEW01E", "2099 | NEW01E - NEVER SEEN"), (None, "no code at all")]


def test_a_part_whose_field_is_known_is_not_unknown() -> None:
    issue = read("JOB_UNSCHED_ALRT,QQQ11A-NEVER SEEN", "warning")
    assert (issue.code, issue.name) == ("QQQ11A", "job-not-scheduled")


def test_the_first_known_part_speaks_for_the_text() -> None:
    issue = read("NEW01E-NEVER SEEN,ADP10E-NO DATES", "warning")
    assert (issue.code, issue.name) == ("ADP10E", "no-dates-available")
    assert [part.code for part in issue.parts] == ["NEW01E", "ADP10E"]


def test_a_blank_warning_says_nothing_but_a_blank_error_is_still_one() -> None:
    assert CATALOGUE.read("  ", "warning") == []
    assert [issue.text for issue in CATALOGUE.read(" ", "error")] == [" "]


def test_endless_texts_are_kept_whole_and_read_as_far_as_is_sensible() -> None:
    text = "2099 | SERV_CD-MAP15E - " + "X, " * 100_000
    issue = read(text)
    assert issue.code == "MAP15E"
    assert len(issue.words) < 5000


def test_an_issue_comes_back_from_its_json_form() -> None:
    for issue in (read(OUTAGE, "warning"), Issue("text", "error")):
        assert Issue(**orjson.loads(orjson.dumps(issue))) == issue


def test_without_a_grammar_a_text_is_its_words() -> None:
    ret, (piece,) = Grammar().read(" anything | at all ")
    assert (ret, piece.field, piece.code, piece.words) == (None, None, None, "anything | at all")


def test_every_documented_code_has_a_meaning() -> None:
    assert set(CATALOGUE.messages) == {
        "DRO30E",
        "MAP15E",
        "JBE10E",
        "J4U22A",
        "ORV59I",
        "OTG REASN",
        "JOB_UNSCHED_ALRT",
        "JBE74A",
        "ADP10E",
        "ERROROCCURED",
    }
    assert len({meaning.name for meaning in CATALOGUE.messages.values()}) == 10


def test_r41_r77_i20_the_59_job_types_resolve_both_ways_and_unknown_ones_to_nothing() -> None:
    types = CATALOGUE.reference["jobType"]
    assert len(types.rows) == 59
    assert len({row["description"] for row in types.rows}) == 59
    for row in types.rows:
        assert types.one(code=row["code"]) is row
        assert types.one(description=row["description"]) is row
    assert types.one(code="XX") is None


def test_i19_descriptions_are_as_printed_with_a_clean_spelling_beside() -> None:
    types = CATALOGUE.reference["jobType"]
    assert types.one(code="UH") == {"code": "UH", "description": "HSD UPGARDE", "clean": "HSD UPGRADE"}
    assert types.one(code="RC") == {"code": "RC", "description": "RECOONECTS", "clean": "RECONNECTS"}
    assert types.one(code="MR") == {"code": "MR", "description": "MAINTENANCE\\REPAIR", "clean": "MAINTENANCE/REPAIR"}
    assert types.one(code="RT") == {"code": "RT", "description": "RETRENCH\\TRENCH", "clean": "RETRENCH/TRENCH"}


def test_r65_r66_the_18_rows_of_self_installation() -> None:
    rows = CATALOGUE.reference["selfInstall"]
    assert len(rows.rows) == 18
    assert {row["jobType"] for row in rows.rows} == {"SC", "CS", "SS", "SF", "US", "SU"}
    assert {(row["campaign"], row["reason"]) for row in rows.rows} == {("SIN", "SF")}
    assert {row["jobType"]: row["technology"] for row in rows.find(charge="0MSIN", inScope="yes")} == {
        "SC": "Coax",
        "CS": "Fiber",
        "SS": "Coax",
        "SF": "Fiber",
        "US": "Coax",
        "SU": "Fiber",
    }
    assert {(row["charge"], row["amount"], row["inScope"]) for row in rows.rows} == {
        ("0MSIN", "0.00", "yes"),
        ("0MRIS", "9.99", "no"),
        ("0MRIN", "4.99", "no"),
    }
    assert rows.find(jobType="CS", charge="0MSIN")[0]["description"] == "FIB-SELF CONNECT"
    assert rows.find(jobType="FN") == ()  # what the documented sample sends, and what passes all the same


def test_r76_the_12_job_types_of_a_technician_visit() -> None:
    rows = CATALOGUE.reference["technicianVisit"]
    assert [row["jobType"] for row in rows.rows] == ["FN", "FS", "FC", "HC", "HN", "HR", "UH", "NC", "RC", "RS", "DN", "UP"]
    assert {row["jobType"] for row in rows.find(technology="Fiber")} == {"FN", "FS", "FC"}
    assert {(row["campaign"], row["reason"]) for row in rows.rows} == {("ECO", "E1")}
    assert all(CATALOGUE.reference["jobType"].one(code=row["jobType"]) for row in rows.rows)


def test_a_code_beside_a_text_counts_where_the_text_holds_none() -> None:
    heard: list[tuple[str | None, str]] = []
    meaning = Meaning("LIB-0901", "desk-closed", "error", True, "Order tomorrow.", "LIB-0901 DESK CLOSED")
    catalogue = Catalogue(messages={"LIB-0901": meaning}, unknown=lambda code, text: heard.append((code, text)))
    [known], [unknown] = catalogue.read("DESK CLOSED", "error", "LIB-0901"), catalogue.read("DESK CLOSED", "error", "LIB-1")
    assert (known.text, known.code, known.name, known.retryable) == ("DESK CLOSED", "LIB-0901", "desk-closed", True)
    assert (unknown.code, unknown.name, heard) == ("LIB-1", "", [("LIB-1", "DESK CLOSED")])
