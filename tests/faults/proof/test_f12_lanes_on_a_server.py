"""F12, F13, F15, F30, F31 on PostgreSQL, with the lanes' own scenarios."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.record_kit import on_store
from tests.unit.work import test_lane as on_a_file
from tests.unit.work.test_lane import World
from tests.work_kit import Clock, Heard

ENGINES = ("postgresql",)


@pytest.fixture
def run(record: str) -> Callable[..., Any]:
    def start(scenario: Callable[[World], Awaitable[Any]]) -> Any:
        clock = Clock()
        return on_store(record, lambda store: scenario(World(store, clock, Heard())), clock=clock)

    return start


test_f12 = on_a_file.test_f12_a_node_that_was_paused_longer_than_its_lease_changes_nothing_and_sends_nothing
test_f13 = on_a_file.test_f13_of_two_claims_the_late_one_can_neither_finish_nor_move_the_task
test_f30_a_worker_that_dies = on_a_file.test_f30_a_task_that_kills_its_worker_every_time_is_parked_with_the_reason_and_others_go_on
test_f30_a_handler_that_crashes = on_a_file.test_f30_a_handler_that_crashes_costs_its_task_a_back_off_and_in_the_end_a_parking
test_f31 = on_a_file.test_f31_tasks_of_kinds_that_this_version_does_not_know_are_left_alone
