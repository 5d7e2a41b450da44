"""R18, R41, R55, R66, R76, R77: the texts and code tables of the documents, as the market declares them."""

from __future__ import annotations

import pytest

from adapter.codes import Catalogue, read_catalogue
from tests.service_kit import ROOT


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    name = "mappings/pr/codes.yaml"
    found, findings = read_catalogue((ROOT / name).read_text(encoding="utf-8"), name)
    assert findings == []
    return found


PIECES = {
    "2099 | DRO30E - REF CDA NOT FOUND| ": ("2099", [(None, "DRO30E", "REF CDA NOT FOUND")]),
    "2099 | SERV_CD-MAP15E - FIELD PROTECTED, CANNOT UPDATE| ": ("2099", [("SERV_CD", "MAP15E", "FIELD PROTECTED, CANNOT UPDATE")]),
    "2099 | SCHED_TM-JBE10E-INVALID SCHEDULED TIME OF DAY| ": ("2099", [("SCHED_TM", "JBE10E", "INVALID SCHEDULED TIME OF DAY")]),
    "2099 | JOB_TYP_TIME_ALRT-J4U22A-ENTERED DT/TM UNAVAIL": ("2099", [("JOB_TYP_TIME_ALRT", "J4U22A", "ENTERED DT/TM UNAVAIL")]),
    "2099 – DRO30E – REF CDA NOT FOUND": ("2099", [(None, "DRO30E", "REF CDA NOT FOUND")]),  # noqa: RUF001 - as printed
    "ORV59I - EXISTING CUSTOMER AT LOCATION": (None, [(None, "ORV59I", "EXISTING CUSTOMER AT LOCATION")]),
    "8211990010051704OTG REASN  - AA                          AUTO OUTAGE DECLARED 13:24 01/02/23": (
        None,
        [("OTG REASN", "AA", "AUTO OUTAGE DECLARED 13:24 01/02/23")],
    ),
    "JOB_UNSCHED_ALRT,JBE74A-ENTER OVERRIDE TO UNSCHEDULE JOB,ADP10E-NO DATES AVAILABLE FOR THIS JOB": (
        None,
        [
            ("JOB_UNSCHED_ALRT", "JBE74A", "ENTER OVERRIDE TO UNSCHEDULE JOB"),
            ("JOB_UNSCHED_ALRT", "ADP10E", "NO DATES AVAILABLE FOR THIS JOB"),
        ],
    ),
}


@pytest.mark.parametrize(("text", "read"), PIECES.items(), ids=[*"abcdefgh"])
def test_r55_each_documented_text_is_taken_apart(
    catalogue: Catalogue, text: str, read: tuple[str | None, list[tuple[str | None, str | None, str]]]
) -> None:
    (issue,) = catalogue.read(text, "error")
    assert issue.text == text
    assert (issue.ret, [(part.field, part.code, (part.words or "").strip()) for part in issue.parts]) == read


@pytest.mark.parametrize("text", ["SYSTEM BUSY", "nothing like it", "2099 | "])
def test_r55_a_text_that_nobody_knows_has_no_code_and_is_kept(catalogue: Catalogue, text: str) -> None:
    (issue,) = catalogue.read(text, "error")
    assert (issue.code, issue.text) == (None, text)


SELF_INSTALL = {
    ("SC", "Coax"): "SELF SERV CONNECT",
    ("CS", "Fiber"): "FIB-SELF CONNECT",
    ("SS", "Coax"): "SELF SERV RESTART",
    ("SF", "Fiber"): "FIB-SELF RESTART",
    ("US", "Coax"): "SELF SERV UPGRADE",
    ("SU", "Fiber"): "FIB-SELF UPGRADE",
}
CHARGES = {"0MSIN": "0.00", "0MRIS": "9.99", "0MRIN": "4.99"}


def test_r66_all_eighteen_rows_of_self_install_are_found(catalogue: Catalogue) -> None:
    table = catalogue.reference["selfInstall"]
    assert len(table.rows) == 18
    for (job, technology), description in SELF_INSTALL.items():
        for charge, amount in CHARGES.items():
            row = table.one(jobType=job, charge=charge)
            assert row is not None
            assert (row["description"], row["technology"], row["amount"]) == (description, technology, amount)
            assert (row["campaign"], row["reason"], row["inScope"]) == ("SIN", "SF", "yes" if charge == "0MSIN" else "no")


