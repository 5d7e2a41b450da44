"""The compiled serialiser and reader give what zeep gives, and what libxml2 finds valid, over generated documents."""

from __future__ import annotations

import functools
import io
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import canonicalize

import isodate
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from lxml import etree

from adapter.contract.shape import Kind, Shape
from adapter.contract.wsdl import load_contract
from adapter.errors import SerialisationFailed
from connectors.soap import SoapCodec
from connectors.soap.envelope import opened
from connectors.soap.zeep_fallback import ZeepFallback
from connectors.xml import parse_xml
from tests.strategies import documents

pytestmark = pytest.mark.no_cover  # what generated documents run is measured where examples show it; measuring doubles the time

HERE = Path(__file__).parent / "wsdl"
ROOT = Path(__file__).parents[3]
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
XSI = "http://www.w3.org/2001/XMLSchema-instance"

CASES = [
    ("slbos", "../../../../mappings/pr/schema/slbos.wsdl", "UpdateOrderDetail"),
    ("slbos-find", "../../../../mappings/pr/schema/slbos.wsdl", "FindOrder"),
    ("slbos-status", "../../../../mappings/pr/schema/slbos.wsdl", "GetOrderStatus"),
    ("imports", "imports/service.wsdl", "Place"),
    ("unqualified", "unqualified.wsdl", "Place"),
    ("attributes", "attributes.wsdl", "Place"),
    ("choice", "choice.wsdl", "Place"),
    ("nillable", "nillable.wsdl", "Place"),
    ("derived", "derived.wsdl", "Place"),
    ("facets", "facets.wsdl", "Place"),
    ("rpc", "rpc.wsdl", "Place"),
    ("rpc-no-parts", "rpc.wsdl", "Ping"),
    ("headers-1.2", "headers.wsdl", "Place"),
    ("headers-1.1", "headers11.wsdl", "Place"),
    ("bare", "dual.wsdl", "Say"),
    ("refused-beside", "refused.wsdl", "Good"),
]
# zeep cannot write these documents, libxml2 judges them all the same
VALID = [case for case in CASES if "rpc" not in case[1]] + [(name, f"{name}.wsdl", "Place") for name in ("groups", "simple", "oddities")]
each_case = pytest.mark.parametrize(("file", "operation"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])


@functools.cache
def codec(file: str) -> SoapCodec:
    return SoapCodec(load_contract(HERE / file))


@functools.cache
def zeep_of(file: str) -> ZeepFallback:
    return ZeepFallback(codec(file).contract)


@functools.cache
def validator(file: str) -> etree.XMLSchema:
    path = (HERE / file).resolve()
    if file.startswith("imports"):
        return etree.XMLSchema(etree.parse(path.parent / "types/order.xsd"))
    schema = etree.parse(path).getroot().find(".//{http://www.w3.org/2001/XMLSchema}schema")
    text = etree.tostring(schema).replace(b'schemaLocation="http://www.w3.org/2001/xml.xsd"', b'schemaLocation="xml-namespace.xsd"')
    return etree.XMLSchema(etree.fromstring(text, base_url=str(path)))


def canonical(xml: bytes) -> str:
    types = [f"{{{XSI}}}type"]
    return str(canonicalize(xml.decode(), rewrite_prefixes=True, qname_aware_attrs=types))


def body_of(xml: bytes) -> etree._Element:
    return opened(etree.fromstring(xml)).content[0]


@each_case
def test_the_serialiser_writes_what_zeep_writes(file: str, operation: str) -> None:
    ours, theirs = codec(file), zeep_of(file)

    @FEW
    @given(documents(ours.contracts[operation].input))
    def same(document: dict[str, Any]) -> None:
        document = implied(document, ours.contracts[operation].input)
        written = ours.write_request(operation, document)
        reference = theirs.write(operation, document, "")
        note(written.decode())
        note(reference.decode())
        assert canonical(written) == canonical(reference)

    same()


@each_case
def test_the_reader_reads_what_zeep_reads_and_what_was_written(file: str, operation: str) -> None:
    ours, theirs = codec(file), zeep_of(file)
    shape = ours.contracts[operation].output

    @FEW
    @given(documents(shape))
    def same(document: dict[str, Any]) -> None:
        written = ours.write_reply(operation, document)
        note(written.decode())
        root = parse_xml(written)
        read, deviations = ours.read_reply(operation, root)
        assert read == without_empty_lists(document)
        assert deviations == ()
        header = read.pop("#header", None)
        del header  # zeep's reader of bodies does not look at headers; they are compared with what was written, above
        assert pruned(read, shape) == pruned(theirs.read(operation, parse_xml(written)), shape)

    same()


