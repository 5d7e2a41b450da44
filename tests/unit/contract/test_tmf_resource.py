"""The canonical model as the mapping checker and the faces see it."""

import pytest
from pydantic import ValidationError

from adapter.contract.path import parse_path
from adapter.contract.shape import Kind, UnknownStep, resolve
from adapter.contract.tmf import Error, EventSubscription, model_schema, resource, resource_names
from adapter.contract.tmf.order_item import ProductOrderItem
from adapter.contract.tmf.product_order import ProductOrderCreate
from adapter.contract.validation import Validator
from adapter.errors import ConfigError

ORDER = resource("ProductOrder")
ITEM = {"id": "1", "action": "add"}


def test_a_resource_is_found_by_type_and_by_path() -> None:
    assert resource("productOrder").name == "ProductOrder"
    assert resource_names()[:2] == ("ProductOrder", "CancelProductOrder")
    assert all(resource(name).name == name for name in resource_names())
    with pytest.raises(ConfigError, match=r"no resource 'productOder'; did you mean 'productOrder'\?"):
        resource("productOder")
    with pytest.raises(ConfigError, match=r"no resource 'zzz' \(known: ProductOrder"):
        resource("zzz")


def test_what_only_the_server_sets() -> None:
    assert ORDER.server_owned == {"id", "href", "orderDate", "state", "completionDate", "expectedCompletionDate"}
    assert not ORDER.server_owned & ORDER.create.members.keys()
    assert resource("CancelProductOrder").server_owned == {"id", "href", "state", "effectiveCancellationDate"}
    assert resource("CancelProductOrder").update is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("externalId", Kind.TEXT),
        ("note[@type=JobType].text", Kind.TEXT),
        ("productOrderItem[].quantity", Kind.INTEGER),
        ("productOrderItem[].product.productCharacteristic[name=ServiceType].value", Kind.ANY),
        ("productOrderItem[].productOrderItem[].product.product[].isBundle", Kind.BOOLEAN),
        ("productOrderItem[].itemPrice[].price.taxIncludedAmount.value", Kind.DECIMAL),
        ("relatedParty[@referredType=Customer].id", Kind.TEXT),
    ],
)
def test_paths_of_the_model(path: str, kind: Kind) -> None:
    assert resolve(ORDER.create, parse_path(path)).shape.kind is kind


def test_a_member_the_standard_has_not_is_outside() -> None:
    with pytest.raises(UnknownStep) as caught:
        resolve(ORDER.full, parse_path("productOrderItem[].produkt.id"))
    assert "product" in caught.value.known
    with pytest.raises(UnknownStep):
        resolve(ORDER.create, parse_path("state"))


def test_what_is_required_and_what_values_there_are() -> None:
    assert [name for name, member in ORDER.create.members.items() if member.required] == ["productOrderItem"]
    item = ORDER.full.members["productOrderItem"]
    assert (item.many, item.min_items) == (True, 1)
    assert [name for name, member in item.shape.members.items() if member.required] == ["id", "action"]
    assert "partial" in ORDER.full.members["state"].shape.enum
    assert "partial" not in item.shape.members["state"].shape.enum
    assert item.shape.members["action"].shape.enum == ("add", "modify", "delete", "noChange")
    assert ORDER.full.members["orderDate"].shape.format == "date-time"


def test_members_are_read_in_order_identity_first() -> None:
    assert list(ORDER.full.members)[:2] == ["id", "href"]
    assert list(ORDER.full.members)[-3:] == ["@baseType", "@schemaLocation", "@type"]


def test_null_is_no_value_but_in_a_patch_where_it_removes() -> None:
    order = {"productOrderItem": [ITEM], "description": None}
    assert [problem.path for problem in Validator(ORDER.create_schema).problems(order)] == ["description"]
    assert ORDER.update_schema is not None
    assert ORDER.update is not None
    assert Validator(ORDER.update_schema).problems({"description": None, "note": [{"text": "x"}]}) == []
    assert [problem.path for problem in Validator(ORDER.update_schema).problems({"note": [{"text": None}]})] == ["note[0].text"]
    assert ORDER.update.members["description"].nullable
    assert not ORDER.create.members["description"].nullable


def test_no_patch_takes_away_what_a_resource_cannot_be_created_without() -> None:
    assert ORDER.update_schema is not None
    assert ORDER.update is not None
    assert [problem.path for problem in Validator(ORDER.update_schema).problems({"productOrderItem": None})] == ["productOrderItem"]
    assert not ORDER.update.members["productOrderItem"].nullable


def test_a_patch_needs_no_items() -> None:
    assert ORDER.update_schema is not None
    assert Validator(ORDER.update_schema).problems({}) == []
    assert [problem.path for problem in Validator(ORDER.create_schema).problems({})] == ["productOrderItem"]
    assert Validator(ORDER.create_schema).problems({"productOrderItem": [ITEM], "id": "7", "x": 1}) == []


def test_the_models_read_and_write_wire_names() -> None:
    order = ProductOrderCreate.model_validate({"externalId": "0001", "@type": "ProductOrder", "productOrderItem": [ITEM]})
    assert order.external_id == "0001"
    assert order.model_dump(by_alias=True, exclude_none=True) == {
        "externalId": "0001",
        "@type": "ProductOrder",
        "productOrderItem": [ITEM],
    }
    with pytest.raises(ValidationError):
        Error.model_validate({"code": 400, "reason": "x"})
    subscription = EventSubscription.model_validate({"id": "1", "callback": "https://example.com/listener"})
    assert subscription.query is None


def test_a_type_that_holds_itself_is_a_whole_schema_too() -> None:
    item = model_schema(ProductOrderItem)
    assert item["required"] == ["id", "action"]
    assert Validator(item).problems({**ITEM, "productOrderItem": [{"id": "2"}]})[0].path == "productOrderItem[0].action"


def test_schemas_name_their_dialect_and_carry_their_types() -> None:
    schema = model_schema(Error)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "ProductOrderItem" in ORDER.create_schema["$defs"]
    assert "additionalProperties" not in ORDER.create_schema
