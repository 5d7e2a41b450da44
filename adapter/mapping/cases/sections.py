"""One case of an operation or message: each section that it gives documents for, compared with what it expects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from adapter.errors import AdapterError, ConfigError, InvalidMessage, NotFound
from adapter.finding import suggest
from adapter.mapping.cases.compare import Difference, compare
from adapter.mapping.cases.file import Case
from adapter.mapping.cases.wire import request_of
from adapter.mapping.compile.record import Told
from adapter.mapping.coverage import Coverage
from adapter.mapping.explain import origins
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Refusal, Translator, Verdict, Written
from adapter.ports import Document, InboundRequest, Received

NOW: Final = "2026-01-01T00:00:00.000Z"  # the clock and the ids of every case, so that documents can be written down
CLIENT_REFERENCE: Final = "CLIENT-REFERENCE"
CORRELATION_ID: Final = "CORRELATION-ID"
UID: Final = "UID"
_LINE_MISSING: Final = "; a message that is known by its path begins with the line that names it, such as 'POST /path'"

Read = Callable[[InboundRequest], Received]  # a message as it comes over the wire


def correlation_of(header: Mapping[str, str]) -> str:
    """The correlation id of a case: that of its header, where there is one."""
    return next((value for name, value in header.items() if name.lower() == "correlationid"), CORRELATION_ID)


class CaseRun:
    """One case on its way through the sections of its mapping."""

    def __init__(self, case: Case, translator: Translator, coverage: Coverage, settings: Mapping[str, Any]) -> None:
        self.case, self.translator, self.coverage = case, translator, coverage
        self.settings = {**settings, **case.setting}

    def _scope(self, warnings: tuple[str, ...] = ()) -> Scope:
        case = self.case
        return Scope(
            request=case.request or {},
            reply=case.reply,
            header=case.header,
            query=case.query,
            path=case.path,
            setting=self.settings,
            correlation_id=correlation_of(case.header),
            client_reference=CLIENT_REFERENCE,
            now=NOW,
            uid=UID,
            stored=case.stored,
            asked=case.asked,
            known=case.known,
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
        """Compares the legacy document, the refusals, or what is named of a request that is not valid."""
        refusals: list[Refusal] = []
        error: AdapterError | None = None
        if "refuse" in self.translator.functions():
            found, _, error = self._traced("refuse", self._scope())
            refusals = found or []
        if self.case.refused is not None or (refusals and error is None):
            yield from self._refused(refusals, error)
            return
        written, told, error = self._traced("request", self._scope())
        if self.case.problems is not None:
            named = [problem.path for problem in error.problems] if isinstance(error, InvalidMessage) else []
            if sorted(named) != sorted(self.case.problems):
                yield f"expected a refusal that names {_list(self.case.problems)}, got {error or 'a legacy document'}"
        elif error is not None:
            yield f"expected a legacy document, got {type(error).__name__}: {error}"
        else:
            yield from self._compared("legacy", "request", self.case.legacy, written.document, told)

    def _refused(self, refusals: list[Refusal], error: AdapterError | None) -> Iterator[str]:
        wanted = self.case.refused or ()
        got = [refusal._asdict() for refusal in refusals]
        seen = [{key: each.get(key) for key in one} for one, each in zip(wanted, got, strict=False)]
        if error is not None:
            yield f"expected {_json(list(wanted))}, got {type(error).__name__}: {error}"
        elif len(got) != len(wanted) or seen != [dict(one) for one in wanted]:
            yield f"refused: expected {_json(list(wanted))}, got {_json(got)}"

    def reply(self) -> Iterator[str]:
        """Compares the verdict, the answer and the views."""
        verdict, _, error = self._traced("outcome", self._scope())
        if error is not None:
            yield f"expected an outcome, got {type(error).__name__}: {error}"
            return
        yield from self._judged(verdict)
        scope = self._scope(verdict.texts)
        if self.case.subject is not None:
            yield from self._section("subject", scope, self.case.subject)
        if self.case.answer is None and not self.case.view:
            return
        written, told, error = self._traced("reply", scope)
        if error is not None:
            yield f"expected an answer, got {type(error).__name__}: {error}"
            return
        if self.case.answer is not None:
            yield from self._compared("answer", "reply", self.case.answer, written.document, told)
        for face, shown in self.case.view.items():
            yield from self._viewed(face, scope, written, shown)

    def _section(self, section: str, scope: Scope, wanted: Document | None) -> Iterator[str]:
        """Runs a section that writes a document, and compares it where one is expected."""
        if section not in self.translator.functions():
            yield f"the mapping has no section '{section}'"
            return
        written, told, error = self._traced(section, scope)
        if error is not None:
            yield f"expected {section}, got {type(error).__name__}: {error}"
        elif wanted is not None:
            yield from self._compared(section, section, wanted, written.document, told)

    def message(self, read: Read | None) -> Iterator[str]:
        """Compares what a message of the backend is taken for, and what it is answered."""
        try:
            document = self._message(read)
        except AdapterError as unreadable:
            yield f"the message cannot be read: {unreadable}{_LINE_MISSING if isinstance(unreadable, NotFound) else ''}"
            return
        outcome = {"kind": "accepted", "text": "", **(self.case.outcome or {})}
        scope = replace(self._scope(), message=document, outcome=outcome)
        yield from self._identified(scope)
        written, told, error = self._traced("report", scope)
        if error is None and self.case.report is not None:
            yield from self._compared("report", "report", self.case.report, written.document, told)
        elif error is not None and (self.case.report is not None or outcome["kind"] != "refused"):
            yield f"expected a report, got {type(error).__name__}: {error}"
        answering = replace(scope, report=written.document if written is not None else None)
        yield from self._section("answer", answering, self.case.answer)

    def _message(self, read: Read | None) -> Document:
        given = self.case.message or {}
        if not isinstance(given, str):
            return given
        if read is None:
            raise ConfigError("this market has nothing that reads messages as they come over the wire; give the legacy document")
        received = read(request_of(given))
        if received.operation != self.translator.legacy:
            raise ConfigError(f"it is a message '{received.operation}', and {self.case.operation} takes '{self.translator.legacy}'")
        return received.document

    def _identified(self, scope: Scope) -> Iterator[str]:
        identity, error = None, None
        if "identity" in self.translator.functions():
            identity, _, error = self._traced("identity", scope)
        if error is not None:
            yield f"expected an identity, got {type(error).__name__}: {error}"
        elif self.case.identity is not None and identity != self.case.identity:
            yield f"identity: expected {_json(self.case.identity)}, got {_json(identity) if isinstance(identity, str) else 'none'}"

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
