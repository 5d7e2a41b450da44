"""What is wrong with a codes file is said with its place, all of it at once."""

from pathlib import Path

import pytest

from adapter.codes import load_catalogue, read_catalogue
from adapter.codes.findings import FINDINGS
from adapter.errors import CheckFailed

GOOD = """\
source: a system of ours
grammar:
  fragments:
    code: '[A-Z]{3}[0-9]'
  head: '(?P<ret>[0-9]+)\\s*:\\s*'
  split: ';'
  entries:
    coded: '(?P<code>{code})\\s+(?P<text>.*)'
messages:
  ABC1:
    name: out-of-stock
    severity: warning
    retryable: yes
    advice: Try again later.
    sample: "12: ABC1 none left"
tables:
  anything: {rows: {a: A}}
reference:
  colour:
    key: code
    rows:
      - {code: R, name: red}
"""


def findings(text: str) -> list[str]:
    _, found = read_catalogue(text, "codes.yaml")
    assert all(finding.code in FINDINGS for finding in found)
    return [
        f"{finding.at.line}:{finding.at.column}+{finding.at.length} {finding.code} {finding.text}"
        + (f" ({finding.hint})" if finding.hint else "")
        for finding in found
    ]


def changed(old: str, new: str) -> list[str]:
    assert GOOD.count(old) == 1
    return findings(GOOD.replace(old, new))


def test_a_good_file() -> None:
    catalogue, found = read_catalogue(GOOD, "codes.yaml")
    assert found == []
    (issue,) = catalogue.read("12: ABC1 none left", "warning")
    assert (issue.ret, issue.code, issue.name, issue.retryable, issue.words) == ("12", "ABC1", "out-of-stock", True, "none left")
    assert catalogue.reference["colour"].one(code="R") == {"code": "R", "name": "red"}


def test_an_empty_file_is_an_empty_catalogue() -> None:
    catalogue, found = read_catalogue("", "codes.yaml")
    assert found == []
    assert [issue.words for issue in catalogue.read("anything", "error")] == ["anything"]
    assert findings("source: nothing yet\n") == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("messages:\n", "mesages:\n", ["9:1+7 C105 'mesages' means nothing in the file (did you mean 'messages'?)"]),
        (
            "  split: ';'",
            "  zzz: ';'",
            ["6:3+3 C105 'zzz' means nothing in 'grammar' (known are entries, fragments, head, source, split, trim)"],
        ),
        (
            "{3}[0-9]'",
            "{3}[0-9'",
            [
                "4:20+1 C111 the fragment 'code' is no regular expression: unterminated character set "
                "(between single quotes no backslash is doubled)"
            ],
        ),
        (
            ">{code})",
            ">{kode})",
            ["8:22+6 C112 the entry 'coded' uses the fragment 'kode', which is not declared before it (did you mean 'code'?)"],
        ),
        (
            "(?P<ret>[0-9]+)",
            "[0-9]+",
            ["5:9+15 C113 'head' does not name (?P<ret>…) (mark the return code with it)"],
        ),
        ("split: ';'", "split: '(;)'", ["6:10+5 C113 'split' has groups that capture (write (?:…) instead of (…))"]),
        ("split: ';'", "split: [';']", ["6:10+5 C107 'split' must be one expression"]),
        ("split: ';'", "trim: [a]", ["6:9+3 C107 'trim' of 'grammar' must be text"]),
        (
            "name: out-of-stock",
            "name: OutOfStock",
            ["11:11+10 C108 'OutOfStock' is no normalised code (lower case words joined by '-', like order-signed-off)"],
        ),
        ("severity: warning", "severity: bad", ["12:15+3 C108 'bad' is no severity (one of error, warning, information)"]),
        ("retryable: yes", "retryable: maybe", ["13:16+5 C108 'maybe' is neither yes nor no"]),
        ("    advice: Try again later.\n", "", ["11:5+1 C106 the message 'ABC1' has no 'advice' (add 'advice: …')"]),
        ("advice: Try again later.", "advice:", ["14:12+1 C106 'advice' of the message 'ABC1' is empty"]),
        ("advice: Try again later.", "advice: [a]", ["14:13+3 C107 'advice' of the message 'ABC1' must be text"]),
        (
            '"12: ABC1 none left"',
            '"12: ABD1 none left"',
            ["15:13+20 C121 the grammar reads ABD1 in the sample of 'ABC1' (mend the sample, the code, or the grammar)"],
        ),
        (
            '"12: ABC1 none left"',
            '"none left"',
            ["15:13+11 C121 the grammar reads no code in the sample of 'ABC1' (mend the sample, the code, or the grammar)"],
        ),
        (
            "    key: code\n",
            "",
            ["20:5+1 C106 the reference table 'colour' has no 'key' (name the column, or the list of columns, that tells its rows apart)"],
        ),
        (
            "key: code",
            "key: [code, [x]]",
            [
                "20:10+11 C106 the reference table 'colour' has no 'key' "
                "(name the column, or the list of columns, that tells its rows apart)"
            ],
        ),
        (
            "{code: R, name: red}",
            "{name: red}",
            ["22:9+11 C131 a row of the reference table 'colour' has no 'code' (each row has the key columns)"],
        ),
        (
            "- {code: R, name: red}",
            "- {code: R, name: red}\n      - {code: R, name: rose}",
            ["23:9+21 C131 the reference table 'colour' has a second row for R; the first is on line 22"],
        ),
        ("{code: R, name: red}", "{code: R, name: [red]}", ["22:9+22 C107 a row of the reference table 'colour' holds more than texts"]),
        ("- {code: R, name: red}", "- R", ["22:9+1 C107 a row of the reference table 'colour' must be 'key: value' lines"]),
        (
            "    rows:\n      - {code: R, name: red}\n",
            "",
            ["20:5+1 C107 the reference table 'colour' needs a list of rows (write '- {column: value, …}' lines below 'rows')"],
        ),
        (
            "  colour:\n    key: code\n    rows:\n      - {code: R, name: red}\n",
            "  colour: x\n",
            ["19:11+1 C107 the reference table 'colour' must be 'key: value' lines"],
        ),
        (
            "source: a system of ours",
            "source: a\nsource: b",
            ["2:1+6 C102 'source' stands here a second time; the first is on line 1 (remove one of the two)"],
        ),
        ("sample: ", "sample: !!str ", []),
        ("source: a system of ours", "source: !x a", ["1:9+4 C103 the tag !x is not allowed (every scalar is text; remove the tag)"]),
        ("source: a system of ours", "source: a\n? [b]\n: c", ["2:3+3 C103 a key must be text"]),
    ],
)
def test_mistakes_are_found_at_their_place(old: str, new: str, expected: list[str]) -> None:
    assert changed(old, new) == expected


