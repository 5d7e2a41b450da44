"""The strict writer names the place and the remedy, for each way in which a document can break its contract."""

from __future__ import annotations

import copy
import functools
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.contract.wsdl import load_contract
from adapter.errors import SerialisationFailed
from connectors.soap import SoapCodec

HERE = Path(__file__).parent / "wsdl"
SLBOS = Path(__file__).parents[3] / "mappings/pr/schema/slbos.wsdl"

ORDER: dict[str, Any] = {
    "order": {
        "conversationId": "c-1",
        "channel": {"channelId": "ECOM", "lineOfBusiness": "RES", "correlationId": "x"},
        "accountNumber": "8211990012345678",
        "requestedDate": "2024-05-31T09:30:00Z",
        "reasonCode": "A1",
        "campaignCode": "C",
        "requestedFunction": "NEW",
        "creditLimit": "100",
        "job": {"type": "IN", "installation": "PRO"},
        "line": [{"offerCode": f"O{number}", "kind": "K", "action": "A", "quantity": number} for number in range(5)],
    }
}
FACETS: dict[str, Any] = {
    "code": "abc",
    "exact": "abc",
    "zip": "12345",
    "near": "12345-6789",
    "word": "Abc",
    "colour": "red",
    "percent": 50,
    "above": 15,
    "amount": Decimal("1.25"),
    "size": 10,
    "either": "1",
    "when": "2024-05-31T09:30:00",
    "day": "2024-05-31",
    "hour": "09:30:00",
    "byte": -128,
    "unsigned": 4294967295,
    "long": 1,
    "positive": 1,
    "double": Decimal("1E+3"),
    "float": 0.5,
    "inline": "ab",
}


@functools.cache
def codec(path: Path) -> SoapCodec:
    return SoapCodec(load_contract(path))


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    result = copy.deepcopy(document)
    here: Any = result
    *way, last = path.replace("[", ".[").split(".")
    for step in way:
        here = here[int(step[1:-1])] if step.startswith("[") else here[step]
    if value is ...:
        del here[last]
    else:
        here[int(last[1:-1]) if last.startswith("[") else last] = value
    return result


