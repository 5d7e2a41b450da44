"""A class as a function: the same arguments, the same value."""

from __future__ import annotations

from dataclasses import field

import pytest

from adapter.frozen import frozen, maker


@frozen
class Thing:
    name: str
    size: int = 3
    parts: list[str] = field(default_factory=list)


make = maker(Thing)


@pytest.mark.parametrize("given", [{"name": "a"}, {"name": "a", "size": 4}, {"size": 5, "parts": ["p"], "name": "b"}])
def test_what_is_made_by_names_is_what_the_class_makes(given):
    assert make(**given) == Thing(**given)
    assert type(make(**given)) is Thing


def test_places_do_as_well_and_no_two_share_what_is_made_for_each():
    assert make("a", 4) == Thing("a", 4)
    make("a").parts.append("p")
    assert make("a").parts == []


def test_what_the_class_does_not_take_the_function_does_not_either():
    with pytest.raises(TypeError):
        make()
    with pytest.raises(TypeError):
        make("a", other=1)
