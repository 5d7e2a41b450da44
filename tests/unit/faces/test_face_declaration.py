"""Faces are declared: what the files may say, and how a mistake in one is reported."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest
from pydantic import ValidationError

from adapter.contract.json_bytes import write_json
from adapter.errors import CheckFailed, ConfigError
from adapter.faces.declaration import Kind, load_face
from adapter.faces.template import TemplateGap, compile_template

SHOP = """\
face: shop
title: A third front-end
source: its own page
base: /shop/api
view: tmf
market: {path: land, table: {Aruba: pr}}
credentials: {id: [X-Id], secret: [X-Key]}
correlation: {header: X-Trace, generate: true}
headers:
  X-Trace: {echo: true}
  X-Channel: {enum: [web, app], default: web, echo: true}
routes:
  - {path: "/{land}/orders", method: POST, operation: productOrder.create, kind: create, success: 200}
  - {path: "/{land}/orders", method: GET, operation: productOrder.list, kind: list}
errors:
  entry: [$path, $text, $advice]
  body: {ok: false, http: $status, price: "$$5", what: $entries, trace: $correlationId, none: null, n: 1.5}
additions:
  - {member: self, value: $href, always: true}
"""


def write(folder, text, name="shop.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def findings(folder, text):
    with pytest.raises(CheckFailed) as failed:
        load_face(write(folder, text))
    return failed.value.findings


def test_a_new_front_end_contract_needs_a_file_and_no_python(tmp_path, make):
    world = make(faces=[load_face(write(tmp_path, SHOP))])
    signed = {"X-Id": "shop", "X-Key": "shop-secret"}
    answer = world.send("POST", "/shop/api/Aruba/orders", json={"productOrderItem": [{"id": "1", "action": "add"}]}, headers=signed)
    assert answer.status_code == 200
    assert answer.json()["self"] == "/shop/api/Aruba/orders/1"
    assert world.orders.seen[0].market == "pr"
    assert world.orders.seen[0].header["X-Channel"] == "web"
    assert world.orders.seen[0].key == ""
    echoed = world.send("GET", "/shop/api/Aruba/orders", headers={**signed, "X-Channel": "app", "X-Trace": "t1"})
    assert (echoed.headers["x-channel"], echoed.headers["x-trace"]) == ("app", "t1")
    wrong = world.send("POST", "/shop/api/Cuba/orders", json={}, headers={**signed, "X-Trace": "t2"})
    assert wrong.json() == {
        "ok": False,
        "http": 400,
        "price": "$5",
        "what": [["land", "land: 'Cuba' is not one of Aruba", ""]],
        "trace": "t2",
        "none": None,
        "n": 1.5,
    }


def test_a_face_can_do_without_correlation_ids(tmp_path, make):
    world = make(faces=[load_face(write(tmp_path, SHOP.replace(", generate: true", "")))])
    answer = world.send("GET", "/shop/api/Aruba/orders", headers={"X-Id": "shop", "X-Key": "shop-secret"})
    assert answer.status_code == 200
    assert "x-trace" not in answer.headers
    body = {"productOrderItem": [{"id": "1", "action": "add"}]}
    world.orders.raises = RuntimeError("boom")
    refused = world.send("POST", "/shop/api/Aruba/orders", json=body, headers={"X-Id": "shop", "X-Key": "shop-secret"})
    assert refused.json()["what"] == [["", "The request could not be finished because of an internal error", ""]]
    assert "X-Trace" not in world.orders.seen[0].header


def test_unknown_keys_are_refused_with_their_place_and_a_suggestion(tmp_path):
    (top,) = findings(tmp_path, SHOP + "limitz: {}\n")
    assert (top.code, top.at.line, top.at.column, top.hint) == ("F201", 20, 1, "did you mean 'limits'?")
    assert "'limitz' is not a known key" in top.text
    (deep,) = findings(tmp_path, SHOP.replace("success: 200", "succes: 200"))
    assert (deep.at.line, deep.hint) == (13, "did you mean 'success'?")
    (far,) = findings(tmp_path, SHOP.replace("generate: true", "zzz: true"))
    assert far.hint == "known here: header, generate"
    (in_header,) = findings(tmp_path, SHOP.replace("echo: true}\n  X-Ch", "ecko: true}\n  X-Ch"))
    assert in_header.hint == "did you mean 'echo'?"


def test_all_mistakes_are_found_at_once(tmp_path):
    found = findings(
        tmp_path,
        SHOP.replace("title: A third front-end\n", "").replace("kind: list", "kind: lizt").replace("success: 200", "success: many"),
    )
    assert [(finding.code, finding.at.line) for finding in found] == [("F202", 1), ("F203", 12), ("F203", 13)]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "correlation: {header: X-Trace",
            "correlation: {header: X-Other",
            "correlation.header is 'X-Other', which is not declared under headers",
        ),
        ("X-Channel: {enum", "X Channel: {enum", "'X Channel' cannot be the name of a header"),
        ("id: [X-Id]", "id: [x-trace]", "is declared twice"),
        ("default: web, echo", "default: fax, echo", "the default 'fax' is not in the enum"),
        ("default: web, echo", "default: web, required: true, echo", "cannot be required"),
        ("X-Trace: {echo: true}", "X-Trace: {echo: true, pattern: '['}", "is not a regular expression"),
        ("kind: create", "kind: list", "a route of kind list cannot have the method POST"),
        (
            '"/{land}/orders", method: GET, operation: productOrder.list, kind: list',
            '"/{land}/orders", method: GET, operation: productOrder.retrieve, kind: retrieve',
            "needs {id}",
        ),
        ('/{land}/orders", method: GET', '/{id}/orders", method: GET', "has no such parameter"),
        (
            "method: GET, operation: productOrder.list, kind: list",
            "method: POST, operation: productOrder.again, kind: create",
            "is declared twice",
        ),
        (", table: {Aruba: pr}", "", "needs market.table"),
        ("$correlationId", "$correlation", "'$correlation' is not a value that can stand here"),
        ("$advice]", "$advice.x-y]", "is not a value that can stand here"),
        ("value: $href", "value: $status", "'$status' is not a value"),
        ("operation: productOrder.create", "operation: create", "a text that matches"),
    ],
)
def test_contradictions_are_named(tmp_path, old, new, text):
    assert old in SHOP
    assert any(text in str(finding) for finding in findings(tmp_path, SHOP.replace(old, new)))


def test_yaml_mistakes_have_a_place(tmp_path):
    (twice,) = findings(tmp_path, SHOP + "view: x\n")
    assert (twice.code, twice.at.line) == ("F102", 20)
    (broken,) = findings(tmp_path, SHOP + "x: [\n")
    assert broken.code == "F101"
    (empty,) = findings(tmp_path, "# nothing\n")
    assert empty.text == "the file is empty"


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_face(tmp_path / "none.yaml")
    path = tmp_path / "shop.yaml"
    path.write_bytes(b"face: \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_face(path)
    with pytest.raises(ConfigError, match="NOT_SET_ANYWHERE is not set"):
        load_face(write(tmp_path, SHOP.replace("A third front-end", "${NOT_SET_ANYWHERE}")))
    with pytest.raises(ConfigError, match="they must be the same"):
        load_face(write(tmp_path, SHOP, "other.yaml"))


def test_variables_are_put_in(tmp_path):
    assert load_face(write(tmp_path, SHOP.replace("A third front-end", "${TITLE}")), {"TITLE": "Hello"}).title == "Hello"


def test_requirements_hold_for_their_markets_and_kinds(face_with):
    header = face_with("hybris", lambda data: None).headers["X-Conversation-Id"]
    assert header.required_in("pr", Kind.CREATE)
    assert not header.required_in("pa", Kind.CREATE)
    assert not header.required_in("pr", Kind.RETRIEVE)


def test_declarations_never_change(face_with):
    face = face_with("tmf", lambda data: None)
    with pytest.raises(ValidationError):
        face.base = "/other"


def test_template_values_keep_their_type_and_gaps_are_told():
    write_it = compile_template({"a": ["$x", "$y.b", "$$x", 1, None]}, {"x", "y"})
    assert write_it({"x": 5, "y": {"b": [1]}}) == {"a": [5, [1], "$x", 1, None]}
    for values in ({"x": None, "y": {"b": 1}}, {"x": 1, "y": {}}, {"x": 1, "y": "text"}, {"y": {"b": 1}}):
        with pytest.raises(TemplateGap):
            write_it(values)


def test_json_keeps_digits_and_survives_what_utf_8_cannot_carry():
    assert (
        write_json({"price": Decimal("100.00"), "n": 2**70, "t": True, "l": [1.5, None]})
        == b'{"price":100.00,"n":1180591620717411303424,"t":true,"l":[1.5,null]}'
    )
    assert write_json({"\ud800": ("a\udfffb",)}) == b'{"?":["a?b"]}'
    with pytest.raises(orjson.JSONEncodeError):
        write_json({"x": Decimal("NaN")})
    with pytest.raises(orjson.JSONEncodeError):
        write_json({"x": object()})