@pytest.mark.parametrize(
    ("place", "value", "path", "words"),
    [
        ("order.line[3].quantity", "3", "order.line[3].quantity", "a whole number is needed here, not text"),
        ("order.line[3].quantity", True, "order.line[3].quantity", "a whole number is needed here, not true or false"),
        ("order.line[3].quantity", 2**31, "order.line[3].quantity", "greater than 2147483647"),
        ("order.line[2].action", "X", "order.line[2].action", "'X' is none of the values that the contract lists: A, M, D, N"),
        ("order.line[2].action", 1, "order.line[2].action", "text is needed here, not a whole number"),
        ("order.line[1].bundle", "true", "order.line[1].bundle", "true or false is needed here, not text"),
        ("order.line[0]", "x", "order.line[0]", "an object is needed here, not text"),
        ("order.line", {}, "order.line", "a list is needed here, not an object"),
        ("order.line", [], "order.line", "the list has 0 elements, the contract needs at least 1"),
        ("order.line", ..., "order.line", "is required by the contract but missing"),
        ("order.job", ..., "order.job", "is required by the contract but missing"),
        ("order.job", None, "order.job", "null cannot stand here (not nillable); give an object or leave the member out"),
        ("order.job.kind", "x", "order.job.kind", "the contract has no such member here; it has: type, installation"),
        ("order.houseId", None, "order.houseId", "null cannot stand here (not nillable)"),
        ("order.houseId", "x" * 21, "order.houseId", "the text has 21 characters, the contract takes at most 20; shorten it"),
        ("order.houseId", "", "order.houseId", "the text has 0 characters, the contract needs at least 1"),
        ("order.houseId", ["x"], "order.houseId", "text is needed here, not a list"),
        ("order.accountNumber", "12", "order.accountNumber", "does not fit the pattern #?[0-9]{8,16}"),
        ("order.requestedDate", "31.05.2024", "order.requestedDate", "a date and time such as 2024-05-31T09:30:00Z"),
        ("order.creditLimit", "a\x07b", "order.creditLimit", "the character U+0007 at position 2 cannot be carried by XML; take it out"),
        ("more", 1, "more", "the contract has no such member here; it has: order"),
        ("order.@xsi:type", "Order", "order.@xsi:type", "there are no derived types here"),
    ],
)
def test_an_order_that_breaks_the_contract_is_refused(place: str, value: Any, path: str, words: str) -> None:
    codec(SLBOS).write_request("UpdateOrderDetail", ORDER)
    with pytest.raises(SerialisationFailed) as wrong:
        codec(SLBOS).write_request("UpdateOrderDetail", changed(ORDER, place, value))
    assert wrong.value.path == path
    assert words in wrong.value.text


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("code", "a", "at least 2"),
        ("exact", "abcd", "at most 3"),
        ("zip", "1234", "pattern"),
        ("near", "92345", "pattern"),
        ("word", "Axy", "pattern"),
        ("word", "Abxy", "pattern"),
        ("colour", "blue", "red, black & white"),
        ("percent", -1, "less than 0"),
        ("percent", 101, "greater than 100"),
        ("above", 10, "not greater than 10"),
        ("above", 20, "not less than 20"),
        ("amount", Decimal("0.125"), "3 digits after the point"),
        ("amount", Decimal("12345.67"), "7 digits"),
        ("amount", Decimal("NaN"), "no number"),
        ("amount", "1.25", "a number is needed here, not text"),
        ("amount", True, "a number is needed here, not true or false"),
        ("size", 2, "1, 10"),
        ("either", "2", "red, black & white, 1, 10"),
        ("when", "2024-13-31T09:30:00", "a date and time"),
        ("day", "2024-05-32", "a date such as"),
        ("hour", "25:00:00", "a time such as"),
        ("byte", 128, "greater than 127"),
        ("unsigned", -1, "less than 0"),
        ("positive", 0, "less than 1"),
        ("positive", 10**40, None),
        ("inline", "abcde", "at most 4"),
        ("fixed", "v2", "'v2' is none of the values that the contract lists: v1"),
    ],
)
def test_a_value_that_breaks_a_facet_is_refused(member: str, value: Any, words: str | None) -> None:
    codec(HERE / "facets.wsdl").write_request("Place", FACETS)
    if words is None:
        assert str(value).encode() in codec(HERE / "facets.wsdl").write_request("Place", FACETS | {member: value})
        return
    with pytest.raises(SerialisationFailed) as wrong:
        codec(HERE / "facets.wsdl").write_request("Place", FACETS | {member: value})
    assert wrong.value.path == member
    assert words in wrong.value.text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("Infinity"), "INF"),
        (Decimal("-Infinity"), "-INF"),
        (Decimal("NaN"), "NaN"),
        (7, "7"),
        (0.1, "0.1"),
    ],
)
def test_numbers_are_written_as_xsd_spells_them(value: Any, text: str) -> None:
    assert f"<n0:double>{text}</n0:double>".encode() in codec(HERE / "facets.wsdl").write_request("Place", FACETS | {"double": value})


