"""Findings as people, editors and build servers read them."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from adapter.finding import Finding, Position
from adapter.mapping.frame import render, render_all, to_json, to_sarif

TEXT = "operation: a.b\nreply:\n  state: 'acknowledge'\n"


def finding(line: int = 3, column: int = 10, length: int = 13, **more: str) -> Finding:
    return Finding("M305", "'state' does not take it", Position("m/a.yaml", line, column, length), **more)


def test_the_caret_stands_below_the_place() -> None:
    assert render(finding(hint="it takes: acknowledged"), TEXT) == (
        "m/a.yaml:3:10: error M305: 'state' does not take it\n"
        "  3 |   state: 'acknowledge'\n"
        "    |          ^~~~~~~~~~~~~\n"
        "  = it takes: acknowledged"
    )


def test_a_length_beyond_the_line_is_cut_and_the_end_of_a_line_has_a_caret() -> None:
    assert render(finding(length=500), TEXT).splitlines()[2] == "    |          " + "^" + "~" * 12
    assert render(finding(line=1, column=99), TEXT).splitlines()[2] == "    | " + " " * 14 + "^"


def test_a_line_that_is_not_there_has_no_frame() -> None:
    assert render(finding(line=9, hint="h"), TEXT) == "m/a.yaml:9:10: error M305: 'state' does not take it\n  = h"
    assert render(finding(line=0), TEXT).count("\n") == 0


@pytest.mark.parametrize(
    ("line", "column", "length", "under"),
    [
        ("\ta: b", 5, 1, "\t   ^"),
        ("中文: b", 1, 2, "^~~~"),
        ("中文: b", 5, 1, "      ^"),
        ("e\u0301: b", 4, 1, "  ^"),
        ("", 1, 1, "^"),
    ],
)
def test_the_caret_stands_right_below_wide_and_combining_characters(line: str, column: int, length: int, under: str) -> None:
    shown = render(finding(line=1, column=column, length=length), line)
    assert shown.splitlines()[2] == "    | " + under


def test_a_long_line_is_shown_around_the_place() -> None:
    line = "x" * 300 + "HERE" + "y" * 300
    shown = render(finding(line=1, column=301, length=4), line).splitlines()
    assert shown[1].startswith("  1 | …x")
    assert shown[1].endswith("y…")
    assert len(shown[1]) < 140
    start = shown[2].index("^")
    assert shown[1][start : start + 4] == "HERE"
    assert shown[2][start:] == "^~~~"
    head = render(finding(line=1, column=1, length=2), line).splitlines()
    assert head[1].startswith("  1 | xxx")
    assert head[2] == "    | ^~"
    tail = render(finding(line=1, column=604, length=1), line).splitlines()
    assert tail[1].endswith("y")
    assert tail[1][tail[2].index("^")] == "y"


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in render(finding(line=1, column=1), "a\x1b[31m: b")


def test_all_findings_stand_in_order_and_are_counted() -> None:
    warning = Finding("M308", "may be too long", Position("m/a.yaml", 1, 1), severity="warning")
    shown = render_all([finding(), warning], {"m/a.yaml": TEXT})
    assert shown.index("M308") < shown.index("M305")
    assert shown.endswith("\n\n1 error, 1 warning\n")
    assert render_all([], {}) == "0 errors, 0 warnings\n"
    assert render_all([finding(), finding(line=2)], {}).endswith("2 errors, 0 warnings\n")


def test_json_holds_every_part() -> None:
    assert json.loads(to_json([finding(hint="h")])) == [
        {
            "file": "m/a.yaml",
            "line": 3,
            "column": 10,
            "length": 13,
            "severity": "error",
            "code": "M305",
            "text": "'state' does not take it",
            "hint": "h",
        }
    ]


# the parts of the SARIF 2.1.0 schema that a log like ours uses
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "required": ["tool"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {"rules": {"type": "array", "uniqueItems": True, "items": {"required": ["id"]}}},
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "required": ["message", "ruleId", "level", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"], "properties": {"text": {"type": "string"}}},
                                "locations": {
                                    "items": {
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {"properties": {"uri": {"type": "string"}}},
                                                    "region": {
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                            "endColumn": {"type": "integer", "minimum": 1},
                                                        }
                                                    },
                                                },
                                            }
                                        }
                                    }
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_sarif_is_a_valid_log() -> None:
    other = Finding("F201", "of another check", Position("config/pr.yaml", 1, 1), severity="note")
    log = json.loads(to_sarif([finding(hint="h"), finding(line=1), other]))
    jsonschema_rs.validate(SARIF, log)
    run = log["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["F201", "M305"]
    first, _, last = run["results"]
    assert first["message"]["text"] == "'state' does not take it (h)"
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "m/a.yaml"},
        "region": {"startLine": 3, "startColumn": 10, "endColumn": 23},
    }
    assert (first["ruleIndex"], last["ruleIndex"], last["level"]) == (1, 0, "note")
