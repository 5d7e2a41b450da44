"""Who is tried while nobody gets through."""

from __future__ import annotations

from adapter.work.turns import Turns


def over(turns: Turns, times: int) -> dict[int, int]:
    """Before which failures somebody is passed over, and how many."""
    found = {}
    for number in range(1, times + 1):
        if past := turns.passed_over(5):
            found[number] = past
        turns.failed()
    return found


def test_another_one_is_tried_ever_more_rarely_and_each_time_the_next():
    turns = Turns()
    assert over(turns, 100) == {10: 1, 14: 2, 22: 3, 38: 4, 70: 5}
    turns.passed()
    assert over(turns, 12) == {10: 1}