def test_r76_the_twelve_job_types_of_a_visit_are_found(catalogue: Catalogue) -> None:
    table = catalogue.reference["technicianVisit"]
    fibre, coax = ("FN", "FS", "FC"), ("HC", "HN", "HR", "UH", "NC", "RC", "RS", "DN", "UP")
    assert {row["jobType"]: row["technology"] for row in table.rows} == dict.fromkeys(fibre, "Fiber") | dict.fromkeys(coax, "Coax")
    assert {(row["campaign"], row["reason"]) for row in table.rows} == {("ECO", "E1")}


JOB_TYPES = r"""AO A/O UPGRADE · AU AUDIT · BD NW/BURY/DROP · BN B2B SELF CONNECT · BR B2B SELF RESTART · BT BUCKET TRUCK
· BU B2B SELF UPGRADE · CP CONSTRUCTN/PREWIRE · CS FIB-SELF CONNECT · DH HSD DOWNGRADE · DN DOWNGRADE
· EP EQUIPMENT PICKUP · FC FIBER SERVICE CHG · FM FIBER MIGRATION · FN FTTH INSTALL · FS FIBER RESTART
· GA GUINDOLA · HC HSD RECONNECT · HN HSD NEW CONNECT · HR HSD RESTART · IT INST TROUBLE CALL
· KC COMM-RECONNECT · KN COMM-NEW CONNECT · KR COMM-RESTART · KS BSB F-SELF RESTART · KU COMM-UPG
· MN INTER ESCALATION · MR MAINTENANCE\REPAIR · NC NEW CONNECT · NK BSB F-SELF CONNECT · NP NONPAY
· OL FAT NO OPT LIGHT · PS PEND CONSTRUCTION · RC RECOONECTS · RP REPLACE DROP · RS RESTART SERVICE
· RT RETRENCH\TRENCH · SC SELF SERV CONNECT · SF FIB-SELF RESTART · SH SIDEGRADE · SP CERTIFIED NODE
· SR SYSTEM REPLACEMENT · SS SELF SERV RESTART · SU FIB-SELF UPGRADE · TA TROUBLE CALL · TB BS-TROUBLE CALL
· TE TAP&EQUIP DISCO · TF FTTH TROUBLE CALL · TN TELE NEW CONNECT · TP TP DISCO · TR TELE RESTART
· UH HSD UPGARDE · UK B2B F-SELFUPGRADE · UP UPGRADE · US SELF SERV UPGRADE · UT TELE UPGRADE
· VD VOLUNTARY DISCO · VS VERIFY SERVICE · VT TRANSFER"""


def test_r77_the_fifty_nine_job_types_resolve_both_ways(catalogue: Catalogue) -> None:
    printed = {entry.strip()[:2]: entry.strip()[3:] for entry in JOB_TYPES.replace("\n", " ").split("·")}
    table = catalogue.reference["jobType"]
    assert {row["code"]: row["description"] for row in table.rows} == printed
    assert len(printed) == 59
    for code, description in printed.items():
        assert (table.one(code=code) or {})["description"] == description
        assert [row["code"] for row in table.find(description=description)] == [code]


@pytest.mark.parametrize("code", ["ZZ", "", "fn"])
def test_r41_r77_an_unknown_job_type_has_no_description(catalogue: Catalogue, code: str) -> None:
    assert catalogue.reference["jobType"].one(code=code) is None


def test_r18_the_combinations_are_there_as_advice(catalogue: Catalogue) -> None:
    table = catalogue.reference["productCombination"]
    assert {row["packages"]: (row["ftth"], row["coax"]) for row in table.rows} == {
        "1P Telephone": ("yes", "yes"),
        "1P Video/TV": ("no", "yes"),
        "1P Internet": ("yes", "yes"),
        "2P TV + Internet": ("yes", "yes"),
        "2P TV + Phone": ("no", "yes"),
        "2P Internet + Phone": ("yes", "yes"),
        "3P TV + Phone + Internet": ("yes", "yes"),
    }
