"""Replies that break their contract are read all the same, and each deviation is on record."""

from __future__ import annotations

import functools
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.contract.wsdl import load_contract
from adapter.ports import Deviation
from connectors.deviations import MOST_NOTES
from connectors.soap import SoapCodec
from connectors.xml import UnreadableXml, XmlLimits, parse_xml
from tests.strategies import documents

HERE = Path(__file__).parent / "wsdl"
SLBOS = Path(__file__).parents[3] / "mappings/pr/schema/slbos.wsdl"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


@functools.cache
def codec(path: Path) -> SoapCodec:
    return SoapCodec(load_contract(path))


def read(path: Path, body: str, operation: str = "Place") -> tuple[dict[str, Any], list[tuple[str, str]]]:
    xml = f'<e:Envelope xmlns:e="{SOAP}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>{body}</e:Body></e:Envelope>'
    document, deviations = codec(path).read_reply(operation, parse_xml(xml.encode()))
    return document, [(one.kind, one.path) for one in deviations]


def found(body: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    return read(
        SLBOS, f'<f:FindOrderResponse xmlns:f="urn:slbos:service:1" xmlns:o="urn:slbos:order:1">{body}</f:FindOrderResponse>', "FindOrder"
    )


RESULT = "<f:result><o:returnCode>0000</o:returnCode></f:result>"


@pytest.mark.parametrize(
    ("body", "document", "deviations"),
    [
        pytest.param(f"{RESULT}<f:matches>0</f:matches>", {"matches": 0}, [], id="as the contract has it"),
        pytest.param(f"{RESULT}<f:matches> 0 </f:matches><f:new>1</f:new>", {"matches": 0}, [("extra", "new")], id="extra at the end"),
        pytest.param(f"<x xmlns=''>1</x>{RESULT}<f:matches>0</f:matches>", {"matches": 0}, [("extra", "x")], id="extra at the start"),
        pytest.param(RESULT, {}, [("missing", "matches")], id="missing"),
        pytest.param(f"<f:matches>0</f:matches>{RESULT}", {"matches": 0}, [("order", "result")], id="another order"),
        pytest.param(f"{RESULT}<matches>0</matches>", {"matches": 0}, [("namespace", "matches")], id="no namespace"),
        pytest.param(f"{RESULT}<o:matches>0</o:matches>", {"matches": 0}, [("namespace", "matches")], id="another namespace"),
        pytest.param(f"{RESULT}<f:matches>many</f:matches>", {"matches": "many"}, [("type", "matches")], id="another kind stays text"),
        pytest.param(f"{RESULT}<f:matches/>", {"matches": ""}, [("type", "matches")], id="empty where a number was to be"),
        pytest.param(f"{RESULT}<f:matches>1_0</f:matches>", {"matches": "1_0"}, [("type", "matches")], id="no Python number"),
        pytest.param(f"{RESULT}<f:matches><a>1</a>2</f:matches>", {"matches": 12}, [("type", "matches")], id="elements in a number"),
        pytest.param(
            f"{RESULT}<f:matches>1</f:matches><f:orderNumber>a<b>c</b></f:orderNumber>",
            {"matches": 1, "orderNumber": "ac"},
            [("type", "orderNumber")],
            id="elements in text",
        ),
        pytest.param(f"{RESULT}<f:matches>1</f:matches><f:matches>2</f:matches>", {"matches": 1}, [("repeated", "matches")], id="twice"),
        pytest.param(f"{RESULT}<f:matches xsi:nil='true'/>", {"matches": None}, [("nil", "matches")], id="nil"),
        pytest.param(
            f"{RESULT}<f:matches>1</f:matches><f:orderNumber xsi:nil='1'/>",
            {"matches": 1, "orderNumber": None},
            [("nil", "orderNumber")],
            id="nil text",
        ),
        pytest.param(
            f"{RESULT}<f:matches>1</f:matches><f:orderNumber/>",
            {"matches": 1, "orderNumber": ""},
            [("facet", "orderNumber")],
            id="an empty element is empty text",
        ),
        pytest.param(
            f"{RESULT}<!-- c --><?p i?><f:matches>1<!-- c --></f:matches>text",
            {"matches": 1},
            [],
            id="comments, instructions and stray text",
        ),
        pytest.param(
            f"{RESULT}<f:matches>1</f:matches><f:bookedJob><o:number>5</o:number></f:bookedJob>",
            {"matches": 1, "bookedJob": {"number": "5"}},
            [("missing", "bookedJob.id")],
            id="missing further down",
        ),
    ],
)
def test_a_reply_is_read_and_its_deviations_recorded(body: str, document: dict[str, Any], deviations: list[tuple[str, str]]) -> None:
    assert found(body) == ({"result": {"returnCode": "0000"}} | document, deviations)


def test_one_element_of_a_list_is_a_list_by_contract() -> None:
    body = "<f:result><o:returnCode>0000</o:returnCode><o:message>one</o:message></f:result><f:matches>1</f:matches>"
    assert found(body)[0]["result"]["message"] == ["one"]


def test_list_elements_that_come_apart_are_one_list() -> None:
    messages = "<o:message>a</o:message><o:message/><o:returnCode>0000</o:returnCode><o:message>b</o:message>"
    body = f"<f:result>{messages}</f:result><f:matches>1</f:matches>"
    document, deviations = found(body)
    assert document["result"] == {"returnCode": "0000", "message": ["a", "", "b"]}
    assert deviations == [("order", "result.returnCode")]


def test_a_deviation_says_what_and_where_in_words() -> None:
    body = '<FindOrderResponse xmlns="urn:slbos:service:1"><matches>1</matches></FindOrderResponse>'
    xml = f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{body}</e:Body></e:Envelope>'
    _, deviations = codec(SLBOS).read_reply("FindOrder", parse_xml(xml.encode()))
    assert deviations == (Deviation("missing", "result", "is required by the contract but not in the reply"),)


def test_a_place_in_a_list_is_counted_from_nought() -> None:
    line = "<o:line><o:offerCode>A</o:offerCode><o:kind>K</o:kind><o:action>A</o:action><o:quantity>{}</o:quantity></o:line>"
    order = "<f:order>" + line.format(1) + line.format("two") + "</f:order>"
    _, deviations = found(f"{RESULT}<f:matches>1</f:matches>{order}")
    assert ("type", "order.line[1].quantity") in deviations


def derived(items: str) -> tuple[Any, list[tuple[str, str]]]:
    body = f'<PlaceResponse xmlns="urn:test:derived" xmlns:d="urn:test:derived">{items}<address><town>x</town></address></PlaceResponse>'
    document, deviations = read(HERE / "derived.wsdl", body)
    return document.get("item"), deviations


@pytest.mark.parametrize(
    ("item", "value", "deviations"),
    [
        ('<item xsi:type="d:Phone"><id>1</id><number>2</number></item>', {"@xsi:type": "Phone", "id": "1", "number": "2"}, []),
        (
            '<item xsi:type="Phone" rank="3"><id>1</id><number>2</number></item>',
            {"@xsi:type": "Phone", "@rank": 3, "id": "1", "number": "2"},
            [],
        ),
        ("<item><id>1</id></item>", {"id": "1"}, [("missing", "item[0].@xsi:type")]),
        ('<item xsi:type="d:Fax"><id>1</id></item>', {"id": "1"}, [("type", "item[0].@xsi:type")]),
        ('<item xsi:nil="true"/>', None, [("nil", "item[0]")]),
        ('<item xsi:type="d:Phone" xsi:nil="true"/>', None, [("nil", "item[0]")]),
        (
            '<item xsi:type="d:Bundle"><id>1</id><part xsi:type="d:Phone"><id>2</id></part></item>',
            {"@xsi:type": "Bundle", "id": "1", "part": [{"@xsi:type": "Phone", "id": "2"}]},
            [("missing", "item[0].part[0].number")],
        ),
        (
            '<item xsi:type="d:Phone" rank="first" stray="s"><id>1</id><number>2</number></item>',
            {"@xsi:type": "Phone", "@rank": "first", "id": "1", "number": "2"},
            [("type", "item[0].@rank"), ("extra", "item[0].@stray")],
        ),
    ],
)
def test_derived_types_are_read_by_their_xsi_type(item: str, value: Any, deviations: list[tuple[str, str]]) -> None:
    assert derived(item) == ([value], deviations)


def test_a_required_choice_that_is_not_made_is_noted() -> None:
    document, deviations = read(
        HERE / "choice.wsdl", '<PlaceResponse xmlns="urn:test:choice"><window><from>2024-05-31</from></window></PlaceResponse>'
    )
    assert document == {"window": {"from": "2024-05-31"}}
    assert deviations == [("missing", "card")]


def test_the_order_within_all_is_free() -> None:
    body = (
        '<PlaceResponse xmlns="urn:test:choice"><card>1</card><window><to>2024-06-01</to><from>2024-05-31</from></window></PlaceResponse>'
    )
    assert read(HERE / "choice.wsdl", body) == ({"card": "1", "window": {"to": "2024-06-01", "from": "2024-05-31"}}, [])


def test_a_repeated_choice_is_read_into_a_list_per_member_in_any_order() -> None:
    window = "<window><from>2024-05-31</from></window>"
    body = f'<PlaceResponse xmlns="urn:test:groups">{window}<bag><red>1</red><blue>b</blue><red>2</red></bag></PlaceResponse>'
    document, deviations = read(HERE / "groups.wsdl", body)
    assert document["bag"] == {"red": [1, 2], "blue": ["b"]}
    assert deviations == []


def test_qualified_attributes_are_read_with_and_without_their_namespace() -> None:
    for attribute in ('u:rank="1"', 'rank="1"'):
        content = f'<id>1</id><u:owner>o</u:owner><line {attribute} kind="k"><code>c</code></line>'
        body = f'<u:PlaceResponse xmlns:u="urn:test:unqualified">{content}</u:PlaceResponse>'
        document, deviations = read(HERE / "unqualified.wsdl", body)
        assert document["line"] == [{"@rank": 1, "@kind": "k", "code": "c"}]
        assert deviations == []


def test_unqualified_elements_that_come_qualified_are_read() -> None:
    body = '<PlaceResponse xmlns="urn:test:unqualified"><id>1</id><owner>o</owner><line><code>c</code></line></PlaceResponse>'
    document, deviations = read(HERE / "unqualified.wsdl", body)
    assert document == {"id": "1", "owner": "o", "line": [{"code": "c"}]}
    assert deviations == [("namespace", "id"), ("namespace", "line"), ("namespace", "line[0].code")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.50", Decimal("1.50")),
        (".5", Decimal("0.5")),
        ("1e3", Decimal("1E+3")),
        ("INF", Decimal("Infinity")),
        ("-INF", Decimal("-Infinity")),
    ],
)
def test_doubles_are_read_exactly(text: str, value: Decimal) -> None:
    document, _ = read(HERE / "facets.wsdl", f'<PlaceResponse xmlns="urn:test:facets"><double>{text}</double></PlaceResponse>')
    assert document["double"] == value
    assert str(document["double"]) == str(value)


