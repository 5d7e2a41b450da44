"""One call of one legacy operation: mapped, sent, read, judged. Knows no record and no face."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from adapter import tracing
from adapter.backend import Backend
from adapter.errors import InvalidMessage, MappingFailed, MaybeSent, NotSent, Problem, Refused, SerialisationFailed
from adapter.frozen import frozen
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from adapter.market import Expiry, Operation
from adapter.ports import Answer, AnswerKind, Call, Deviation, Document, Exchange, Issue, Outcome, OutcomeKind, WireReply, WireRequest

_CODES = ("code", "@code", "faultCode", "errorCode")  # what the details of faults call their code
_ACCEPTED, _REPLY = OutcomeKind.ACCEPTED, AnswerKind.REPLY  # to look at an enumeration's member takes long
_NO_ANSWER = 504  # what a face may answer where it was reached, but gave no whole answer


@frozen
class Prepared:
    """A call ready to leave: everything that can fail without the backend has been done. ``first`` is what leaves first, or the answer
    where nobody has to be called for it."""

    operation: str
    translator: Translator
    scope: Scope
    exchange: Exchange
    first: WireRequest | Answer
    notices: tuple[str, ...]

    @property
    def calls(self) -> bool:
        """Whether the backend is called at all."""
        return isinstance(self.first, WireRequest)


class Said(NamedTuple):
    """A request or a reply, and when it went or came, in ``time.monotonic()``."""

    at: float
    what: WireRequest | WireReply


@dataclass(slots=True)
class Judged:
    """What became of a call. ``reply`` is the legacy document where there was a readable one, ``raw`` the bytes it was read from, and
    ``way`` all that went to and fro after the first request, ``raw`` last. ``exact``: ``raw`` holds ``reply`` and nothing else, as
    ``Answer`` has it. ``failure`` is why a readable one could not be judged, ``at`` when it was, in ``time.monotonic()``."""

    outcome: Outcome
    reply: Document | None = None
    raw: WireReply | None = None
    way: tuple[Said, ...] = ()
    status: int | None = None
    deviations: tuple[Deviation, ...] = ()
    exact: bool = False
    failure: MappingFailed | None = None
    at: float = field(default_factory=time.monotonic, compare=False)


class Observer(Protocol):
    """Hears of every judged call; must return at once and not raise."""

    def judged(self, market: str, operation: str, outcome: Outcome, deviations: Sequence[Deviation]) -> None:
        """What became of a call."""


def prepare(backend: Backend, operation: str, scope: Scope) -> Prepared:
    """Maps and serialises a request. Raises InvalidMessage naming the caller's fields, Refused, MappingFailed, NotOffered."""
    declared = backend.operation(operation)
    if declared.expires is not None:
        _refuse_expired(declared.expires, scope)
    translator = backend.translators[operation]
    with tracing.station("map request", backend.market.market, operation):
        if refusals := translator.refused(scope):
            raise Refused(refusals[0].status, refusals[0].code, [refusal.text for refusal in refusals])
        written = translator.request(scope)
        headers = {"X-Correlation-ID": scope.correlation_id}
        exchange = backend.connector.exchange(Call(translator.legacy, written.document, headers))
        first: WireRequest | Answer
        try:
            first = next(exchange)
        except StopIteration as done:
            first = done.value
        except SerialisationFailed as error:
            raise _in_the_callers_words(translator, scope, error) from error
    return Prepared(operation, translator, scope, exchange, first, tuple(written.notices))


def _in_the_callers_words(translator: Translator, scope: Scope, error: SerialisationFailed) -> InvalidMessage | SerialisationFailed:
    """The strict writer speaks of legacy fields; the record of rules knows which of the caller's fields and headers they came from."""
    _, origins = translator.explain("request", scope)
    written = [origin for origin in origins if origin.target == error.path]
    sent = {source.removeprefix("request."): origin.rule for origin in written for source in origin.sources if _from_the_caller(source)}
    if sent:
        return InvalidMessage(problems=[Problem(name, error.text, str(rule)) for name, rule in sent.items()])
    return SerialisationFailed(f"{error.text} (rule {written[0].rule})", error.path) if written else error


