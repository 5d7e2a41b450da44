"""Findings for people, editors and build servers: a frame with a caret, JSON, SARIF 2.1.0."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from adapter.finding import Finding
from adapter.mapping.catalogue import CATALOGUE
from adapter.yaml_text import split_lines

_WIDTH = 120
_LEVELS = {"error": "error", "warning": "warning"}


def render(finding: Finding, text: str) -> str:
    """The finding over its source line. ``text`` is the whole file.

    Without a final line break: place and message, the line, a caret below, the hint.
    """
    at = finding.at
    lines = split_lines(text)
    head = f"{at}: {finding.severity} {finding.code}: {finding.text}"
    tail = [f"  = {finding.hint}"] if finding.hint else []
    if not 1 <= at.line <= len(lines):
        return "\n".join([head, *tail])
    source, start = _cut(lines[at.line - 1], at.column)
    length = max(1, min(at.length, len(source) - start))
    number = str(at.line)
    margin = " " * len(number)
    before = "".join("\t" if char == "\t" else " " * _columns(char) for char in source[:start])
    under = "^" + "~" * (max(sum(map(_columns, source[start : start + length])), 1) - 1)
    frame = [f"  {number} | {_printable(source)}", f"  {margin} | {before}{under}"]
    return "\n".join([head, *frame, *tail])


def render_all(findings: Iterable[Finding], files: Mapping[str, str]) -> str:
    """Every finding in the order of its place, with its frame, and a last line that counts. ``files`` are texts by name."""
    ordered = sorted(findings, key=lambda each: (each.at, each.code))
    parts = [render(each, files.get(each.at.file, "")) for each in ordered]
    return "\n\n".join([*parts, _count(ordered)]) + "\n"


def to_json(findings: Iterable[Finding]) -> str:
    """A JSON list of {file, line, column, length, severity, code, text, hint}; lines and columns count from 1."""
    return json.dumps([_plain(each) for each in findings], ensure_ascii=False, indent=2)


def to_sarif(findings: Iterable[Finding]) -> str:
    """A SARIF 2.1.0 log with one run; ``uri`` is the file as it is named in the findings."""
    listed = list(findings)
    codes = sorted({each.code for each in listed})
    driver = {"name": "adapter check", "rules": [_rule(code) for code in codes]}
    results = [_result(each, codes.index(each.code)) for each in listed]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(log, ensure_ascii=False, indent=2)


def _cut(line: str, column: int) -> tuple[str, int]:
    """The part of a long line around the column, and where the column is in it."""
    start = min(max(column - 1, 0), len(line))
    if len(line) <= _WIDTH:
        return line, start
    left = max(0, min(start - _WIDTH // 2, len(line) - _WIDTH))
    front, back = "…" if left else "", "…" if left + _WIDTH < len(line) else ""
    return front + line[left : left + _WIDTH] + back, start - left + len(front)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in text)


def _count(findings: list[Finding]) -> str:
    errors = sum(each.severity == "error" for each in findings)
    warnings = len(findings) - errors
    return f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"


def _plain(finding: Finding) -> dict[str, Any]:
    at = finding.at
    place = {"file": at.file, "line": at.line, "column": at.column, "length": at.length}
    return {**place, "severity": finding.severity, "code": finding.code, "text": finding.text, "hint": finding.hint}


def _rule(code: str) -> dict[str, Any]:
    entry = CATALOGUE.get(code)
    if entry is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.meaning},
        "help": {"text": entry.remedy},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    at = finding.at
    region = {"startLine": at.line, "startColumn": at.column, "endColumn": at.column + max(at.length, 1)}
    place = {"physicalLocation": {"artifactLocation": {"uri": at.file}, "region": region}}
    said = f"{finding.text} ({finding.hint})" if finding.hint else finding.text
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS.get(finding.severity, "note"),
        "message": {"text": said},
        "locations": [place],
    }