@pytest.mark.parametrize(("file", "operation"), [case[1:] for case in VALID], ids=[case[0] for case in VALID])
def test_what_is_written_is_valid_by_libxml2(file: str, operation: str) -> None:
    ours, schema = codec(file), validator(file)

    @FEW
    @given(documents(ours.contracts[operation].input))
    def valid(document: dict[str, Any]) -> None:
        body = etree.fromstring(etree.tostring(body_of(ours.write_request(operation, document))))
        schema.assertValid(body)

    valid()


@pytest.mark.parametrize(
    "file",
    [
        "facets.wsdl",
        "choice.wsdl",
        "groups.wsdl",
        "simple.wsdl",
        "attributes.wsdl",
        "nillable.wsdl",
        "derived.wsdl",
        "imports/service.wsdl",
    ],
)
def test_a_damaged_document_is_refused_or_still_valid(file: str) -> None:
    """The strict writer lets nothing through that libxml2 would refuse."""
    ours, schema = codec(file), validator(file)
    refused = []

    @settings(FEW, max_examples=80)
    @given(documents(ours.contracts["Place"].input), st.data())
    def damaged(document: dict[str, Any], data: st.DataObject) -> None:
        damage(document, data)
        note(str(document))
        try:
            written = ours.write_request("Place", document)
        except SerialisationFailed as wrong:
            refused.append(wrong.path)
            return
        schema.assertValid(etree.fromstring(etree.tostring(body_of(written))))

    damaged()
    assert len(refused) > 10, "the damage must be such that most of it is refused"


def test_the_comparison_sees_a_planted_fault() -> None:
    """Each fault that a serialiser might have makes the canonical comparison fail."""
    ours, theirs = codec("attributes.wsdl"), zeep_of("attributes.wsdl")
    document = {"@by": "me", "price": {"#text": Decimal("1.50"), "@currency": "USD"}, "flag": {"@on": True}, "label": [{"#text": "a"}]}
    good = ours.write_request("Place", document)
    assert canonical(good) == canonical(theirs.write("Place", document, ""))
    faults = [
        (b"<n0:flag", b"<flag"),
        (b'on="true"', b'on="1"'),
        (b">a</n0:label>", b">A</n0:label>"),
        (b' currency="USD"', b""),
        (b"urn:test:attributes", b"urn:test:attribute"),
        (b"<n0:label", b"<n0:label/><n0:label"),
    ]
    for before, after in faults:
        assert before in good, before
        bad = good.replace(before, after)
        if before == b"<n0:flag":
            bad = bad.replace(b"</n0:flag", b"</flag")
        assert canonical(bad) != canonical(theirs.write("Place", document, "")), before


def test_the_comparison_of_readers_sees_a_planted_fault() -> None:
    ours, theirs = codec("nillable.wsdl"), zeep_of("nillable.wsdl")
    shape = ours.contracts["Place"].output
    document = {"name": "a", "names": {"string": ["x", "y"]}, "flags": [True, False]}
    reference = pruned(theirs.read("Place", parse_xml(ours.write_reply("Place", document))), shape)
    for change in ({"name": "b"}, {"names": {"string": ["y", "x"]}}, {"names": {"string": ["x"]}}, {"flags": [True, True]}):
        read, _ = ours.read_reply("Place", parse_xml(ours.write_reply("Place", document | change)))
        assert pruned(read, shape) != reference


def test_a_document_with_a_derived_type_names_it_in_its_own_namespace() -> None:
    document = {"item": [{"@xsi:type": "Mobile", "id": "1", "number": "2", "sim": "3", "@esim": True}], "address": {"town": "Ponce"}}
    written = codec("derived.wsdl").write_request("Place", document)
    assert b'<n0:item xsi:type="n0:Mobile" esim="true"><n0:id>1</n0:id><n0:number>2</n0:number><n0:sim>3</n0:sim></n0:item>' in written


# what both sides are made comparable by


