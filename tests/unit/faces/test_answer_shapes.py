"""Faces whose answers are not the resource itself: templates, XML, a selector, commands by GET."""

from __future__ import annotations

import pytest

from adapter.errors import CheckFailed, InvalidMessage
from adapter.faces.declaration import load_face
from adapter.faces.negotiation import Negotiation, written
from adapter.faces.rendering import Renderer
from adapter.ports import Message, Outcome, OutcomeKind, Result

LOG = """\
face: log
title: A log
source: its own page
base: /log
view: tmf
selector: method
media:
  produces: application/xml;charset=utf-8
  formats: {parameter: form, values: {xml: application/xml;charset=utf-8, json: application/json}}
market: {default: pr}
credentials: {id: [X-Id], secret: [X-Key]}
correlation: {header: X-Trace, generate: true}
headers: {X-Trace: {echo: true}}
routes:
  - path: /orders/all
    method: GET
    operation: productOrder.all
    kind: list
    query: {since: {required: true, filter: orderDate.gte}, of: {text: true}}
    answer: {all: {order: $entries, since: $query.since, until: $query.until}}
    entry: {id: $document.id, note: $document.nothing}
  - path: /orders/mark
    method: GET
    operation: productOrder.mark
    kind: update
    query: {id: {required: true}}
    answer: {mark: "order {$document.id} is marked"}
errors:
  body: {log: {code: $code, text: $text}}
"""


def face(folder, old="", new=""):
    assert LOG.count(old) >= 1
    path = folder / "log.yaml"
    path.write_text(LOG.replace(old, new, 1) if old else LOG, encoding="utf-8")
    return load_face(path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('answer: {mark: "order {$document.id} is marked"}', "summary: no answer", "an answer in XML has one member"),
        ("answer: {all:", "answer: {more: 1, all:", "an answer in XML has one member"),
        ("body: {log: {code: $code, text: $text}}", "body: {code: $code, text: $text}", "errors.body: an answer in XML has one member"),
        ("{$document.id} is", "{$order.id} is", "'$order.id' is not a value that can stand here"),
        ("$entries, since", "$document, since", "'$document' is not a value that can stand here"),
        ("    answer: {all: {order: $entries, since: $query.since, until: $query.until}}\n", "", "entry writes the elements"),
        ("query: {id: {required: true}}", "query: {id: {}}", "needs {id} in its path, or a required query parameter 'id'"),
        ("kind: update", "kind: create", "a route of kind create cannot have the method GET"),
    ],
)
def test_what_cannot_be_answered_is_found_when_the_file_is_read(tmp_path, old, new, words):
    with pytest.raises(CheckFailed) as refused:
        face(tmp_path, old, new)
    assert words in str(refused.value)


def message(operation, **query):
    return Message("log", "c", "pr", operation, "t", {}, b"", {}, query, {}, 0)


def test_answers_are_written_from_their_templates(tmp_path):
    render = Renderer(face(tmp_path))
    result = Result(Outcome(OutcomeKind.ACCEPTED), {"id": "7", "state": "held"})
    assert render(message("productOrder.mark", id="7"), result).body == b'{"mark":"order 7 is marked"}'
    listed = render.shaped_list(message("productOrder.all", since="2026-01-31"), [{"id": "7"}, {"id": "8"}])
    assert listed == {"all": {"order": [{"id": "7"}, {"id": "8"}], "since": "2026-01-31"}}
    assert render.shaped_list(message("productOrder.all", since="x"), []) == {"all": {"order": [], "since": "x"}}


def test_a_query_chooses_path_and_form(tmp_path):
    asked = Negotiation(face(tmp_path))
    assert asked.looks
    assert asked.step([("method", "all"), ("method", "mark")]) == "/all"
    assert asked.step([("since", "all")]) == ""
    assert [asked.media(pairs) for pairs in ([], [("form", "")], [("form", "json")])] == [
        "application/xml;charset=utf-8",
        "application/xml;charset=utf-8",
        "application/json",
    ]
    with pytest.raises(InvalidMessage) as refused:
        asked.media([("form", "csv")])
    assert str(refused.value.problems[0]) == "form: has to be xml or json"


def test_declared_parameters_filter_by_what_they_declare(tmp_path):
    declared = face(tmp_path)
    pairs = [("method", "all"), ("form", "json"), ("since", "2026-01-31"), ("of", "me"), ("state", "held"), ("", "1")]
    found = Negotiation(declared).filters(pairs, declared.routes[0].query)
    assert list(found) == [("orderDate.gte", "2026-01-31"), ("state", "held"), ("", "1")]


def test_a_face_without_all_that_looks_at_no_query(tmp_path):
    plain = tmp_path / "plain.yaml"
    text = LOG.replace("face: log", "face: plain").replace("selector: method\n", "")
    start, end = text.index("media:"), text.index("market:")
    plain.write_text(text[:start] + text[end:], encoding="utf-8")
    asked = Negotiation(load_face(plain))
    assert (asked.looks, asked.step([("method", "all")]), asked.media([("form", "json")])) == (False, "", "application/json")


def test_a_body_is_written_in_the_form_of_its_media_type():
    assert written(b'{"a":{"b":[1,2]}}', "application/xml;charset=utf-8").endswith(b"<a><b>1</b><b>2</b></a>")
    assert written(b'{"a":1}', "application/json") == b'{"a":1}'
    assert written(b"", "application/xml") == b""


def test_the_request_is_answered_in_xml_from_its_first_mistake_to_its_last(tmp_path, make):
    world = make(faces=[face(tmp_path)])
    signed = {"X-Id": "shop", "X-Key": "shop-secret"}
    lost = world.send("GET", "/log/orders?method=nothing", headers=signed)
    assert (lost.status_code, lost.headers["content-type"]) == (404, "application/xml;charset=utf-8")
    assert lost.text.startswith('<?xml version="1.0" encoding="utf-8"?><log><code>not-found</code>')
    assert world.send("GET", "/log/orders?method=all&since=1&form=json", headers={}).headers["content-type"] == "application/json"
    letters = world.send("GET", "/log/orders?method=all&since=1&of=%C3%A5%01", headers=signed)
    assert (letters.status_code, "holds characters that no text has" in letters.text) == (400, True)
    looked = world.send("HEAD", "/log/orders?method=mark&id=1", headers=signed)
    assert looked.status_code == 405


def test_a_document_that_xml_cannot_hold_is_an_internal_error(tmp_path, make):
    route = """  - path: /orders/mark
    method: GET
    operation: productOrder.mark
    kind: update
    query: {id: {required: true}}
    answer: {mark: "order {$document.id} is marked"}
"""
    place = "  - {path: /orders/place, method: POST, operation: productOrder.create, kind: create, answer: {place: $document}}\n"
    world = make(faces=[face(tmp_path, route, place)])
    order = {"productOrderItem": [{"id": "1", "action": "add"}], "a b": "no name of an element"}
    answer = world.send("POST", "/log/orders?method=place", json=order, headers={"X-Id": "shop", "X-Key": "shop-secret"})
    assert (answer.status_code, "<code>internal-error</code>" in answer.text) == (500, True)
    del order["a b"]
    assert world.send("POST", "/log/orders?method=place", json=order, headers={"X-Id": "shop", "X-Key": "shop-secret"}).status_code == 200
