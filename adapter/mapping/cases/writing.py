"""A case written from what a mapping makes of its documents now: a beginning, to be read over by who knows what should come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapter.errors import InvalidMessage
from adapter.mapping.cases.sections import CLIENT_REFERENCE, NOW, UID, correlation_of
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator

_GIVEN = ("header", "query", "path", "request", "stored", "asked", "known", "reply", "message")


def written_case(title: str, operation: str, translator: Translator, scope: Scope, face: str = "") -> dict[str, Any]:
    """The case as JSON: what ``scope`` holds is given, and what comes out of it, by the clock and with the ids of cases, is expected; the
    answer also as ``face`` shows it. Raises MappingFailed, and of a reply InvalidMessage."""
    scope = replace(scope, client_reference=CLIENT_REFERENCE, correlation_id=correlation_of(scope.header), now=NOW, uid=UID)
    given = {name: dict(value) for name in _GIVEN if (value := getattr(scope, name))}
    if translator.received:
        expected = _of_message(translator, scope)
    elif scope.reply is not None:
        expected = _of_reply(translator, scope, face)
    else:
        expected = _of_request(translator, scope)
    return {"title": title, "operation": operation, **given, **expected}


def _of_request(translator: Translator, scope: Scope) -> dict[str, Any]:
    if refusals := translator.refused(scope):
        return {"refused": [each._asdict() for each in refusals]}
    try:
        return {"legacy": translator.request(scope).document}
    except InvalidMessage as error:
        return {"problems": [problem.path for problem in error.problems]}


def _of_reply(translator: Translator, scope: Scope, face: str) -> dict[str, Any]:
    verdict = translator.outcome(scope)
    said = {"texts": list(verdict.texts), "message": verdict.message, "status": verdict.status}
    outcome = {"is": verdict.kind.value, **{name: value for name, value in said.items() if value}}
    if verdict.kind.value != "accepted":
        return {"outcome": outcome}
    scope = replace(scope, warnings=verdict.texts)
    answer, subject = translator.reply(scope).document, translator.subject(scope)
    found = {"outcome": outcome, "answer": answer} | ({} if subject is None else {"subject": subject.document})
    return found | ({"view": {face: _changed(answer, translator.view(face, scope, answer))}} if face in translator.faces else {})


def _changed(answer: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """The members that a face shows otherwise; None for those that it does not show."""
    return {name: shown.get(name) for name in {**answer, **shown} if name not in shown or answer.get(name) != shown[name]}


def _of_message(translator: Translator, scope: Scope) -> dict[str, Any]:
    outcome = {"kind": "accepted", "text": "", **(scope.outcome or {})}
    found: dict[str, Any] = {} if outcome["kind"] == "accepted" else {"outcome": outcome}
    if identity := translator.identity(scope):
        found["identity"] = identity
    report, _ = translator.explain("report", scope)
    answer, _ = translator.explain("answer", replace(scope, report=report.document))
    return {**found, "report": report.document, "answer": answer.document}
