"""An OpenAPI document as a contract: what is read from it, and where and why another one is refused."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from adapter.contract.openapi import load_openapi
from adapter.contract.openapi_model import OpenApi
from adapter.contract.path import parse_path
from adapter.contract.shape import Kind, Place, resolve
from adapter.contract.validation import Validator
from adapter.errors import ConfigError

ORDERS = Path(__file__).parent / "openapi" / "orders.yaml"


@pytest.fixture(scope="module")
def orders() -> OpenApi:
    return load_openapi(ORDERS)


def written(document: OpenApi, operation: str, path: str) -> Place:
    return resolve({**document.operations, **document.webhooks}[operation].contract.input, parse_path(path))


def read(document: OpenApi, operation: str, path: str) -> Place:
    return resolve({**document.operations, **document.webhooks}[operation].contract.output, parse_path(path))


def test_operations_and_webhooks_are_named_by_their_ids(orders: OpenApi) -> None:
    assert list(orders.operations) == ["listOrders", "placeOrder", "changeLines", "readStock", "findByName", "findByPlace"]
    assert list(orders.webhooks) == ["orderChanged", "parcelMoved", "parcelLost", "openFormSent", "formSent", "parcelsMoved"]
    place = orders.operations["placeOrder"]
    assert (place.method, place.path, list(place.replies)) == ("POST", "/orders", ["201", "202", "default"])


def test_a_fragment_tells_operations_of_one_path_apart(orders: OpenApi) -> None:
    assert orders.operations["findByName"].path == orders.operations["findByPlace"].path == "/search"


def test_a_request_has_path_query_header_and_body(orders: OpenApi) -> None:
    assert list(orders.operations["changeLines"].contract.input.members) == ["path", "header", "body"]
    numbers = written(orders, "changeLines", "path.numbers")
    assert numbers.many
    assert numbers.shape.kind is Kind.INTEGER
    assert not numbers.optional
    assert written(orders, "changeLines", "header.x-reasons").many
    assert written(orders, "listOrders", "query.page.limit").optional
    assert not written(orders, "placeOrder", "body.customer").optional


def test_an_operation_refines_the_parameters_of_its_path(orders: OpenApi) -> None:
    assert written(orders, "changeLines", "path.id").shape.max_length == 20


def test_parameters_that_openapi_leaves_to_others_are_not_there(orders: OpenApi) -> None:
    assert list(orders.operations["listOrders"].contract.input.members) == ["query"]


def test_schemas_of_sibling_files_and_recursive_ones(orders: OpenApi) -> None:
    assert written(orders, "placeOrder", "body.total.amount").shape.minimum == 0
    assert written(orders, "placeOrder", "body.lines[].parts[].parts[].quantity").shape.minimum == 1
    assert written(orders, "placeOrder", "header.x-trace").optional


def test_the_server_s_own_members_are_read_and_not_written(orders: OpenApi) -> None:
    contract = orders.operations["placeOrder"].contract
    assert "id" not in contract.input.members["body"].shape.members
    body = contract.output.members["body"].shape.members
    assert "id" in body
    assert "secret" not in body


def test_an_answer_is_the_union_of_all_replies(orders: OpenApi) -> None:
    contract = orders.operations["placeOrder"].contract.output
    assert contract.members["status"].required
    assert contract.members["status"].shape.kind is Kind.INTEGER
    assert not contract.members["body"].required  # 202 has none
    assert read(orders, "placeOrder", "body.lines[].code").optional
    assert read(orders, "placeOrder", "body.message").optional
    assert list(orders.operations["listOrders"].contract.output.members["header"].shape.members) == ["x-total-count", "link"]


def test_where_one_status_has_a_list_and_another_one_object_the_body_is_a_list(orders: OpenApi) -> None:
    assert read(orders, "listOrders", "body[].message").many
    assert read(orders, "listOrders", "body[].lines[].code").many


def test_webhooks_have_their_path_and_other_ones(orders: OpenApi) -> None:
    changed = orders.webhooks["orderChanged"]
    assert (changed.path, changed.aliases) == ("events/OrderChanged", ("events/order_changed",))
    assert orders.webhooks["parcelMoved"].path == "orders/{id}/parcels/{parcel}"


def test_the_schema_of_each_message_stands_alone(orders: OpenApi) -> None:
    schema = orders.operations["placeOrder"].request.contents[0].schema
    validator = Validator(schema)
    assert validator.problems({"body": {"customer": "C1", "lines": [{"code": "a", "parts": [{"code": "b"}]}]}}) == []
    found = validator.problems({"body": {"customer": "C1", "lines": [{"code": "a", "parts": [{}]}], "total": {"amount": -1}}})
    assert [problem.path for problem in found] == ["body.lines[0].parts[0].code", "body.total.amount"]


def test_a_status_is_documented_by_itself_its_hundred_or_the_default(orders: OpenApi) -> None:
    listed, placed = orders.operations["listOrders"], orders.operations["placeOrder"]
    assert listed.reply(404) is listed.replies["4XX"]
    assert listed.reply(500) is None
    assert placed.reply(500) is placed.replies["default"]
    assert placed.reply(201) is placed.replies["201"]


HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"
GET = "paths:\n  /a:\n    get:\n      operationId: a\n      responses: {'200': {description: d}}\n"


def document(tmp_path: Path, text: str, *, head: str = HEAD) -> Path:
    path = tmp_path / "contract.yaml"
    path.write_text(head + textwrap.dedent(text))
    return path


def operation(lines: str, path: str = "/a") -> str:
    return f"paths:\n  {path}:\n    post:\n      operationId: a\n" + textwrap.indent(textwrap.dedent(lines), "      ")


OK = "responses: {'200': {description: d}}\n"


def body(schema: str, media: str = "application/json") -> str:
    return operation(f"requestBody: {{content: {{{media}: {{schema: {schema}}}}}}}\n{OK}")


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("paths: {}\nwebhook: {}\n", "4:1: #/webhook", "has no member 'webhook'"),
        ("paths: []\n", "3:1: #/paths", "paths is an object, this is a list"),
        ("paths:\n  a: {}\n", "4:3: #/paths/a", "begins with '/'"),
        ("paths:\n  /a: {gett: {}}\n", "#/paths/~1a/gett", "a path item has no member 'gett'"),
        ("paths:\n  /a:\n    get: {responses: {}}\n", "#/paths/~1a/get", "no operationId"),
        ("paths:\n  /a:\n    get: {operationId: 7 x, responses: {}}\n", "operationId", "'7 x' is no name"),
        ("paths:\n  /a:\n    get: {operationId: 7, responses: {}}\n", "operationId", "'operationId' is text, this is a number"),
        (GET + "  /b: {get: {operationId: a, responses: {'200': {description: d}}}}\n", "#/paths/~1b/get/operationId", "taken by"),
        (operation("responses: {}\n"), "responses", "no response is documented"),
        (operation("summary: s\n"), "5:", "responses is an object, this is nothing"),
        (operation("responses: {'200': {description: d, headers: [1]}}\n"), "headers", "headers is an object, this is a list"),
        (operation(OK + "parameters: [{$ref: '#/info/1'}]\n"), "parameters/0/$ref", "leads nowhere"),
        (operation("responses: {'2XY': {description: d}}\n"), "2XY", "is no status"),
        (operation(OK + "callbacks: {}\n"), "callbacks", "under 'webhooks'"),
        (operation(OK + "parameters: {}\n"), "parameters", "parameters is a list"),
        (operation(OK + "parameters: [{name: s, in: cookie, schema: {}}]\n"), "parameters/0/in", "send it as a header"),
        (operation(OK + "parameters: [{name: s, in: body, schema: {}}]\n"), "parameters/0/in", "write path, query or header"),
        (operation(OK + "parameters: [{in: query, schema: {}}]\n"), "parameters/0", "has no name"),
        (operation(OK + "parameters: [{name: q, in: query}]\n"), "parameters/0", "'q' has no schema"),
        (operation(OK + "parameters: [{name: q, in: query, content: {}}]\n"), "content", "describe the value by 'schema'"),
        (operation(OK + "parameters: [{name: q, in: query, style: deepObject, schema: {}}]\n"), "style", "the style 'deepObject'"),
        (operation(OK + "parameters: [{name: q, in: query, required: 'yes', schema: {}}]\n"), "required", "is true or false, this is text"),
        (operation(OK + "parameters: [{name: q, in: query, schema: {}}, {name: q, in: query, schema: {}}]\n"), "parameters/1", "twice"),
        (operation(OK + "parameters: [{name: i, in: path, schema: {}}]\n"), "parameters/0", "write required: true"),
        (operation(OK + "parameters: [{name: i, in: path, required: true, schema: {}}]\n"), "post", "does not stand in the path"),
        (operation(OK, "/a/{i}"), "post", "which no parameter describes"),
        (operation(OK, "'/a/{i'"), "post", "never closed"),
        (
            operation(OK + "parameters: [{name: i, in: path, required: true, schema: {}}]\n", "'/{i}/{i}'"),
            "post",
            "has a parameter twice",
        ),
        (
            operation(OK + "parameters: [{name: q, in: query, schema: {type: object, properties: {a: {type: object}}}}]\n"),
            "schema",
            "cannot be written here",
        ),
        (
            operation("responses: {'200': {description: d, headers: {X: {schema: {type: array, items: {type: object}}}}}}\n"),
            "X/schema",
            "here",
        ),
        (body("{type: string}", "multipart/form-data"), "multipart~1form-data", "are not read or written"),
        (body("{type: string}", "application/x-www-form-urlencoded"), "urlencoded", "a urlencoded form is an object"),
        (body("{type: object}", "text/plain"), "text~1plain", "holds one value"),
        (body("{type: [array, string]}"), "schema/type", "not one of these by turns"),
        (body("{type: string, nullable: true}"), "schema/nullable", "this is OpenAPI 3.0"),
        (body("[]"), "schema", "a schema is an object, this is a list"),
        (body("{allOf: {}}"), "allOf", "'allOf' is a list, this is an object"),
        (body("{properties: []}"), "properties", "'properties' is an object"),
        (body("{$ref: 7}"), "$ref", "'$ref' is text, this is a number"),
        (body("{$ref: 'https://x.example/a.yaml'}"), "$ref", "lies on a network"),
        (body("{$ref: '#order'}"), "$ref", "refers to an anchor"),
        (body("{$ref: 'other.yaml#/a'}"), "$ref", "there is no file"),
        (body("{$ref: '#/paths/x'}"), "$ref", "contract.yaml#/paths has no 'x'; there is: /a"),
        (body("{$ref: '#/info/title/x'}"), "$ref", "contract.yaml#/info/title has no 'x'"),
        (operation("requestBody: {$ref: '#/paths/~1a/post/requestBody'}\n" + OK), "requestBody", "leads back to itself"),
        (body("{type: object}", "application/xml"), "schema", "the root element has no name"),
        (body("{type: object, xml: {name: a b}}", "application/xml"), "schema", "'a b' is no name of XML"),
        (body("{type: object, xml: {name: a, prefix: p}}", "application/xml"), "schema", "stands for no namespace"),
        (body("{type: string, xml: {name: a, attribute: true}}", "application/xml"), "schema", "cannot be an attribute"),
        (body("{type: array, items: {}, xml: {name: a}}", "application/xml"), "schema", "write xml: {wrapped: true}"),
        (body("{type: array, xml: {name: a, wrapped: true}}", "application/xml"), "schema", "needs 'items'"),
        (body("{xml: {name: a}, properties: {b: {type: object, xml: {attribute: true}}}}", "application/xml"), "b", "an object cannot"),
        (body("{xml: {name: a}, properties: {b: {type: array, xml: {attribute: true}}}}", "application/xml"), "b", "a list cannot"),
        (body("{xml: {name: a}, properties: {b: {xml: {attribute: true, namespace: u}}}}", "application/xml"), "b", "needs a prefix"),
        (body("{xml: {name: a}, properties: {b: {xml: {text: true}}}}", "application/xml"), "b/xml/text", "xml has no member 'text'"),
        (operation("requestBody: {content: {application/xml: {}}}\n" + OK), "xml", "XML needs a schema"),
        ("webhooks:\n  a: {x-aliases: [1], post: {}}\n", "x-aliases/0", "a path is text"),
        (
            "webhooks:\n  a: {post: {operationId: a, responses: {'200': {description: d}}}}\n"
            "  A: {post: {operationId: b, responses: {'200': {description: d}}}}\n",
            "#/webhooks/A",
            "POST A is taken by #/webhooks/a already",
        ),
    ],
)
def test_what_cannot_be_served_is_refused_with_its_place(tmp_path: Path, text: str, where: str, said: str) -> None:
    path = document(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load_openapi(path)
    assert str(refused.value).startswith(f"{path}:")
    assert where in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("openapi: 3.0.3\ninfo: {}\n", "convert the document"),
        ("openapi: '3.2.0'\ninfo: {}\n", "3.1 is read"),
        ("swagger: '2.0'\n", "an OpenAPI document has no member 'swagger'"),
        ("", "is empty"),
        ("a: b: c", "broken YAML"),
        ("- a", "an OpenAPI document is an object"),
    ],
)
def test_other_documents_are_refused(tmp_path: Path, head: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_openapi(document(tmp_path, "", head=head))


def test_a_document_may_be_json(tmp_path: Path) -> None:
    path = tmp_path / "contract.json"
    path.write_text(
        '{"openapi": "3.1.0", "info": {}, "paths": {"x-own": 1, "/a": {"get": {"operationId": "a", '
        '"responses": {"200": {"description": ""}, "x-own": 1}}}}}'
    )
    assert list(load_openapi(path).operations) == ["a"]


def test_types_of_the_same_name_in_two_files_are_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("Line: {type: object, properties: {other: {type: string}}}\n")
    text = body("{type: object, properties: {a: {$ref: '#/components/Line'}, b: {$ref: 'other.yaml#/Line'}, c: {$ref: 'whole.yaml'}}}")
    (tmp_path / "whole.yaml").write_text("{type: array, items: {type: integer}}\n")
    path = document(tmp_path, text + "components: {Line: {type: object, properties: {own: {type: string}}}}\n")
    contract = load_openapi(path)
    assert written(contract, "a", "body.a.own").shape.kind is Kind.TEXT
    assert written(contract, "a", "body.b.other").shape.kind is Kind.TEXT
    assert written(contract, "a", "body.c").many


def test_a_reference_into_a_list(tmp_path: Path) -> None:
    text = body("{$ref: '#/paths/~1b/get/parameters/0/schema'}") + (
        "  /b: {get: {operationId: b, parameters: [{name: q, in: query, schema: {type: integer}}], responses: {'200': {description: d}}}}\n"
    )
    assert written(load_openapi(document(tmp_path, text)), "a", "body").shape.kind is Kind.INTEGER


def test_a_fault_in_a_referred_schema_is_placed_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("Line:\n  type: object\n  properties:\n    both:\n      type: [array, object]\n")
    path = document(tmp_path, body("{$ref: 'other.yaml#/Line'}"))
    with pytest.raises(ConfigError) as refused:
        load_openapi(path)
    assert str(refused.value).startswith(f"{tmp_path / 'other.yaml'}:5:7: #/Line/properties/both/type: ")


def test_replies_that_differ_in_the_kind_of_a_member(tmp_path: Path) -> None:
    def reply(status: str, properties: str) -> str:
        return f"'{status}': {{description: d, content: {{application/json: {{schema: {{type: object, properties: {properties}}}}}}}}}"

    one = reply(
        "200", "{code: {type: integer, minimum: 3}, id: {type: string, maxLength: 4, enum: [a]}, n: {type: integer}, l: {type: array}}"
    )
    two = reply("400", "{code: {type: string}, id: {type: string, maxLength: 9, enum: [b]}, n: {type: number}, l: {type: string}}")
    three = reply("500", "{id: {type: string, enum: [a, c]}}")
    contract = load_openapi(document(tmp_path, operation(f"responses: {{{one}, {two}, {three}}}\n")))
    assert read(contract, "a", "body.code").shape.kind is Kind.ANY
    assert read(contract, "a", "body.n").shape.kind is Kind.DECIMAL
    assert read(contract, "a", "body.l").shape.kind is Kind.ANY
    assert not read(contract, "a", "body.l").many
    identifier = read(contract, "a", "body.id").shape
    assert (identifier.max_length, identifier.enum) == (None, ("a", "b", "c"))


def test_a_document_is_read_again_where_one_of_its_files_changed(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("Line: {type: integer}\n")
    path = document(tmp_path, body("{$ref: 'other.yaml#/Line'}"))
    first = load_openapi(path)
    assert load_openapi(path) is first
    (tmp_path / "other.yaml").write_text("Line: {type: boolean}\n")
    second = load_openapi(path)
    assert written(second, "a", "body").shape.kind is Kind.BOOLEAN
    (tmp_path / "other.yaml").unlink()
    with pytest.raises(ConfigError, match="there is no file"):
        load_openapi(path)
