"""Places of a document sort as their contract lists its members."""

from __future__ import annotations

from adapter.contract.member_order import rank
from tests.mapping_kit import contracts

ORDERED = [
    "id",
    "comment",
    "account",
    "account.id",
    "account.name",
    "account.'a b'",
    "account.zip",
    "note",
    "note[0].text",
    "note[0].@type",
    "note[2].text",
    "note[10].text",
    "note[@type='a.b]c'].text",
    "item",
    "item[1].part[0].name",
    "item[1].part[1].value",
    "item[].code",
    "aaa",
    "zzz[0].code",
]


def test_members_of_the_contract_first_then_elements_by_number() -> None:
    shape = contracts().resource
    backwards = ORDERED[::-1]
    backwards.sort(key=lambda place: rank(shape, place))
    assert backwards == ORDERED
    assert rank(shape, "") < rank(shape, "id")
