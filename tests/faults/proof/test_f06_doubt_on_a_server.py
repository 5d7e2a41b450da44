"""F6, F7, F9 to F11 on PostgreSQL: what holds for a record in a file holds for one on a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.work import test_reconcile as on_a_file
from tests.work_kit import lab_home

ENGINES = ("postgresql",)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab_home(tmp_path_factory.mktemp("home") / "h")


test_f6 = on_a_file.test_f6_an_order_that_was_booked_without_an_answer_is_adopted
test_f7 = on_a_file.test_f7_a_call_without_effect_is_proved_after_the_settle_time_and_frees_the_callers_repeat
test_f9 = on_a_file.test_f9_while_the_search_is_down_nothing_is_sent_and_when_it_is_back_the_order_is_found
test_f10 = on_a_file.test_f10_two_bookings_are_for_a_person
test_f11 = on_a_file.test_f11_a_probe_that_is_not_authoritative_proves_nothing_by_finding_none
