"""The filter language on plain documents."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.contract.tmf import resource
from adapter.errors import InvalidMessage
from adapter.faces.attributes import Attributes
from adapter.faces.declaration import Listing
from adapter.faces.filters import parse_filter, split_query
from adapter.faces.listing import parse_list
from adapter.ports import Outcome, OutcomeKind, Result

DOCUMENT = {
    "id": "7",
    "state": "held",
    "orderDate": "2023-01-11T12:45:12.028Z",
    "category": 'a,"b"',
    "description": "say \u00e9",
    "note": [{"text": "late"}, {"text": "early", "author": "x"}],
    "productOrderItem": [
        {"id": "1", "quantity": 2, "product": {"id": "P", "isBundle": True, "productPrice": [{"price": {"value": Decimal("9.50")}}]}},
        {"id": "2", "quantity": 10, "product": {"isBundle": False}},
    ],
    "nothing": None,
}


def matches(query, document=DOCUMENT):
    return parse_filter(split_query(query.encode()), lambda path: True).matches(document)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "&&",
        "state=held",
        "state.eq=held",
        'state="held"',
        "state=acknowledged,held",
        "state=acknowledged&state=held",
        "state=acknowledged;state=held",
        "state=acknowledged%3Bstate%3Dheld",
        "state=x;id=7",
        "state.ne=acknowledged",
        "state.ne=acknowledged,pending",
        "missing.ne=1",
        "note.text=early",
        "note.text=late&note.author=x",
        "productOrderItem.product.id=P",
        "productOrderItem.quantity=10",
        "productOrderItem.quantity=2.0",
        "productOrderItem.quantity.gt=9",
        "productOrderItem.quantity.lte=2",
        "productOrderItem.product.isBundle=true",
        "productOrderItem.product.productPrice.price.value=9.5",
        "productOrderItem.product.productPrice.price.value.lt=10",
        "orderDate=2023-01-11T12:45:12.028Z",
        "orderDate=2023-01-11T13:45:12.028%2B01:00",
        "orderDate=2023-01-11T13:45:12.028+01:00",
        "orderDate=2023-01-11T12:45:12.028",
        "orderDate=2023-01-11",
        "orderDate.gt=2023-01-11",
        "orderDate.gte=2023-01-11T12:45:12.028Z",
        "orderDate.lt=2023-01-12",
        "id.gt=3",
        "state.gt=apple",
        "state.regex=^he",
        "state.regex=^(held|pending)$",
        "state.regex=l,d|l;d|held",
        "description=say+%C3%A9",
        "description=say%20%C3%A9",
    ],
)
def test_matching(query):
    assert matches(query)


@pytest.mark.parametrize(
    "query",
    [
        "state=hel",
        "state=HELD",
        "state=",
        "state=held&id=8",
        "state=a,b",
        "state=a;state=b",
        "state.ne=held",
        "state.ne=held,pending",
        "missing=1",
        "note.text.ne=late",
        "productOrderItem.quantity=3",
        "productOrderItem.quantity=true",
        "productOrderItem.product.isBundle=1",
        "productOrderItem.product.isBundle.gt=0",
        "productOrderItem.product=P",
        "nothing=null",
        "nothing.gt=1",
        "orderDate=2023-01-12",
        "orderDate=2023-01-11T12:45:12.029Z",
        "orderDate=2023-13-45T00:00:00Z",
        "orderDate.gt=2023-01-11T12:45:12.028Z",
        "orderDate.lt=2023-01-11",
        "id.gt=30",
        "state.regex=^eld",
        "id.regex=^8",
        "productOrderItem.quantity.regex=2",
    ],
)
def test_not_matching(query):
    assert not matches(query)


def test_quoted_values_keep_their_commas():
    document = {"category": "a,b"}
    assert matches('category="a,b"', document)
    assert matches('category=x,"a,b"', document)
    assert not matches("category=a,b", document)
    assert matches("category=a,", {"category": ""})


@given(value=st.text(min_size=1, max_size=30).filter(lambda text: not set('",;') & set(text)))
@settings(max_examples=100, deadline=None)
def test_a_percent_encoded_value_always_finds_itself(value):
    assert matches(f"category={quote(value, safe='')}", {"category": value})


@given(query=st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_query_string_is_a_filter_or_a_refusal(query):
    with contextlib.suppress(InvalidMessage):
        found = parse_filter(split_query(query), Attributes(lambda: resource("productOrder").full_schema).known)
        assert found.matches(DOCUMENT) in (True, False)


def test_regular_expressions_run_in_linear_time():
    document = {"state": "a" * 200_000 + "b"}
    assert not matches("state.regex=^(a|a)*$", document)
    assert not matches("state.regex=(a*)*$c", document)


def test_regular_expressions_are_bounded():
    for pattern in ("x" * 129, "((a{99}){99}){99}", r"(a)\1", "[", "(?!a)"):
        with pytest.raises(InvalidMessage, match="regular expression"):
            matches(f"state.regex={quote(pattern)}")


def test_attributes_are_those_of_the_contract():
    attributes = Attributes(lambda: resource("productOrder").full_schema, ("serviceAddress.addrNo",))
    for path in (
        "id",
        "orderDate",
        "note.text",
        "relatedParty.@referredType",
        "productOrderItem.productOrderItem.product.id",
        "serviceAddress.addrNo",
    ):
        assert attributes.known(tuple(path.split("."))), path
    for path in ("nosuch", "note.nosuch", "id.x", "serviceAddress", ".".join(["productOrderItem"] * 20)):
        assert not attributes.known(tuple(path.split("."))), path
    assert Attributes(lambda: None).known(("anything",))


def test_attributes_of_composed_schemas():
    schema = {
        "allOf": [{"$ref": "#/$defs/a~1b"}, {"anyOf": [{"properties": {"two": {"type": "array", "items": {"properties": {"deep": {}}}}}}]}],
        "$defs": {"a/b": {"properties": {"one": {"$ref": "#/$defs/loop"}}}, "loop": {"$ref": "#/$defs/loop"}},
    }
    attributes = Attributes(lambda: schema)
    assert attributes.known(("one",))
    assert attributes.known(("two", "deep"))
    assert not attributes.known(("one", "x"))
    assert not attributes.known(("three",))


def listed(query, documents, listing=None):
    found = parse_list(
        split_query(query.encode()),
        listing or Listing(maximum=100, sort=True),
        Attributes(lambda: None),
        face="f",
        operation="productOrder.list",
        client="c",
        complete=lambda result: result.document or {},
    )
    return found, found.page(Result(Outcome(OutcomeKind.ACCEPTED), document) for document in documents)


def test_sorting_by_value_with_missing_last_either_way():
    documents = [{"n": n, "d": d} for n, d in ((10, "2023-01-02T00:00:00+09:00"), (9, "2023-01-01T16:00:00Z"), (Decimal("9.5"), "x"))] + [
        {"m": 1},
        {"n": None},
    ]
    assert [document.get("n", "-") for document in listed("sort=n", documents)[1].documents] == [9, Decimal("9.5"), 10, "-", None]
    assert [document.get("n", "-") for document in listed("sort=-n", documents)[1].documents] == [10, Decimal("9.5"), 9, "-", None]
    assert [document.get("n", "-") for document in listed("sort=%2Bd", documents)[1].documents][:2] == [10, 9]


def test_sorting_by_several_keys_is_stable():
    documents = [{"a": a, "b": b} for a in "yx" for b in "21"]
    page = listed("sort=a,-b", documents)[1]
    assert [(document["a"], document["b"]) for document in page.documents] == [("x", "2"), ("x", "1"), ("y", "2"), ("y", "1")]
    assert listed("sort=a&sort=-b", documents)[1] == page


@given(
    numbers=st.lists(st.integers(0, 20), max_size=300),
    offset=st.integers(0, 40),
    limit=st.integers(0, 40),
    sort=st.sampled_from(["", "&sort=n", "&sort=-n"]),
)
@settings(max_examples=100, deadline=None)
def test_the_page_is_the_slice_of_the_sorted_whole(numbers, offset, limit, sort):
    documents = [{"n": number, "i": index} for index, number in enumerate(numbers)]
    _, page = listed(f"offset={offset}&limit={limit}{sort}", documents)
    whole = sorted(documents, key=lambda document: document["n"] * (-1 if "-" in sort else 1)) if sort else documents
    assert page.total == len(numbers)
    assert [document["n"] for document in page.documents] == [document["n"] for document in whole[offset : offset + limit]]


def test_a_sorted_page_of_many_keeps_only_what_it_needs():
    query, page = listed("sort=-n&limit=2", ({"n": number * 7 % 1000} for number in range(1000)))
    assert ([document["n"] for document in page.documents], page.total) == ([999, 998], 1000)
    collector = query.collector()
    for number in range(1000):
        collector.add(Result(Outcome(OutcomeKind.ACCEPTED), {"n": number}))
    assert len(collector._kept) <= 2 * 2 + 64


def test_a_store_can_see_what_is_pinned_down():
    query, _ = listed("externalId=A&state=a,b&note.text=x;id=2&id.gt=1&orderDate=2023-01-11", [])
    assert query.equal("orderDate") is None  # means every moment of that day
    assert query.equal("externalId") == "A"
    assert query.equal("state") is None
    assert query.equal("id") is None
    assert query.equal("note.text") is None


def test_a_page_is_never_larger_than_declared():
    documents = [{"n": number} for number in range(30)]
    query, page = listed("limit=999", documents, Listing(maximum=7))
    assert (len(page.documents), page.total, query.limit) == (7, 30, 7)
    unpaged, all_of_it = listed("", documents, Listing(maximum=7))
    assert not unpaged.paged
    assert len(all_of_it.documents) == 7
