"""What stands at a path that a rule read, for the backend's own word of a state."""

from __future__ import annotations

import pytest

from adapter.following import value_at
from adapter.mapping.runtime import ABSENT

DOCUMENT = {"order": {"line": [{"code": "a"}, {"code": "b", "part": [{"n": 1}]}]}, "lists": [[1, 2]]}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("order.line[1].code", "b"),
        ("order.line[].code", ["a", "b"]),
        ("order.line[code=b].part[0].n", 1),
        ("order.line[1].part[].n", [1]),
    ],
)
def test_indices_lists_and_picks_are_followed(path, value):
    assert value_at(DOCUMENT, path) == value


@pytest.mark.parametrize("path", ["order.line[7].code", "order[0].code", "nothing.here"])
def test_where_there_is_nothing_nothing_is_found(path):
    assert value_at(DOCUMENT, path) is ABSENT
