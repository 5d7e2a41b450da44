"""What would be left for ever: leases beyond any lease, and attempts that say the same each time."""

from __future__ import annotations

import pytest

from adapter.ports import OutcomeKind
from adapter.store import Direction, MessageRow, Settlement
from adapter.store.reading import find_attempts, find_messages, last_attempt, message_row
from adapter.store.settling import pack_settlement, settle
from adapter.store.submitting import KEPT, Intent, begin
from adapter.store.sweeping import end_leases
from adapter.store.tasks import NewTask, TaskQuery, claim, find, put
from tests.record_kit import place, record

NOW = 1_760_000_000_000
LEASE = 60_000
HOURS = 6 * 3_600_000
ALL = (NOW + LEASE, NOW, "", 100)


@pytest.fixture
def c(engine):
    with record(engine) as opened:
        yield opened


def due(c):
    return {task.id: task.due_at for task in find(c, TaskQuery())}


def test_leases_beyond_any_lease_end_and_nothing_else(c):
    put(c, [NewTask(f"poll:{name}", f"poll:{name}", NOW - 1) for name in "AB"])
    claim(c, "poll:A", 1, NOW, LEASE, "n1")  # holds
    claim(c, "poll:B", 1, NOW + HOURS, LEASE, "n1")
    put(c, [NewTask("poll:C", "poll:C", NOW + HOURS)])  # waits
    assert end_leases(c, *ALL) == (["poll:B"], "poll:C")
    assert due(c) == {"poll:A": NOW + LEASE, "poll:B": NOW, "poll:C": NOW + HOURS}
    assert end_leases(c, *ALL) == ([], "poll:C")
    assert end_leases(c, NOW + LEASE, NOW, "poll:C", 100) == ([], "")
    assert [task.id for task in claim(c, "poll:B", 1, NOW, LEASE, "n2")] == ["poll:B"]


def test_leases_are_looked_at_a_page_at_a_time(c):
    put(c, [NewTask(f"poll:{number}", "poll:north", NOW) for number in range(5)])
    claim(c, "poll:north", 5, NOW + HOURS, LEASE, "n1")
    ended, last = [], ""
    while True:
        found, last = end_leases(c, NOW + LEASE, NOW, last, 2)
        if not last:
            break
        assert len(found) <= 2
        ended += found
    assert ended == [f"poll:{number}" for number in range(5)]


def test_of_many_attempts_the_first_and_the_last_are_kept_with_what_was_said(c):
    place(c, "A", NOW, OutcomeKind.UNAVAILABLE)
    place(c, "B", NOW)
    put(c, [NewTask("submit:A", "submit:north", NOW, "A")])
    [task] = claim(c, "submit:north", 1, NOW, LEASE, "n1")
    last = KEPT + 7
    for number in range(2, last + 1):
        said = (MessageRow(Direction.BACKEND_REQUEST, "op", b"%d" % number, NOW),)
        assert begin(c, Intent("submit:A", task.fence, NOW + LEASE, "A", number, "n1", NOW, NOW + 9, "r", said))
        assert settle(c, *pack_settlement("A", number, Settlement(OutcomeKind.UNAVAILABLE, NOW)))
    kept = [1, *range(last - KEPT + 1, last + 1)]
    assert [one.number for one in find_attempts(c, "A")] == kept
    assert sorted({message_row(row).attempt for row in find_messages(c, "A")}) == kept
    newest = last_attempt(c, "A")
    assert newest is not None
    assert (newest.number, newest.outcome) == (last, OutcomeKind.UNAVAILABLE)
    assert last_attempt(c, "nothing") is None
    assert len(find_attempts(c, "B")) == 1
