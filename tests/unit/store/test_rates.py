"""Permits and breaker of a backend."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.store.rates import RateRow, failed, give_back, permits, probe, state, succeeded
from tests.record_kit import record

SECOND = 1_000_000
START = 1_760_000_000 * SECOND


@pytest.fixture(scope="module")
def shared():
    """One database for many examples; each empties the table."""
    with record("sqlite") as opened:
        yield opened


@pytest.fixture
def c(engine):
    with record(engine) as opened:
        yield opened


def test_a_backend_that_was_idle_takes_a_burst_and_then_its_rate(c):
    assert permits(c, "north", START, 10, 5, 100, 0) == 5
    assert permits(c, "north", START, 10, 5, 100, 0) == 0
    assert permits(c, "north", START + 99_999, 10, 5, 100, 0) == 0
    assert permits(c, "north", START + 100_000, 10, 5, 100, 0) == 1
    assert permits(c, "north", START + 400_000, 10, 5, 2, 0) == 2
    assert permits(c, "north", START + 3600 * SECOND, 10, 5, 100, 0) == 5
    assert permits(c, "south", START, 10, 5, 3, 0) == 3, "each backend by itself"


def test_a_reserve_is_left_for_those_who_ask_without_one(c):
    assert permits(c, "north", START, 10, 5, 100, 2) == 3
    assert permits(c, "north", START, 10, 5, 100, 2) == 0
    assert permits(c, "north", START, 10, 5, 100, 0) == 2
    assert permits(c, "north", START + 200_000, 10, 5, 100, 2) == 0, "the reserve fills up first"
    assert permits(c, "north", START + 300_000, 10, 5, 100, 2) == 1


@pytest.mark.parametrize(("rate", "burst"), [(0, 5), (-1, 5), (10, 0)])
def test_a_rate_that_lets_nothing_through_is_refused(c, rate, burst):
    with pytest.raises(ValueError, match=r"backend north: a rate of .* lets nothing through"):
        permits(c, "north", START, rate, burst, 1, 0)


def test_nothing_wanted_or_given_back_writes_nothing(c):
    assert permits(c, "north", START, 10, 5, 0, 0) == 0
    give_back(c, "north", 10, 0)
    assert state(c, "north") == RateRow("north")
    assert c.count("rate") == [0]


def test_permits_given_back_can_be_had_again(c):
    assert permits(c, "north", START, 10, 5, 4, 0) == 4
    give_back(c, "north", 10, 3)
    assert permits(c, "north", START, 10, 5, 100, 0) == 4


def test_a_clock_that_goes_back_stops_nobody_for_long(c):
    assert permits(c, "north", START + 3600 * SECOND, 10, 5, 5, 0) == 5
    assert permits(c, "north", START, 10, 5, 5, 0) == 0
    assert permits(c, "north", START + SECOND // 2, 10, 5, 5, 0) == 5


def test_a_faster_rate_counts_at_once(c):
    assert permits(c, "north", START, 0.01, 5, 5, 0) == 5
    assert permits(c, "north", START + SECOND, 100, 5, 5, 0) == 0
    assert permits(c, "north", START + SECOND + 50_000, 100, 5, 5, 0) == 5


def test_a_rate_that_does_not_divide_a_second_is_rounded_down_and_not_up(c):
    given_out = sum(permits(c, "north", START + moment, 150_000, 1, 1, 0) for moment in range(101))
    assert given_out == 1 + 100 // 7


calls = st.lists(
    st.tuples(st.integers(0, 2 * SECOND), st.integers(1, 30), st.booleans(), st.integers(0, 3)), min_size=1, max_size=40
)  # wait, wanted, with reserve?, given back


@settings(max_examples=100, deadline=None)
@given(
    rate=st.one_of(st.integers(1, 200), st.floats(0.2, 50, allow_nan=False)),
    burst=st.integers(1, 20),
    reserve=st.integers(0, 5),
    asked=calls,
)
def test_no_window_sees_more_than_its_rate_and_a_burst(shared, rate, burst, reserve, asked):
    shared.look("DELETE FROM rate")
    now = START
    given_out: list[tuple[int, int]] = []
    kept = max(0, burst - reserve)
    for wait, wanted, polling, back in asked:
        now += wait
        count = permits(shared, "north", now, rate, burst, wanted, reserve if polling else 0)
        assert 0 <= count <= min(wanted, kept if polling else burst)
        give_back(shared, "north", rate, min(back, count))
        given_out.append((now, count - min(back, count)))
    for first, (begin, _) in enumerate(given_out):
        total = 0
        for end, count in given_out[first:]:
            total += count
            assert total <= rate * (end - begin) / SECOND + burst + 1e-9


@settings(max_examples=50, deadline=None)
@given(rate=st.integers(1, 200), burst=st.integers(2, 20), steps=st.lists(st.integers(1, SECOND), min_size=1, max_size=30), data=st.data())
def test_greedy_polls_leave_the_reserve_to_orders(shared, rate, burst, steps, data):
    shared.look("DELETE FROM rate")
    reserve = data.draw(st.integers(1, burst - 1))
    now = START
    for step in steps:
        now += step
        permits(shared, "north", now, rate, burst, 1000, reserve)
    assert permits(shared, "north", now, rate, burst, reserve, 0) == reserve


@settings(max_examples=50, deadline=None)
@given(rate=st.integers(1, 500), tick=st.integers(10_000, 250_000), more=st.integers(0, 10))
def test_who_always_wants_gets_the_whole_rate_if_a_burst_lasts_from_tick_to_tick(shared, rate, tick, more):
    shared.look("DELETE FROM rate")
    seconds, burst = 20, rate * tick // SECOND + 2 + more
    got = sum(permits(shared, "north", now, rate, burst, 1000, 0) for now in range(START, START + seconds * SECOND, tick))
    assert got >= 0.98 * rate * seconds - burst


def test_the_breaker_opens_after_failures_in_a_row_and_closes_on_an_answer(c):
    assert [failed(c, "north", 1000 + n, 3, 500) for n in range(3)] == [None, None, 1502]
    assert state(c, "north") == RateRow("north", 0, 1502, 3)
    assert failed(c, "north", 1100, 3, 500) == 1600, "a call that was still on its way"
    succeeded(c, "north")
    assert state(c, "north") == RateRow("north")
    assert failed(c, "north", 2000, 3, 500) is None
    succeeded(c, "north")
    assert failed(c, "north", 2000, 1, 500) == 2500


def test_an_answer_without_trouble_before_writes_nothing(c):
    permits(c, "north", START, 10, 5, 1, 0)
    before = c.state()
    succeeded(c, "north")
    succeeded(c, "unknown")
    assert c.state() == before


def test_one_caller_per_pause_may_look_whether_the_backend_is_back(c):
    assert not probe(c, "north", 5000, 500), "nothing is known of it"
    failed(c, "north", 1000, 2, 500)
    assert not probe(c, "north", 5000, 500), "it is closed"
    failed(c, "north", 1000, 2, 500)
    assert not probe(c, "north", 1499, 500)
    assert [probe(c, "north", 1500, 500), probe(c, "north", 1500, 500), probe(c, "north", 1999, 500)] == [True, False, False]
    assert probe(c, "north", 2000, 500), "the first one never came back"
    succeeded(c, "north")
    assert not probe(c, "north", 9000, 500)


def test_a_pause_that_is_longer_than_one_can_be_is_over(c):
    failed(c, "north", 10_000_000, 1, 500)
    assert not probe(c, "north", 10_000_000, 500)
    assert [probe(c, "north", 20_000, 500), probe(c, "north", 20_000, 500)] == [True, False], "the clock was set back"
    assert state(c, "north").paused_until == 20_500


def test_the_breaker_leaves_the_rate_alone_and_the_rate_the_breaker(c):
    failed(c, "north", 1000, 1, 500)
    assert permits(c, "north", START, 10, 5, 2, 0) == 2
    assert state(c, "north") == RateRow("north", START + 200_000, 1500, 1)