def without_empty_lists(value: Any) -> Any:
    """An empty list is not there on the wire."""
    if isinstance(value, dict):
        return {key: without_empty_lists(one) for key, one in value.items() if one != [] and (key, one) != ("#header", {})}
    return [without_empty_lists(one) for one in value] if isinstance(value, list) else value


def implied(value: Any, shape: Shape) -> Any:
    """zeep never writes an xsi:type that says what the contract says anyway."""
    if isinstance(value, list):
        return [implied(one, shape) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: one for key, one in value.items() if (key, one) != ("@xsi:type", shape.name)}
    return {key: implied(one, shape.members[key].shape) if key in shape.members else one for key, one in kept.items()}


def pruned(value: Any, shape: Shape | None) -> Any:
    """zeep reads nil, absent and empty alike, makes objects of dates and floats of decimals, and forgets xsi:type."""
    if isinstance(value, dict):
        members = shape.members if shape is not None else {}
        found = {key: pruned(one, members[key].shape if key in members else None) for key, one in value.items() if key != "@xsi:type"}
        found = unfolded(found, shape)
        return {key: one for key, one in found.items() if one is not None} or None
    if isinstance(value, list):
        items = [pruned(one, shape) for one in value]
        return items or None
    if shape is not None and shape.kind is Kind.DECIMAL and value is not None:
        return float(value)
    if isinstance(value, str) and shape is not None and shape.format in ("date-time", "date", "time"):
        parse = {"date-time": isodate.parse_datetime, "date": isodate.parse_date, "time": isodate.parse_time}[shape.format]
        return parse(value).isoformat()
    return (int(value) if shape is not None and shape.kind is Kind.INTEGER and isinstance(value, str) else value) if value != "" else None


def unfolded(found: dict[str, Any], shape: Shape | None) -> dict[str, Any]:
    """zeep's rounds of a repeated group as a list per member."""
    rounds = found.pop("_value_1", None)
    for one in rounds or ():
        for key, value in (one or {}).items():
            member = shape.members[key].shape if shape else None
            found.setdefault(key, []).append(pruned(value, member))
    return found


def damage(document: dict[str, Any], data: st.DataObject) -> None:
    """Takes away, adds or changes one thing somewhere in the document."""
    here: Any = document
    while True:
        inner = [one for one in (here.values() if isinstance(here, dict) else here) if isinstance(one, dict | list) and one]
        if not inner or data.draw(st.booleans()):
            break
        here = data.draw(st.sampled_from(inner))
    keys = list(here) if isinstance(here, dict) else list(range(len(here)))
    if not keys:
        here["stray"] = "x"
        return
    key = data.draw(st.sampled_from(keys))
    odd = st.sampled_from(["", "x", "x" * 50, 0, -1, 10**12, Decimal("0.123456789"), True, None, [], ["x"], {}, {"stray": "x"}])
    action = data.draw(st.sampled_from(["remove", "change", "add", "double"]))
    if action == "remove":
        del here[key]
    elif action == "change":
        here[key] = data.draw(odd)
    elif action == "double" and isinstance(here[key], list):
        here[key] = here[key] * 4
    elif isinstance(here, dict):
        here[data.draw(st.sampled_from(["stray", "card", "iban", "email", "@kind", "#text", "line"]))] = data.draw(odd)


@pytest.mark.parametrize("text", ["\x00", "\x0b", "\ud800", "\ufffe"], ids=["NUL", "vertical tab", "lone surrogate", "non-character"])
def test_characters_that_xml_cannot_carry_are_refused_by_name_and_place(text: str) -> None:
    document = {"item": [], "address": {"town": f"Ponce{text}"}}
    document["item"] = [{"@xsi:type": "Phone", "id": "1", "number": "2"}]
    with pytest.raises(SerialisationFailed) as wrong:
        codec("derived.wsdl").write_request("Place", document)
    assert wrong.value.path == "address.town"
    assert f"U+{ord(text):04X} at position 6" in wrong.value.text


def test_libxml2_reads_back_every_sign_that_is_written() -> None:
    text = "".join(map(chr, [9, 10, 13, *range(32, 0x300), 0x20AC, 0x1F600]))
    written = codec("dual.wsdl").write_request("Say", {"#text": text})
    assert etree.parse(io.BytesIO(written)).getroot()[0][0].text == text
