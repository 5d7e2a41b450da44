"""Whatever codes a table has: what is sent is read back equal, and what is read is sent on as the first legacy code of its row."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.errors import CheckFailed
from adapter.mapping.compile.lookup import lookup, no_hook
from adapter.mapping.model import Direction
from adapter.mapping.tables import CodeTable
from tests.mapping_kit import asked, tables, translator

FEW = settings(max_examples=60, deadline=None)
BOTH = "both:\n  comment: remark | code(kinds)\noutcome:\n  - is: accepted\n"
CODE = st.text("abcXYZ 09_-é:#[", max_size=5)
ROWS = st.dictionaries(CODE, st.lists(CODE, min_size=1, max_size=3), min_size=1, max_size=5)


def one_to_one(rows: dict[str, list[str]]) -> bool:
    codes = [code for row in rows.values() for code in row]
    return len(codes) == len(set(codes))


def text_of(rows: dict[str, list[str]]) -> str:
    spelled = {canonical: legacy[0] if len(legacy) == 1 else legacy for canonical, legacy in rows.items()}
    return f"tables: {{kinds: {{rows: {json.dumps(spelled)}}}}}"


def table(rows: dict[str, list[str]]) -> CodeTable:
    return tables(text_of(rows))["kinds"]


@given(ROWS.filter(one_to_one))
@FEW
def test_a_canonical_code_comes_back_and_a_legacy_code_becomes_the_first_of_its_row(rows: dict[str, list[str]]) -> None:
    send, read = (lookup(table(rows), direction, no_hook) for direction in (Direction.REQUEST, Direction.REPLY))
    for canonical, legacy in rows.items():
        assert read(send(canonical)) == canonical
        assert [send(read(code)) for code in legacy] == [legacy[0]] * len(legacy)


@given(ROWS.filter(one_to_one))
@FEW
def test_a_two_way_rule_takes_any_such_table(rows: dict[str, list[str]]) -> None:
    made = translator(BOTH, text_of(rows))
    for canonical, legacy in rows.items():
        assert made.request(asked({"comment": canonical, "item": []})).document == {"remark": legacy[0]}
        for code in legacy:
            assert made.reply(asked(reply={"remark": code})).document == {"comment": canonical}


@given(ROWS.filter(lambda rows: not one_to_one(rows)))
@FEW
def test_a_code_that_stands_twice_is_found_in_the_table_or_in_the_two_way_rule(rows: dict[str, list[str]]) -> None:
    with pytest.raises((AssertionError, CheckFailed), match=r"M607|M503"):
        translator(BOTH, text_of(rows))