@pytest.mark.parametrize(
    ("document", "path", "words"),
    [
        ({"card": "1", "cash": "2"}, "", "only one of card, cash may be there (a choice)"),
        ({"card": "1", "bic": "2"}, "", "only one of card, bic may be there (a choice)"),
        ({}, "", "one of card, iban, bic, cash is required but none is there"),
        ({"bic": "1"}, "iban", "is required by the contract but missing"),
        ({"card": "1", "email": "a", "phone": "b"}, "", "only one of email, phone may be there"),
    ],
)
def test_a_choice_is_made_once(document: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(SerialisationFailed) as wrong:
        codec(HERE / "choice.wsdl").write_request("Place", document | {"window": {"from": "2024-05-31"}})
    assert wrong.value.path == path
    assert words in wrong.value.text


@pytest.mark.parametrize(
    ("document", "path", "words"),
    [
        ({"street": "a"}, "number", "is required by the contract but missing"),
        ({"street": "a", "number": 1, "floor": 1, "door": ["b"]}, "", "only one of floor, door"),
        ({"street": "a", "number": 1, "door": ["a", "b", "c"]}, "door", "takes at most 2"),
        ({"row": {"cell": ["1", "2", "3", "4", "5"]}}, "row.cell", "takes at most 4"),
        ({"bag": {"red": "1"}}, "bag.red", "a list is needed here"),
        ({"bag": {"blue": ["a", 1]}}, "bag.blue[1]", "text is needed here"),
    ],
)
def test_groups_come_together(document: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(SerialisationFailed) as wrong:
        codec(HERE / "groups.wsdl").write_request("Place", document | {"window": {"from": "2024-05-31"}})
    assert wrong.value.path == path
    assert words in wrong.value.text


def test_false_and_zero_and_empty_text_are_values_in_a_choice() -> None:
    """zeep 4.3 leaves these out of a choice without a word."""
    document = {"street": "", "number": 0, "floor": 0, "window": {"from": "2024-05-31"}}
    assert b"<n0:street></n0:street><n0:number>0</n0:number><n0:floor>0</n0:floor>" in codec(HERE / "groups.wsdl").write_request(
        "Place", document
    )


@pytest.mark.parametrize(
    ("item", "path", "words"),
    [
        ({"id": "1"}, "item[0].@xsi:type", "is required by the contract but missing"),
        (
            {"@xsi:type": "Item", "id": "1"},
            "item[0].@xsi:type",
            "'Item' is none of the values that the contract lists: Phone, Bundle, Mobile",
        ),
        ({"@xsi:type": 1, "id": "1"}, "item[0].@xsi:type", "'1' is none of the values"),
        ({"@xsi:type": "Phone", "id": "1", "number": "2", "sim": "3"}, "item[0].sim", "no such member"),
        ({"@xsi:type": "Bundle", "id": "1", "part": [{"@xsi:type": "Phone", "id": "1"}]}, "item[0].part[0].number", "is required"),
        ("x", "item[0].@xsi:type", "missing"),
    ],
)
def test_derived_types_are_named_and_hold_only_what_is_theirs(item: Any, path: str, words: str) -> None:
    with pytest.raises(SerialisationFailed) as wrong:
        codec(HERE / "derived.wsdl").write_request("Place", {"item": [item], "address": {"town": "x"}})
    assert wrong.value.path == path
    assert words in wrong.value.text


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"@by": ...}, "@by", "is required by the contract but missing"),
        ({"@origin": "moon"}, "@origin", "web, shop"),
        ({"price": {"#text": Decimal(1), "@currency": "us"}}, "price.@currency", "pattern [A-Z]{3}"),
        ({"price": {"@currency": "USD"}}, "price.#text", "is required by the contract but missing"),
        ({"price": Decimal(1)}, "price", "an object is needed here"),
        ({"rounded": {"#text": Decimal("0.25"), "@currency": "USD"}}, "rounded.#text", "2 digits after the point"),
        ({"rounded": {"#text": Decimal(1), "@currency": "USD", "@net": True}}, "rounded.@net", "no such member"),
        ({"flag": {"@on": True, "@unit": "cm"}}, "flag.@unit", "mm"),
        ({"@stray": "x"}, "@stray", "no such member"),
    ],
)
def test_attributes_are_checked_like_elements(change: dict[str, Any], path: str, words: str) -> None:
    document = {"@by": "me", "price": {"#text": Decimal("1.50"), "@currency": "USD"}, "flag": {"@on": True}} | change
    with pytest.raises(SerialisationFailed) as wrong:
        codec(HERE / "attributes.wsdl").write_request("Place", {key: value for key, value in document.items() if value is not ...})
    assert wrong.value.path == path
    assert words in wrong.value.text


def test_header_parts_are_checked_too() -> None:
    with pytest.raises(SerialisationFailed) as wrong:
        codec(HERE / "headers.wsdl").write_request("Place", {"id": "1", "#header": {"Session": {"level": 1}}})
    assert wrong.value.path == "#header.Session.user"


def test_a_document_nested_without_end_is_refused() -> None:
    tree: dict[str, Any] = {"leaf": "x"}
    for _ in range(3000):
        tree = {"leaf": "x", "tree": [tree]}
    document = {"item": [{"@xsi:type": "Phone", "id": "1", "number": "2"}], "address": {"town": "x"}, "tree": tree}
    with pytest.raises(SerialisationFailed, match="nested too deep"):
        codec(HERE / "derived.wsdl").write_request("Place", document)


def test_an_unknown_operation_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        SerialisationFailed, match="no operation 'Plaice'; it has: UpdateOrderDetail, GetOrderStatus, GetOrderStatusList, FindOrder"
    ):
        codec(SLBOS).write_request("Plaice", {})


def test_an_empty_message_takes_no_members() -> None:
    rpc = codec(HERE / "rpc.wsdl")
    assert rpc.write_request("Ping", {}).endswith(b' xmlns:n0="urn:test:rpc"><soap:Body><n0:Ping></n0:Ping></soap:Body></soap:Envelope>')
    with pytest.raises(SerialisationFailed, match="no such member"):
        rpc.write_request("Ping", {"x": 1})


OPEN = {"extended": {"id": "1"}}


