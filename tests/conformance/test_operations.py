"""Every operation of the six definitions, with requests that they allow and requests that they do not, about what is there and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from tests.conformance.served import MARKETS, Served
from tests.conformance.documents import DOCUMENTS
from tests.conformance.tally import Tally
from tests.conformance.trying import Operation, Trial, bounded, every_operation, schema

EXAMPLES = {"GET": 30, "POST": 30, "PATCH": 30, "DELETE": 8}
MODES = {"allowed": GenerationMode.POSITIVE, "not-allowed": GenerationMode.NEGATIVE}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", every_operation(), ids=lambda one: "-".join(one))
def test_an_answer_is_as_the_definition_says(served: Served, tally: Tally, operation: Operation, mode: str) -> None:
    face, path, method = operation
    trials = [Trial(served, tally, market, operation) for market in MARKETS]
    for trial in trials:
        trial.row.failures.clear()

    @bounded(EXAMPLES[method])
    @given(schema(face)[path][method].as_strategy(generation_mode=MODES[mode]), st.booleans())
    def attempt(case: Case, known: bool) -> None:
        for trial in trials:
            mine = trial.aimed(case, known=known)
            if known and mode == "allowed" and method == "POST":
                fill(trial, mine)
            trial.send(mine)

    attempt()
    assert not any(trial.row.failures for trial in trials), "\n".join(trial.failed() for trial in trials)


def fill(trial: Trial, case: Case) -> None:
    """What the market's backend wants to know, over what was made up."""
    make = DOCUMENTS[trial.market].get(trial.resource)
    if make is not None:
        case.body = {**case.body, **make(lambda kind, _: {"id": trial.served.one(trial.market, kind)})}
