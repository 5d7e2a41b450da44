"""Every operation of the six definitions, with requests that they allow and that they do not, about what is there and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from tests.conformance.served import MARKETS, Served
from tests.conformance.tally import Tally
from tests.conformance.trying import Operation, Trial, bounded, every_operation, none_failed, schema, written_by_people

EXAMPLES, EXAMPLES_OF_DELETE, NOT_OFFERED = 30, 8, 8
MODES = {"allowed": GenerationMode.POSITIVE, "not-allowed": GenerationMode.NEGATIVE}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", every_operation("GET", "POST", "PATCH"), ids="-".join)
def test_an_answer_is_as_the_definition_says(served: Served, tally: Tally, operation: Operation, mode: str) -> None:
    face, path, method = operation
    trials = [Trial(served, tally, market, operation) for market in MARKETS]

    @bounded(EXAMPLES if any(trial.offered for trial in trials) else NOT_OFFERED)
    @given(schema(face)[path][method].as_strategy(generation_mode=MODES[mode]), st.booleans(), st.integers(0, 3))
    def attempt(case: Case, known: bool, members: int) -> None:
        for trial in trials:
            mine = trial.aimed(case, known=known)
            if mode == "allowed" and isinstance(mine.body, dict):
                shaped(trial, mine, members or len(mine.body), known=known)
            trial.forget(trial.send(mine))

    attempt()
    none_failed(trials)


@pytest.mark.parametrize("operation", every_operation("DELETE"), ids="-".join)
def test_what_is_there_can_be_deleted_once(served: Served, tally: Tally, operation: Operation) -> None:
    face, path, method = operation
    trials = [Trial(served, tally, market, operation) for market in MARKETS]

    @bounded(EXAMPLES_OF_DELETE)
    @given(schema(face)[path][method].as_strategy(), st.booleans())
    def attempt(case: Case, known: bool) -> None:
        for trial in trials:
            mine = trial.aimed(case, known=known)
            if trial.send(mine).ok:
                again = mine.derive()
                last = trial.send(again)
                if last.status_code != 404:
                    trial.found("what was deleted is still there", last)

    attempt()
    none_failed(trials)


def shaped(trial: Trial, case: Case, members: int, *, known: bool) -> None:
    """Of what was made up, no more than so many members; ``known``: as people write, and the rest as the market's backend takes it."""
    required = trial.required
    kept = [name for name in case.body if name not in required][:members]
    body = {name: value for name, value in case.body.items() if name in required or name in kept}
    if known:
        taken = trial.taken() if trial.method == "POST" else {}
        body = {**written_by_people({name: value for name, value in body.items() if name not in taken or name in kept}), **taken}
    case.body = body
