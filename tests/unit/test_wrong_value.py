"""What is wrong with a declared value is said in words of whoever writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from adapter.declared import Declared, load_declared
from adapter.errors import CheckFailed


class Basic(Declared):
    attempts: int = 1


class Values(Declared):
    count: int = Field(1, ge=1, le=9)
    share: float = Field(0.5, gt=0, lt=1)
    on: bool = False
    word: str = ""
    one: Literal["yes", "no"] = "yes"
    several: tuple[str, ...] = ()
    named: dict[str, int] = Field(default_factory=dict)
    picked: frozenset[str] = frozenset()
    pattern: Annotated[str, Field(pattern="^a$")] = "a"
    least: tuple[str, ...] = Field(("a",), min_length=1)
    security: Basic = Basic()


@pytest.mark.parametrize(
    ("text", "place", "said", "hint"),
    [
        ("count: many", 8, "count: a whole number is expected, not 'many'", ""),
        ("count: 1.5", 8, "count: a whole number is expected, not '1.5'", ""),
        ("count: [1]", 1, "count: a whole number is expected", ""),
        ("count: 0", 8, "count: at least 1 is expected, not '0'", ""),
        ("count: 10", 8, "count: at most 9 is expected, not '10'", ""),
        ("share: much", 8, "share: a number is expected, not 'much'", ""),
        ("share: 0", 8, "share: more than 0 is expected, not '0'", ""),
        ("share: 1", 8, "share: less than 1 is expected, not '1'", ""),
        ("on: perhaps", 5, "on: true or false is expected, not 'perhaps'", ""),
        ("word: 7", 7, "word: a text is expected, not '7'", ""),
        ("one: yess", 6, "one: 'yess' is none of yes, no", "did you mean 'yes'?"),
        ("one: [yes]", 1, "one: one is expected of yes, no", "write one of: yes, no"),
        ("several: a", 10, "several: a list is expected, not 'a'", ""),
        ("picked: a", 9, "picked: a list is expected, not 'a'", ""),
        ("named: [a]", 1, "named: a block of keys is expected", ""),
        ("pattern: b", 10, "pattern: a text that matches ^a$ is expected, not 'b'", ""),
        ("least: []", 1, "least: at least 1 is expected here", ""),
        ("security: {attempts: hush}", 22, "security.attempts: a whole number is expected", ""),
    ],
)
def test_a_wrong_value_is_told_at_its_place(tmp_path: Path, text: str, place: int, said: str, hint: str) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CheckFailed) as refused:
        load_declared(file, Values, {})
    (finding,) = refused.value.findings
    assert (finding.code, finding.at.column, finding.text, finding.hint) == ("F203", place, said, hint)