def test_decimals_and_booleans_of_another_spelling_stay_text() -> None:
    facets = '<PlaceResponse xmlns="urn:test:facets"><amount>1e3</amount><double>many</double></PlaceResponse>'
    document, deviations = read(HERE / "facets.wsdl", facets)
    assert (document["amount"], document["double"]) == ("1e3", "many")
    assert [one for one in deviations if one[0] == "type"] == [("type", "amount"), ("type", "double")]
    flags = '<PlaceResponse xmlns="urn:test:nillable"><name/><names/><flags>1</flags><flags>no</flags><flags> true </flags></PlaceResponse>'
    document, deviations = read(HERE / "nillable.wsdl", flags)
    assert document == {"name": "", "names": {}, "flags": [True, "no", True]}
    assert deviations == [("type", "flags[1]")]


def test_open_content_is_read_as_it_stands() -> None:
    body = """<PlaceResponse xmlns="urn:test:open" xmlns:x="urn:x"><extended kind="k" xsi:schemaLocation="a b"><id>1</id>
      <x:a><x:b n="1">t</x:b><x:b/></x:a>
      <x:c xsi:nil="true"/><x:d>1</x:d><x:d>2</x:d><x:d>3</x:d><x:e>t<x:f/></x:e></extended><payload>text</payload></PlaceResponse>"""
    document, deviations = read(HERE / "open.wsdl", body)
    assert deviations == []
    assert document == {
        "extended": {
            "@kind": "k",
            "id": "1",
            "a": {"@xmlns": "urn:x", "b": [{"@n": "1", "#text": "t"}, ""]},
            "c": None,
            "d": [{"@xmlns": "urn:x", "#text": "1"}, {"@xmlns": "urn:x", "#text": "2"}, {"@xmlns": "urn:x", "#text": "3"}],
            "e": {"@xmlns": "urn:x", "f": "", "#text": "t"},
        },
        "payload": "text",
    }


