"""Running the cases of a market, with what they cover of its mappings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.contract.shape import Shape
from adapter.finding import suggest
from adapter.mapping.cases.contract import breaches
from adapter.mapping.cases.file import Case
from adapter.mapping.cases.sections import CaseRun, Read
from adapter.mapping.cases.table import table_case
from adapter.mapping.coverage import Coverage
from adapter.mapping.tables import CodeTable
from adapter.mapping.translator import Translator


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
    read: Read | None = None,
    said: Mapping[str, Shape] | None = None,
) -> Report:
    """Runs the cases of one market. ``translators`` are by operation; ``settings`` the market's, which a case may change. ``read`` is for
    messages that are given as they come over the wire. ``said`` is what the backend may say, by operation: its replies and messages."""
    coverage = Coverage(translators.values(), tables)
    results = []
    for case in cases:
        run = table_case(case, tables, coverage) if case.table else _case_of(case, translators, settings or {}, coverage, read)
        heard = case.message if case.reply is None else case.reply
        shape = (said or {}).get(case.operation)
        wrong = breaches(heard, shape) if shape is not None and isinstance(heard, dict) else ()
        told = "reply" if case.message is None else "message"
        results.append(CaseResult(case, (*(f"{told} {each}" for each in wrong), *run)))
    return Report(tuple(results), coverage)


def _case_of(
    case: Case, translators: Mapping[str, Translator], settings: Mapping[str, Any], coverage: Coverage, read: Read | None
) -> Iterator[str]:
    translator = translators.get(case.operation)
    if translator is None:
        yield f"there is no mapping of '{case.operation}'; {suggest(case.operation, translators)}"
        return
    run = CaseRun(case, translator, coverage, settings)
    if translator.received:
        yield from run.message(read)
        return
    if case.legacy is not None or case.problems is not None or case.refused is not None:
        yield from run.request()
    if case.reply is not None or case.answer is not None or case.subject is not None or case.outcome is not None:
        yield from run.reply()
