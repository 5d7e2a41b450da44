"""Envelopes whose document is at hand are masked like those that nobody knows anything about, to the byte."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.contract.shape import Kind, Member, Shape
from adapter.contract.wsdl import load_contract
from adapter.errors import SerialisationFailed
from adapter.ports import Answer, Call, WireReply, WireRequest
from adapter.redaction import Redaction
from adapter.redaction.written import Places, masked, places_of
from connectors.soap import SoapCodec, SoapConnector, UsernameToken
from tests.strategies import documents

HERE = Path(__file__).parent / "wsdl"
SLBOS = "../../../../mappings/pr/schema/slbos.wsdl"
FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
CASES = [
    *((SLBOS, name) for name in ("UpdateOrderDetail", "GetOrderStatus", "FindOrder")),
    *((file, "Place") for file in ("imports/service.wsdl", "unqualified.wsdl", "choice.wsdl", "nillable.wsdl", "facets.wsdl")),
    *((file, "Place") for file in ("attributes.wsdl", "derived.wsdl", "groups.wsdl", "oddities.wsdl", "open.wsdl", "rpc.wsdl")),
    *((file, "Place") for file in ("headers.wsdl", "simple.wsdl")),
    ("refused.wsdl", "Good"),
]
ODD = ["Ana", "Ana", "Ana B", "***", "", " ", " Ana", "\u00a0", "Ana\t", "a&b", "a&amp;b", "a<b", "name>Ana</name", '"', "\u00c4nne", "\\"]


@functools.cache
def codec(file: str) -> SoapCodec:
    return SoapCodec(load_contract(HERE / file))


def chains(shape: Shape, depth: int = 5) -> Iterator[tuple[str, ...]]:
    """The names of members inside of each other, from the document down."""
    for name, member in shape.members.items():
        yield (name,)
        if depth:
            yield from ((name, *rest) for rest in chains(member.shape, depth - 1))


def paths(shape: Shape) -> st.SearchStrategy[list[str]]:
    """Some of the names around a member, and the member."""
    whole = [("Envelope", "Body", shape.name, *chain) for chain in chains(shape) if "#" not in "".join(chain)]

    def some(chain: tuple[str, ...]) -> st.SearchStrategy[str]:
        kept = st.lists(st.booleans(), min_size=len(chain) - 1, max_size=len(chain) - 1)
        return kept.map(lambda keep: ".".join([*(name for name, wanted in zip(chain, keep, strict=False) if wanted), chain[-1]]))

    one = st.sampled_from(whole or [("Envelope", "Body")]).flatmap(some)
    return st.lists(one | st.sampled_from(["Body", "Envelope.@id", shape.name, "order.@id", "elsewhere.name"]), max_size=4)


def with_texts(value: Any, texts: Iterator[str]) -> Any:
    """The same document with other texts."""
    if isinstance(value, dict):
        return {name: with_texts(member, texts) for name, member in value.items()}
    if isinstance(value, list):
        return [with_texts(item, texts) for item in value]
    return next(texts, value) if isinstance(value, str) else value


@pytest.mark.parametrize(("file", "operation"), CASES, ids=[f"{Path(file).stem}-{operation}" for file, operation in CASES])
def test_requests_and_replies_are_masked_as_if_nothing_were_known_of_them(file: str, operation: str) -> None:
    ours = codec(file)
    sent, received = ours.contracts[operation].input, ours.contracts[operation].output

    @FEW
    @given(st.data(), st.lists(st.sampled_from(ODD), max_size=30))
    def same(data: st.DataObject, texts: list[str]) -> None:
        request, reply = data.draw(documents(sent)), data.draw(documents(received))
        other, another = with_texts(request, iter(texts)), with_texts(reply, iter(texts))
        for document in (request, other):
            redaction = Redaction(data.draw(paths(sent)))
            try:
                body = ours.write_request(operation, document)
            except SerialisationFailed:
                continue
            assert redaction.envelope(body, document, sent) == redaction.body(body)
        for document in (reply, another):
            redaction = Redaction(data.draw(paths(received)))
            try:
                body = ours.write_reply(operation, document)
            except SerialisationFailed:
                continue
            read = ours.read_straight(operation, body)
            assert read is None or redaction.envelope(body, read, received) == redaction.body(body)

    same()


PARTY = {"id": "7", "name": "DEV TESTING001", "kind": "Customer"}
ORDER = {
    "conversationId": "c-1",
    "channel": {"channelId": "ECOM", "lineOfBusiness": "FIXED", "correlationId": "k"},
    "accountNumber": "1901506147568",
    "requestedDate": "2024-01-01T00:00:00.000Z",
    "reasonCode": "SF",
    "campaignCode": "SIN",
    "requestedFunction": "NEW",
    "creditLimit": "100",
    "job": {"type": "FN", "installation": "SelfInstall"},
    "telephoneNumber": "9395455945",
    "party": [PARTY, {**PARTY, "name": ""}, {"id": "8", "kind": "Customer"}, PARTY, {**PARTY, "name": "Äna"}],
    "line": [{"offerCode": "A", "action": "A", "quantity": 1, "attribute": [{"name": "n", "value": "DEV TESTING001"}]}],
}


def of_slbos(paths: list[str]) -> tuple[Places | None, Redaction]:
    shape = codec(SLBOS).contracts["UpdateOrderDetail"].input
    return places_of(shape, [tuple(path.split(".")) for path in paths]), Redaction(paths)


def test_the_texts_of_the_document_are_all_that_has_to_be_looked_for() -> None:
    places, redaction = of_slbos(["party.name", "telephoneNumber", "relatedParty.name"])
    assert places == (("order", (("telephoneNumber", ()), ("party", (("name", ()),)))),)
    body = codec(SLBOS).write_request("UpdateOrderDetail", {"order": ORDER})
    expected = body
    for text in ("telephoneNumber>9395455945", "name>DEV TESTING001", "name>Äna"):
        expected = expected.replace(text.encode(), text.split(">")[0].encode() + b">***")
    assert masked(body, {"order": ORDER}, places) == expected == redaction.body(body)
    assert b"value>DEV TESTING001<" in expected


@pytest.mark.parametrize("name", ["n<", "a&b", " ", " Ana", "Ana\n", 'the "one"', "\u00a0"])
def test_a_text_that_is_written_in_another_way_is_left_to_those_who_go_through_everything(name: str) -> None:
    places, redaction = of_slbos(["party.name"])
    document = {"order": {**ORDER, "party": [{**PARTY, "name": name}]}}
    body = codec(SLBOS).write_request("UpdateOrderDetail", document)
    assert places is not None
    assert masked(body, document, places) is None
    assert redaction.envelope(body, document, codec(SLBOS).contracts["UpdateOrderDetail"].input) == redaction.body(body)


def test_so_is_a_text_that_stands_elsewhere_too_one_that_is_not_there_and_more_texts_than_are_worth_it() -> None:
    places, _ = of_slbos(["party.name"])
    assert places is not None
    twice = {"order": {**ORDER, "line": [{**ORDER["line"][0], "attribute": [{"name": "DEV TESTING001", "value": "x"}]}]}}  # type: ignore[index]
    many = {"order": {**ORDER, "party": [{**PARTY, "name": f"N{number}"} for number in range(21)]}}
    for document in (twice, many):
        assert masked(codec(SLBOS).write_request("UpdateOrderDetail", document), document, places) is None
    body = codec(SLBOS).write_request("UpdateOrderDetail", {"order": ORDER})
    assert masked(body.replace(b"DEV TESTING001", b"another"), {"order": ORDER}, places) is None
    for other in (None, [], {"order": "x"}, {"order": {"party": [None]}}, {"order": {"party": [{"name": 5}]}}, {"order": [[ORDER]]}):
        assert masked(body, other, places) in (None, body)


@pytest.mark.parametrize(
    "path",
    [
        "party",
        "line.quantity",
        "order",
        "UpdateOrderDetail",
        "UpdateOrderDetail.@id",
        "Body",
        "Envelope.@id",
        "Header",
        "Envelope.Header.@id",
        "party.@kind",
        "party.name.@lang",
    ],
)
def test_more_than_texts_is_left_to_those_who_go_through_everything(path: str) -> None:
    assert of_slbos([path])[0] is None


@pytest.mark.parametrize(
    "path",
    ["Envelope.order.telephoneNumber", "Body.UpdateOrderDetail.telephoneNumber", "Header.telephoneNumber", "order.party.telephoneNumber"],
)
def test_what_is_around_the_document_counts_as_in_any_other_xml(path: str) -> None:
    places, redaction = of_slbos([path])
    body = codec(SLBOS).write_request("UpdateOrderDetail", {"order": ORDER})
    assert places is not None
    assert masked(body, {"order": ORDER}, places) == redaction.body(body)


@pytest.mark.parametrize("file", ["open.wsdl", "headers.wsdl"])
def test_a_contract_that_does_not_tell_all_has_no_places(file: str) -> None:
    assert places_of(codec(file).contracts["Place"].input, [("elsewhere", "name")]) is None


def test_a_type_that_holds_itself_has_no_places_nor_one_with_members_of_any_name() -> None:
    assert places_of(Shape(Kind.OBJECT, "Place", open=True), [("elsewhere", "name")]) is None
    tree = Shape(Kind.OBJECT, "Place", {"name": Member("name", Shape(Kind.TEXT))})
    assert places_of(tree, [("Place", "name")]) == (("name", ()),)
    tree.members["part"] = Member("part", tree, many=True)
    assert places_of(tree, [("Place", "name")]) is None


def request_of(connector: SoapConnector, operation: str, document: dict[str, Any]) -> WireRequest:
    return next(connector.exchange(Call(operation, document)))


def test_a_connector_tells_what_its_envelope_holds_where_that_is_all() -> None:
    contract = load_contract(HERE / SLBOS)
    assert request_of(SoapConnector(contract), "UpdateOrderDetail", {"order": ORDER}).document == {"order": ORDER}
    token = UsernameToken("us", "geheim")
    assert request_of(SoapConnector(contract, username_token=token), "UpdateOrderDetail", {"order": ORDER}).document is None


def replied(said: bytes) -> Answer:
    exchange = SoapConnector(load_contract(HERE / SLBOS)).exchange(Call("UpdateOrderDetail", {"order": ORDER}))
    next(exchange)
    with pytest.raises(StopIteration) as end:
        exchange.send(WireReply(200, {"content-type": "text/xml"}, said))
    found = end.value.value
    assert isinstance(found, Answer)
    assert found.document == {"result": {"returnCode": "0000"}, "order": ORDER}
    return found


STRANGER = b"<party><name>geheim</name></party>"
STARTS = [
    (b"", True),
    (b"<soap:Header/>", True),
    (b"<soap:Header></soap:Header>", True),
    (b"<!-- DEV TESTING001 -->", True),
    (STRANGER, False),
    (b"<soap:Header>" + STRANGER + b"</soap:Header>", False),
    (b"<soap:Header/><soap:Header>" + STRANGER + b"</soap:Header>", False),
    (b"<party/>" + STRANGER, False),
    (b"<Header>" + STRANGER + b"</Header>", False),
    (b"<soap:Header/><name>geheim</name>", False),
]


@pytest.mark.parametrize(("start", "exact"), STARTS)
def test_a_connector_tells_of_a_reply_whether_it_holds_its_document_and_nothing_else(start: bytes, exact: bool) -> None:
    body = codec(SLBOS).write_reply("UpdateOrderDetail", {"result": {"returnCode": "0000"}, "order": ORDER})
    said = body.replace(b"<soap:Body>", start + b"<soap:Body>")
    answer = replied(said)
    assert answer.exact is exact
    if exact:
        _, redaction = of_slbos(["party.name", "telephoneNumber"])
        assert redaction.envelope(said, answer.document, codec(SLBOS).contracts["UpdateOrderDetail"].output) == redaction.body(said)


@pytest.mark.parametrize(
    "change", [(b"ECOM", b"E&#67;OM"), (b"ECOM", b"<![CDATA[ECOM]]>"), (b"ECOM<", b"ECOM<!-- x --><"), (b"<n1:job>", b'<n1:job x="1">')]
)
def test_a_reply_that_writes_its_document_in_another_way_is_not_exact(change: tuple[bytes, bytes]) -> None:
    body = codec(SLBOS).write_reply("UpdateOrderDetail", {"result": {"returnCode": "0000"}, "order": ORDER})
    assert change[0] in body
    assert replied(body.replace(*change)).exact is False


@pytest.mark.parametrize("body", [b"<UpdateOrderDetailResponse><a/></UpdateOrderDetailResponse>", b"<b><UpdateOrderDetailResponse><a/>"])
def test_a_start_of_fewer_tags_than_an_envelope_has_is_for_the_reader_of_trees(body: bytes) -> None:
    assert codec(SLBOS).read_straight("UpdateOrderDetail", body) is None
