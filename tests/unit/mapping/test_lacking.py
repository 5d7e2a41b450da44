"""``require`` of a path that walks a list: each element has to have what lies behind it, and the one that has not is named."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.contract.path import parse_path
from adapter.mapping.compile.lacking import lacking, unnumbered
from adapter.mapping.runtime import ABSENT


def said(found: Any, path: str) -> list[str]:
    """What is missing of the list at the first step of ``path``."""
    steps = parse_path(path).steps
    return [str(problem) for problem in lacking(found, path.partition("[]")[0] + "[]", steps)]


@pytest.mark.parametrize(
    ("found", "path", "named"),
    [
        (ABSENT, "item[].kind", ["item[].kind: is required and missing"]),
        (None, "item[].kind", ["item[].kind: is required and missing"]),
        ([], "item[].kind", ["item[].kind: is required and empty"]),
        ([{"kind": "a"}, {}], "item[].kind", ["item[1].kind: is required and missing"]),
        ([{"kind": ""}, {"kind": "b"}, {"kind": None}], "item[].kind",
         ["item[0].kind: is required and empty", "item[2].kind: is required and missing"]),
        ([{"kind": "a"}, {"kind": "b"}], "item[].kind", []),
        ([{"offer": {"id": "1"}}, {"offer": {}}], "item[].offer.id", ["item[1].offer.id: is required and missing"]),
        ([{"part": [{"name": "a"}, {}]}, {"part": []}], "item[].part[].name",
         ["item[0].part[1].name: is required and missing", "item[1].part[].name: is required and empty"]),
        ([{"part": [{"n": "a"}]}, {}], "item[].part[]", ["item[1].part[]: is required and missing"]),
        ([{"note": [{"@type": "A", "text": "x"}]}, {"note": []}], "item[].note[@type=A].text",
         ["item[1].note[@type=A].text: is required and missing"]),
        (["a", ""], "tag[]", ["tag[1]: is required and empty"]),
        ([7, {"kind": "a"}], "item[].kind", []),  # what an element has to be is for the contract to tell
        ("none", "item[].kind", []),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_its_element(found: Any, path: str, named: list[str]) -> None:
    assert said(found, path) == named


def test_a_place_is_known_by_the_path_that_the_mapping_writes() -> None:
    assert unnumbered("item[0].part[12].name") == "item[].part[].name"
    assert unnumbered("note[@type=1].text") == "note[@type=1].text"