@pytest.mark.parametrize(
    ("extra", "written"),
    [
        ({"note": "a<b"}, b"<note>a&lt;b</note>"),
        (
            {"note": {"@xmlns": "urn:x", "@kind": "k", "#text": "t", "inner": ["1", 2]}},
            b'<note xmlns="urn:x" kind="k">t<inner>1</inner><inner>2</inner></note>',
        ),
        ({"note": None}, b'<note xsi:nil="true"/>'),
        ({"note": True, "more": Decimal("1.50"), "half": 0.5}, b"<note>true</note><more>1.50</more><half>0.5</half>"),
        ({"@extra": "x"}, b'<n0:extended extra="x">'),
    ],
)
def test_open_content_is_written_as_it_is_named(extra: dict[str, Any], written: bytes) -> None:
    assert written in codec(HERE / "open.wsdl").write_request("Place", {"extended": {"id": "1"} | extra})


@pytest.mark.parametrize(
    ("extra", "path", "words"),
    [
        ({"no name": "x"}, "extended.no name", "cannot be the name of an XML element"),
        ({"<x/>": "x"}, "extended.<x/>", "cannot be the name of an XML element"),
        ({"@a b": "x"}, "extended.@a b", "cannot be the name of an XML attribute"),
        ({"@xmlns:a": "x"}, "extended.@xmlns:a", "cannot be the name of an XML attribute"),
        ({"note": {"inner": {"deep": "\x00"}}}, "extended.note.inner.deep", "U+0000"),
        ({"note": object()}, "extended.note", "text or a number is needed"),
        ({"#stray": "x"}, "extended.#stray", "no such member"),
    ],
)
def test_open_content_cannot_break_out(extra: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(SerialisationFailed) as wrong:
        codec(HERE / "open.wsdl").write_request("Place", {"extended": {"id": "1"} | extra})
    assert wrong.value.path == path
    assert words in wrong.value.text


def test_any_type_takes_text_or_an_object() -> None:
    write = functools.partial(codec(HERE / "open.wsdl").write_request, "Place")
    assert b"<n0:payload>x</n0:payload>" in write({**OPEN, "payload": "x"})
    assert b"<n0:payload><a>1</a></n0:payload>" in write({**OPEN, "payload": {"a": 1}})


SIMPLE: dict[str, Any] = {
    "hash": "00ff",
    "blob": "AAAA",
    "even": -12,
    "rate": Decimal("0.50"),
    "share": Decimal("0.25"),
    "nested": "abc",
    "pair": "one two",
    "either": "none",
    "loose": "anything",
    "listed": "a1",
    "year": "2024",
    "month": "2024-05",
    "day": "--05-31",
    "only": "--05",
    "last": "---31",
    "token": "a.b",
    "name": "a:b",
    "tongue": "es-PR",
    "duration": "P1DT2H",
    "whole": 2**64 - 1,
}


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("hash", "0", "pairs of hexadecimal digits|bytes"),
        ("hash", "000000", "3 bytes, the contract takes 2 to 2"),
        ("hash", "zzzz", "pairs of hexadecimal digits"),
        ("blob", "AAAAAAAAAAAA", "9 bytes, the contract takes 0 to 6"),
        ("blob", "A!AA", "base64"),
        ("even", 3, "pattern"),
        ("even", 1234, "4 digits"),
        ("rate", Decimal("0.75"), "0.5, 1.0"),
        ("share", Decimal("-0.5"), "less than 0"),
        ("share", 10**12, "not less than 100000000000.5"),
        ("nested", "", "at least 1"),
        ("nested", "abcd", "at most 3"),
        ("pair", "one", "pattern"),
        ("either", "0.75", "0.5, 1.0, none"),
        ("listed", "c1", "a1, b1"),
        ("listed", "1a", "a name without colon"),
        ("year", "24", "a year"),
        ("month", "2024-13", "a month of a year"),
        ("day", "05-31", "a day of a month"),
        ("only", "05", "a month"),
        ("last", "31", "a day"),
        ("token", "a b", "a name token"),
        ("name", "1", "a name"),
        ("tongue", "spanish-of-puerto-rico!", "a language"),
        ("duration", "P", "a duration"),
        ("whole", 2**64, "greater than"),
    ],
)
def test_a_value_that_is_not_spelled_as_its_type_is_refused(member: str, value: Any, words: str) -> None:
    write = functools.partial(codec(HERE / "simple.wsdl").write_request, "Place")
    assert b"<n0:rate>0.50</n0:rate>" in write(SIMPLE)
    with pytest.raises(SerialisationFailed, match=words) as wrong:
        write(SIMPLE | {member: value})
    assert wrong.value.path == member
