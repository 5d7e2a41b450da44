"""How long to wait: bounds, jitter, what the other side asks for, and what is remembered of failures."""

from __future__ import annotations

import random

import pytest

from adapter.work.backoff import Backoff, Failures, OwnTrouble, retry_after

NOW = 1_700_000_000_000  # Tue, 14 Nov 2023 22:13:20 GMT


def test_a_wait_grows_to_the_cap_and_is_anything_below():
    backoff = Backoff(first=1, cap=60, least=0.05)
    assert [backoff.seconds(failures, lambda: 0.5) for failures in (0, 1, 2, 3, 4, 6, 7, 8, 1000)] == [0.5, 0.5, 1, 2, 4, 16, 30, 30, 30]
    assert backoff.seconds(3, lambda: 0.0) == 0.05
    dice = random.Random(7)
    waits = [backoff.seconds(5, dice.random) for _ in range(2000)]
    assert 0.05 <= min(waits) < 1 < 15 < max(waits) < 16
    assert 7.5 < sum(waits) / len(waits) < 8.5


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        (" ", None),
        ("0", 0),
        (" 120 ", 120),
        ("99999999", None),
        ("-5", None),
        ("soon", None),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60),
        ("Tue, 14 Nov 2023 22:14:20 -0000", 60),
        ("Tue, 14 Nov 2023 21:00:00 GMT", 0),
    ],
)
def test_what_a_backend_asks_for(text: str | None, seconds: float | None):
    assert retry_after(text, NOW) == seconds


def test_failures_in_a_row_are_forgotten_when_there_are_too_many_to_remember():
    failures = Failures(most=2)
    assert [failures.count(name) for name in ("a", "a", "b", "a")] == [1, 2, 1, 3]
    assert failures.count("c") == 1  # b was the longest ago
    assert failures.count("b") == 1
    failures.forget("c")
    failures.forget("never heard of")
    assert failures.count("c") == 1


def test_trouble_is_ones_own_where_others_get_through():
    trouble = OwnTrouble(most=2)
    assert [trouble.failed("x", "a") for _ in range(3)] == [0, 0, 0]
    trouble.passed("y", "other")  # of another backend
    assert trouble.failed("x", "a") == 0
    trouble.passed("x", "b")
    assert [trouble.failed("x", "a") for _ in range(2)] == [1, 1]
    trouble.passed("x", "b")
    assert trouble.failed("x", "a") == 2
    trouble.passed("x", "a")
    assert trouble.failed("x", "a") == 0
    assert [trouble.failed("x", name) for name in ("c", "d")] == [0, 0]
    trouble.passed("x", "b")
    assert trouble.failed("x", "a") == 0  # forgotten: there is room for two
