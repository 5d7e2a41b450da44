"""Running cases: each section of a mapping that a case gives documents for, compared with what it expects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from adapter.errors import AdapterError, InvalidMessage
from adapter.mapping.cases.compare import Difference, compare
from adapter.mapping.cases.file import Case
from adapter.mapping.compile.lookup import lookup, no_hook
from adapter.mapping.compile.record import Told
from adapter.mapping.coverage import Coverage
from adapter.mapping.explain import origins
from adapter.mapping.model import Direction
from adapter.mapping.runtime import CodeRefused
from adapter.mapping.scope import Scope
from adapter.mapping.suggest import suggest
from adapter.mapping.tables import CodeTable
from adapter.mapping.translator import Translator, Verdict, Written
from adapter.ports import Document

NOW: Final = "2026-01-01T00:00:00.000Z"  # the clock and the ids of every case, so that documents can be written down
CLIENT_REFERENCE: Final = "CLIENT-REFERENCE"
CORRELATION_ID: Final = "CORRELATION-ID"
UID: Final = "UID"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of one case; it passed where there are no differences."""

    case: Case
    differences: tuple[str, ...]

    def __str__(self) -> str:
        head = f"{'FAIL' if self.differences else 'ok  '} {self.case}"
        return "\n".join([head, *(f"     {line}" for line in self.differences)])


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all cases and what they cover. ``passed`` needs both: all equal, and nothing left uncovered."""

    results: tuple[CaseResult, ...]
    coverage: Coverage

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """The cases with differences."""
        return tuple(result for result in self.results if result.differences)

    @property
    def passed(self) -> bool:
        """Whether everything is as it should be."""
        return not self.failed and not self.coverage.missing

    def __str__(self) -> str:
        lines = [str(result) for result in self.results]
        lines += [str(point) for point in self.coverage.missing]
        return "\n".join([*lines, f"{len(self.results) - len(self.failed)} of {len(self.results)} cases passed; used: {self.coverage}"])


def run_cases(
    translators: Mapping[str, Translator],
    tables: Mapping[str, CodeTable],
    cases: Iterable[Case],
    settings: Mapping[str, Any] | None = None,
) -> Report:
    """Runs the cases of one market. ``translators`` are by operation; ``settings`` the market's, which a case may change."""
    coverage = Coverage(translators.values(), tables)
    results = []
    for case in cases:
        run = _table_case(case, tables, coverage) if case.table else _case_of(case, translators, settings or {}, coverage)
        results.append(CaseResult(case, tuple(run)))
    return Report(tuple(results), coverage)


def _table_case(case: Case, tables: Mapping[str, CodeTable], coverage: Coverage) -> Iterator[str]:
    table = tables.get(case.table)
    if table is None:
        yield f"there is no table '{case.table}'; {suggest(case.table, tables)}"
        return
    secondary = {row.canonical.value for row in table.ambiguous}
    for canonical, legacy in case.rows:
        coverage.use_row(table, canonical)
        yield from _looked_up(table, Direction.REQUEST, canonical, legacy)
        if canonical not in secondary:
            yield from _looked_up(table, Direction.REPLY, legacy, canonical)
    for direction, misses in case.misses.items():
        for code, wanted in misses.items():
            yield from _looked_up(table, Direction(direction), code, wanted)


def _looked_up(table: CodeTable, direction: Direction, code: str, wanted: str | None) -> Iterator[str]:
    try:
        got = lookup(table, direction, no_hook)(code)
    except CodeRefused:
        got = None
    if got != wanted:
        yield f"{direction} {code!r}: expected {_said(wanted)}, got {_said(got)}"


def _said(code: str | None) -> str:
    return "a refusal" if code is None else repr(code)


def _case_of(case: Case, translators: Mapping[str, Translator], settings: Mapping[str, Any], coverage: Coverage) -> Iterator[str]:
    translator = translators.get(case.operation)
    if translator is None:
        yield f"there is no mapping of '{case.operation}'; {suggest(case.operation, translators)}"
        return
    run = _Run(case, translator, coverage, settings)
    if case.legacy is not None or case.problems is not None:
        yield from run.request()
    if case.reply is not None or case.answer is not None or case.outcome is not None:
        yield from run.reply()


