"""What is written without a question is what the serialiser writes, and nothing is that the serialiser would refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from adapter.contract.wsdl_model import ComplexType, Element, Group, MessageModel, OperationModel, SimpleType, SoapContract
from adapter.errors import SerialisationFailed
from connectors.soap.plain_writer import PlainWriter
from connectors.soap.serialiser import Serialiser
from connectors.xml_text import Refused
from tests.contract.soap.test_soap_against_zeep import CASES, FEW, codec, damage
from tests.strategies import documents

ORDER: dict[str, Any] = {
    "conversationId": "c-1",
    "channel": {"channelId": "ECOM", "lineOfBusiness": "RES", "correlationId": "x"},
    "accountNumber": "#8211990012345678",
    "requestedDate": "2024-05-31T09:30:00Z",
    "reasonCode": "A1",
    "campaignCode": "C",
    "requestedFunction": "NEW",
    "creditLimit": "100",
    "job": {"type": "IN", "installation": "PRO"},
    "party": [{"id": "1", "name": "Ann", "kind": "Customer"}],
    "line": [{"offerCode": "O", "kind": "K", "action": "A", "quantity": 1, "bundle": True, "attribute": [{"name": "n", "value": "v"}]}],
}
SLBOS = CASES[0][1]


def writers(file: str, operation: str) -> tuple[PlainWriter, Serialiser]:
    contract = codec(file).contract
    model = contract.operations[operation].input
    serialiser = Serialiser(contract, model)
    assert model.body is not None
    return PlainWriter(serialiser, model.body), serialiser


def by_the_serialiser(serialiser: Serialiser, document: dict[str, Any]) -> str:
    header, body = serialiser.write(document)
    assert header == ""
    return body


def order(**changes: Any) -> dict[str, Any]:
    return {"order": ORDER | changes}


each = pytest.mark.parametrize(
    ("file", "operation"), [case[1:] for case in CASES if case[0] not in ("rpc-no-parts", "bare")], ids=lambda found: str(found)[:20]
)


@each
def test_both_write_the_same(file: str, operation: str) -> None:
    plain, serialiser = writers(file, operation)

    @FEW
    @given(documents(codec(file).contracts[operation].input))
    def same(document: dict[str, Any]) -> None:
        written = plain.write(document)
        if written is not None:
            assert written == by_the_serialiser(serialiser, document)

    same()


@each
def test_what_the_serialiser_refuses_is_left_to_it(file: str, operation: str) -> None:
    plain, serialiser = writers(file, operation)

    @settings(FEW, max_examples=80)
    @given(documents(codec(file).contracts[operation].input), st.data())
    def damaged(document: dict[str, Any], data: st.DataObject) -> None:
        damage(document, data)
        note(str(document))
        written = plain.write(document)
        if written is not None:
            assert written == by_the_serialiser(serialiser, document)

    damaged()


def test_an_order_is_written_without_a_question() -> None:
    plain, serialiser = writers(SLBOS, "UpdateOrderDetail")
    assert plain.write(order()) == by_the_serialiser(serialiser, order())
    backwards = {"order": dict(reversed(ORDER.items()))}
    assert plain.write(backwards) == by_the_serialiser(serialiser, order()), "the order of the contract, not of the document"


@pytest.mark.parametrize("text", ["a & b", "<b>", 'say "so"', "two\nlines", "tab\there", "Peña", "20 € ]]>", "\u00a0"])
def test_texts_are_escaped_wherever_they_stand(text: str) -> None:
    plain, serialiser = writers(SLBOS, "UpdateOrderDetail")
    document = order(party=[{"id": text, "name": "Ann", "kind": text}], creditLimit=text)
    written = plain.write(document)
    assert written is not None
    assert written == by_the_serialiser(serialiser, document)


@pytest.mark.parametrize(
    "changes",
    [
        {"reasonCode": "x" * 21},
        {"reasonCode": ""},
        {"reasonCode": 7},
        {"reasonCode": ["x"]},
        {"reasonCode": None},
        {"conversationId": 7},
        {"conversationId": b"x"},
        {"conversationId": "a\x00b"},
        {"conversationId": "\ud800"},
        {"accountNumber": "none"},
        {"requestedDate": "tomorrow"},
        {"line": []},
        {"line": {}},
        {"line": [ORDER["line"][0] | {"quantity": True}]},
        {"line": [ORDER["line"][0] | {"quantity": 2**31}]},
        {"line": [ORDER["line"][0] | {"bundle": 1}]},
        {"line": [ORDER["line"][0] | {"action": "Z"}]},
        {"line": [ORDER["line"][0] | {"action": []}]},
        {"line": [{"offerCode": "O"}]},
        {"line": ["offerCode"]},
        {"job": ["type", "installation"]},
        {"job": None},
        {"stray": "x"},
    ],
    ids=str,
)
def test_nothing_is_written_that_breaks_the_contract(changes: dict[str, Any]) -> None:
    plain, serialiser = writers(SLBOS, "UpdateOrderDetail")
    assert plain.write(order(**changes)) is None
    with pytest.raises(Refused):
        serialiser.write(order(**changes))
    with pytest.raises(SerialisationFailed) as wrong:
        codec(SLBOS).write_request("UpdateOrderDetail", order(**changes))
    assert wrong.value.path.startswith("order")


def all_optional(number: int) -> tuple[PlainWriter, Serialiser]:
    """The writers of a message with so many optional texts, and one optional object of the same kind in it."""
    text = SimpleType("text", "text", "string")
    members = tuple(Element(f"m{one}", "urn:x", "text", 0) for one in range(number))
    kind = ComplexType("kind", content=Group("sequence", (*members, Element("inner", "urn:x", "kind", 0))))
    model = MessageModel(Element("Say", "urn:x", "kind"))
    operation = OperationModel("Say", "", "document", model, None)
    contract = SoapContract("", "", "S", "P", "", "1.1", {"Say": operation}, {"text": text, "kind": kind})
    serialiser = Serialiser(contract, model)
    assert model.body is not None
    return PlainWriter(serialiser, model.body), serialiser


def test_an_element_without_members_is_an_object_all_the_same() -> None:
    plain, serialiser = all_optional(1)
    for empty in ({}, {"inner": {}}, {"inner": {"inner": {}, "m0": "x"}}):
        assert plain.write(empty) == by_the_serialiser(serialiser, empty)
    for wrong in ([], "", ()):
        assert plain.write({"inner": wrong}) is None


def test_the_forms_of_an_element_are_bounded() -> None:
    plain, serialiser = all_optional(7)
    sets = [{f"m{one}": "x" for one in range(7) if number >> one & 1} for number in range(128)]
    written = [plain.write(document) for document in sets]
    assert written[:64] == [by_the_serialiser(serialiser, document) for document in sets[:64]]
    assert written[64:] == [None] * 64
    assert plain.write(sets[3]) == written[3], "the first ones stay"


def test_a_document_in_itself_is_left_to_the_serialiser() -> None:
    plain, _ = all_optional(1)
    endless: dict[str, Any] = {"m0": "x"}
    endless["inner"] = endless
    assert plain.write(endless) is None