def test_open_content_that_was_read_is_written_again_as_it_was() -> None:
    document: dict[str, Any] = {
        "extended": {"@kind": "k", "id": "1", "a": {"@xmlns": "urn:x", "b": [{"@n": "1", "#text": "t"}, ""]}},
        "payload": {"p": {"@xmlns": "urn:y", "q": "1"}},
    }
    again, deviations = codec(HERE / "open.wsdl").read_reply("Place", parse_xml(codec(HERE / "open.wsdl").write_reply("Place", document)))
    assert (again, deviations) == (document, ())


@pytest.mark.parametrize(
    ("envelope", "words"),
    [
        ("<html/>", "no SOAP envelope but 'html' of namespace ''"),
        (f'<e:Envelope xmlns:e="{SOAP}"/>', "has no Body"),
        (f'<e:Envelope xmlns:e="{SOAP}"><e:Body/></e:Envelope>', "the SOAP body is empty where 'FindOrderResponse' was to be"),
        (f'<e:Envelope xmlns:e="{SOAP}"><e:Body><Login/></e:Body></e:Envelope>', "holds 'Login' where 'FindOrderResponse' was to be"),
    ],
)
def test_what_is_no_reply_at_all_cannot_be_read(envelope: str, words: str) -> None:
    with pytest.raises(UnreadableXml, match=words):
        codec(SLBOS).read_reply("FindOrder", parse_xml(envelope.encode()))