class _Run:
    """One case on its way through the sections of its mapping."""

    def __init__(self, case: Case, translator: Translator, coverage: Coverage, settings: Mapping[str, Any]) -> None:
        self.case, self.translator, self.coverage = case, translator, coverage
        self.settings = {**settings, **case.setting}

    def _scope(self, warnings: tuple[str, ...] = ()) -> Scope:
        case = self.case
        correlation = next((value for name, value in case.header.items() if name.lower() == "correlationid"), CORRELATION_ID)
        return Scope(
            request=case.request or {},
            reply=case.reply,
            header=case.header,
            query=case.query,
            path=case.path,
            setting=self.settings,
            correlation_id=correlation,
            client_reference=CLIENT_REFERENCE,
            now=NOW,
            uid=UID,
            stored=case.stored,
            asked=case.asked,
            warnings=warnings,
        )

    def _traced(self, section: str, scope: Scope, answer: Document | None = None) -> tuple[Any, list[Told], AdapterError | None]:
        told: list[Told] = []
        try:
            return self.translator.traced(section, scope, told, answer), told, None
        except AdapterError as error:
            return None, told, error
        finally:
            self.coverage.add(self.translator.functions()[section].records, told)

    def request(self) -> Iterator[str]:
        """Compares the legacy document, or what the refusal names."""
        written, told, error = self._traced("request", self._scope())
        if self.case.problems is not None:
            named = [problem.path for problem in error.problems] if isinstance(error, InvalidMessage) else []
            if sorted(named) != sorted(self.case.problems):
                yield f"expected a refusal that names {_list(self.case.problems)}, got {error or 'a legacy document'}"
        elif error is not None:
            yield f"expected a legacy document, got {type(error).__name__}: {error}"
        else:
            yield from self._compared("legacy", "request", self.case.legacy, written.document, told)

    def reply(self) -> Iterator[str]:
        """Compares the verdict, the answer and the views."""
        verdict, _, error = self._traced("outcome", self._scope())
        if error is not None:
            yield f"expected an outcome, got {type(error).__name__}: {error}"
            return
        yield from self._judged(verdict)
        if self.case.answer is None and not self.case.view:
            return
        scope = self._scope(verdict.texts)
        written, told, error = self._traced("reply", scope)
        if error is not None:
            yield f"expected an answer, got {type(error).__name__}: {error}"
            return
        if self.case.answer is not None:
            yield from self._compared("answer", "reply", self.case.answer, written.document, told)
        for face, shown in self.case.view.items():
            yield from self._viewed(face, scope, written, shown)

    def _judged(self, verdict: Verdict) -> Iterator[str]:
        got = {"is": verdict.kind.value, "texts": list(verdict.texts), "message": verdict.message, "status": verdict.status}
        wanted = self.case.outcome if self.case.outcome is not None else {"is": "accepted"}
        for key, value in wanted.items():
            if key not in got:
                yield f"'{key}' is no part of an outcome; {suggest(key, got)}"
            elif got[key] != value:
                rule = f" (rule {verdict.rule})" if verdict.rule is not None else ""
                yield f"outcome {key}: expected {_json(value)}, got {_json(got[key])}{rule}"

    def _viewed(self, face: str, scope: Scope, answer: Written, shown: Document) -> Iterator[str]:
        if face not in self.translator.faces:
            yield f"there is no view of the face '{face}'; {suggest(face, self.translator.faces)}"
            return
        got, told, error = self._traced(f"view {face}", scope, answer.document)
        if error is not None:
            yield f"expected a view, got {type(error).__name__}: {error}"
            return
        wanted = {**answer.document, **shown}
        hidden = {name for name, value in wanted.items() if value is None and name not in got}
        wanted = {name: value for name, value in wanted.items() if name not in hidden}
        yield from self._compared(f"view {face}", f"view {face}", wanted, got, told)

    def _compared(self, name: str, section: str, wanted: Any, got: Any, told: list[Told]) -> Iterator[str]:
        rules = {origin.target: origin.rule for origin in origins(self.translator.functions()[section].records, told)}
        for difference in compare(wanted, got):
            rule = rules.get(difference.path)
            yield f"{name} {_told(difference)}{f' (rule {rule})' if rule is not None else ''}"


def _told(difference: Difference) -> str:
    expected = "nothing" if difference.missing == "expected" else _json(difference.expected)
    got = "nothing" if difference.missing == "got" else _json(difference.got)
    return f"{difference.path or 'document'}: expected {expected}, got {got}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=lambda each: float(each) if isinstance(each, Decimal) else str(each))


def _list(paths: Iterable[str]) -> str:
    return ", ".join(paths) or "nothing"
