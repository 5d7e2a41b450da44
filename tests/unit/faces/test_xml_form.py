"""Answers as XML, and the templates they are written from."""

from __future__ import annotations

from decimal import Decimal

import pytest
from lxml import etree

from adapter.faces.template import TemplateGap, compile_template
from adapter.faces.xml_form import write_xml


def test_members_become_elements_and_lists_repeat():
    document = {
        "orders": {"order": [{"id": "1"}, {"id": "2"}], "none": [], "empty": {}, "nothing": None, "yes": True, "price": Decimal("1.50")}
    }
    assert write_xml(document) == (
        b'<?xml version="1.0" encoding="utf-8"?><orders><order><id>1</id></order><order><id>2</id></order>'
        b"<empty></empty><nothing></nothing><yes>true</yes><price>1.50</price></orders>"
    )


def test_signs_are_escaped_and_letters_kept():
    text = "Råå & <söner>\n\x01\ud800"
    assert etree.fromstring(write_xml({"a": text})).text == "Råå & <söner>\n\ufffd\ufffd"


@pytest.mark.parametrize("document", [{}, {"a": 1, "b": 2}, [], {"a": [1]}, {"a b": 1}, {"a": {"1": 2}}, {"a": {"x>": 2}}])
def test_what_is_no_document_is_refused(document):
    with pytest.raises(ValueError, match=r"root element|name of an element"):
        write_xml(document)


def test_with_gaps_what_is_not_at_hand_is_left_out():
    template = {"a": "$x.b", "c": {"d": "$x.none"}, "e": ["$x.none", "$x.b"], "f": {}, "g": "to {$x.b} of {$y}"}
    write = compile_template(template, {"x", "y"}, gaps=True)
    assert write({"x": {"b": 1}, "y": "z"}) == {"a": 1, "e": [1], "f": {}, "g": "to 1 of z"}
    assert write({"x": {"b": 1}}) == {"a": 1, "e": [1], "f": {}}
    with pytest.raises(TemplateGap):
        compile_template({"a": {"b": "$x.b"}}, {"x"}, gaps=True)({})
    with pytest.raises(ValueError, match="known"):
        compile_template("status of {$z}", {"x"})