def test_entries_must_tell_something_and_leave_the_return_code_to_the_head() -> None:
    assert changed("'(?P<code>{code})\\s+(?P<text>.*)'", "'(?P<ret>{code}) .*'") == [
        "8:12+20 C113 the entry 'coded' names neither (?P<code>…) nor (?P<field>…) (without one it tells nothing)",
        "8:12+20 C113 the entry 'coded' names (?P<ret>…) (the return code stands once, in 'head')",
    ]


def test_all_mistakes_are_found_at_once() -> None:
    text = GOOD.replace("warning", "bad").replace("yes", "maybe").replace("code: R, ", "")
    assert [finding.split()[1] for finding in findings(text)] == ["C108", "C108", "C131"]


def test_an_alias_is_refused() -> None:
    assert findings("source: &a x\ngrammar: {fragments: {b: *a}}\n") == [
        "1:9+2 C103 an anchor (&a) is not allowed (write the value out)",
        "2:26+2 C103 an alias (*a) is not allowed (write the value out)",
    ]


def test_broken_yaml() -> None:
    (finding,) = findings("grammar: [\n")
    assert finding.startswith("2:1+1 C101 broken YAML: ")
    (finding,) = findings("a: \x00")
    assert " C101 broken YAML: " in finding
    assert findings("- a\n") == ["1:1+1 C107 the file must be 'key: value' lines"]
    assert findings("grammar: x\nmessages: {A: b}\n") == [
        "1:10+1 C107 'grammar' must be 'key: value' lines",
        "2:15+1 C107 the message 'A' must be 'key: value' lines",
    ]


def test_loading_a_file_raises_with_all_findings(tmp_path: Path) -> None:
    path = tmp_path / "codes.yaml"
    path.write_text(GOOD.replace("warning", "bad").replace("yes", "maybe"), encoding="utf-8")
    with pytest.raises(CheckFailed) as caught:
        load_catalogue(path, shown="mappings/x/codes.yaml")
    assert [str(finding.at) for finding in caught.value.findings] == ["mappings/x/codes.yaml:12:15", "mappings/x/codes.yaml:13:16"]
    path.write_bytes(b"\xff")
    with pytest.raises(CheckFailed, match="C104"):
        load_catalogue(path)
    with pytest.raises(CheckFailed, match="C104"):
        load_catalogue(tmp_path / "missing.yaml")
    path.write_text(GOOD, encoding="utf-8")
    assert load_catalogue(path).messages["ABC1"].name == "out-of-stock"