def _from_the_caller(source: str) -> bool:
    return source.startswith(("request.", "header ", "query ", "path "))


def _refuse_expired(expires: Expiry, scope: Scope) -> None:
    given = scope.header.get(expires.header)
    if given is None:
        return
    try:
        age = (datetime.fromisoformat(scope.now) - datetime.fromisoformat(given)).total_seconds()
    except (ValueError, TypeError):
        raise InvalidMessage(
            problems=[Problem(f"header {expires.header}", "must be a date and time with its zone, like 2023-01-11T12:45:12Z")]
        ) from None
    if age > expires.after:
        text = f"is {age / 60:.0f} minutes old, and what it stands for holds for {expires.after / 60:.0f}; begin again from there"
        raise InvalidMessage(problems=[Problem(f"header {expires.header}", text)])


async def converse(backend: Backend, prepared: Prepared, deadline: float, observer: Observer) -> Judged:
    """Sends a prepared call and judges the answer. ``deadline`` is in ``time.monotonic()``. Never raises for the backend."""
    market, operation, talk = backend.market.market, prepared.operation, _Talk(backend, prepared, deadline)
    try:
        answer = await talk.answer()
    except (NotSent, MaybeSent) as error:
        kind = OutcomeKind.IN_DOUBT if talk.done_something else OutcomeKind.UNAVAILABLE
        status = _NO_ANSWER if isinstance(error, MaybeSent) else None
        judged = Judged(technical(backend, operation, kind, str(error)), status=status)
    else:
        with tracing.station("judge", market, operation) as station:
            judged = judge(backend, prepared, answer)
            station.note("outcome", judged.outcome.kind)
    finally:
        prepared.exchange.close()
    judged.raw, judged.way = talk.reply, tuple(talk.way)
    observer.judged(market, operation, judged.outcome, judged.deviations)
    return judged


class _Talk:
    """One exchange on the wire. ``done_something``: the backend may have done what a request asked for."""

    def __init__(self, backend: Backend, prepared: Prepared, deadline: float) -> None:
        self._backend, self._prepared, self._deadline = backend, prepared, deadline
        self.done_something = False
        self.reply: WireReply | None = None
        self.way: list[Said] = []

    async def answer(self) -> Answer:
        """What the exchange makes of all replies. Raises NotSent, MaybeSent where it cannot do without one."""
        request, exchange = self._prepared.first, self._prepared.exchange
        if isinstance(request, Answer):
            return request
        market, operation = self._backend.market.market, self._prepared.operation
        try:
            while True:
                try:
                    with tracing.station("call", market, operation, "CLIENT") as station:
                        if tracing.is_on():
                            request = replace(request, headers={**request.headers, **tracing.carried()})
                        reply = self.reply = await self._backend.wire.send(request, deadline=self._deadline)
                        station.note("status", reply.status)
                except NotSent as error:
                    request = exchange.throw(error)
                except MaybeSent as error:
                    self.done_something |= not request.asks
                    request = exchange.throw(error)
                else:
                    self.done_something |= not request.asks
                    self.way.append(Said(time.monotonic(), reply))
                    request = exchange.send(reply)
                self.way.append(Said(time.monotonic(), request))
        except StopIteration as done:
            answer: Answer = done.value
            return answer


def deadline_of(backend: Backend) -> float:
    """When an exchange that starts now has to be over, in ``time.monotonic()``."""
    return time.monotonic() + backend.market.limits.total


