from __future__ import annotations

import itertools

from adapter.store.ids import OrderIds, short_form


def test_ids_sort_as_they_were_made_also_within_a_millisecond_and_when_the_clock_goes_back():
    times = iter([5, 5, 5, 6, 4, 4, 7])
    ids = OrderIds(lambda: next(times), lambda size: b"\xff" * (size - 1) + b"\xfe")
    made = [ids() for _ in range(7)]
    assert made == sorted(set(made))
    assert {len(each) for each in made} == {26}


def test_the_time_can_be_read_from_an_id():
    assert OrderIds(lambda: 0, bytes)() == "0" * 26
    made = OrderIds(lambda: 1_760_000_000_000, lambda size: b"\xff" * size)()
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


def test_all_letters_are_as_likely():
    made = (
        OrderIds(lambda: 1, lambda size: bytes(range(size)))()[10:] + OrderIds(lambda: 1, lambda size: bytes(range(240, 240 + size)))()[10:]
    )
    assert sorted(made) == sorted("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_ids_of_one_millisecond_count_up_in_all_places():
    ids = OrderIds(lambda: 1, lambda size: b"\x00" * (size - 1) + b"\x1e")
    assert [ids()[-3:] for _ in range(34)] == ["00Y", "00Z", *(f"01{letter}" for letter in "0123456789ABCDEFGHJKMNPQRSTVWXYZ")]
