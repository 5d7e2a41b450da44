"""A read that rules cannot carry out: of the caller's own words it is the caller's to mend, of all else the operator's."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from adapter.backend import Backend
from adapter.errors import AdapterError, InvalidMessage, MappingFailed, NotFound, Problem, SerialisationFailed
from adapter.ports import Issue, Message, Outcome, OutcomeKind, Result
from adapter.store import OrderRow

log = structlog.get_logger("adapter.pipeline")

UNFIT = 502  # the caller did nothing wrong, and a backend was asked or would have been
_OWN = ("header ", "query ", "path ")
_WORDS = {
    "record": "What is on record of this order does not fit the question to its backend, so it was not asked.",
    "answer": "The backend answered, and its answer does not fit this interface.",
}


def unwritable(backend: Backend, message: Message, known: OrderRow | None, error: AdapterError) -> Result:
    """What a read answers whose question cannot be written. ``message`` is the caller's; ``known`` the order on record, whose content
    and backend number the rules saw.

    Raises InvalidMessage for what the caller sent itself, NotFound where the rules want an order on record and there is none.
    """
    if isinstance(error, InvalidMessage):
        own = [problem for problem in error.problems if _is_own(problem, known)]
        if own or not error.problems:
            raise InvalidMessage(error.text, own, error.headers) from error
        if known is None:
            raise NotFound(
                f"There is no order '{message.path.get('id', '')}' on record, and its backend cannot be asked without"
            ) from error
    return unfit(backend, message.operation, known, error, "record")


def unfit(backend: Backend, operation: str, known: OrderRow | None, error: AdapterError, what: str) -> Result:
    """The result of a read that failed by ``what``: the ``record`` or the backend's ``answer``. The log has rule and place."""
    for rule, place, reason in _reasons(error):
        log.error("read.unfit", what=what, rule=rule, place=place, reason=reason, order=known.id if known else "")
    text = f"{_WORDS[what]} Nothing was changed. The operator finds the rule and the value in the log."
    issue = Issue(text=text, severity="error", name=f"{what}-unfit", retryable=False)
    outcome = Outcome(OutcomeKind.UNAVAILABLE, (issue,), backend.market.operations[operation].message, str(error))
    return Result(outcome, None, order_id=known.id if known else "", created_at=known.created_at if known else 0, status=UNFIT)


def _is_own(problem: Problem, known: OrderRow | None) -> bool:
    """Whether the caller sent it with this request. The id of an order on record is the backend's number by now."""
    return problem.path.startswith(_OWN) and not (known is not None and known.backend_ref and problem.path == "path id")


def _reasons(error: AdapterError) -> Sequence[tuple[str, str, str]]:
    """Rule, place and reason of each value that did not fit."""
    if isinstance(error, MappingFailed):
        return [(error.rule, error.path, error.text)]
    if isinstance(error, InvalidMessage):
        return [(problem.rule, f"request.{problem.path}", problem.text) for problem in error.problems]
    return [_told(error.path, error.text)] if isinstance(error, SerialisationFailed) else [("", "", str(error))]


def _told(place: str, text: str) -> tuple[str, str, str]:
    """A text that names its rule at the end, as those for callers do, taken apart."""
    reason, _, rule = text.partition(" (rule ")
    return rule.removesuffix(")"), place, reason