def judge(backend: Backend, prepared: Prepared, answer: Answer) -> Judged:
    """An answer becomes an outcome: a readable one by the mapping's table, any other by the market's."""
    if answer.kind is _REPLY and answer.document is not None:
        return _judge_reply(backend, prepared, answer, answer.document)
    fault = answer.fault
    kind = backend.market.technical(answer.status, fault)
    if fault is None:
        return Judged(technical(backend, prepared.operation, kind, answer.unreadable or f"HTTP {answer.status}"))
    issues = tuple(backend.catalogue.read(fault.text, "error", _code_of(fault.detail)))
    evidence = f"fault {fault.code}: {fault.text}" + (f" {fault.detail_name} {fault.detail}" if fault.detail else "")
    operation = backend.market.operations[prepared.operation]
    kind = _certain(operation, kind)
    return Judged(Outcome(kind, _with_advice(backend, prepared.operation, kind, issues), operation.message, evidence))


def _code_of(detail: Any) -> str:
    """The code that a fault gives beside its text, where its detail has a member of that name; "" where it has none."""
    code = next((detail[name] for name in _CODES if name in detail), "") if isinstance(detail, dict) else ""
    return str(code).strip() if isinstance(code, str | int) else ""


def _with_advice(backend: Backend, operation: str, kind: OutcomeKind, issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
    """Of what is in doubt the caller learns first what to do, and then what the backend said of it."""
    doubtful = kind is OutcomeKind.IN_DOUBT and not backend.market.operations[operation].idempotent
    return (*technical(backend, operation, kind, "").issues, *issues) if doubtful else issues


def _judge_reply(backend: Backend, prepared: Prepared, answer: Answer, document: Document) -> Judged:
    try:
        verdict = prepared.translator.outcome(prepared.scope.answered(document))
    except MappingFailed as error:
        outcome = technical(backend, prepared.operation, OutcomeKind.IN_DOUBT, f"the outcome could not be judged: {error}")
        return Judged(outcome, document, deviations=answer.deviations, exact=answer.exact, failure=error)
    if verdict.kind is _ACCEPTED:
        issues, message = backend.catalogue.read_all(verdict.texts, "warning"), verdict.message
    else:
        issues = _with_advice(backend, prepared.operation, verdict.kind, backend.catalogue.read_all(verdict.texts, "error"))
        message = verdict.message or backend.market.operations[prepared.operation].message
    evidence = f"judged by {verdict.rule}" if verdict.rule is not None else "no rule of 'outcome' fits the answer"
    outcome = Outcome(verdict.kind, issues, message, evidence)
    return Judged(outcome, document, status=verdict.status, deviations=answer.deviations, exact=answer.exact)


def technical(backend: Backend, operation: str, kind: OutcomeKind, evidence: str) -> Outcome:
    """An outcome without words of the backend. The evidence is for the record; the caller learns what it means for the order."""
    declared = backend.market.operations[operation]
    certain = _certain(declared, kind)
    text = _WORDS[kind] if certain is kind else "The backend did not answer clearly; nothing was changed. The request may be repeated."
    issue = Issue(text=text, severity="error", name=_NAMES[certain], retryable=certain is not OutcomeKind.REJECTED)
    return Outcome(certain, (issue,), declared.message, evidence)


def _certain(operation: Operation, kind: OutcomeKind) -> OutcomeKind:
    """What changes nothing cannot be in doubt."""
    return OutcomeKind.UNAVAILABLE if operation.idempotent and kind is OutcomeKind.IN_DOUBT else kind


_WORDS = {
    OutcomeKind.UNAVAILABLE: "The backend could not be reached; nothing was done. The request may be repeated.",
    OutcomeKind.IN_DOUBT: "The backend did not answer clearly; it is not known whether the request was carried out. "
    "Repeat the request unchanged to learn it.",
    OutcomeKind.REJECTED: "The backend refused the request.",
}
_NAMES = {
    OutcomeKind.UNAVAILABLE: "backend-unavailable",
    OutcomeKind.IN_DOUBT: "outcome-in-doubt",
    OutcomeKind.REJECTED: "backend-refused",
}
