from __future__ import annotations

import itertools

from adapter.store.ids import OrderIds, short_form


def test_ids_sort_as_they_were_made_also_within_a_millisecond_and_when_the_clock_goes_back():
    times = iter([5, 5, 5, 6, 4, 4, 7])
    ids = OrderIds(lambda: next(times), lambda bits: (1 << bits) - 2)
    made = [ids() for _ in range(7)]
    assert made == sorted(set(made))
    assert {len(each) for each in made} == {26}


def test_the_time_can_be_read_from_an_id():
    assert OrderIds(lambda: 0, lambda _: 0)() == "0" * 26
    made = OrderIds(lambda: 1_760_000_000_000, lambda bits: (1 << bits) - 1)()
    value = 0
    for character in made[:10]:
        value = value * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(character)
    assert (value, made[10:]) == (1_760_000_000_000, "Z" * 16)


def test_short_forms_of_ids_made_together_differ():
    ids = OrderIds(lambda: 1_760_000_000_000)
    made = [short_form(ids()) for _ in range(2000)]
    assert len(set(made)) == 2000
    assert {len(each) for each in made} == {16}
    assert all(one < other for one, other in itertools.pairwise(sorted(made)))
