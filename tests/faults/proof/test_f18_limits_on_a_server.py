"""F18 to F21 on PostgreSQL: the rate, the reserve, windows and the breaker are one for all nodes, each with connections of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapter.store import Store
from tests.faults import test_work_limits as on_a_file
from tests.record_kit import on_store
from tests.work_kit import Clock

ENGINES = ("postgresql",)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapter.work.acknowledging.LINGER", 0)


@pytest.fixture
def run(record: str) -> Callable[..., Any]:
    def start(scenario: Callable[[Store, Clock], Awaitable[Any]]) -> Any:
        clock = Clock()
        return on_store(record, lambda store: scenario(store, clock), clock=clock)

    return start


test_f18 = on_a_file.test_f18_three_nodes_together_keep_the_rate_and_use_it
test_f19 = on_a_file.test_f19_the_reserve_lets_orders_through_while_questions_take_all_they_get
test_f20 = on_a_file.test_f20_nothing_begins_or_is_under_way_in_a_closed_window_and_work_goes_on_at_its_end
test_f21 = on_a_file.test_f21_while_a_backend_does_not_answer_it_is_left_alone_and_then_soon_at_full_rate_again