def test_a_body_in_another_namespace_or_with_more_in_it_is_read() -> None:
    document, deviations = read(
        SLBOS, "<FindOrderResponse><matches>1</matches><result><returnCode>1</returnCode></result></FindOrderResponse><more/>", "FindOrder"
    )
    assert document == {"matches": 1, "result": {"returnCode": "1"}}
    assert deviations[:2] == [("namespace", ""), ("extra", "more")]


def test_an_rpc_reply_may_be_wrapped_in_any_name() -> None:
    order = "<order><id>1</id></order><count>2</count>"
    document, _ = read(HERE / "rpc.wsdl", f'<r:PlaceResult xmlns:r="urn:test:rpc">{order}</r:PlaceResult>')
    assert document["count"] == 2


def test_an_empty_message_with_something_in_it_is_noted() -> None:
    assert read(HERE / "rpc.wsdl", "<Something/>", "Ping") == ({}, [("extra", "Something")])


def test_the_other_soap_version_is_read_and_noted() -> None:
    xml = (
        codec(SLBOS)
        .write_reply("FindOrder", {"result": {"returnCode": "0"}, "matches": 1})
        .replace(SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope")
    )
    document, deviations = codec(SLBOS).read_reply("FindOrder", parse_xml(xml))
    assert document["matches"] == 1
    assert [one.kind for one in deviations] == ["version"]


def test_notes_are_bounded() -> None:
    document, deviations = found(f"{RESULT}<f:matches>1</f:matches>" + "<f:new/>" * 5000)
    assert document["matches"] == 1
    assert len(deviations) == MOST_NOTES


def test_a_deep_and_deviating_tree_is_read_in_linear_time() -> None:
    """Each element is read once, however many levels deviate."""
    depth = 80
    tree = "<t:stray/><t:leaf>x</t:leaf>" + "<t:tree><t:stray/><t:leaf>x</t:leaf>" * depth + "</t:tree>" * depth
    body = f'<t:PlaceResponse xmlns:t="urn:test:derived"><t:tree>{tree}</t:tree></t:PlaceResponse>'
    start = time.process_time()
    document, deviations = read(HERE / "derived.wsdl", body)
    assert time.process_time() - start < 2
    assert sum(kind == "extra" for kind, _ in deviations) == depth + 1
    for _ in range(depth):
        document = document["tree"][0] if isinstance(document["tree"], list) else document["tree"]
    assert document["leaf"] == "x"


def test_headers_of_the_contract_are_read_and_others_passed_over() -> None:
    xml = b"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:h="urn:test:headers">
      <s:Header><x/><h:Trace>t-1</h:Trace><h:Trace>t-2</h:Trace></s:Header><s:Body><h:PlaceResponse><h:number>1</h:number></h:PlaceResponse></s:Body></s:Envelope>"""
    assert codec(HERE / "headers.wsdl").read_reply("Place", parse_xml(xml)) == ({"number": 1, "#header": {"Trace": "t-1"}}, ())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(codec(SLBOS).contracts["UpdateOrderDetail"].output), st.randoms(use_true_random=False), st.booleans())
def test_a_shuffled_reply_with_strangers_in_it_is_read_like_the_tidy_one(document: dict[str, Any], random: Any, strip: bool) -> None:
    tidy = codec(SLBOS).write_reply("UpdateOrderDetail", document)
    root = parse_xml(tidy)
    expected, none = codec(SLBOS).read_reply("UpdateOrderDetail", root)
    assert none == ()
    for element in list(root[0].iter()):
        if len(element) and element is not root[0]:
            children = list(element)
            lists = {child.tag for child in children if sum(one.tag == child.tag for one in children) > 1}
            movable = [child for child in children if child.tag not in lists]
            random.shuffle(movable)
            for child in movable:
                element.append(child)
            element.insert(random.randrange(len(element) + 1), element.makeelement("{urn:stranger}stranger"))
        if strip:
            element.text = element.text
    read_again, deviations = codec(SLBOS).read_reply("UpdateOrderDetail", root)
    assert read_again == expected
    assert any(one.kind == "extra" for one in deviations)


def test_what_is_deeper_or_larger_than_the_limits_is_not_read() -> None:
    with pytest.raises(UnreadableXml, match="nested deeper than 5 elements"):
        parse_xml(b"<a>" * 6 + b"</a>" * 6, XmlLimits(depth=5))
    assert parse_xml(b"<a>" * 5 + b"</a>" * 5, XmlLimits(depth=5)).tag == "a"
    with pytest.raises(UnreadableXml, match="the XML has 40 bytes, more than the 39 that are read"):
        parse_xml(b"<a>" + b"x" * 33 + b"</a>", XmlLimits(size=39))
