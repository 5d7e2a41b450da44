"""A market adds members to the canonical model; it loosens nothing."""

from pathlib import Path
from typing import Any

import pytest

from adapter.contract.path import parse_path
from adapter.contract.shape import Kind, resolve
from adapter.contract.tmf import Resource, extend, load_extension, read_extension, resource
from adapter.contract.validation import Validator
from adapter.errors import CheckFailed, ConfigError

ORDER = resource("ProductOrder")
ITEM = {"id": "1", "action": "add"}


def extended(data: Any, base: Resource = ORDER) -> Resource:
    return extend(base, read_extension(data, file="order.extension.yaml"))


def refusal(data: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        extended(data)
    assert str(caught.value).startswith("order.extension.yaml: ")
    return str(caught.value)


def test_members_are_added_to_all_forms_of_the_resource() -> None:
    order = extended({"types": {"ProductOrder": {"properties": {"house": {"type": "string"}}, "required": ["house"]}}})
    assert order.create.members["house"].required
    assert order.full.members["house"].required
    assert order.update is not None
    assert not order.update.members["house"].required
    assert order.update.members["house"].nullable
    assert list(order.full.members)[-4:] == ["house", "@baseType", "@schemaLocation", "@type"]
    assert "house" not in ORDER.create.members


def test_members_are_added_to_a_type_wherever_it_is_used() -> None:
    order = extended(
        {"types": {"ProductOrderItem": {"properties": {"slot": {"$ref": "#/$defs/Slot"}}}}, "$defs": {"Slot": {"type": "integer"}}}
    )
    assert resolve(order.create, parse_path("productOrderItem[].productOrderItem[].slot")).shape.kind is Kind.INTEGER
    assert [problem.path for problem in Validator(order.create_schema).problems({"productOrderItem": [{**ITEM, "slot": "x"}]})] == [
        "productOrderItem[0].slot"
    ]


def test_what_a_face_shows_otherwise_holds_for_its_answers_only() -> None:
    order = extended({"answers": {"shop": {"ProductOrder": {"properties": {"state": {"type": ["string", "null"]}}}}}})
    assert order.answer("shop").shape.members["state"].nullable
    assert order.answer("shop").shape.members["state"].shape.enum == ()
    assert order.full.members["state"].shape.enum
    assert order.answer("other").shape is order.full


def test_a_face_shows_its_members_in_an_order_of_its_own() -> None:
    order = extended(
        {
            "types": {"ProductOrder": {"properties": {"house": {"type": "string"}}}},
            "answers": {"shop": {"ProductOrder": {"properties": {"state": {"type": "string"}}, "order": ["state", "house", "id"]}}},
        }
    )
    shown = list(order.answer("shop").shape.members)
    assert shown[:3] == ["state", "house", "id"]
    assert shown[3:] == [name for name in order.full.members if name not in shown[:3]]
    assert list(order.answer("shop").schema["properties"]) == shown
    assert next(iter(order.full.members)) == "id"


def test_extensions_add_up() -> None:
    first = extended({"answers": {"shop": {"ProductOrder": {"properties": {"state": {"type": "string"}}}}}})
    both = extended(
        {
            "types": {"ProductOrder": {"properties": {"house": {"type": "string"}}}},
            "answers": {"shop": {"ProductOrder": {"properties": {"priority": {"type": "integer"}}}}},
        },
        first,
    )
    shop = both.answer("shop").shape
    assert (shop.members["priority"].shape.kind, shop.members["state"].shape.enum, "house" in shop.members) == (Kind.INTEGER, (), True)


def test_an_empty_extension_changes_nothing() -> None:
    assert extended({}).create_schema == ORDER.create_schema


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "the file: 'key: value' lines are expected here"),
        ({"type": {}}, "'type' means nothing here (did you mean 'types'?)"),
        ({"types": []}, "types: 'key: value' lines are expected here"),
        ({"types": {"ProductOrder": {"propertys": {}}}}, "types.ProductOrder: 'propertys' means nothing here (did you mean 'properties'?)"),
        ({"types": {"ProductOrdr": {}}}, "types.ProductOrdr: ProductOrder holds no type of this name (did you mean 'ProductOrder'?)"),
        ({"types": {"ProductOrder": {"properties": {"state": {}}}}}, "types.ProductOrder.properties.state: the standard has this member"),
        ({"types": {"OrderItemActionType": {"properties": {}}}}, "types.OrderItemActionType: this type is no object with members"),
        ({"types": {"ProductOrder": {"required": ["note"]}}}, "types.ProductOrder.required: lists members of 'properties' beside it"),
        ({"types": {"ProductOrder": {"properties": {"a": {}}, "required": "a"}}}, "types.ProductOrder.required: lists members"),
        ({"$defs": {"Note": {}}}, "$defs.Note: the standard has a type of this name"),
        (
            {"answers": {"shop": {"ProductOrder": {"properties": {"stat": {}}}}}},
            "answers.shop.ProductOrder.properties.stat: there is no such member (did you mean 'state'?)",
        ),
        ({"types": {"ProductOrder": {"order": ["id"]}}}, "types.ProductOrder: 'order' means nothing here"),
        (
            {"answers": {"shop": {"ProductOrder": {"order": ["id", "stat"]}}}},
            "answers.shop.ProductOrder.order: there is no member 'stat' (did you mean 'state'?)",
        ),
        ({"answers": {"shop": {"ProductOrder": {"order": ["id", "id"]}}}}, "answers.shop.ProductOrder.order: a list of member names is"),
        ({"answers": {"shop": {"ProductOrder": {"order": "id"}}}}, "answers.shop.ProductOrder.order: a list of member names is expected"),
        ({"answers": {"shop": {"Note": {"order": ["text"]}}}}, "answers.shop.Note.order: only the members of ProductOrder itself"),
        ({"answers": {"shop": {"Nothing": {}}}}, "answers.shop.Nothing: ProductOrder holds no type of this name"),
    ],
)
def test_mistakes_are_named(data: Any, words: str) -> None:
    assert words in refusal(data)


def test_a_schema_that_is_no_shape_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"#/properties/a: 'oneOf'|#/properties/a/oneOf"):
        extended({"types": {"ProductOrder": {"properties": {"a": {"oneOf": [{"type": "object"}, {"type": "string"}]}}}}})


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "order.extension.yaml"
    path.write_text(
        "types:\n  ProductOrder:\n    properties:\n"
        '      answer: {enum: [NO, "true", 12:30]}\n'
        "      on: {type: integer, maximum: 5, minimum: -1.0}\n",
        encoding="utf-8",
    )
    order = extend(ORDER, load_extension(path))
    assert order.create.members["answer"].shape.enum == ("NO", "true", "12:30")
    assert (order.create.members["on"].shape.maximum, order.create.members["on"].shape.minimum) == (5, -1)
    path.write_text("types:\n  ProductOrder: {properties: {a: [}\n", encoding="utf-8")
    with pytest.raises(CheckFailed, match=r"order\.extension\.yaml:2:\d+: error: C101"):
        load_extension(path)
    path.write_text("", encoding="utf-8")
    assert extend(ORDER, load_extension(path)).full_schema == ORDER.full_schema
    with pytest.raises(ConfigError, match="cannot be read"):
        load_extension(tmp_path / "missing.yaml")
