"""F4 to F8, F12, F13 on PostgreSQL for orders that are answered before their backend is asked, with the lane's own scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import test_work_deferred as on_a_file
from tests.faults.cluster import with_record
from tests.faults.test_work_deferred import DEFERRED
from tests.work_kit import lab_home

ENGINES = ("postgresql",)


@pytest.fixture
def home(tmp_path: Path, record: str) -> Path:
    return with_record(lab_home(tmp_path / "home-on-a-server", DEFERRED), record)


test_f4 = on_a_file.test_f4_a_worker_that_dies_after_its_intent_leaves_an_order_that_is_probed_and_then_submitted_once_more
test_f5 = on_a_file.test_f5_a_worker_that_dies_after_the_call_leaves_an_order_that_is_found
test_f6_f7 = on_a_file.test_f6_f7_an_answer_that_does_not_come_is_settled_before_anything_is_sent_again
test_f8 = on_a_file.test_f8_orders_wait_for_a_backend_that_cannot_be_reached_and_go_in_the_order_they_came
test_f8_503 = on_a_file.test_f8_orders_wait_for_a_backend_that_answers_503_and_go_in_the_order_they_came
test_f12 = on_a_file.test_f12_a_process_that_was_paused_before_the_call_sends_nothing
test_f13 = on_a_file.test_f13_a_second_worker_cannot_begin_an_attempt_with_a_lost_lease
