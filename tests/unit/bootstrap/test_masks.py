"""Masks of a market against its documents: JSON from the root, XML at any element, values by what mappings and cases name."""

from __future__ import annotations

import pytest

from adapter.bootstrap.masks import Masked, check_masks, masked
from adapter.contract.shape import Kind, Member, OperationContract, Shape
from adapter.declared import Mistake
from adapter.faces.declaration import load_face
from adapter.market import Market
from adapter.settings import Home, load_settings
from tests.service_kit import ROOT

TEXT = Shape(Kind.TEXT)


def obj(**members: Shape) -> Shape:
    return Shape(Kind.OBJECT, members={name: Member(name, shape) for name, shape in members.items()})


def market(*paths: str) -> Market:
    data = {"market": "zz", "title": "ZZ", "connector": "soap", "endpoint": "http://h/", "contract": "x.wsdl", "redact": list(paths)}
    return Market.model_validate({**data, "operations": {}})


ORDER = obj(note=obj(**{"@type": TEXT, "text": TEXT}), party=obj(name=TEXT), free=Shape(Kind.ANY), more=Shape(Kind.OBJECT, open=True))
CALL = OperationContract("Place", obj(order=obj(customer=obj(pin=TEXT, **{"@kind": TEXT}))), obj(result=TEXT), {"Fault": obj(detail=TEXT)})
CALL.input.name = "PlaceOrder"


def found(path: str, *texts: str, elements: bool = True) -> list[Mistake]:
    legacy = (CALL.input, CALL.output, *CALL.faults.values())
    named = [Shape(Kind.OBJECT, members={shape.name: Member(shape.name, shape)}) for shape in legacy]
    documents = Masked((ORDER,), tuple(named)) if elements else Masked((ORDER, *legacy), ())
    return list(check_masks(market(path), documents, lambda: texts))


@pytest.mark.parametrize(
    "path",
    [
        "party.name",
        "free.whatever.there.is",
        "more.whatever",
        "pin",
        "order.pin",
        "PlaceOrder.order.customer",
        "customer.@kind",
        "detail",
        "header.X-Pin",
    ],
)
def test_a_mask_for_what_a_document_has_is_right(path: str) -> None:
    assert found(path) == []


@pytest.mark.parametrize(
    ("path", "offset", "text", "hint"),
    [
        ("party.nam", 6, "'nam' in 'party'", "did you mean 'name'?"),
        ("partie.name", 0, "'partie'", "did you mean 'party'?"),
        ("order.customer.pim", 15, "'pim' in 'customer'", "did you mean 'pin'?"),
        ("note[@typ=A].text", 5, "'@typ' in 'note'", "did you mean '@type'?"),
        ("customer.order", 9, "'order' in 'customer'", "known are: @kind, pin"),
    ],
)
def test_a_mask_for_what_no_document_has_is_an_error_at_the_step(path: str, offset: int, text: str, hint: str) -> None:
    (wrong,) = found(path)
    assert (wrong.code, wrong.severity, wrong.offset, wrong.hint) == ("K212", "error", offset, hint)
    assert f"no document of this market has {text}, so nothing is masked" == wrong.text


def test_what_is_json_is_followed_from_its_root() -> None:
    assert found("order.customer.pin", elements=False) == []
    assert [each.code for each in found("pin", elements=False)] == ["K212"]
    assert [each.code for each in found("order.pin", elements=False)] == ["K212"]


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("note[@type=Pin].text", "note[@type=Pin].text: order.pin", []),
        ("note[@type=Pin].text", '{"@type": "Pin"}', []),
        ("note[@type~=pin].text", "note[@type=Pin].text", []),
        ("note[@type=pin].text", "note[@type=Pin].text", ["did you mean 'Pin'?"]),
        ("note[@type=Pin].text", "note[@type='PinCode'].text", ["did you mean 'PinCode'?"]),
        ("note[@type=Pin].text", "", ["name it in a case"]),
    ],
)
def test_a_value_that_nothing_names_is_a_warning(path: str, text: str, told: list[str]) -> None:
    wrong = found(path, text)
    assert [each.hint for each in wrong] == told
    assert {(each.code, each.severity) for each in wrong} <= {("K213", "warning")}


def test_answers_that_a_face_writes_as_xml_are_documents_too() -> None:
    home = Home(ROOT)
    faces = [load_face(home.face_file(name), {}) for name in load_settings(home, {}).faces]
    documents = masked({}, [CALL], faces, elements=False)
    assert list(check_masks(market("order_info.order.date"), documents, lambda: ())) == []
    assert [each.code for each in check_masks(market("order_info.dates"), documents, lambda: ())] == ["K212"]
